//! Random UUIDs (RFC 9562) as text, appended to a buffer so that a load generator need not
//! allocate.

use crate::generator::Random;

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

/// Appends a UUIDv7 of the millisecond `unix_ms`.
pub fn write_uuid_v7(out: &mut Vec<u8>, unix_ms: u64, random: &mut Random) {
    let high = (unix_ms << 16) | 0x7000 | (random.next_u64() & 0x0fff);
    write_uuid(out, high, (random.next_u64() >> 2) | (1 << 63));
}

/// Appends a UUIDv4: 122 random bits.
pub fn write_uuid_v4(out: &mut Vec<u8>, random: &mut Random) {
    let high = (random.next_u64() & !0xf000) | 0x4000;
    write_uuid(out, high, (random.next_u64() >> 2) | (1 << 63));
}

/// A random idempotency key: the 36 characters of a UUIDv4.
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
