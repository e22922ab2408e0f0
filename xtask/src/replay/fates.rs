//! What becomes of each row of the file? Each has one fate, and a report counts them all.
//!
//! Invariant: the counts of the report add up to the number of rows of the file, so that none is
//! dropped in silence.

use std::collections::BTreeMap;

use crate::replay::rows::Row;

/// What becomes of one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fate {
    /// Goods sold in the order with this reference.
    Sold { reference: String },
    /// More than is available, as the rule of the stock intends for some SKUs: the shop must refuse
    /// it.
    Refused,
    /// A count of stock put right, by an adjustment.
    Corrected,
    /// A correction below what is there: the shop must refuse it.
    CorrectionRefused,
    /// Units taken back from earlier orders.
    Cancelled {
        /// Reference of the order, and units.
        takes: Vec<(String, i64)>,
        /// Units for which the file holds no earlier purchase.
        unmatched: i64,
    },
    /// A cancellation for which the file holds no earlier purchase at all.
    CancellationUnmatched,
    /// Postage, fees, discounts, manual bookings.
    NotAProduct,
    /// A code that cannot be a SKU.
    OutsideGrammar,
    /// A quantity or price that is no number, or one that makes no sense in its place.
    Malformed,
}

impl Fate {
    fn class(&self) -> &'static str {
        match self {
            Fate::Sold { .. } => "sold",
            Fate::Refused => "refused for want of stock, as foreseen",
            Fate::Corrected => "stock corrected",
            Fate::CorrectionRefused => "correction refused, as foreseen",
            Fate::Cancelled { unmatched: 0, .. } => "cancelled",
            Fate::Cancelled { .. } => "cancelled in part, no purchase for the rest",
            Fate::CancellationUnmatched => "cancellation without a purchase in the file",
            Fate::NotAProduct => "not a product",
            Fate::OutsideGrammar => "code cannot be a SKU",
            Fate::Malformed => "malformed",
        }
    }
}

/// How many examples are shown of each class.
const EXAMPLES_MAX: usize = 3;

/// Rows counted by class and by peculiarity, with the first examples of each.
#[derive(Debug, Default)]
pub(crate) struct Report {
    classes: BTreeMap<&'static str, Count>,
    notes: BTreeMap<&'static str, Count>,
    not_products: BTreeMap<String, (u64, i64)>,
}

#[derive(Debug, Default)]
struct Count {
    rows: u64,
    examples: Vec<String>,
}

impl Count {
    fn add(&mut self, row: &Row) {
        self.rows += 1;
        if self.examples.len() < EXAMPLES_MAX {
            let price = row.unit_price.map_or("?".to_owned(), |pence| pence.to_string());
            let quantity = row.quantity.map_or("?".to_owned(), |quantity| quantity.to_string());
            let Row { line, invoice, stock_code, description, .. } = row;
            self.examples
                .push(format!("line {line}: {invoice} {stock_code} \"{description}\" {quantity} x {price}p"));
        }
    }
}

impl Report {
    /// Counts one row under its fate.
    pub(crate) fn count(&mut self, row: &Row, fate: &Fate) {
        self.classes.entry(fate.class()).or_default().add(row);
        if let (Fate::NotAProduct | Fate::OutsideGrammar, Some(quantity)) = (fate, row.quantity) {
            let value = quantity.saturating_mul(row.unit_price.unwrap_or(0));
            let (rows, sum) = self.not_products.entry(row.stock_code.clone()).or_default();
            *rows += 1;
            *sum = sum.saturating_add(value);
        }
    }

    /// Counts one row under a peculiarity that it has besides its fate.
    pub(crate) fn note(&mut self, row: &Row, note: &'static str) {
        self.notes.entry(note).or_default().add(row);
    }

    /// The sum over all classes.
    pub(crate) fn rows(&self) -> u64 {
        self.classes.values().map(|count| count.rows).sum()
    }

    /// How many rows have this class or peculiarity.
    #[cfg(test)]
    pub(crate) fn rows_of(&self, name: &str) -> u64 {
        self.classes.get(name).or_else(|| self.notes.get(name)).map_or(0, |count| count.rows)
    }

    /// The report as text.
    pub(crate) fn text(&self) -> String {
        let mut lines = vec![format!("{:>7} rows, each counted once:", self.rows())];
        for (name, count) in &self.classes {
            lines.push(format!("{:>7} {name}", count.rows));
            lines.extend(count.examples.iter().map(|example| format!("{:10}{example}", "")));
        }
        lines.push("besides, rows with a peculiarity:".to_owned());
        for (name, count) in &self.notes {
            lines.push(format!("{:>7} {name}", count.rows));
            lines.extend(count.examples.first().map(|example| format!("{:10}{example}", "")));
        }
        lines.push("left out because they are no products (rows, code, sum in pence):".to_owned());
        lines.extend(self.not_products.iter().map(|(code, (rows, sum))| format!("{rows:>7} {code} {sum}")));
        lines.join("\n") + "\n"
    }
}
