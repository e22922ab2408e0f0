//! Where an order goes, as clients send and see it.

use earmark_core::orders::Address;
use earmark_core::text::Name;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::schemas;
use crate::checks::Checks;
use crate::json::only_from_object;

macro_rules! address {
    ($($(#[$doc:meta])* $part:ident;)*) => {
        /// Where an order goes.
        #[derive(Deserialize, ToSchema)]
        #[serde(deny_unknown_fields, remote = "Self")]
        #[schema(as = AddressRequest)]
        pub(crate) struct AddressInput {
            $($(#[$doc])* #[schema(value_type = Option<schemas::NameText>)] $part: Option<String>,)*
        }

        only_from_object!(AddressInput);

        /// Where an order goes.
        #[derive(Serialize, ToSchema)]
        #[schema(as = Address)]
        pub(crate) struct AddressBody<'a> {
            $($(#[$doc])* #[schema(value_type = Option<schemas::NameText>)] $part: Option<&'a Name>,)*
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
                Self { $($part: address.$part.as_ref(),)* }
            }
        }
    };
}

address! {
    /// To whom.
    name;
    /// A firm.
    company;
    /// Street and number.
    line1;
    /// More of the street.
    line2;
    /// Town.
    city;
    /// State, province, county.
    region;
    /// Postal code.
    postal_code;
    /// Country, ISO 3166-1 alpha-2.
    country;
    /// Telephone.
    phone;
}
