//! Where does chance come from? From a printed seed, so that a run can be repeated.
//!
//! Invariant: no other source of randomness is used in this crate, except for [`fresh_seed`].

use std::hash::{BuildHasher, Hasher, RandomState};

/// SplitMix64 (Steele, Lea, Flood 2014): 64 bits of state, a few instructions a number, good enough to spread load.
#[derive(Debug, Clone)]
pub struct Random {
    state: u64,
}

impl Random {
    /// The generator of one seed.
    #[must_use]
    pub fn new(seed: u64) -> Random {
        Random { state: seed }
    }

    /// An independent generator for the `stream`-th worker of the same seed.
    #[must_use]
    pub fn stream(seed: u64, stream: u64) -> Random {
        let mut base = Random::new(seed ^ stream.wrapping_mul(0xa076_1d64_78bd_642f));
        Random::new(base.next_u64())
    }

    /// The next 64 bits.
    pub fn next_u64(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 to `bound - 1`; 0 if `bound` is 0. The bias is below 2⁻³² for the bounds used here.
    pub fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.next_u64()) * u128::from(bound)) >> 64) as u64
    }

    /// A number from `low` to `high`, both included.
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high - low + 1)
    }

    /// True `percent` times out of a hundred.
    pub fn percent(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// Puts the values in random order (Fisher-Yates).
    pub fn shuffle<T>(&mut self, values: &mut [T]) {
        for last in (1..values.len()).rev() {
            let other = self.below(last as u64 + 1) as usize;
            values.swap(last, other);
        }
    }
}

/// A seed that differs from run to run.
#[must_use]
pub fn fresh_seed() -> u64 {
    RandomState::new().build_hasher().finish()
}

/// Writes 128 bits as the 36 characters of a UUID.
fn write_uuid(out: &mut Vec<u8>, high: u64, low: u64) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let bits = (u128::from(high) << 64) | u128::from(low);
    for digit in 0..32 {
        if matches!(digit, 8 | 12 | 16 | 20) {
            out.push(b'-');
        }
        out.push(HEX[((bits >> (124 - 4 * digit)) & 0xf) as usize]);
    }
}

/// Appends a UUIDv7 (RFC 9562) of the millisecond `unix_ms`.
pub fn write_uuid_v7(out: &mut Vec<u8>, unix_ms: u64, random: &mut Random) {
    let high = (unix_ms << 16) | 0x7000 | (random.next_u64() & 0x0fff);
    write_uuid(out, high, (random.next_u64() >> 2) | (1 << 63));
}

/// Appends a UUIDv4: 122 random bits.
pub fn write_uuid_v4(out: &mut Vec<u8>, random: &mut Random) {
    let high = (random.next_u64() & !0xf000) | 0x4000;
    write_uuid(out, high, (random.next_u64() >> 2) | (1 << 63));
}

/// A random key of 36 characters, as text.
#[must_use]
pub fn key(random: &mut Random) -> String {
    let mut out = Vec::with_capacity(36);
    write_uuid_v4(&mut out, random);
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn same_seed_gives_same_numbers_and_other_streams_differ() {
        let numbers = |mut random: Random| (0..8).map(|_| random.next_u64()).collect::<Vec<_>>();
        assert_eq!(numbers(Random::new(7)), numbers(Random::new(7)));
        assert_ne!(numbers(Random::stream(7, 0)), numbers(Random::stream(7, 1)));
    }

    #[test]
    fn below_stays_below_and_reaches_each_value() {
        let mut random = Random::new(1);
        let mut seen = [0_u32; 5];
        for _ in 0..1_000 {
            seen[random.below(5) as usize] += 1;
        }
        assert!(seen.iter().all(|&count| count > 100), "{seen:?}");
        assert_eq!(random.below(0), 0);
    }

    #[test]
    fn uuids_carry_version_variant_and_time() {
        let mut random = Random::new(3);
        let mut out = Vec::new();
        write_uuid_v7(&mut out, 0x0192_3456_789a, &mut random);
        let text = String::from_utf8(out).unwrap();
        assert!(text.starts_with("01923456-789a-7"), "{text}");
        assert!(matches!(text.as_bytes()[19], b'8' | b'9' | b'a' | b'b'), "{text}");
        let text = key(&mut random);
        assert_eq!((text.len(), text.as_bytes()[14]), (36, b'4'));
        assert!(matches!(text.as_bytes()[19], b'8' | b'9' | b'a' | b'b'), "{text}");
    }
}
