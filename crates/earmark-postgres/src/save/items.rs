//! Saves items and their stock. The stock row carries the version of both.

use earmark_core::text::{Description, Url};
use earmark_core::{Change, Item, Stock};

use super::plan::{Column, Plan, column, try_column};
use super::refusals::never_deleted;
use crate::codec;
use crate::error::Result;

const INSERT: &str = "INSERT INTO items (sku, name, description, unit_price, active, image_url, metadata, created_at) \
     SELECT unnest($1::text[]), unnest($2::text[]), unnest($3::text[]), unnest($4::bigint[]), unnest($5::boolean[]), unnest($6::text[]), \
     unnest($7::text[]), unnest($8::bigint[])";
const UPDATE: &str = "UPDATE items t SET name = u.name, description = u.description, unit_price = u.unit_price, active = u.active, \
     image_url = u.image_url, metadata = u.metadata, created_at = u.created_at \
     FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::boolean[], $6::text[], $7::text[], $8::bigint[]) \
     u (sku, name, description, unit_price, active, image_url, metadata, created_at) WHERE t.sku = u.sku";
const INSERT_STOCK: &str = "INSERT INTO stocks (sku, on_hand, reserved, version, updated_at) \
     SELECT unnest($1::text[]), unnest($2::integer[]), unnest($3::integer[]), unnest($4::bigint[]), unnest($5::bigint[])";
const UPDATE_STOCK: &str = "UPDATE stocks t SET on_hand = u.on_hand, reserved = u.reserved, version = u.version, updated_at = u.updated_at \
     FROM unnest($1::text[], $2::integer[], $3::integer[], $4::bigint[], $5::bigint[], $6::bigint[]) \
     u (sku, on_hand, reserved, version, updated_at, was) WHERE t.sku = u.sku AND t.version = u.was";

pub(super) fn save<'a>(changes: &'a [Change<Item>], plan: &mut Plan<'a>) -> Result<()> {
    let (mut new, mut old) = (Vec::new(), Vec::new());
    for change in changes {
        let Some(item) = &change.after else { return never_deleted("an item") };
        if change.before.is_none() { new.push(&**item) } else { old.push(&**item) }
    }
    plan.add(INSERT, new.len(), columns(&new)?);
    plan.add(UPDATE, old.len(), columns(&old)?);
    Ok(())
}

fn columns<'a>(items: &[&'a Item]) -> Result<Vec<Column<'a>>> {
    Ok(vec![
        column(items.iter().map(|item| item.sku.as_str())),
        column(items.iter().map(|item| item.name.as_str())),
        column(items.iter().map(|item| item.description.as_ref().map(Description::as_str))),
        column(items.iter().map(|item| item.unit_price.minor())),
        column(items.iter().map(|item| item.active)),
        column(items.iter().map(|item| item.image_url.as_ref().map(Url::as_str))),
        try_column(items.iter().map(|item| codec::to_pairs(&item.metadata)))?,
        column(items.iter().map(|item| item.created_at.0)),
    ])
}

pub(super) fn save_stocks<'a>(changes: &'a [Change<Stock>], plan: &mut Plan<'a>) -> Result<()> {
    let (mut new, mut old, mut versions) = (Vec::new(), Vec::new(), Vec::new());
    for change in changes {
        let Some(stock) = &change.after else { return never_deleted("stock") };
        match &change.before {
            None => new.push(&**stock),
            Some(before) => {
                old.push(&**stock);
                versions.push(codec::integer(before.version)?);
            }
        }
    }
    plan.add(INSERT_STOCK, new.len(), stock_columns(&new)?);
    let mut columns = stock_columns(&old)?;
    columns.push(column(versions.into_iter()));
    plan.add(UPDATE_STOCK, old.len(), columns);
    Ok(())
}

fn stock_columns<'a>(stocks: &[&'a Stock]) -> Result<Vec<Column<'a>>> {
    Ok(vec![
        column(stocks.iter().map(|stock| stock.sku.as_str())),
        try_column(stocks.iter().map(|stock| codec::units(stock.on_hand)))?,
        try_column(stocks.iter().map(|stock| codec::units(stock.reserved)))?,
        try_column(stocks.iter().map(|stock| codec::integer(stock.version)))?,
        column(stocks.iter().map(|stock| stock.updated_at.0)),
    ])
}
