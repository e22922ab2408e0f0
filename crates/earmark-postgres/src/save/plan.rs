//! Which statements does a save consist of, and did each change what it should? Collected first, then sent together, in order.

use std::borrow::Cow;

use earmark_store::Meanwhile;
use tokio_postgres::types::ToSql;

use crate::error::{BrokenOnPurpose, DatabaseError};
use crate::pipeline::{Underway, answering_if_slow, pipelined};
use crate::session::Session;

/// What a statement writes, in words, and its text.
pub(super) type Statement = (&'static str, &'static str);

/// One parameter: a column as an array.
pub(super) type Column<'a> = Box<dyn ToSql + Sync + Send + 'a>;

/// The array of a column.
pub(super) fn column<'a, T>(values: impl Iterator<Item = T>) -> Column<'a>
where
    T: ToSql + Sync + Send + 'a,
{
    Box::new(values.collect::<Vec<T>>())
}

struct Planned<'a> {
    what: &'static str,
    sql: Cow<'static, str>,
    rows: usize,
    columns: Vec<Column<'a>>,
}

/// The statements of one save.
pub(super) struct Plan<'a> {
    statements: Vec<Planned<'a>>,
    broken: Option<BrokenOnPurpose>,
}

impl<'a> Plan<'a> {
    pub(super) fn new(broken: Option<BrokenOnPurpose>) -> Self {
        Self { statements: Vec::new(), broken }
    }

    /// Rows that were absent.
    pub(super) fn inserts(&mut self, (what, sql): Statement, rows: usize, columns: Vec<Column<'a>>) {
        if rows > 0 {
            self.statements.push(Planned { what, sql: Cow::Borrowed(sql), rows, columns });
        }
    }

    /// Rows that were loaded: `sql` names their versions, `AND t.version = u.was`, as its last condition.
    pub(super) fn updates(&mut self, (what, sql): Statement, rows: usize, columns: Vec<Column<'a>>) {
        if rows > 0 {
            let sql = match self.broken {
                Some(BrokenOnPurpose::TurnsAndVersions) => {
                    Cow::Owned(sql.replace("AND t.version = u.was", "AND u.was IS NOT NULL"))
                }
                _ => Cow::Borrowed(sql),
            };
            self.statements.push(Planned { what, sql, rows, columns });
        }
    }

    /// The first of its kind on a session costs a round trip.
    async fn prepare(&self, session: &Session) -> Result<Vec<tokio_postgres::Statement>, DatabaseError> {
        let mut prepared = Vec::with_capacity(self.statements.len());
        for planned in &self.statements {
            prepared.push(session.prepare_cached(&planned.sql).await?);
        }
        Ok(prepared)
    }

    /// Sends all of them, has `meanwhile` answer while the server works, and checks each.
    pub(super) async fn run(
        self,
        session: &Session,
        meanwhile: &mut dyn Meanwhile,
    ) -> Result<(), DatabaseError> {
        let prepared = answering_if_slow(meanwhile, self.prepare(session)).await?;
        let parameters: Vec<Vec<&(dyn ToSql + Sync)>> = self
            .statements
            .iter()
            .map(|planned| planned.columns.iter().map(|c| &**c as _).collect())
            .collect();
        let mut underway: Vec<Underway<'_, Result<u64, tokio_postgres::Error>>> = Vec::new();
        for (statement, parameters) in prepared.iter().zip(&parameters) {
            underway.push(Box::pin(session.execute(statement, parameters)));
        }
        let expected = self.statements.iter().map(|planned| (planned.what, planned.rows as u64));
        let changed = pipelined(underway, || meanwhile.answer()).await;
        // The first error is the cause of those behind it.
        for ((what, rows), changed) in expected.zip(changed) {
            let changed = changed?;
            if changed != rows {
                return Err(DatabaseError::Conflict(format!("{changed} of {rows} rows changed: {what}")));
            }
        }
        Ok(())
    }
}
