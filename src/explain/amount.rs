//! Amounts of a unit, for people: money in dollars, all else in whole numbers.

use std::fmt;

use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use crate::quota::{Unit, decimal_usd};

/// An amount; below zero it is a debt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Amount {
    /// Of what; nano-USD are shown as dollars.
    pub unit: Unit,
    /// How much.
    pub value: i64,
}

impl Amount {
    /// An amount; one beyond all limits is as large as can be.
    pub fn of(unit: Unit, value: u64) -> Self {
        Self { unit, value: i64::try_from(value).unwrap_or(i64::MAX) }
    }

    /// The name of the unit as it is shown.
    pub fn unit_name(unit: Unit) -> &'static str {
        match unit {
            Unit::NanoUsd => "usd",
            unit => unit.name(),
        }
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.value < 0 { "-" } else { "" };
        match self.unit {
            Unit::NanoUsd => write!(f, "{sign}{}", decimal_usd(self.value.unsigned_abs())),
            _ => self.value.fmt(f),
        }
    }
}

impl Serialize for Amount {
    /// A number to the last digit, which a float would not be.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let number = RawValue::from_string(self.to_string());
        number.map_err(serde::ser::Error::custom)?.serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_exact() {
        for (unit, value, expected) in [
            (Unit::Tokens, 7, "7"),
            (Unit::Tokens, -7, "-7"),
            (Unit::NanoUsd, 1, "0.000000001"),
            (Unit::NanoUsd, -1_500_000_000, "-1.5"),
            (Unit::NanoUsd, i64::MIN, "-9223372036.854775808"),
        ] {
            let amount = Amount { unit, value };
            assert_eq!(amount.to_string(), expected);
            assert_eq!(serde_json::to_string(&amount).unwrap(), expected);
        }
    }
}
