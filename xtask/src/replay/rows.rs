//! What is in a row of the file of sales? It is parsed exactly, with prices in pence, and the kind
//! of its code is known.
//!
//! Invariant: every row of the file becomes a [`Row`], however broken it is; nothing is dropped
//! here. Read on in `plan`.

use std::path::Path;

use anyhow::{Context, Result};

/// One line of one invoice.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Row {
    /// Of the file, from 1; the header is line 1.
    pub(crate) line: u64,
    /// Begins with C when it is a cancellation.
    pub(crate) invoice: String,
    /// As it stands in the file.
    pub(crate) stock_code: String,
    /// Without blanks around it; often empty where stock is corrected.
    pub(crate) description: String,
    /// None when it is no integer.
    pub(crate) quantity: Option<i64>,
    /// Pence; None when it is no amount with at most two decimals.
    pub(crate) unit_price: Option<i64>,
    /// None for a sale to a guest.
    pub(crate) customer: Option<String>,
}

impl Row {
    /// Whether the code names goods, not postage, fees, discounts or manual bookings: five digits
    /// and letters, or one of the two series of the shop's web site (`DCGS…`, `gift_…`).
    pub(crate) fn is_product(&self) -> bool {
        self.is_numbered() || ["DCGS", "gift_"].iter().any(|series| self.stock_code.starts_with(series))
    }

    /// Whether the code could be a SKU at all: 1 to 64 of `A-Z a-z 0-9 . _ -`.
    pub(crate) fn is_in_grammar(&self) -> bool {
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        (1..=64).contains(&self.stock_code.len()) && self.stock_code.bytes().all(is_allowed)
    }

    /// The SKU that the code means: `85123a` and `85123A` are one product.
    pub(crate) fn sku(&self) -> String {
        if self.is_numbered() { self.stock_code.to_ascii_uppercase() } else { self.stock_code.clone() }
    }

    /// Whether this is a line of a cancellation invoice.
    pub(crate) fn is_cancellation(&self) -> bool {
        self.invoice.starts_with('C')
    }

    /// Whether goods left by this row, at whatever price.
    pub(crate) fn is_sale_of_a_product(&self) -> bool {
        !self.is_cancellation() && self.is_product() && self.quantity.is_some_and(|quantity| quantity > 0)
    }

    fn is_numbered(&self) -> bool {
        let (digits, letters) = self.stock_code.split_at_checked(5).unwrap_or_default();
        digits.len() == 5
            && digits.bytes().all(|byte| byte.is_ascii_digit())
            && letters.bytes().all(|byte| byte.is_ascii_alphabetic())
    }
}

/// Reads the whole file.
pub(crate) fn read(file: &Path) -> Result<Vec<Row>> {
    let bytes = std::fs::read(file).with_context(|| file.display().to_string())?;
    parse(&bytes)
}

/// Parses the whole file: a header, then one row a record. A record that lacks fields is a row that
/// lacks them.
pub(crate) fn parse(bytes: &[u8]) -> Result<Vec<Row>> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(bytes);
    let header = reader.byte_headers()?.clone();
    let column = |name: &str| {
        header.iter().position(|field| field == name.as_bytes()).with_context(|| format!("no column {name}"))
    };
    let [invoice, code, description, quantity, price, customer] = [
        column("InvoiceNo")?,
        column("StockCode")?,
        column("Description")?,
        column("Quantity")?,
        column("UnitPrice")?,
        column("CustomerID")?,
    ];
    let mut rows = Vec::new();
    for record in reader.byte_records() {
        let record = record?;
        let field = |at: usize| String::from_utf8_lossy(record.get(at).unwrap_or_default()).trim().to_owned();
        rows.push(Row {
            line: record.position().map_or(0, csv::Position::line),
            invoice: field(invoice),
            stock_code: field(code),
            description: field(description),
            quantity: field(quantity).parse().ok(),
            unit_price: pence(&field(price)),
            customer: Some(field(customer)).filter(|customer| !customer.is_empty()),
        });
    }
    Ok(rows)
}

/// `2`, `2.1` and `2.10` pounds as 200, 210 and 210 pence; None for anything else, negative amounts
/// included.
pub(crate) fn pence(text: &str) -> Option<i64> {
    let (pounds, decimals) = text.split_once('.').unwrap_or((text, "0"));
    let is_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !is_digits(pounds) || !is_digits(decimals) || decimals.len() > 2 {
        return None;
    }
    let pence =
        if decimals.len() == 1 { decimals.parse::<i64>().ok()? * 10 } else { decimals.parse().ok()? };
    pounds.parse::<i64>().ok()?.checked_mul(100)?.checked_add(pence)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn coded(stock_code: &str) -> Row {
        Row { stock_code: stock_code.to_owned(), ..Row::default() }
    }

    #[test]
    fn prices_are_exact_pence() {
        for (text, expect) in [
            ("2.55", Some(255)),
            ("2.1", Some(210)),
            ("0", Some(0)),
            ("13541.33", Some(1_354_133)),
            ("0.05", Some(5)),
            ("2.555", None),
            ("-1", None),
            ("", None),
            (".5", None),
            ("1e3", None),
        ] {
            assert_eq!(pence(text), expect, "{text}");
        }
    }

    #[test]
    fn codes_are_told_apart() {
        for (code, is_product, is_in_grammar, sku) in [
            ("85123A", true, true, "85123A"),
            ("15056bl", true, true, "15056BL"),
            ("gift_0001_40", true, true, "gift_0001_40"),
            ("DCGS0076", true, true, "DCGS0076"),
            ("POST", false, true, "POST"),
            ("BANK CHARGES", false, false, "BANK CHARGES"),
            ("1234", false, true, "1234"),
            ("", false, false, ""),
        ] {
            let row = coded(code);
            assert_eq!((row.is_product(), row.is_in_grammar()), (is_product, is_in_grammar), "{code}");
            assert_eq!(row.sku(), sku);
        }
    }

    #[test]
    fn broken_record_is_still_a_row() {
        let header = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n";
        let text = format!("{header}1,22139,\" CUP, RED \",x,2010-12-01T08:26:00,1.005\n");
        let rows = parse(text.as_bytes()).unwrap();
        let expect =
            Row { line: 2, invoice: "1".to_owned(), description: "CUP, RED".to_owned(), ..coded("22139") };
        assert_eq!(rows, [expect]);
    }
}
