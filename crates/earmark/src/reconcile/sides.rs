//! What does each side have? Our rows over the API of a running server, the gateway's through its
//! own list.
//!
//! Both become the same kind of rows, which `compare.rs` compares.

use anyhow::{Context, bail};
use earmark_core::{Span, Timestamp};
use earmark_workers::gateways::{Entry, EntryKind, EntryStatus, TimeRange};
use serde_json::Value;

use super::compare::{Row, Standing};
use crate::api::Api;
use crate::gateway::GatewayConfig;

/// The most pages read of one list, so that a list without an end cannot hang the command.
const PAGES_MAX: usize = 100_000;

/// How far beyond the range a partner of a row is looked for.
pub(super) fn beyond() -> Span {
    Span::from_seconds(2 * 24 * 3600)
}

/// Our payments and refunds, as a running server shows them.
pub(super) struct Ours {
    pub(super) api: Api,
    /// Only what went through the gateway of this name is compared.
    pub(super) gateway: String,
}

impl Ours {
    /// Payments and refunds that were begun within a range.
    pub(super) fn within(&self, range: TimeRange) -> anyhow::Result<Vec<Row>> {
        let mut rows = Vec::new();
        for payment in self.list("payments", range)? {
            if payment["gateway"] == self.gateway.as_str() {
                rows.push(row(EntryKind::Charge, &payment)?);
            }
        }
        for refund in self.list("refunds", range)? {
            // A refund goes through the gateway that took the money.
            let payment = refund["payment_id"].as_str().unwrap_or_default();
            if self.api.get(&format!("/v1/payments/{payment}"))?.ok()?["gateway"] == self.gateway.as_str() {
                rows.push(row(EntryKind::Refund, &refund)?);
            }
        }
        Ok(rows)
    }

    fn list(&self, name: &str, range: TimeRange) -> anyhow::Result<Vec<Value>> {
        // The API leaves both bounds out; a microsecond is its smallest step.
        let (after, before) = (shown(Timestamp(range.from.0 - 1)), shown(range.to));
        let first = format!("/v1/{name}?limit=200&created_after={after}&created_before={before}");
        let (mut rows, mut page) = (Vec::new(), first.clone());
        for _ in 0..PAGES_MAX {
            let mut answer = self.api.get(&page)?.ok()?;
            let Value::Array(data) = answer["data"].take() else { bail!("{page}: the answer is no list") };
            rows.extend(data);
            match answer["next_cursor"].as_str() {
                Some(cursor) => page = format!("{first}&cursor={cursor}"),
                None => return Ok(rows),
            }
        }
        bail!("/v1/{name}: the list has no end")
    }

    /// Our payment under the id of a charge of the gateway's, however old. A refund cannot be
    /// looked up by its id.
    pub(super) fn find(&self, theirs: &Row) -> anyhow::Result<Option<Row>> {
        let Some(id) = theirs.id.as_ref().filter(|_| theirs.kind == EntryKind::Charge) else {
            return Ok(None);
        };
        let answer = self.api.get(&format!("/v1/payments/{id}"))?;
        if matches!(answer.status, 400 | 404) {
            return Ok(None);
        }
        row(EntryKind::Charge, &answer.ok()?).map(Some)
    }
}

/// A time as the API takes it in a query.
fn shown(at: Timestamp) -> String {
    let micros = u64::try_from(at.0.max(0)).unwrap_or(0);
    let at = std::time::UNIX_EPOCH + std::time::Duration::from_micros(micros);
    humantime::format_rfc3339_micros(at).to_string()
}

fn row(kind: EntryKind, shown: &Value) -> anyhow::Result<Row> {
    let text = |name: &str| shown[name].as_str().map(str::to_owned);
    let standing = match shown["status"].as_str() {
        Some("SUCCEEDED") => Standing::Moved,
        Some("DECLINED" | "FAILED") => Standing::Refused,
        _ => Standing::Open,
    };
    Ok(Row {
        kind,
        id: text("id"),
        reference: text("gateway_reference"),
        standing,
        amount: shown["amount"].as_i64().context("a payment without an amount")?,
        currency: text("currency").context("a payment without a currency")?,
    })
}

/// What the gateway lists.
pub(super) struct Theirs {
    gateway: std::sync::Arc<dyn earmark_workers::PaymentGateway>,
    runtime: tokio::runtime::Runtime,
}

impl Theirs {
    pub(super) fn open(gateway: &GatewayConfig) -> anyhow::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        // The client's connections belong to the runtime on which it is made.
        let gateway = runtime.block_on(async { gateway.open() })?;
        Ok(Self { gateway, runtime })
    }

    /// What it did within a range.
    pub(super) fn within(&self, range: TimeRange) -> anyhow::Result<Vec<Row>> {
        let (mut rows, mut cursor) = (Vec::new(), None::<String>);
        for _ in 0..PAGES_MAX {
            let page = self.runtime.block_on(self.gateway.list(range, cursor.as_deref()));
            let page = page.map_err(|why| anyhow::anyhow!("the gateway's list: {why}"))?;
            rows.extend(page.entries.into_iter().map(theirs));
            match page.next {
                Some(next) => cursor = Some(next),
                None => return Ok(rows),
            }
        }
        bail!("the gateway's list has no end")
    }
}

fn theirs(entry: Entry) -> Row {
    Row {
        kind: entry.kind,
        id: entry.id,
        reference: Some(entry.reference),
        standing: match entry.status {
            EntryStatus::Done => Standing::Moved,
            EntryStatus::Refused => Standing::Refused,
            EntryStatus::Authorized | EntryStatus::Open => Standing::Open,
        },
        amount: entry.amount.minor(),
        currency: entry.currency.to_string(),
    }
}
