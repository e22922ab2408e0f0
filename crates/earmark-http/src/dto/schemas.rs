//! How are the contract's scalars described? One named schema for each, with every limit, shared by
//! all resources.
//!
//! They are the types of fields in answers. A field of a request is read as it came and checked
//! later, so there they only name the schema (`#[schema(value_type = …)]`).

use std::borrow::Cow;

use earmark_core::Money;
use earmark_core::carts::{LineProblem, QUANTITY_MAX};
use earmark_core::ids::{AdjustmentId, CartId, EventId, KeyId, OrderId, PaymentId, RefundId, ShipmentId};
use earmark_core::items::{AdjustmentReason, ON_HAND_MAX};
use earmark_core::keys::KeyRole;
use earmark_core::money::MINOR_MAX;
use earmark_core::movements::{MovementKind, MovementReason};
use earmark_core::orders::{CancelReason, FulfillmentStatus, OrderStatus, PaymentSummary};
use earmark_core::payments::PaymentStatus;
use earmark_core::refunds::RefundStatus;
use earmark_core::text::{CustomerId, Description, Metadata, Name, Note, Reference, Sku, Url};
use serde::Serialize;
use utoipa::openapi::schema::{AdditionalProperties, SchemaFormat, Type};
use utoipa::openapi::{KnownFormat, ObjectBuilder, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::time::Time;

/// Describes a type by one named schema.
macro_rules! schema {
    ($type:ident $(<$life:lifetime>)?, $name:expr, $description:literal, $schema:expr) => {
        impl $(<$life>)? PartialSchema for $type $(<$life>)? {
            fn schema() -> RefOr<Schema> {
                RefOr::T(Schema::Object($schema.description(Some($description)).build()))
            }
        }

        impl $(<$life>)? ToSchema for $type $(<$life>)? {
            fn name() -> Cow<'static, str> {
                Cow::Borrowed($name)
            }
        }
    };
}

macro_rules! schemas {
    ($($name:ident $(<$life:lifetime>)? ($value:ty), $description:literal: $schema:expr;)*) => {$(
        #[doc = $description]
        #[derive(Serialize)]
        pub(crate) struct $name $(<$life>)? (pub(crate) $value);

        schema!($name $(<$life>)?, stringify!($name), $description, $schema);
    )*};
}

fn text(least: usize, most: usize) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String).min_length(Some(least)).max_length(Some(most))
}

/// Any characters except NUL, not all of them blank.
const SHOWN: &str = r"^[^\x00]*[^\s\x00][^\x00]*$";
/// Any characters except NUL.
const FREE: &str = r"^[^\x00]*$";
/// Visible ASCII characters only.
const VISIBLE: &str = "^[!-~]+$";

fn id(pattern: &'static str, example: &'static str) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String).pattern(Some(pattern)).examples([example])
}

fn whole(least: i64, most: i64) -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(Type::Integer)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int64)))
        .minimum(Some(least))
        .maximum(Some(most))
}

