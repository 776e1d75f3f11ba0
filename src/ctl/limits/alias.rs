//! Limits for some aliases on a command line: `gpt-5*:tokens_per_day=200000`.

use super::amount::{figure, figure_or_none};
use super::change::LimitChange;
use crate::config::nearest;
use crate::quota::{LIMITS, Limit};
use crate::routing::{Pattern, check_alias};

/// Reads a pattern of models: with its wildcards taken as letters it must read as an alias.
///
/// # Errors
/// What was expected.
pub(in crate::ctl) fn model_pattern(text: &str) -> Result<String, String> {
    match check_alias(&text.replace(['*', '?'], "x")) {
        Ok(()) => Ok(text.to_owned()),
        Err(_) => Err("expected model names, with * and ? as wildcards, such as gpt-*".to_owned()),
    }
}

/// Reads a limit for some aliases.
///
/// # Errors
/// What was expected.
pub(super) fn alias_limit(text: &str, may_be_none: bool) -> Result<LimitChange, String> {
    // No figure holds '=', and no name of a limit ':', but a pattern may hold ':'.
    let (pattern, name, value) = text
        .rsplit_once('=')
        .and_then(|(subject, value)| {
            let (pattern, name) = subject.rsplit_once(':')?;
            Some((pattern, name, value))
        })
        .ok_or("expected PATTERN:LIMIT=VALUE, such as 'gpt-5*:tokens_per_day=200000'")?;
    let windowed = || LIMITS.iter().filter(|limit| limit.is_window());
    let limit = match Limit::named(name) {
        Some(limit) if limit.is_window() => limit,
        Some(_) => return Err(format!("{name} is about all models, not about some")),
        None => {
            let names = || windowed().map(|limit| limit.name);
            let meant = nearest(name, names()).map(|meant| format!("did you mean '{meant}'?"));
            let all = || format!("expected one of {}", names().collect::<Vec<_>>().join(", "));
            return Err(format!("unknown limit '{name}': {}", meant.unwrap_or_else(all)));
        }
    };
    let alias = Some(Pattern::new(model_pattern(pattern)?));
    let to =
        if may_be_none { figure_or_none(limit, value) } else { figure(limit, value).map(Some) };
    Ok(LimitChange { limit, alias, to: to? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ctl::limits::amount::Figure;
    use crate::quota::Mode;

    fn check(text: &str, expected: Result<(&str, &str, u64, Option<Mode>), &str>) {
        match (alias_limit(text, false), expected) {
            (Ok(found), Ok((pattern, name, of, mode))) => {
                assert_eq!(found.alias.as_ref().map(Pattern::as_str), Some(pattern));
                assert_eq!((found.limit.name, found.to), (name, Some(Figure { of, mode })));
            }
            (Err(found), Err(part)) => assert!(found.contains(part), "{text}: {found}"),
            (found, _) => panic!("{text}: {found:?}"),
        }
    }

    #[test]
    fn patterns_may_hold_what_separates() {
        check("gpt-5*:tokens_per_day=200000", Ok(("gpt-5*", "tokens_per_day", 200_000, None)));
        check("a:b*:tpm=5:shadow", Ok(("a:b*", "tpm", 5, Some(Mode::Shadow))));
        check("rpm=5", Err("expected PATTERN:LIMIT=VALUE"));
        check("gpt:rpm", Err("expected PATTERN:LIMIT=VALUE"));
        check("gpt:in_flight=5", Err("about all models"));
        check("gpt:token_per_day=5", Err("did you mean 'tokens_per_day'?"));
        check("g p:rpm=5", Err("such as gpt-*"));
        check(":rpm=5", Err("such as gpt-*"));
        check("gpt:rpm=0", Err("0 would allow nothing"));
    }
}
