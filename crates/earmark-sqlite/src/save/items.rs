//! Saves items and their stock. The stock row carries the version of both.

use earmark_core::text::{Description, Url};
use earmark_core::{Change, Item, Stock};
use rusqlite::{Connection, params};

use super::refusals::{expect_one, never_deleted};
use crate::codec;
use crate::error::Result;

pub(super) fn save(connection: &Connection, changes: &[Change<Item>]) -> Result<()> {
    for change in changes {
        let Some(item) = &change.after else { return never_deleted("an item") };
        let sql = match change.before {
            None => {
                "INSERT INTO items (sku, name, description, unit_price, active, image_url, metadata, created_at) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"
            }
            Some(_) => {
                "UPDATE items SET name = ?2, description = ?3, unit_price = ?4, active = ?5, image_url = ?6, metadata = ?7, \
                 created_at = ?8 WHERE sku = ?1"
            }
        };
        let changed = connection.prepare_cached(sql)?.execute(params![
            item.sku.as_str(),
            item.name.as_str(),
            item.description.as_ref().map(Description::as_str),
            item.unit_price.minor(),
            item.active,
            item.image_url.as_ref().map(Url::as_str),
            codec::to_pairs(&item.metadata)?,
            item.created_at.0,
        ])?;
        expect_one(changed, &item.sku)?;
    }
    Ok(())
}

pub(super) fn save_stocks(connection: &Connection, changes: &[Change<Stock>]) -> Result<()> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO stocks (sku, on_hand, reserved, version, updated_at) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?;
    let mut update = connection.prepare_cached(
        "UPDATE stocks SET on_hand = ?2, reserved = ?3, version = ?4, updated_at = ?5 WHERE sku = ?1 AND version = ?6",
    )?;
    for change in changes {
        let Some(stock) = &change.after else { return never_deleted("stock") };
        let (sku, version) = (stock.sku.as_str(), codec::integer(stock.version)?);
        let changed = match &change.before {
            None => {
                insert.execute(params![sku, stock.on_hand, stock.reserved, version, stock.updated_at.0])?
            }
            Some(before) => update.execute(params![
                sku,
                stock.on_hand,
                stock.reserved,
                version,
                stock.updated_at.0,
                codec::integer(before.version)?,
            ])?,
        };
        expect_one(changed, sku)?;
    }
    Ok(())
}
