//! Which events touched an item? The form in which a list of them is stored, whichever the engine.
//!
//! Such a list is made for each item of a range of events. The sequences ascend; each is stored as
//! its difference to the one before, shifted by one bit that says whether the event is an
//! `order.created`, after which the id of the order follows. It is stored, so its form never
//! changes its meaning.

use earmark_core::ids::OrderId;
use earmark_core::text::Sku;

/// An event that touched an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Posting {
    pub sequence: u64,
    /// The order that this event placed, if it placed one.
    pub placed: Option<OrderId>,
}

/// The lists of a range of events.
#[derive(Debug, PartialEq, Eq)]
pub struct Grouped {
    /// The lowest id of an order placed in the range; the highest possible id if none was.
    pub min_order_id: OrderId,
    /// The highest id of an order placed in the range; 0 if none was.
    pub max_order_id: OrderId,
    /// The list of each item, in the order of their SKUs.
    pub lists: Vec<(Sku, Vec<u8>)>,
}

/// Groups by item what events touched. The order does not matter, and a posting that is there twice
/// counts once.
pub fn group(mut touched: Vec<(Sku, Posting)>) -> Grouped {
    touched.sort_unstable();
    touched.dedup();
    let ids = || touched.iter().filter_map(|(_, posting)| posting.placed);
    let (min, max) = (ids().min().unwrap_or(OrderId(u128::MAX)), ids().max().unwrap_or(OrderId(0)));
    let mut lists: Vec<(Sku, Vec<u8>)> = Vec::new();
    let mut previous = 0;
    for (sku, posting) in touched {
        if lists.last().is_none_or(|(last, _)| *last != sku) {
            lists.push((sku, Vec::new()));
            previous = 0;
        }
        if let Some((_, bytes)) = lists.last_mut() {
            append(bytes, previous, posting);
            previous = posting.sequence;
        }
    }
    Grouped { min_order_id: min, max_order_id: max, lists }
}

/// Adds a posting to a list whose last sequence is `previous`.
fn append(bytes: &mut Vec<u8>, previous: u64, posting: Posting) {
    let mut number = (posting.sequence - previous) << 1 | u64::from(posting.placed.is_some());
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
    if let Some(id) = posting.placed {
        bytes.extend(id.to_bytes());
    }
}

/// Reads a list, in ascending order. `None` if the bytes are no list.
pub fn read(mut bytes: &[u8]) -> Option<Vec<Posting>> {
    let (mut postings, mut sequence) = (Vec::new(), 0_u64);
    while !bytes.is_empty() {
        let number = read_number(&mut bytes)?;
        sequence = sequence.checked_add(number >> 1)?;
        let placed = if number & 1 == 1 {
            let (id, rest) = bytes.split_first_chunk()?;
            bytes = rest;
            Some(OrderId::from_bytes(*id))
        } else {
            None
        };
        postings.push(Posting { sequence, placed });
    }
    Some(postings)
}

fn read_number(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0_u64;
    for shift in (0..63).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sku(text: &str) -> Sku {
        Sku::parse(text).unwrap()
    }

    #[test]
    fn a_list_survives_the_round_trip() {
        let list = [
            Posting { sequence: 1, placed: None },
            Posting { sequence: 2, placed: Some(OrderId(u128::MAX)) },
            Posting { sequence: 300, placed: None },
            Posting { sequence: u64::from(u32::MAX) << 20, placed: Some(OrderId(0)) },
        ];
        let grouped = group(list.into_iter().rev().map(|posting| (sku("A"), posting)).collect());
        assert_eq!((grouped.min_order_id, grouped.max_order_id), (OrderId(0), OrderId(u128::MAX)));
        assert_eq!(read(&grouped.lists[0].1).unwrap(), list);
    }

    #[test]
    fn each_item_has_its_own_list_and_nothing_twice() {
        let posting = |sequence| Posting { sequence, placed: None };
        let touched = [("B", 7), ("A", 5), ("B", 2), ("B", 7)];
        let grouped =
            group(touched.into_iter().map(|(text, sequence)| (sku(text), posting(sequence))).collect());
        let lists: Vec<_> = grouped.lists.iter().map(|(sku, bytes)| (sku.as_str(), read(bytes))).collect();
        assert_eq!(lists, [("A", Some(vec![posting(5)])), ("B", Some(vec![posting(2), posting(7)]))]);
        assert!(grouped.min_order_id > grouped.max_order_id, "no order was placed");
    }

    #[test]
    fn no_bytes_make_it_panic() {
        assert_eq!(read(&[0x81]), None);
        assert_eq!(read(&[0xff; 40]), None);
        assert_eq!(read(&[1, 2, 3]), None, "an id that ends early");
    }
}