fn word(words: &[&'static str]) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words.to_vec()))
}

schemas! {
    CartIdText(CartId), "The id of a cart.": id("^cart_[0-7][0-9a-hjkmnp-tv-z]{25}$", "cart_01jd3x5t7gf1a8z0c9v6m2qk4r");
    OrderIdText(OrderId), "The id of an order.": id("^ord_[0-7][0-9a-hjkmnp-tv-z]{25}$", "ord_01jd3x5t7gf1a8z0c9v6m2qk4r");
    PaymentIdText(PaymentId), "The id of a payment.": id("^pay_[0-7][0-9a-hjkmnp-tv-z]{25}$", "pay_01jd3x5t7gf1a8z0c9v6m2qk4r");
    RefundIdText(RefundId), "The id of a refund.": id("^ref_[0-7][0-9a-hjkmnp-tv-z]{25}$", "ref_01jd3x5t7gf1a8z0c9v6m2qk4r");
    ShipmentIdText(ShipmentId), "The id of a shipment.": id("^shp_[0-7][0-9a-hjkmnp-tv-z]{25}$", "shp_01jd3x5t7gf1a8z0c9v6m2qk4r");
    AdjustmentIdText(AdjustmentId), "The id of an adjustment.": id("^adj_[0-7][0-9a-hjkmnp-tv-z]{25}$", "adj_01jd3x5t7gf1a8z0c9v6m2qk4r");
    EventIdText(EventId), "The id of an event.": id("^evt_[0-7][0-9a-hjkmnp-tv-z]{25}$", "evt_01jd3x5t7gf1a8z0c9v6m2qk4r");
    KeyIdText(KeyId), "The id of an API key.": id("^key_[0-7][0-9a-hjkmnp-tv-z]{25}$", "key_01jd3x5t7gf1a8z0c9v6m2qk4r");
    SkuText<'a>(&'a Sku), "The merchant's own name of an item, case-sensitive.":
        text(1, 64).pattern(Some("^[A-Za-z0-9._-]+$")).examples(["85123A"]);
    CustomerIdText<'a>(&'a CustomerId), "The merchant's own id of a customer.": text(1, 64).pattern(Some(VISIBLE)).examples(["customer-17850"]);
    ReferenceText<'a>(&'a Reference), "The merchant's own id of an order, unique for ever.":
        text(1, 64).pattern(Some(VISIBLE)).examples(["INV-536365"]);
    NameText<'a>(&'a Name), "A name or another short text, not blank.": text(1, 200).pattern(Some(SHOWN)).examples(["White hanging heart"]);
    NoteText<'a>(&'a Note), "A free text.": text(0, 1_000).pattern(Some(FREE)).examples(["Found behind the shelf"]);
    DescriptionText<'a>(&'a Description), "A longer text for people.": text(0, 10_000).pattern(Some(FREE)).examples(["A T-light holder"]);
    UrlText<'a>(&'a Url), "An absolute address.":
        text(8, 2_000).pattern(Some("^https?://[!-~]*$")).examples(["https://shop.example/85123A.jpg"]);
    TokenText<'a>(&'a str), "A gateway's opaque name of a means of payment; never a card number.":
        text(1, 255).pattern(Some(VISIBLE)).examples(["tok_ok"]);
    CurrencyText<'a>(&'a str), "The deployment's currency, ISO 4217.": text(3, 3).pattern(Some("^[A-Z]{3}$")).examples(["USD"]);
    Amount(Money), "An amount in the currency's minor unit (1999 is 19.99 USD).": whole(0, MINOR_MAX).examples([1999]);
    SignedAmount(Money), "An amount in the currency's minor unit; negative where it is owed to the customer.":
        whole(-MINOR_MAX, MINOR_MAX).examples([1999]);
    Quantity(u32), "Units of an item.": whole(1, i64::from(QUANTITY_MAX)).examples([1]);
    Count(u32), "A number of units.": whole(0, i64::from(ON_HAND_MAX)).examples([50]);
    Delta(i64), "A change of a number of units.": whole(-i64::from(ON_HAND_MAX), i64::from(ON_HAND_MAX)).examples([50]);
    Version(u64), "Raised by each change; the entity tag of the resource.": whole(1, MINOR_MAX).examples([1]);
    AdjustmentReasonWord(AdjustmentReason), "Why a count was corrected.":
        word(&["received", "recount", "damaged", "lost", "returned", "correction"]);
    CancelReasonWord(CancelReason), "Why something was cancelled or refunded.":
        word(&["customer", "inventory", "fraud", "declined", "expired", "other"]);
    MovementReasonWord(MovementReason), "Why a counter moved: the reason of the adjustment or of the cancellation.": word(&[
        "received", "recount", "damaged", "lost", "returned", "correction",
        "customer", "inventory", "fraud", "declined", "expired", "other",
    ]);
    MovementKindWord(MovementKind), "What kind of change a movement is.": word(&["reserved", "released", "shipped", "adjusted"]);
    LineProblemWord(LineProblem), "Why a line could not be ordered now.": word(&["insufficient_stock", "inactive"]);
    OrderStatusWord(OrderStatus), "Where an order stands.":
        word(&["CREATED", "CONFIRMED", "PAID", "SHIPPED", "DELIVERED", "CANCELLED"]);
    PaymentSummaryWord(PaymentSummary), "What has become of the money.":
        word(&["unpaid", "pending", "paid", "partially_refunded", "refunded"]);
    FulfillmentStatusWord(FulfillmentStatus), "What has become of the goods.":
        word(&["unfulfilled", "partial", "fulfilled", "delivered"]);
    PaymentStatusWord(PaymentStatus), "Where a payment stands.": word(&["PENDING", "SUCCEEDED", "DECLINED", "FAILED"]);
    RefundStatusWord(RefundStatus), "Where a refund stands.": word(&["PENDING", "SUCCEEDED", "FAILED"]);
    KeyRoleWord(KeyRole), "What the holder of an API key may do.": word(&["admin", "service"]);
    EventTypeWord(&'static str), "What happened.": word(&earmark_core::Fact::TYPES);
    ActorText(String), "Who did it: an API key's id, `operator`, `customer:<id>` or `system`.":
        text(1, 80).pattern(Some(VISIBLE)).examples(["system"]);
    MetadataMap<'a>(&'a Metadata), "Up to 50 pairs of strings, kept and given back as they came.": ObjectBuilder::new()
        .schema_type(Type::Object)
        .max_properties(Some(Metadata::PAIRS_MAX))
        .property_names(Some(Schema::Object(text(1, 40).pattern(Some(FREE)).build())))
        .additional_properties(Some(AdditionalProperties::RefOr(RefOr::T(Schema::Object(
            text(0, 500).pattern(Some(FREE)).build(),
        )))));
}

schema!(
    Time,
    "TimeText",
    "A time: RFC 3339, UTC, microseconds.",
    ObjectBuilder::new()
        .schema_type(Type::String)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
        .examples(["2026-01-31T09:30:00.000000Z"])
);
