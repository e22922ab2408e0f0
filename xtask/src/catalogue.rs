//! Where does the catalogue of `earmark demo` come from? The best sold products of a file of real
//! sales.
//!
//! `cargo xtask catalogue online-retail.csv > crates/earmark/data/catalogue.csv` writes it anew.
//! Invariant: the same file gives the same catalogue, byte for byte.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::Result;

use crate::replay::rows::{self, Row};

/// How many products the catalogue holds.
const PRODUCTS: usize = 60;

/// What the file holds about a product.
struct Product {
    name: String,
    unit_price: i64,
    orders: BTreeSet<String>,
}

/// Writes the catalogue to standard output.
pub(crate) fn run(file: &Path) -> Result<()> {
    print!("{}", catalogue(&rows::read(file)?)?);
    Ok(())
}

fn catalogue(rows: &[Row]) -> Result<String> {
    let mut products: BTreeMap<String, Product> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.is_sale_of_a_product()) {
        let Some(unit_price) = row.unit_price.filter(|&price| price > 0) else { continue };
        let product = products.entry(row.sku()).or_insert_with(|| Product {
            name: title_case(&row.description),
            unit_price,
            orders: BTreeSet::new(),
        });
        product.orders.insert(row.invoice.clone());
    }
    let mut best = products.into_iter().filter(|(_, product)| !product.name.is_empty()).collect::<Vec<_>>();
    best.sort_by(|(sku_a, a), (sku_b, b)| b.orders.len().cmp(&a.orders.len()).then_with(|| sku_a.cmp(sku_b)));
    best.truncate(PRODUCTS);
    best.sort_by(|(a, _), (b, _)| a.cmp(b));

    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(["sku", "name", "unit_price", "on_hand"])?;
    for (sku, product) in &best {
        // Between 20 and 500, the more the better it sells.
        let on_hand = (product.orders.len() * 2).clamp(20, 500);
        writer.write_record([sku, &product.name, &product.unit_price.to_string(), &on_hand.to_string()])?;
    }
    Ok(String::from_utf8(writer.into_inner()?)?)
}

/// `WHITE HANGING  HEART T-LIGHT` becomes `White Hanging Heart T-Light`.
fn title_case(text: &str) -> String {
    let word = |word: &str| {
        let mut starts = true;
        let letters = word.chars().flat_map(|char| {
            let shown =
                if starts { char.to_uppercase().collect::<Vec<_>>() } else { char.to_lowercase().collect() };
            starts = !char.is_alphanumeric() && char != '\'';
            shown
        });
        letters.collect::<String>()
    };
    text.split_whitespace().map(word).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_tidied() {
        assert_eq!(title_case("WHITE HANGING HEART  T-LIGHT HOLDER "), "White Hanging Heart T-Light Holder");
        assert_eq!(title_case("POPPY'S PLAYHOUSE"), "Poppy's Playhouse");
        assert_eq!(title_case("SET/6 \"FRUIT\""), "Set/6 \"Fruit\"");
    }
}
