//! The options of all limits, made from the table of limits: a new row there is a new option here.

use std::sync::LazyLock;

use clap::error::ErrorKind;
use clap::{Arg, ArgAction, ArgMatches, Args, Command, Error, FromArgMatches};

use super::alias::alias_limit;
use super::amount::{Figure, figure, figure_or_none};
use super::change::{LimitChange, LimitChanges};
use super::wording::about;
use super::zone::{NamedZone, named_zone};
use crate::quota::{LIMITS, Limit, Unit};

const HEADING: &str = "Limits";
const ALIAS_LIMIT: &str = "alias_limit";
const TIME_ZONE: &str = "time_zone";

/// Each limit's option as it is typed.
static LONG_NAMES: LazyLock<Vec<String>> =
    LazyLock::new(|| LIMITS.iter().map(|limit| limit.name.replace('_', "-")).collect());

/// All limits of a command line. `CHANGE` when they change some that are there, so that `none` is
/// one of the values.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::ctl) struct LimitOptions<const CHANGE: bool>(pub(in crate::ctl) LimitChanges);

/// The limits of something new.
pub(in crate::ctl) type NewLimits = LimitOptions<false>;
/// Limits of something that may have some.
pub(in crate::ctl) type ChangedLimits = LimitOptions<true>;

/// An option's value: a figure, or nothing for `none`.
type Value = Option<Figure>;

fn option<const CHANGE: bool>(limit: &'static Limit, long: &'static str) -> Arg {
    let parse = move |text: &str| {
        if CHANGE { figure_or_none(limit, text) } else { figure(limit, text).map(Some) }
    };
    let hint = if limit.unit == Unit::NanoUsd { "USD" } else { "N" };
    let option = Arg::new(limit.name).long(long).help(about(limit)).help_heading(HEADING);
    option.value_name(hint).value_parser(parse)
}

impl<const CHANGE: bool> Args for LimitOptions<CHANGE> {
    fn augment_args(command: Command) -> Command {
        let pairs = LIMITS.iter().zip(LONG_NAMES.iter());
        let options = pairs.map(|(limit, long)| option::<CHANGE>(limit, long));
        let alias = Arg::new(ALIAS_LIMIT).long("alias-limit").help_heading(HEADING);
        let alias = alias
            .action(ArgAction::Append)
            .value_name("RULE")
            .help("A limit for some models, such as 'gpt-5*:rpm=60'; repeatable")
            .value_parser(|text: &str| alias_limit(text, CHANGE));
        let zone = Arg::new(TIME_ZONE).long("time-zone").help_heading(HEADING);
        let zone = zone
            .value_name("ZONE")
            .help("Where days and months begin, such as Asia/Shanghai [default: UTC]")
            .value_parser(named_zone);
        command.args(options).arg(alias).arg(zone)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl<const CHANGE: bool> FromArgMatches for LimitOptions<CHANGE> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let plain = LIMITS.iter().filter_map(|limit| {
            let to = *matches.get_one::<Value>(limit.name)?;
            Some(LimitChange { limit, alias: None, to })
        });
        let aliases = matches.get_many::<LimitChange>(ALIAS_LIMIT).into_iter().flatten().cloned();
        let limits: Vec<_> = plain.chain(aliases).collect();
        for (place, change) in limits.iter().enumerate() {
            let is_same =
                |other: &&LimitChange| other.limit == change.limit && other.alias == change.alias;
            if let Some(pattern) = &change.alias
                && limits.iter().skip(place + 1).any(|other| is_same(&other))
            {
                let what = format!("{} for '{pattern}' is given twice\n", change.limit.name);
                return Err(Error::raw(ErrorKind::ArgumentConflict, what));
            }
        }
        let zone = matches.get_one::<NamedZone>(TIME_ZONE).cloned();
        Ok(Self(LimitChanges { limits, zone }))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::ctl::limits::wording::line;

    #[derive(Parser)]
    struct New {
        #[command(flatten)]
        limits: NewLimits,
    }

    #[derive(Parser)]
    struct Changed {
        #[command(flatten)]
        limits: ChangedLimits,
    }

    fn check(arguments: &[&str], expected: Result<&str, &str>) {
        let all = ["x"].iter().chain(arguments);
        let said = New::try_parse_from(all).map(|new| line(&new.limits.0.alone(1).unwrap().rules));
        match (said, expected) {
            (Ok(said), Ok(expected)) => assert_eq!(said, expected),
            (Err(said), Err(part)) => assert!(said.to_string().contains(part), "{said}"),
            (said, _) => panic!("{arguments:?}: {said:?}"),
        }
    }

    #[test]
    fn every_limit_is_an_option() {
        for (limit, long) in LIMITS.iter().zip(LONG_NAMES.iter()) {
            check(&[&format!("--{long}"), "7"], Ok(&format!("{} 7", limit.name)));
        }
    }

    #[test]
    fn options_are_read_or_refused() {
        check(&["--rpm", "60", "--tpm=10000:hard"], Ok("rpm 60, tpm 10000:hard"));
        check(&["--rpm", "60", "--rpm", "70"], Err("cannot be used multiple times"));
        check(&["--rpm", "none"], Err("expected a whole number"));
        let (a, b) = ("gpt-5*:tpm=5:hard", "gpt-5*:tpm=6");
        check(&["--alias-limit", a], Ok("gpt-5*:tpm 5:hard"));
        check(&["--alias-limit", a, "--alias-limit", b], Err("tpm for 'gpt-5*' is given twice"));
        check(&["--alias-limit", "gpt-5*:tpm=none"], Err("expected a whole number"));
        check(&["--time-zone", "Asia/Shanghia"], Err("did you mean 'Asia/Shanghai'?"));
        let none = ["x", "--rpm", "none", "--alias-limit", "a:rpm=none"];
        let changed = Changed::try_parse_from(none).unwrap().limits.0;
        assert!(changed.limits.len() == 2 && changed.limits.iter().all(|limit| limit.to.is_none()));
    }
}
