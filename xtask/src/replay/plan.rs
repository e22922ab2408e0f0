//! In which steps is the file replayed? All of it is decided beforehand and from the file alone:
//! every order, correction and cancellation, and every refusal that the shop must give.
//!
//! The rules:
//! - **Stock**: each SKU receives, before the first sale, exactly the units that the file takes out
//!   of it; every fiftieth SKU gets half of them, so that refusals happen.
//! - **Sale**: an invoice is an order whose reference is the invoice's number. Two prices for one
//!   SKU, or more than 500 SKUs, make further orders of it (`-2`, `-3`). A row that asks for more
//!   than is available is refused at the cart.
//! - **Zero price**: goods given away, when the file sells the SKU under that description
//!   elsewhere; else a correction.
//! - **Negative quantity** outside a cancellation: a correction.
//! - **Cancellation**: the file links it to nothing but customer and code, so it takes from the
//!   latest earlier orders of that customer with that SKU. Those units are held back from shipping
//!   until then.
//!
//! Invariant: what is available of a SKU never depends on when goods ship, so one pass over the
//! file foresees it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use anyhow::{Result, ensure};

use crate::replay::fates::{Fate, Report};
use crate::replay::rows::Row;

/// At most so many lines an order.
const LINES_MAX: usize = 500;
/// Every so manieth SKU is short of stock.
const SHORT_EVERY: usize = 50;

/// What is sent to the shop, and what must come of it.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    /// The items by SKU, with what is received before the first sale.
    pub(crate) items: BTreeMap<String, PlannedItem>,
    /// All orders, in the order of placement. One without an accepted line is not placed.
    pub(crate) orders: Vec<PlannedOrder>,
    /// What happens, in the order of the file.
    pub(crate) steps: Vec<Step>,
    /// One for each row of the file.
    pub(crate) fates: Vec<Fate>,
    pub(crate) report: Report,
}

/// An item before the first sale.
#[derive(Debug, Default, Clone)]
pub(crate) struct PlannedItem {
    /// The first description of a priced row; the SKU where there is none.
    pub(crate) name: String,
    /// Pence, of the first priced row.
    pub(crate) unit_price: i64,
    pub(crate) received: i64,
}

#[derive(Debug, Default)]
pub(crate) struct PlannedOrder {
    /// The invoice's number, with `-2`, `-3` for further parts.
    pub(crate) reference: String,
    /// None for an order of a guest.
    pub(crate) customer: Option<String>,
    pub(crate) lines: BTreeMap<String, PlannedLine>,
    /// Units that a later cancellation takes, by SKU: not to be shipped before.
    pub(crate) held: BTreeMap<String, i64>,
}

impl PlannedOrder {
    /// Whether any unit is sold.
    pub(crate) fn is_placed(&self) -> bool {
        self.lines.values().any(|line| line.units() > 0)
    }

    /// The total at placement, in pence.
    pub(crate) fn total(&self) -> i64 {
        self.lines.values().map(|line| line.units() * line.unit_price).sum()
    }
}

/// One SKU of an order.
#[derive(Debug, Default)]
pub(crate) struct PlannedLine {
    pub(crate) unit_price: i64,
    /// What is put into the cart, one for each row.
    pub(crate) additions: Vec<Addition>,
}

impl PlannedLine {
    /// Units that are sold, which are those of accepted additions.
    pub(crate) fn units(&self) -> i64 {
        self.additions.iter().filter(|addition| addition.is_accepted()).map(|addition| addition.units).sum()
    }
}

/// One addition to a cart.
#[derive(Debug)]
pub(crate) struct Addition {
    pub(crate) units: i64,
    /// What the cart's line would hold then.
    pub(crate) requested: i64,
    /// What is available at that moment.
    pub(crate) available: i64,
}

impl Addition {
    /// Whether the shop must take it.
    pub(crate) fn is_accepted(&self) -> bool {
        self.requested <= self.available
    }
}

/// What happens at one point of the file.
#[derive(Debug)]
pub(crate) enum Step {
    /// The order of this index is filled, placed, paid and, but for what is held back, shipped.
    Order(usize),
    /// A correction of stock.
    Adjust {
        /// Line of the file, which makes the request's key.
        line: u64,
        sku: String,
        delta: i64,
        /// Whether the shop must take it.
        is_accepted: bool,
    },
    /// A cancellation of held units of one order.
    Cancel {
        invoice: String,
        /// Index of the order.
        order: usize,
        /// Units by SKU; None when it is the whole order, untouched so far.
        lines: Option<BTreeMap<String, i64>>,
    },
}

/// Decides everything that happens, from the rows alone.
pub(crate) fn plan(rows: &[Row]) -> Result<Plan> {
    let mut planner = Planner::new(rows);
    for invoice in rows.chunk_by(|a, b| a.invoice == b.invoice) {
        planner.invoice(invoice);
    }
    let mut plan = planner.plan;
    ensure!(plan.fates.len() == rows.len(), "{} fates for {} rows", plan.fates.len(), rows.len());
    for (row, fate) in rows.iter().zip(&plan.fates) {
        plan.report.count(row, fate);
    }
    Ok(plan)
}

