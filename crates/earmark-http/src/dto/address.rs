//! How does an order's address look? One macro names its parts once, for what clients send and what
//! they see.

use earmark_core::orders::Address;
use earmark_core::text::Name;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::schemas::{self, NameText};
use crate::checks::Checks;
use crate::json::only_from_object;

macro_rules! address {
    ($($part:ident, $description:literal;)*) => {
        /// Where an order goes.
        #[derive(Deserialize, ToSchema)]
        #[serde(deny_unknown_fields, remote = "Self")]
        #[schema(as = AddressRequest)]
        pub(crate) struct AddressInput {
            $(#[doc = $description] #[schema(value_type = Option<schemas::NameText<'_>>)] $part: Option<String>,)*
        }

        only_from_object!(AddressInput);

        /// Where an order goes.
        #[derive(Serialize, ToSchema)]
        #[schema(as = Address)]
        pub(crate) struct AddressBody<'a> {
            $(#[doc = $description] $part: Option<NameText<'a>>,)*
        }

        impl AddressInput {
            /// The address, every part of it checked.
            pub(crate) fn check(&self, checks: &mut Checks) -> Address {
                Address {
                    $($part: checks.optional(
                        concat!("/shipping_address/", stringify!($part)),
                        self.$part.as_deref(),
                        Name::parse,
                    ),)*
                }
            }
        }

        impl<'a> From<&'a Address> for AddressBody<'a> {
            fn from(address: &'a Address) -> Self {
                Self { $($part: address.$part.as_ref().map(NameText),)* }
            }
        }
    };
}

address! {
    name, "To whom.";
    company, "A firm.";
    line1, "Street and number.";
    line2, "More of the street.";
    city, "Town.";
    region, "State, province, county.";
    postal_code, "Postal code.";
    country, "Country, ISO 3166-1 alpha-2.";
    phone, "Telephone.";
}
