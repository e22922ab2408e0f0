//! Does a text hold a card number?
//!
//! A card number is 13 to 19 digits that pass the Luhn check, with or without spaces and dashes
//! between them. One number in ten passes by chance. So UUIDs, and words of mixed letters and
//! digits such as hashes and ULIDs, are left out. A long number of another kind may be taken for a
//! card number: in a log, a mask too many does no harm.

use std::borrow::Cow;
use std::ops::Range;

const DIGITS_MIN: usize = 13;
const DIGITS_MAX: usize = 19;
/// A word with this many changes between letters and digits is no number.
const WORD_CHANGES_MIN: usize = 6;
/// The places of the dashes in a UUID.
const UUID_DASHES: [usize; 4] = [8, 13, 18, 23];
const UUID_LEN: usize = 36;

/// Whether the text holds what looks like a card number.
pub fn contains_card_number(text: &str) -> bool {
    find(text.as_bytes(), 0).is_some()
}

/// The text with the digits of all that looks like a card number replaced by `*`.
pub fn mask_card_numbers(text: &str) -> Cow<'_, str> {
    let Some(first) = find(text.as_bytes(), 0) else { return Cow::Borrowed(text) };
    let mut bytes = text.as_bytes().to_vec();
    let mut found = Some(first);
    while let Some(place) = found {
        bytes[place.clone()].iter_mut().filter(|byte| byte.is_ascii_digit()).for_each(|digit| *digit = b'*');
        // Two numbers may overlap, so the search goes on at the place of the first.
        found = find(&bytes, place.start);
    }
    Cow::Owned(String::from_utf8(bytes).expect("only digits were replaced"))
}

/// The first card number that begins at or after a place.
fn find(text: &[u8], from: usize) -> Option<Range<usize>> {
    // Groups of digits that only spaces and dashes separate.
    let mut groups: Vec<Range<usize>> = Vec::new();
    let mut at = from;
    while at < text.len() {
        match text[at] {
            b'0'..=b'9' => {
                if let Some(end) = uuid(text, at) {
                    groups.clear();
                    at = end;
                    continue;
                }
                let end = at + text[at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
                if is_in_mixed_word(text, at) {
                    groups.clear();
                } else {
                    groups.push(at..end);
                    if let Some(found) = ends_with_card_number(text, &groups) {
                        return Some(found);
                    }
                }
                at = end;
            }
            b' ' | b'-' => at += 1,
            _ => {
                groups.clear();
                at = uuid(text, at).unwrap_or(at + 1);
            }
        }
    }
    None
}

/// The card number that the last groups make together.
fn ends_with_card_number(text: &[u8], groups: &[Range<usize>]) -> Option<Range<usize>> {
    let mut digits = 0;
    let end = groups.last()?.end;
    for first in groups.iter().rev() {
        digits += first.len();
        if digits > DIGITS_MAX {
            return None;
        }
        if digits >= DIGITS_MIN && luhn(&text[first.start..end]) {
            return Some(first.start..end);
        }
    }
    None
}

/// The Luhn check of the digits; other characters do not count.
fn luhn(text: &[u8]) -> bool {
    let digits = text.iter().rev().filter(|byte| byte.is_ascii_digit()).map(|byte| u32::from(byte - b'0'));
    let sum: u32 = digits
        .enumerate()
        .map(|(place, digit)| match (place % 2, digit * 2) {
            (0, _) => digit,
            (_, doubled) if doubled > 9 => doubled - 9,
            (_, doubled) => doubled,
        })
        .sum();
    sum.is_multiple_of(10)
}

/// The end of the UUID that begins here, if one does.
fn uuid(text: &[u8], at: usize) -> Option<usize> {
    let candidate = text.get(at..at + UUID_LEN)?;
    let alone = |byte: Option<&u8>| byte.is_none_or(|byte| !byte.is_ascii_alphanumeric());
    let shaped = candidate.iter().enumerate().all(|(place, byte)| {
        if UUID_DASHES.contains(&place) { *byte == b'-' } else { byte.is_ascii_hexdigit() }
    });
    let before = at.checked_sub(1).and_then(|before| text.get(before));
    (shaped && alone(before) && alone(text.get(at + UUID_LEN))).then_some(at + UUID_LEN)
}

/// Whether the word around this place mixes letters and digits so often that it is no number.
fn is_in_mixed_word(text: &[u8], at: usize) -> bool {
    let start = at - text[..at].iter().rev().take_while(|byte| byte.is_ascii_alphanumeric()).count();
    let word = text[start..].iter().take_while(|byte| byte.is_ascii_alphanumeric());
    let kinds: Vec<bool> = word.map(u8::is_ascii_digit).collect();
    kinds.windows(2).filter(|pair| pair[0] != pair[1]).count() >= WORD_CHANGES_MIN
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::payments::Token;

    #[test]
    fn card_numbers_are_seen_however_they_are_written() {
        for (text, masked) in [
            ("4242424242424242", "****************"),
            ("4242 4242 4242 4242", "**** **** **** ****"),
            ("4 2 4 2 4 2 4 2 4 2 4 2 4 2 4 2", "* * * * * * * * * * * * * * 4 2"),
            ("card 4242-4242-4242-4242!", "card ****-****-****-****!"),
            ("visa378282246310005x", "visa***************x"),
            ("4242424242424242 12/27", "**************** 12/27"),
            ("4242 4242 4242 4242 123", "**** **** **** **** 123"),
            ("007 4242424242424242", "007 ****************"),
            ("4242424242424242,5555555555554444", "****************,****************"),
            ("ü=6011000990139424;", "ü=****************;"),
        ] {
            assert!(contains_card_number(text), "{text}");
            assert_eq!(mask_card_numbers(text), masked);
        }
        for token in ["4242424242424242", "tok_4242-4242-4242-4242", "card:378282246310005"] {
            assert!(Token::parse(token).is_err(), "{token}");
        }
    }

    #[test]
    fn what_is_no_card_number_stays_as_it_is() {
        for text in [
            "4242424242424241",
            "tok_ok",
            "123456789012",
            "4242 4242 4242",
            "42424242424242424242424",
            "00000000-0000-7000-8000-000000000003",
            "key_42424242-4242-4242-4242-424242424242",
            "42424242-4242-4242-4242-424242424242",
            "01jd3k4242424242424242a7x9",
            "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
            "2026-11-24T06:33:11.123456Z",
        ] {
            assert!(
                matches!(mask_card_numbers(text), Cow::Borrowed(_)),
                "{text}: {}",
                mask_card_numbers(text)
            );
        }
    }

    #[test]
    fn every_card_number_of_every_length_is_seen_and_masked() {
        // A generator of digits; each prefix is completed to a number that passes.
        let mut state = 1_u64;
        for length in DIGITS_MIN..=DIGITS_MAX {
            for _ in 0..200 {
                let mut number = String::new();
                for _ in 1..length {
                    state =
                        state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                    number.push(char::from(b'0' + u8::try_from((state >> 33) % 10).unwrap()));
                }
                let check = (0..10).find(|digit| luhn(format!("{number}{digit}").as_bytes())).unwrap();
                let text = format!("a {number}{check} b");
                assert!(contains_card_number(&text), "{text}");
                assert!(!contains_card_number(&mask_card_numbers(&text)), "{text}");
                let wrong = format!("a {number}{} b", (check + 1) % 10);
                assert!(!contains_card_number(&wrong), "{wrong}");
            }
        }
    }
}