struct Planner {
    plan: Plan,
    /// Descriptions under which a SKU is sold at a price.
    names: HashMap<String, BTreeSet<String>>,
    available: HashMap<String, i64>,
    /// Orders of a customer with a SKU, oldest first, with the units that are left to cancel.
    purchases: HashMap<(String, String), Vec<(usize, i64)>>,
}

/// What a row is, before it is known whether stock suffices for it.
enum RowKind {
    Sale { quantity: i64, unit_price: i64 },
    Correction { delta: i64 },
    Cancellation { quantity: i64 },
    Nothing(Fate),
}

impl Planner {
    fn new(rows: &[Row]) -> Self {
        let mut names: HashMap<String, BTreeSet<String>> = HashMap::new();
        for row in rows.iter().filter(|row| row.is_sale_of_a_product() && row.unit_price > Some(0)) {
            names.entry(row.sku()).or_default().insert(row.description.clone());
        }
        let mut planner =
            Self { plan: Plan::default(), names, available: HashMap::new(), purchases: HashMap::new() };
        planner.plan.items = planner.stock(rows);
        planner.available =
            planner.plan.items.iter().map(|(sku, item)| (sku.clone(), item.received)).collect();
        planner
    }

    /// What each SKU receives before the first sale.
    fn stock(&self, rows: &[Row]) -> BTreeMap<String, PlannedItem> {
        let mut items: BTreeMap<String, PlannedItem> = BTreeMap::new();
        for row in rows {
            let taken = match self.kind_of(row) {
                RowKind::Sale { quantity, .. } => quantity,
                RowKind::Correction { delta } => (-delta).max(0),
                RowKind::Cancellation { .. } | RowKind::Nothing(_) => continue,
            };
            let item = items.entry(row.sku()).or_default();
            item.received += taken;
            if item.name.is_empty() && row.unit_price > Some(0) {
                item.name.clone_from(&row.description);
                item.unit_price = row.unit_price.unwrap_or(0);
            }
        }
        for (number, (sku, item)) in items.iter_mut().enumerate() {
            if item.name.is_empty() {
                item.name.clone_from(sku);
            }
            if number % SHORT_EVERY == SHORT_EVERY / 2 {
                item.received /= 2;
            }
        }
        items
    }

    fn kind_of(&self, row: &Row) -> RowKind {
        if !row.is_in_grammar() {
            return RowKind::Nothing(Fate::OutsideGrammar);
        }
        if !row.is_product() {
            return RowKind::Nothing(Fate::NotAProduct);
        }
        let (Some(quantity), Some(unit_price)) = (row.quantity, row.unit_price) else {
            return RowKind::Nothing(Fate::Malformed);
        };
        let is_named = || self.names.get(&row.sku()).is_some_and(|names| names.contains(&row.description));
        match (row.is_cancellation(), quantity.signum()) {
            (true, -1) => RowKind::Cancellation { quantity: -quantity },
            (false, -1) => RowKind::Correction { delta: quantity },
            (false, 1) if unit_price > 0 || is_named() => RowKind::Sale { quantity, unit_price },
            (false, 1) => RowKind::Correction { delta: quantity },
            _ => RowKind::Nothing(Fate::Malformed),
        }
    }

    /// Corrections of an invoice first, then its orders, or its cancellations.
    fn invoice(&mut self, rows: &[Row]) {
        let mut fates = vec![None; rows.len()];
        let mut parts: Vec<Part> = Vec::new();
        let mut cancels: BTreeMap<usize, BTreeMap<String, i64>> = BTreeMap::new();
        for (at, row) in rows.iter().enumerate() {
            self.note(row);
            match self.kind_of(row) {
                RowKind::Nothing(fate) => fates[at] = Some(fate),
                RowKind::Correction { delta } => fates[at] = Some(self.correct(row, delta)),
                RowKind::Cancellation { quantity } => {
                    fates[at] = Some(self.cancel(row, quantity, &mut cancels));
                }
                RowKind::Sale { quantity, unit_price } => {
                    let part_row = PartRow { at, units: quantity, unit_price };
                    self.part_for(&mut parts, row, unit_price).push(part_row);
                }
            }
        }
        for part in &parts {
            self.order(rows, part, &mut fates);
        }
        for (order, lines) in cancels {
            self.cancel_step(&rows[0].invoice, order, lines);
        }
        self.plan.fates.extend(fates.into_iter().flatten());
    }

    fn note(&mut self, row: &Row) {
        let report = &mut self.plan.report;
        if row.is_product() && row.sku() != row.stock_code {
            report.note(row, "code in mixed case, read in capitals");
        }
        if row.description.is_empty() {
            report.note(row, "empty description");
        }
        if row.unit_price == Some(0) && row.is_product() {
            report.note(row, "zero price");
        }
        if row.customer.is_none() {
            report.note(row, "guest without a customer number");
        }
    }

