//! Which rows of a CSV file are items? Reads and checks a whole file.
//!
//! Each bad row is named by its line and column, so that all can be mended at once.

use std::collections::HashMap;
use std::fmt;
use std::io::Read;

use anyhow::Context;
use csv::StringRecord;
use earmark_core::Money;
use earmark_core::items::ON_HAND_MAX;
use earmark_core::text::{Description, Name, Sku, Url};

use crate::usage::WrongUsage;

const COLUMNS: [&str; 7] = ["sku", "name", "unit_price", "on_hand", "description", "active", "image_url"];
const NEEDED: usize = 4;

/// An item as the file has it. What a column leaves out stays as the server has it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ItemRow {
    pub(crate) line: u64,
    pub(crate) sku: Sku,
    pub(crate) name: Name,
    pub(crate) unit_price: Money,
    pub(crate) on_hand: u32,
    pub(crate) description: Option<Description>,
    pub(crate) active: Option<bool>,
    pub(crate) image_url: Option<Url>,
}

/// Something wrong with a row.
#[derive(Debug, PartialEq, Eq, serde::Serialize)]
pub(crate) struct BadRow {
    pub(crate) line: u64,
    pub(crate) column: String,
    pub(crate) detail: String,
}

impl fmt::Display for BadRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}: {}", self.line, self.column, self.detail)
    }
}

/// The good and the bad rows of a file.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    pub(crate) good: Vec<ItemRow>,
    pub(crate) bad: Vec<BadRow>,
}

/// The place of each known column in a row; `None` where the file does not have it.
struct Header([Option<usize>; COLUMNS.len()]);

/// Reads and checks a whole file.
pub(crate) fn read_rows(input: impl Read) -> anyhow::Result<Rows> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(input);
    let header = Header::parse(reader.headers().context("the first line cannot be read")?)?;
    let mut rows = Rows::default();
    let mut lines: HashMap<Sku, u64> = HashMap::new();
    for record in reader.records() {
        match record {
            Err(error) => {
                let line = error.position().map_or(0, csv::Position::line);
                let (column, detail) = ("-".into(), "the line is not UTF-8 CSV".into());
                rows.bad.push(BadRow { line, column, detail });
                if !error.is_io_error() {
                    continue;
                }
                return Err(error).context("the file cannot be read");
            }
            Ok(record) => match header.row(&record) {
                Err(bad) => rows.bad.push(bad),
                Ok(row) => match lines.insert(row.sku.clone(), row.line) {
                    None => rows.good.push(row),
                    Some(first) => {
                        let detail = format!("{} stands in line {first} already", row.sku);
                        rows.bad.push(BadRow { line: row.line, column: "sku".into(), detail });
                    }
                },
            },
        }
    }
    Ok(rows)
}

impl Header {
    fn parse(record: &StringRecord) -> Result<Self, WrongUsage> {
        if let Some(unknown) = record.iter().find(|name| !COLUMNS.contains(name)) {
            return Err(WrongUsage(format!(
                "line 1: there is no column {unknown:?}; known are {}",
                COLUMNS.join(", ")
            )));
        }
        let places = COLUMNS.map(|column| record.iter().position(|name| name == column));
        match places[..NEEDED].iter().position(Option::is_none) {
            Some(missing) => Err(WrongUsage(format!("line 1: the column {} is missing", COLUMNS[missing]))),
            None => Ok(Self(places)),
        }
    }

    fn row(&self, record: &StringRecord) -> Result<ItemRow, BadRow> {
        let line = record.position().map_or(0, csv::Position::line);
        let text = |column: usize| self.0[column].and_then(|place| record.get(place)).unwrap_or_default();
        let bad = |column: usize, detail: &str| BadRow {
            line,
            column: COLUMNS[column].into(),
            detail: format!("{:?}: {detail}", text(column)),
        };
        let (fields, named) = (record.len(), self.0.iter().flatten().count());
        if fields > named {
            let detail = format!("{fields} fields, but the first line names {named}");
            return Err(BadRow { line, column: fields.to_string(), detail });
        }
        let price =
            text(2).parse().ok().filter(|price| *price >= 0).and_then(|price| Money::parse(price).ok());
        let on_hand = text(3).parse().ok().filter(|count| *count <= ON_HAND_MAX);
        let optional = |column: usize| Some(text(column)).filter(|text| !text.is_empty());
        Ok(ItemRow {
            line,
            sku: Sku::parse(text(0)).map_err(|error| bad(0, error.0))?,
            name: Name::parse(text(1)).map_err(|error| bad(1, error.0))?,
            unit_price: price.ok_or_else(|| bad(2, "a price is a whole number of minor units, 0 or more"))?,
            on_hand: on_hand.ok_or_else(|| bad(3, "a count is a whole number from 0 to 1,000,000,000"))?,
            description: optional(4).map(Description::parse).transpose().map_err(|error| bad(4, error.0))?,
            active: match optional(5) {
                None => None,
                Some("true") => Some(true),
                Some("false") => Some(false),
                Some(_) => return Err(bad(5, "true or false")),
            },
            image_url: optional(6).map(Url::parse).transpose().map_err(|error| bad(6, error.0))?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_bad_row_is_named_by_line_and_column() {
        let file = "sku,name,unit_price,on_hand,active\nA,Apple,100,5,\nB C,x,1,1,\nD,,1,1,\nE,e,1.50,1,\nF,f,1,-1,true\nG,g,1,1,maybe\nA,Again,1,1,\nH,h,1,1,true,x\n";
        let rows = read_rows(file.as_bytes()).unwrap();
        assert_eq!(rows.good.iter().map(|row| row.sku.as_str()).collect::<Vec<_>>(), ["A"]);
        let places: Vec<_> = rows.bad.iter().map(|bad| (bad.line, bad.column.as_str())).collect();
        let expected =
            [(3, "sku"), (4, "name"), (5, "unit_price"), (6, "on_hand"), (7, "active"), (8, "sku"), (9, "6")];
        assert_eq!(places, expected);
    }

    #[test]
    fn a_wrong_first_line_is_refused() {
        assert!(
            read_rows("sku,name,price,on_hand\n".as_bytes()).unwrap_err().to_string().contains("\"price\"")
        );
        assert!(
            read_rows("sku,name,unit_price\n".as_bytes())
                .unwrap_err()
                .to_string()
                .contains("on_hand is missing")
        );
    }
}
