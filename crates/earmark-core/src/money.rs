//! How much? Integers in the currency's minor unit, never floats; a sum that does not fit is an error, not a wrap.
//!
//! Invariant: `0 ≤ |minor| ≤ 2^53 − 1`, so that every JSON reader sees the same number. One currency per
//! deployment, so the currency itself lives at the edges.

use serde::{Deserialize, Serialize};

/// The largest amount in minor units: 2^53 − 1, the largest integer that JSON readers agree on.
pub const MINOR_MAX: i64 = 9_007_199_254_740_991;

/// An amount in the minor unit of the deployment's currency (`1999` = 19.99 USD). Negative only where something is owed back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Money(i64);

/// A sum that leaves the range of [`Money`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overflow;

impl Money {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// An amount in minor units, if its magnitude is at most [`MINOR_MAX`].
    pub const fn parse(minor: i64) -> Result<Self, Overflow> {
        if minor > MINOR_MAX || minor < -MINOR_MAX { Err(Overflow) } else { Ok(Self(minor)) }
    }

    /// The amount in minor units.
    pub const fn minor(self) -> i64 {
        self.0
    }

    /// `self + other`.
    pub fn plus(self, other: Self) -> Result<Self, Overflow> {
        self.0.checked_add(other.0).map_or(Err(Overflow), Self::parse)
    }

    /// `self − other`.
    pub fn minus(self, other: Self) -> Result<Self, Overflow> {
        self.0.checked_sub(other.0).map_or(Err(Overflow), Self::parse)
    }

    /// A unit price times a quantity.
    pub fn times(self, quantity: u32) -> Result<Self, Overflow> {
        self.0.checked_mul(i64::from(quantity)).map_or(Err(Overflow), Self::parse)
    }

    /// Adds amounts up.
    pub fn sum(amounts: impl IntoIterator<Item = Self>) -> Result<Self, Overflow> {
        amounts.into_iter().try_fold(Self::ZERO, Self::plus)
    }

    /// What units `from + 1 ..= to` of `quantity` units cost that cost `self` together.
    ///
    /// The telescoping rule: with `A(k) = round(T·k/Q)`, half away from zero, the units `a+1..b` cost `A(b) − A(a)`. Whatever
    /// the sequence of parts, they add up to the whole exactly, and each is within one minor unit of its fair share.
    ///
    /// # Panics
    /// If `quantity` is zero or `from ≤ to ≤ quantity` does not hold.
    pub fn part(self, quantity: u32, from: u32, to: u32) -> Self {
        assert!(quantity > 0 && from <= to && to <= quantity, "a part lies within the whole");
        Self(self.share(quantity, to) - self.share(quantity, from))
    }

    fn share(self, quantity: u32, units: u32) -> i64 {
        let (total, quantity, units) = (i128::from(self.0), i128::from(quantity), i128::from(units));
        let doubled = 2 * total * units + if total < 0 { -quantity } else { quantity };
        i64::try_from(doubled / (2 * quantity)).expect("a share is never larger than the whole")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn money(minor: i64) -> Money {
        Money::parse(minor).unwrap()
    }

    #[test]
    fn three_equal_parts_of_57_00_are_19_00_each() {
        let parts: Vec<_> = (0..3).map(|unit| money(5700).part(3, unit, unit + 1).minor()).collect();
        assert_eq!(parts, [1900, 1900, 1900]);
    }

    #[test]
    fn parts_add_up_to_the_whole_for_every_way_to_cut() {
        for total in [0, 1, 2, 99, 100, 101, 9_999, -101] {
            for quantity in 1..=7 {
                for cuts in 0..(1_u32 << (quantity - 1)) {
                    let mut from = 0;
                    let mut sum = 0;
                    for to in 1..=quantity {
                        if to == quantity || cuts & (1 << (to - 1)) != 0 {
                            sum += money(total).part(quantity, from, to).minor();
                            from = to;
                        }
                    }
                    assert_eq!(sum, total, "quantity {quantity}, cuts {cuts:b}");
                }
            }
        }
    }

    #[test]
    fn a_unit_is_within_one_minor_unit_of_its_fair_share() {
        for unit in 0..7 {
            let part = money(100).part(7, unit, unit + 1).minor();
            assert!((14..=15).contains(&part), "{part}");
        }
    }

    #[test]
    fn sums_beyond_the_range_are_refused() {
        assert_eq!(money(MINOR_MAX).plus(money(1)), Err(Overflow));
        assert_eq!(money(MINOR_MAX).times(2), Err(Overflow));
        assert_eq!(money(-MINOR_MAX).minus(money(1)), Err(Overflow));
        assert_eq!(Money::parse(i64::MIN), Err(Overflow));
    }
}
