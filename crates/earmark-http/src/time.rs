//! How is a time written? RFC 3339 in UTC with `Z` and always six decimals, which are 27
//! characters.
//!
//! Times are written by hand because every answer has several of them.

use earmark_core::Timestamp;
use serde::{Serialize, Serializer};

/// A time that serializes as clients see it. A time outside of 1970 to 9999 is clamped.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Time(pub(crate) Timestamp);

const DAY_MICROS: i64 = 86_400_000_000;
/// The last microsecond of the year 9999, after which RFC 3339 has no way to write a year.
const LATEST: i64 = 253_402_300_799_999_999;

impl Time {
    fn write(self, text: &mut [u8; 27]) {
        let micros = self.0.0.clamp(0, LATEST);
        let (days, rest) = (micros / DAY_MICROS, micros % DAY_MICROS);
        let (year, month, day) = civil(days);
        *text = *b"0000-00-00T00:00:00.000000Z";
        digits(&mut text[0..4], year);
        digits(&mut text[5..7], month);
        digits(&mut text[8..10], day);
        let seconds = rest / 1_000_000;
        digits(&mut text[11..13], seconds / 3600);
        digits(&mut text[14..16], seconds / 60 % 60);
        digits(&mut text[17..19], seconds % 60);
        digits(&mut text[20..26], rest % 1_000_000);
    }
}

fn digits(text: &mut [u8], mut number: i64) {
    for digit in text.iter_mut().rev() {
        *digit = b'0' + u8::try_from(number % 10).expect("a digit");
        number /= 10;
    }
}

/// Year, month and day of a number of days since 1970, by Hinnant's algorithm `civil_from_days`.
/// Its years begin in March, so that a leap day is the last day of its year.
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted / 146_097;
    let day_of_era = shifted % 146_097;
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut text = [0; 27];
        self.write(&mut text);
        serializer.serialize_str(std::str::from_utf8(&text).expect("digits are ASCII"))
    }
}

/// Reads an RFC 3339 time with any offset.
pub(crate) fn parse(text: &str) -> Option<Timestamp> {
    text.parse::<jiff::Timestamp>().ok().map(|time| Timestamp(time.as_microsecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(micros: i64) -> String {
        let mut text = [0; 27];
        Time(Timestamp(micros)).write(&mut text);
        String::from_utf8(text.to_vec()).unwrap()
    }

    #[test]
    fn times_are_written_as_the_calendar_library_writes_them() {
        let step = 86_399_123_457; // A little less than a day, so that all times of day come up.
        for micros in (0..4_200_000_000_000_000).step_by(step) {
            let expected = format!("{:.6}", jiff::Timestamp::from_microsecond(micros).unwrap());
            assert_eq!(text(micros), expected);
        }
        assert_eq!(text(LATEST), "9999-12-31T23:59:59.999999Z");
        assert_eq!(text(-1), "1970-01-01T00:00:00.000000Z");
    }

    #[test]
    fn times_survive_the_round_trip() {
        assert_eq!(parse(&text(1_790_000_000_123_456)), Some(Timestamp(1_790_000_000_123_456)));
        assert_eq!(parse("2026-11-22T23:00:00+01:00"), parse("2026-11-22T22:00:00Z"));
        assert_eq!(parse("2026-11-22"), None);
    }
}
