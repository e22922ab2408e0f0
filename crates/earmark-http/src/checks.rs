//! Which fields of a body are wrong? All of them are found before the request is refused, each with
//! a JSON pointer, so that a client can correct them all at once.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use earmark_core::Money;
use earmark_core::carts::{LINES_MAX, QUANTITY_MAX};
use earmark_core::money::MINOR_MAX;
use earmark_core::orders::Units;
use earmark_core::text::{InvalidText, Metadata, Sku};

use crate::dto::units::UnitsInput;
use crate::field_error::FieldError;
use crate::problem::Problem;

/// The checks of one body. Each returns its value, or notes what is wrong and returns `None`.
#[derive(Default)]
pub(crate) struct Checks(Vec<FieldError>);

impl Checks {
    /// Notes that the value at this pointer is wrong. `detail` says what is allowed.
    pub(crate) fn wrong(&mut self, pointer: impl Into<String>, detail: impl Into<String>) {
        self.0.push(FieldError::body(pointer, detail));
    }

    /// A text that `parse` accepts.
    pub(crate) fn text<T>(
        &mut self,
        pointer: impl Into<Cow<'static, str>>,
        text: &str,
        parse: fn(&str) -> Result<T, InvalidText>,
    ) -> Option<T> {
        parse(text).map_err(|error| self.wrong(pointer.into(), error.0)).ok()
    }

    /// A text that `parse` accepts, if there is one.
    pub(crate) fn optional<T>(
        &mut self,
        pointer: impl Into<Cow<'static, str>>,
        text: Option<&str>,
        parse: fn(&str) -> Result<T, InvalidText>,
    ) -> Option<T> {
        text.and_then(|text| self.text(pointer, text, parse))
    }

    /// An amount in the minor unit, not negative.
    pub(crate) fn money(&mut self, pointer: &'static str, minor: i64) -> Option<Money> {
        match Money::parse(minor) {
            Ok(amount) if minor >= 0 => Some(amount),
            _ => {
                self.wrong(pointer, format!("an amount is 0 to {MINOR_MAX} minor units"));
                None
            }
        }
    }

    /// A whole number within these bounds.
    pub(crate) fn count(
        &mut self,
        pointer: impl Into<Cow<'static, str>>,
        number: i64,
        bounds: RangeInclusive<u32>,
    ) -> Option<u32> {
        match u32::try_from(number) {
            Ok(count) if bounds.contains(&count) => Some(count),
            _ => {
                let (least, most) = bounds.into_inner();
                self.wrong(pointer.into(), format!("a whole number, {least} to {most}"));
                None
            }
        }
    }

    /// Units of items in 1 to [`LINES_MAX`] lines. If a line is wrong, it is left out of what is
    /// returned.
    pub(crate) fn units(&mut self, pointer: &'static str, lines: &[UnitsInput]) -> Vec<Units> {
        if lines.is_empty() || lines.len() > LINES_MAX {
            self.wrong(pointer, format!("1 to {LINES_MAX} lines"));
            return Vec::new();
        }
        let mut units = Vec::with_capacity(lines.len());
        for (index, line) in lines.iter().enumerate() {
            match (Sku::parse(&line.sku), u32::try_from(line.quantity)) {
                (Ok(sku), Ok(quantity @ 1..=QUANTITY_MAX)) => units.push(Units { sku, quantity }),
                (sku, _) => {
                    if let Err(error) = sku {
                        self.wrong(format!("{pointer}/{index}/sku"), error.0);
                    }
                    self.count(format!("{pointer}/{index}/quantity"), line.quantity, 1..=QUANTITY_MAX);
                }
            }
        }
        units
    }

    /// A whole body that names units of one item.
    pub(crate) fn one_line(&mut self, line: &UnitsInput) -> Option<(Sku, u32)> {
        let sku = self.text("/sku", &line.sku, Sku::parse);
        sku.zip(self.count("/quantity", line.quantity, 1..=QUANTITY_MAX))
    }

    /// The pairs of `metadata`, if there are any.
    pub(crate) fn metadata(&mut self, pairs: Option<BTreeMap<String, String>>) -> Option<Metadata> {
        Metadata::parse(pairs?).map_err(|error| self.wrong("/metadata", error.0)).ok()
    }

    /// Refuses the request if anything is wrong.
    pub(crate) fn done(self) -> Result<(), Problem> {
        if self.0.is_empty() { Ok(()) } else { Err(Problem::invalid(self.0)) }
    }

    /// The values, if nothing is wrong. They may be `None` only where a check has noted why.
    pub(crate) fn all<T>(self, values: Option<T>) -> Result<T, Problem> {
        match values {
            Some(values) if self.0.is_empty() => Ok(values),
            _ => Err(Problem::invalid(self.0)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_broken_fields_are_noted_at_once() {
        let mut checks = Checks::default();
        let lines = [("a b", 0), ("ok", 1), ("", 1_000_001)];
        let lines: Vec<_> = lines
            .iter()
            .map(|(sku, quantity)| UnitsInput { sku: (*sku).into(), quantity: *quantity })
            .collect();
        let units = checks.units("/lines", &lines);
        assert_eq!(units.len(), 1);
        let pointers: Vec<_> = checks.0.iter().map(|error| error.pointer.as_str()).collect();
        assert_eq!(pointers, ["/lines/0/sku", "/lines/0/quantity", "/lines/2/sku", "/lines/2/quantity"]);
    }

    #[test]
    fn amounts_stay_within_what_every_json_reader_can_read() {
        let mut checks = Checks::default();
        assert!(checks.money("/amount", MINOR_MAX).is_some());
        assert!(checks.money("/amount", MINOR_MAX + 1).is_none());
        assert!(checks.money("/amount", -1).is_none());
        assert_eq!(checks.0.len(), 2);
    }
}
