//! How much money?
//!
//! An integer in the currency's minor unit, never a float; a sum that does not fit is an error and
//! never wraps. Invariant: `|minor| ≤ 2^53 − 1`, so that every JSON reader sees the same number. A
//! deployment has one currency, so an amount does not name it; see `currency.rs`. What things cost
//! is computed in `pricing.rs`.

use serde::{Deserialize, Serialize};

/// The largest amount in minor units: 2^53 − 1, the largest integer that JSON readers agree on.
pub const MINOR_MAX: i64 = 9_007_199_254_740_991;

/// An amount in the minor unit of the deployment's currency (`1999` is 19.99 USD). Negative only
/// where money is owed to the customer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Money(i64);

/// A sum that leaves the range of [`Money`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overflow;

impl Money {
    pub const ZERO: Self = Self(0);

    /// An amount in minor units, if its magnitude is at most [`MINOR_MAX`].
    pub const fn parse(minor: i64) -> Result<Self, Overflow> {
        if minor > MINOR_MAX || minor < -MINOR_MAX { Err(Overflow) } else { Ok(Self(minor)) }
    }

    /// The amount in minor units.
    pub const fn minor(self) -> i64 {
        self.0
    }

    /// The sum of both, if it is in range.
    pub fn plus(self, other: Self) -> Result<Self, Overflow> {
        self.0.checked_add(other.0).map_or(Err(Overflow), Self::parse)
    }

    /// The difference of both, if it is in range.
    pub fn minus(self, other: Self) -> Result<Self, Overflow> {
        self.0.checked_sub(other.0).map_or(Err(Overflow), Self::parse)
    }

    /// The product with a quantity, if it is in range.
    pub fn times(self, quantity: u32) -> Result<Self, Overflow> {
        self.0.checked_mul(i64::from(quantity)).map_or(Err(Overflow), Self::parse)
    }

    /// The sum of all, if every sum on the way to it is in range.
    pub fn sum(amounts: impl IntoIterator<Item = Self>) -> Result<Self, Overflow> {
        amounts.into_iter().try_fold(Self::ZERO, Self::plus)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn money(minor: i64) -> Money {
        Money::parse(minor).unwrap()
    }

    #[test]
    fn sums_beyond_the_range_are_refused() {
        assert_eq!(money(MINOR_MAX).plus(money(1)), Err(Overflow));
        assert_eq!(money(MINOR_MAX).times(2), Err(Overflow));
        assert_eq!(money(-MINOR_MAX).minus(money(1)), Err(Overflow));
        assert_eq!(Money::parse(i64::MIN), Err(Overflow));
    }
}
