//! Which statements does a save consist of, and did each change what it should? They are collected
//! first, then sent together, in order.

use std::borrow::Cow;

use earmark_store::Overlap;
use tokio_postgres::types::ToSql;

use crate::error::{DatabaseError, Result};
use crate::pipeline::{Underway, answering_if_slow, pipelined};
use crate::session::Session;

/// A parameter of a statement: the values of one column as an array.
pub(super) type Column<'a> = Box<dyn ToSql + Sync + Send + 'a>;

/// The values of one column as a parameter.
pub(super) fn column<'a, T>(values: impl Iterator<Item = T>) -> Column<'a>
where
    T: ToSql + Sync + Send + 'a,
{
    Box::new(values.collect::<Vec<T>>())
}

/// The same for values that may not fit into the column.
pub(super) fn try_column<'a, T, E>(values: impl Iterator<Item = Result<T, E>>) -> Result<Column<'a>>
where
    T: ToSql + Sync + Send + 'a,
    DatabaseError: From<E>,
{
    Ok(Box::new(values.collect::<Result<Vec<T>, E>>()?))
}

struct Planned<'a> {
    sql: Cow<'static, str>,
    /// How many rows it shall change.
    rows: usize,
    columns: Vec<Column<'a>>,
}

/// The statements of one save, in the order in which they are sent.
#[derive(Default)]
pub(crate) struct Plan<'a> {
    statements: Vec<Planned<'a>>,
}

impl<'a> Plan<'a> {
    /// Adds a statement that shall change so many rows, unless there are none. If it updates rows
    /// that were loaded, `AND t.version = u.was` is its last condition, so that a row at another
    /// version is not changed and is missing from the count.
    pub(super) fn add(&mut self, sql: &'static str, rows: usize, columns: Vec<Column<'a>>) {
        if rows > 0 {
            self.statements.push(Planned { sql: Cow::Borrowed(sql), rows, columns });
        }
    }

    /// Takes a statement out. Only where a proof has turned a protection off.
    pub(crate) fn leave_out(&mut self, sql: &str) {
        self.statements.retain(|planned| planned.sql != sql);
    }

    /// Has updates change rows at any version. Only where a proof has turned a protection off.
    pub(crate) fn ignore_versions(&mut self) {
        for planned in &mut self.statements {
            let ignoring = planned.sql.replace("AND t.version = u.was", "AND u.was IS NOT NULL");
            planned.sql = Cow::Owned(ignoring);
        }
    }

    /// Prepares all of them. The first of its kind on a session costs a round trip.
    async fn prepare(&self, session: &Session) -> Result<Vec<tokio_postgres::Statement>> {
        let mut prepared = Vec::with_capacity(self.statements.len());
        for planned in &self.statements {
            prepared.push(session.prepare_cached(&planned.sql).await?);
        }
        Ok(prepared)
    }

    /// Sends all of them in one round trip, and checks how many rows each has changed. Answers that
    /// are due are sent while the server works.
    pub(crate) async fn run(self, session: &Session, overlap: &mut dyn Overlap) -> Result<()> {
        let prepared = answering_if_slow(overlap, self.prepare(session)).await?;
        let parameters: Vec<Vec<&(dyn ToSql + Sync)>> = self
            .statements
            .iter()
            .map(|planned| planned.columns.iter().map(|c| &**c as _).collect())
            .collect();
        let mut underway: Vec<Underway<'_, Result<u64, tokio_postgres::Error>>> = Vec::new();
        for (statement, parameters) in prepared.iter().zip(&parameters) {
            underway.push(Box::pin(session.execute(statement, parameters)));
        }
        let changed = pipelined(underway, || overlap.send_answers()).await;
        // The first error is the cause of those behind it.
        for (planned, changed) in self.statements.iter().zip(changed) {
            let (changed, rows) = (changed?, planned.rows as u64);
            if changed != rows {
                let what = planned.sql.split(' ').take(3).collect::<Vec<_>>().join(" ");
                return Err(DatabaseError::Conflict(format!("{changed} of {rows} rows changed: {what}")));
            }
        }
        Ok(())
    }
}
