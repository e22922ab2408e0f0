//! What does it cost?
//!
//! The one place where a price is multiplied, added up and cut into parts. Carts, orders, refunds
//! and the checks of stored rows all compute their amounts here, so that they agree to the last
//! minor unit. Pure arithmetic: it knows neither carts nor orders.

use std::ops::Range;

use crate::{Money, Overflow};

/// The price of some units of one item.
pub fn line_total(unit_price: Money, quantity: u32) -> Result<Money, Overflow> {
    unit_price.times(quantity)
}

/// The total of lines; an error if one of them, or the sum, is out of range.
pub fn total(line_totals: impl IntoIterator<Item = Result<Money, Overflow>>) -> Result<Money, Overflow> {
    line_totals.into_iter().try_fold(Money::ZERO, |sum, line_total| sum.plus(line_total?))
}

/// The price of the units `units` (counted from zero) of `quantity` units that cost `total`.
///
/// The first `k` units cost `A(k) = round(total · k / quantity)`, half away from zero, and the
/// units `a..b` cost `A(b) − A(a)`. So the parts add up to the total exactly, whatever their
/// sequence, and each unit is within one minor unit of its fair share.
///
/// # Panics
/// If `quantity` is zero or the range is not within `0..quantity`.
pub fn part(total: Money, quantity: u32, units: Range<u32>) -> Money {
    assert!(quantity > 0 && units.start <= units.end && units.end <= quantity, "a part lies in the whole");
    let part = of_first(units.end, total, quantity) - of_first(units.start, total, quantity);
    Money::parse(part).expect("a part is never larger than the whole")
}

fn of_first(units: u32, total: Money, quantity: u32) -> i64 {
    let (total, quantity, units) = (i128::from(total.minor()), i128::from(quantity), i128::from(units));
    // Adding half of the divisor before dividing rounds to the nearest.
    let doubled = 2 * total * units + if total < 0 { -quantity } else { quantity };
    i64::try_from(doubled / (2 * quantity)).expect("a share is never larger than the whole")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn money(minor: i64) -> Money {
        Money::parse(minor).unwrap()
    }

    #[test]
    fn three_equal_parts_of_57_00_are_19_00_each() {
        let parts: Vec<_> = (0..3).map(|unit| part(money(5700), 3, unit..unit + 1).minor()).collect();
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
                            sum += part(money(total), quantity, from..to).minor();
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
            let part = part(money(100), 7, unit..unit + 1).minor();
            assert!((14..=15).contains(&part), "{part}");
        }
    }

    #[test]
    fn a_total_out_of_range_is_an_error() {
        let most = money(crate::money::MINOR_MAX);
        assert_eq!(total([line_total(most, 1), line_total(money(1), 1)]), Err(Overflow));
        assert_eq!(total([line_total(most, 2)]), Err(Overflow));
        assert_eq!(total([line_total(most, 1), line_total(most, 0)]), Ok(most));
    }
}