    fn correct(&mut self, row: &Row, delta: i64) -> Fate {
        let sku = row.sku();
        let available = self.available.entry(sku.clone()).or_default();
        let is_accepted = *available + delta >= 0;
        if is_accepted {
            *available += delta;
        }
        self.plan.steps.push(Step::Adjust { line: row.line, sku, delta, is_accepted });
        if is_accepted { Fate::Corrected } else { Fate::CorrectionRefused }
    }

    /// The order of its invoice that can take the row: the first that does not hold the SKU at
    /// another price.
    fn part_for<'a>(&mut self, parts: &'a mut Vec<Part>, row: &Row, unit_price: i64) -> &'a mut Vec<PartRow> {
        let sku = row.sku();
        let fits = |part: &Part| match part.prices.get(&sku) {
            Some(&price) => price == unit_price,
            None => part.prices.len() < LINES_MAX,
        };
        let at = parts.iter().position(fits).unwrap_or(parts.len());
        if at == parts.len() {
            let invoice = &row.invoice;
            let reference = if at == 0 { invoice.clone() } else { format!("{invoice}-{}", at + 1) };
            parts.push(Part { reference, ..Part::default() });
        }
        let report = &mut self.plan.report;
        if parts[at].prices.contains_key(&sku) {
            report.note(row, "code again in its invoice, added up");
        } else if at > 0 && parts[..at].iter().any(|part| part.prices.contains_key(&sku)) {
            report.note(row, "second price in its invoice, in a further order");
        } else if at > 0 {
            report.note(row, "beyond 500 lines of its invoice, in a further order");
        }
        parts[at].prices.insert(sku, unit_price);
        &mut parts[at].rows
    }

    fn order(&mut self, rows: &[Row], part: &Part, fates: &mut [Option<Fate>]) {
        let (reference, customer) = (part.reference.clone(), rows[0].customer.clone());
        let mut order = PlannedOrder { reference, customer, ..PlannedOrder::default() };
        for &PartRow { at, units, unit_price } in &part.rows {
            let sku = rows[at].sku();
            let available = self.available.get(&sku).copied().unwrap_or(0);
            let line = order.lines.entry(sku).or_default();
            line.unit_price = unit_price;
            let addition = Addition { units, requested: line.units() + units, available };
            fates[at] = Some(match addition.is_accepted() {
                true => Fate::Sold { reference: order.reference.clone() },
                false => Fate::Refused,
            });
            line.additions.push(addition);
        }
        let index = self.plan.orders.len();
        for (sku, line) in order.lines.iter().filter(|(_, line)| line.units() > 0) {
            *self.available.entry(sku.clone()).or_default() -= line.units();
            if let Some(customer) = &order.customer {
                let purchases = self.purchases.entry((customer.clone(), sku.clone())).or_default();
                purchases.push((index, line.units()));
            }
        }
        self.plan.orders.push(order);
        self.plan.steps.push(Step::Order(index));
    }

    /// Takes the units from the customer's latest purchases.
    fn cancel(
        &mut self,
        row: &Row,
        quantity: i64,
        cancels: &mut BTreeMap<usize, BTreeMap<String, i64>>,
    ) -> Fate {
        let sku = row.sku();
        let key = (row.customer.clone().unwrap_or_default(), sku.clone());
        let mut unmatched = quantity;
        let mut takes = Vec::new();
        for (index, left) in self.purchases.get_mut(&key).into_iter().flatten().rev() {
            let units = unmatched.min(*left);
            if units == 0 {
                continue;
            }
            *left -= units;
            unmatched -= units;
            let order = &mut self.plan.orders[*index];
            if order.lines.get(&sku).map(|line| line.unit_price) != row.unit_price {
                self.plan.report.note(row, "cancelled at another price than bought, refunded as bought");
            }
            *order.held.entry(sku.clone()).or_default() += units;
            *cancels.entry(*index).or_default().entry(sku.clone()).or_default() += units;
            takes.push((order.reference.clone(), units));
        }
        *self.available.entry(sku).or_default() += quantity - unmatched;
        if takes.is_empty() { Fate::CancellationUnmatched } else { Fate::Cancelled { takes, unmatched } }
    }

    fn cancel_step(&mut self, invoice: &str, index: usize, lines: BTreeMap<String, i64>) {
        let order = &self.plan.orders[index];
        let sold = order.lines.iter().map(|(sku, line)| (sku.clone(), line.units()));
        let is_whole = lines == sold.filter(|(_, units)| *units > 0).collect();
        let lines = (!is_whole).then_some(lines);
        self.plan.steps.push(Step::Cancel { invoice: invoice.to_owned(), order: index, lines });
    }
}

/// A row of an invoice that is sold.
struct PartRow {
    /// Its index in the invoice.
    at: usize,
    units: i64,
    unit_price: i64,
}

/// The rows of an invoice that go into one order.
#[derive(Default)]
struct Part {
    reference: String,
    rows: Vec<PartRow>,
    prices: HashMap<String, i64>,
}

#[cfg(test)]
mod tests;
