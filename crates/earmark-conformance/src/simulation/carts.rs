//! Random commands of clients about carts.

use earmark_core::Span;
use earmark_core::carts::create::CreateCart;
use earmark_core::carts::delete::{DeleteCart, Due};
use earmark_core::carts::lines::{ChangeCartLine, LineChange};
use earmark_core::command::Action;
use earmark_core::ids::CartId;

use super::Simulation;

impl Simulation {
    pub(super) fn create_cart(&mut self) -> Action {
        let customer_id = self.random.percent(75).then(|| self.customer());
        let (id, metadata, ttl) = (CartId(self.id()), self.metadata(), self.cart_ttl());
        Action::CreateCart(CreateCart { id, customer_id, metadata, ttl })
    }

    pub(super) fn change_cart_line(&mut self) -> Action {
        let Some(place) = self.random.index(self.known.carts.len()) else { return self.create_cart() };
        let cart = &self.known.carts[place];
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
        let id = self.random.pick(&self.known.carts).map(|cart| cart.id);
        let cart_id = id.unwrap_or(CartId(self.id()));
        let due = if self.random.percent(60) { Due::IfExpired } else { Due::Now };
        Action::DeleteCart(DeleteCart { cart_id, due })
    }

    fn cart_ttl(&mut self) -> Span {
        Span::from_seconds(if self.random.percent(20) { 600 } else { 30 * 86_400 })
    }
}
