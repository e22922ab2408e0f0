//! Does a gateway's list show all that it did? A daily reconciliation is made from it, a page at a
//! time.

use std::collections::BTreeSet;

use earmark_core::ids::{PaymentId, RefundId};
use earmark_core::payments::Token;
use earmark_core::{Currency, Timestamp};
use earmark_store::Clock;
use earmark_workers::gateways::{
    EntryKind, EntryStatus, Outgoing, OutgoingOptions, SharedSecret, SignedGateway, Stretch, StripeGateway,
    StripeKey,
};
use earmark_workers::{Charge, ChargeAnswer, PaymentGateway, RefundCall};
use tokio::task::JoinSet;

use crate::processes::{Gateway, PROTOCOLS, Protocol, SECRET, STRIPE_KEY};

/// More than a page of either protocol.
const CHARGES: u128 = 130;

fn client(gateway: &Gateway, protocol: Protocol) -> Box<dyn PaymentGateway> {
    let outgoing = |path: &str| {
        let url = format!("{}{path}", gateway.url());
        Outgoing::new(&url, OutgoingOptions::default()).unwrap()
    };
    let clock = Clock::system();
    match protocol {
        Protocol::Signed => {
            Box::new(SignedGateway::new(outgoing(""), SharedSecret::parse(SECRET).unwrap(), clock))
        }
        Protocol::Stripe => {
            Box::new(StripeGateway::new(outgoing("/stripe"), StripeKey::parse(STRIPE_KEY).unwrap(), clock))
        }
    }
}

fn charge(number: u128) -> Charge {
    let token = if number.is_multiple_of(10) { "tok_declined" } else { "tok_ok" };
    Charge {
        id: PaymentId(number),
        amount: earmark_core::Money::parse(100 + i64::try_from(number).unwrap()).unwrap(),
        currency: Currency::parse("USD").unwrap(),
        token: Token::parse(token).unwrap(),
        begun_at: Clock::system().now(),
    }
}

/// Everything of a time range, as lines that can be compared.
async fn all(client: &dyn PaymentGateway, stretch: Stretch) -> BTreeSet<String> {
    let (mut lines, mut cursor, mut count) = (BTreeSet::new(), None, 0);
    loop {
        let page = client.list(stretch, cursor.as_deref()).await.unwrap();
        for entry in page.entries {
            let (kind, id, status) = (entry.kind, entry.id.unwrap(), entry.status);
            let kind = if kind == EntryKind::Charge { "charge" } else { "refund" };
            let status = if status == EntryStatus::Done { "done" } else { "declined" };
            lines.insert(format!("{kind} {id} {} {} {status}", entry.amount.minor(), entry.currency));
            count += 1;
        }
        cursor = page.next;
        if cursor.is_none() {
            assert_eq!(lines.len(), count, "none twice");
            return lines;
        }
    }
}

#[tokio::test]
async fn a_gateways_list_shows_all_that_it_did_and_nothing_else() {
    for protocol in PROTOCOLS {
        let folder = tempfile::tempdir().unwrap();
        let gateway = Gateway::start(folder.path(), &[]);
        let client: std::sync::Arc<dyn PaymentGateway> = client(&gateway, protocol).into();
        let mut calls = JoinSet::new();
        for number in 1..=CHARGES {
            let client = std::sync::Arc::clone(&client);
            calls.spawn(async move { (number, client.charge(&charge(number)).await) });
        }
        while let Some(done) = calls.join_next().await {
            let (number, answer) = done.unwrap();
            let ChargeAnswer::Captured(said) = answer else { continue };
            if number.is_multiple_of(3) {
                let Charge { amount, currency, begun_at, .. } = charge(number);
                let (id, payment_id) = (RefundId(number), PaymentId(number));
                let payment_reference = said.reference;
                client
                    .refund(&RefundCall { id, payment_id, payment_reference, amount, currency, begun_at })
                    .await;
            }
        }
        let day = 86_400_000_000;
        let now = Clock::system().now().0;
        let stretch = Stretch { from: Timestamp(now - day), to: Timestamp(now + day) };
        let expected: BTreeSet<_> = gateway
            .entries()
            .await
            .iter()
            .map(|entry| {
                let text = |name: &str| entry[name].as_str().unwrap().to_owned();
                let [kind, id, currency, status] = ["kind", "id", "currency", "status"].map(text);
                format!("{kind} {id} {} {currency} {status}", entry["amount"])
            })
            .collect();
        assert!(expected.len() > 150, "{}", expected.len());
        assert_eq!(all(&*client, stretch).await, expected, "{protocol:?}");
        let before = Stretch { from: Timestamp(now - 2 * day), to: Timestamp(now - day) };
        assert_eq!(all(&*client, before).await, BTreeSet::new(), "{protocol:?}");
    }
}
