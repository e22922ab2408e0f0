//! Loads orders by id, and the ids of orders by reference.

use std::collections::HashSet;

use earmark_core::WorkingSet;
use earmark_core::ids::OrderId;
use earmark_core::text::Reference;
use rusqlite::{Connection, OptionalExtension};

use crate::error::Result;

pub(super) fn load(connection: &Connection, ids: &HashSet<OrderId>, rows: &mut WorkingSet) -> Result<()> {
    for id in ids {
        rows.orders.put_loaded(*id, crate::rows::orders::find(connection, *id)?);
    }
    Ok(())
}

pub(super) fn load_references(
    connection: &Connection,
    references: &HashSet<Reference>,
    rows: &mut WorkingSet,
) -> Result<()> {
    for reference in references {
        let mut statement = connection.prepare_cached("SELECT id FROM orders WHERE reference = ?1")?;
        let id: Option<[u8; 16]> = statement.query_row([reference.as_str()], |row| row.get(0)).optional()?;
        rows.references.put_loaded(reference.clone(), id.map(OrderId::from_bytes));
    }
    Ok(())
}
