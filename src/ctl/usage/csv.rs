//! Usage for spreadsheets: RFC 4180, a header row first.

use super::groups::{By, Group};
use super::totals::FIGURES;

/// The whole file.
pub(super) fn csv(by: By, groups: &[Group]) -> String {
    let heading = by.names().iter().chain(&FIGURES).map(ToString::to_string);
    let mut text = line(heading);
    for group in groups {
        let figures = group.totals.named().map(|(_, value)| value.to_string());
        text.push_str(&line(group.values.iter().cloned().chain(figures)));
    }
    text
}

fn line(fields: impl Iterator<Item = String>) -> String {
    let fields: Vec<_> = fields.map(|field| quoted(&field)).collect();
    format!("{}\r\n", fields.join(","))
}

fn quoted(field: &str) -> String {
    if field.contains(['"', ',', '\r', '\n']) {
        format!("\"{}\"", field.replace('"', "\"\""))
    } else {
        field.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::super::totals::Totals;
    use super::*;

    #[test]
    fn what_separates_is_quoted() {
        let values = vec!["abc".to_owned(), "it's, \"mine\"".to_owned()];
        let groups = [Group { values, totals: Totals::new(1, 2, 3, 4) }];
        assert_eq!(
            csv(By::Key, &groups),
            "key,name,requests,tokens_in,tokens_cached,tokens_out,nano_usd,kept_tokens,\
             kept_nano_usd,bound_violations\r\nabc,\"it's, \"\"mine\"\"\",1,2,0,3,4,0,0,0\r\n"
        );
    }
}
