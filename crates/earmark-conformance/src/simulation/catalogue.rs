//! Commands about items, carts and API keys.

use std::collections::BTreeMap;

use earmark_core::carts::create::CreateCart;
use earmark_core::carts::delete::{DeleteCart, Due};
use earmark_core::carts::lines::{ChangeCartLine, LineChange};
use earmark_core::command::Action;
use earmark_core::ids::{AdjustmentId, CartId, KeyId};
use earmark_core::items::AdjustmentReason;
use earmark_core::items::adjust::{AdjustStock, StockChange};
use earmark_core::items::put::PutItem;
use earmark_core::keys::KeyRole;
use earmark_core::keys::create::CreateKey;
use earmark_core::keys::revoke::RevokeKey;
use earmark_core::money::MINOR_MAX;
use earmark_core::text::{Description, Metadata, Name, Note, Url};
use earmark_core::{Money, Span};

use super::{SKUS, Simulation, sku};

const REASONS: [AdjustmentReason; 6] = [
    AdjustmentReason::Received,
    AdjustmentReason::Recount,
    AdjustmentReason::Damaged,
    AdjustmentReason::Lost,
    AdjustmentReason::Returned,
    AdjustmentReason::Correction,
];
const WORDS: [&str; 6] =
    ["Lantern, red", "Mug 100%", "Tea_light", "Crème brûlée set", "ÄPFEL äpfel", "O'Neil \"box\""];

impl Simulation {
    pub(super) fn put_item(&mut self) -> Action {
        let sku = if self.steps <= SKUS { sku(self.steps - 1) } else { self.sku() };
        let minor = match self.random.below(100) {
            0..8 => 0,
            8 => -1,
            9 => MINOR_MAX,
            _ => i64::from(self.between(1, 9_999)),
        };
        let word = self.random.pick(&WORDS).expect("there are words");
        let number = self.random.below(10);
        Action::PutItem(PutItem {
            sku,
            name: Name::parse(&format!("{word} {number}")).expect("a name"),
            unit_price: Money::parse(minor).expect("a price"),
            description: self.random.percent(30).then(|| Description::parse("").expect("a description")),
            active: (!self.random.percent(60)).then(|| self.random.percent(85)),
            image_url: self
                .random
                .percent(20)
                .then(|| Url::parse("https://example.com/a.png").expect("a URL")),
            metadata: self.random.percent(30).then(|| self.metadata()),
        })
    }

    pub(super) fn adjust_stock(&mut self) -> Action {
        let sku = self.sku();
        let change = match self.random.below(10) {
            0..6 => StockChange::By(i64::from(self.between(1, 60))),
            6..8 => StockChange::By(-i64::from(self.between(0, 40))),
            8 => StockChange::To { on_hand: self.between(0, 80), expected_on_hand: None },
            _ => {
                let expected_on_hand = Some(self.between(0, 30));
                StockChange::To { on_hand: self.between(0, 80), expected_on_hand }
            }
        };
        let (id, note) = (AdjustmentId(self.id()), self.note());
        let reason = *self.random.pick(&REASONS).expect("there are reasons");
        Action::AdjustStock(AdjustStock { id, sku, change, reason, note })
    }

    pub(super) fn create_cart(&mut self) -> Action {
        let customer_id = self.random.percent(75).then(|| self.customer());
        let (id, metadata, ttl) = (CartId(self.id()), self.metadata(), self.cart_ttl());
        Action::CreateCart(CreateCart { id, customer_id, metadata, ttl })
    }

    pub(super) fn change_cart_line(&mut self) -> Action {
        let Some(place) = self.random.index(self.shop.carts.len()) else { return self.create_cart() };
        let cart = &self.shop.carts[place];
        let (cart_id, held) = (cart.id, self.random.pick(&cart.lines).map(|line| line.sku.clone()));
        let cart_id = if self.random.percent(2) { CartId(self.id()) } else { cart_id };
        let quantity = self.quantity();
        let change = match (self.random.below(10), held) {
            (0..2, Some(sku)) => LineChange::Remove { sku },
            (2..5, Some(sku)) => LineChange::Set { sku, quantity },
            (5, _) => LineChange::Set { sku: self.sku(), quantity },
            _ => LineChange::Add { sku: self.sku(), quantity },
        };
        Action::ChangeCartLine(ChangeCartLine { cart_id, change, ttl: self.cart_ttl() })
    }

    pub(super) fn delete_cart(&mut self) -> Action {
        let id = self.random.pick(&self.shop.carts).map(|cart| cart.id);
        let cart_id = id.unwrap_or(CartId(self.id()));
        let due = if self.random.percent(60) { Due::IfExpired } else { Due::Now };
        Action::DeleteCart(DeleteCart { cart_id, due })
    }

    pub(super) fn create_key(&mut self) -> Action {
        let id = KeyId(self.id());
        let name = self.random.percent(50).then(|| Name::parse("storefront").expect("a name"));
        let role = if self.random.percent(50) { KeyRole::Admin } else { KeyRole::Service };
        let mut secret_hash = [0; 32];
        secret_hash[..16].copy_from_slice(&self.random.bytes());
        Action::CreateKey(CreateKey { id, name, role, secret_hash })
    }

    pub(super) fn revoke_key(&mut self) -> Action {
        let id = self.random.pick(&self.shop.api_keys).copied();
        Action::RevokeKey(RevokeKey { id: id.unwrap_or(KeyId(self.id())) })
    }

    pub(super) fn quantity(&mut self) -> u32 {
        match self.random.below(100) {
            0 => 0,
            1 => 1_000_001,
            2..8 => self.between(10, 60),
            _ => self.between(1, 5),
        }
    }

    pub(super) fn note(&mut self) -> Option<Note> {
        self.random.percent(20).then(|| Note::parse("counted twice, \"sure\"").expect("a note"))
    }

    pub(super) fn metadata(&mut self) -> Metadata {
        let mut pairs = BTreeMap::new();
        if self.random.percent(20) {
            pairs.insert("channel".to_owned(), format!("web-{}", self.random.below(4)));
        }
        Metadata::parse(pairs).expect("metadata")
    }

    fn cart_ttl(&mut self) -> Span {
        Span::from_seconds(if self.random.percent(20) { 600 } else { 30 * 86_400 })
    }
}
