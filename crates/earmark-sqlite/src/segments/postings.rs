//! How is a list of events written down? Ascending; each number as the difference to the one before, shifted by one bit that says whether it is an
//! `order.created`, whose order's id follows.

use earmark_core::ids::OrderId;

use crate::fault::Fault;

/// An event that touched an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Posting {
    /// Its number.
    pub(crate) sequence: u64,
    /// The order, where it was placed by this event.
    pub(crate) placed: Option<OrderId>,
}

/// Adds a posting after `previous`.
pub(super) fn append(bytes: &mut Vec<u8>, previous: u64, posting: Posting) {
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

/// Reads a list, ascending.
pub(crate) fn read(mut bytes: &[u8]) -> Result<Vec<Posting>, Fault> {
    let (mut postings, mut sequence) = (Vec::new(), 0_u64);
    while !bytes.is_empty() {
        let number = read_number(&mut bytes).ok_or_else(damaged)?;
        sequence = sequence.checked_add(number >> 1).ok_or_else(damaged)?;
        let placed = if number & 1 == 1 {
            let (id, rest) = bytes.split_first_chunk().ok_or_else(damaged)?;
            bytes = rest;
            Some(OrderId::from_bytes(*id))
        } else {
            None
        };
        postings.push(Posting { sequence, placed });
    }
    Ok(postings)
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

fn damaged() -> Fault {
    Fault::damaged("a list of events", "it ends in the middle")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_survives_the_round_trip() {
        let list = [
            Posting { sequence: 1, placed: None },
            Posting { sequence: 2, placed: Some(OrderId(u128::MAX)) },
            Posting { sequence: 300, placed: None },
            Posting { sequence: u64::from(u32::MAX) << 20, placed: Some(OrderId(0)) },
        ];
        let (mut bytes, mut previous) = (Vec::new(), 0);
        for posting in list {
            append(&mut bytes, previous, posting);
            previous = posting.sequence;
        }
        assert_eq!(read(&bytes).unwrap(), list);
    }

    #[test]
    fn no_bytes_make_it_panic() {
        assert!(read(&[0x81]).is_err());
        assert!(read(&[0xff; 40]).is_err());
        assert!(read(&[1, 2, 3]).is_err(), "an id that ends early");
    }
}
