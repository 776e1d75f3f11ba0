//! The shape of an account: which rules it has, in which zone, in how many shards and in which team;
//! everything that decides what an admission writes, but no figure.
//!
//! An admission must name every counter that it takes from, and must not read first. So it is
//! written for a shape, on condition that the account has it. Of an account that it has never seen,
//! an environment assumes the plain shape, which most have; of one that it has seen, the last one
//! seen. A wrong assumption costs one refused write, which brings the item and with it the shape.

use std::sync::{Arc, LazyLock};

use super::limits::{LIMITS, Limit};
use super::rule::Rule;
use super::zone::Zone;
use crate::keys::TeamId;

/// More shards than that are more writes than one key can want: each takes about 500 requests a
/// second.
pub const MOST_SHARDS: u16 = 64;

/// More rules than that do not fit the expression of one write, which may have 4 KB and 300
/// operators (DynamoDB developer guide, "Constraints").
pub const MOST_RULES: usize = 32;

/// How the text of a plain shape begins. It counts up when [`LIMITS`] changes: an item that was
/// made by the older table then is not plain, and is learnt.
pub const PLAIN: &str = "plain1 ";
const CUSTOM: &str = "custom ";

/// The shape of an account.
#[derive(Clone, Debug, PartialEq)]
pub struct Shape {
    text: String,
    /// Counts the changes of the account's policy.
    pub revision: u64,
    /// Its rules, in the order of [`LIMITS`], those about all aliases first.
    pub rules: Vec<Rule>,
    /// Where its days begin.
    pub zone: Zone,
    /// Whose limits bind it as well.
    pub team: Option<TeamId>,
    /// Over how many items it is spread.
    pub shards: u16,
}

impl Shape {
    /// A shape with these rules.
    pub fn new(
        revision: u64,
        mut rules: Vec<Rule>,
        zone: Zone,
        team: Option<TeamId>,
        shards: u16,
    ) -> Self {
        let place = |limit: &Limit| LIMITS.iter().position(|other| other == limit);
        rules.sort_by_key(|rule| (rule.alias.is_some(), place(rule.limit)));
        let is_plain =
            rules.iter().all(Rule::is_plain) && zone.is_utc() && team.is_none() && shards == 1;
        let mut text = format!("{}#{revision}", if is_plain { PLAIN } else { CUSTOM });
        let mut add = |word: String| {
            text.push(' ');
            text.push_str(&word);
        };
        if !zone.is_utc() {
            add(format!("tz={zone}"));
        }
        if let Some(team) = &team {
            add(format!("team={team}"));
        }
        if shards > 1 {
            add(format!("shards={shards}"));
        }
        for rule in &rules {
            add(rule.to_string());
        }
        Self { text, revision, rules, zone, team, shards }
    }

    /// What is assumed of an account that was never seen: every limit that has a window.
    pub fn assumed() -> Arc<Self> {
        static ASSUMED: LazyLock<Arc<Shape>> = LazyLock::new(|| {
            let rules = LIMITS.iter().filter(|limit| limit.is_window()).map(Rule::plain).collect();
            let text = PLAIN.to_owned();
            Arc::new(Shape { text, revision: 0, rules, zone: Zone::UTC, team: None, shards: 1 })
        });
        Arc::clone(&ASSUMED)
    }

    /// Reads a shape as it is stored.
    pub fn parse(text: &str) -> Option<Self> {
        let mut words = text.split_ascii_whitespace();
        words.next()?;
        let revision = words.next()?.strip_prefix('#')?.parse().ok()?;
        let (mut rules, mut zone, mut team, mut shards) = (vec![], Zone::UTC, None, 1);
        for word in words {
            match word.split_once('=') {
                Some(("tz", rules)) => zone = Zone::posix(rules).ok()?,
                Some(("team", id)) => team = Some(TeamId::parse(id).ok()?),
                Some(("shards", count)) => shards = count.parse().ok()?,
                _ => rules.push(Rule::parse(word)?),
            }
        }
        let shape = Self::new(revision, rules, zone, team, shards);
        let mut attributes: Vec<&str> = shape.rules.iter().map(Rule::attribute).collect();
        attributes.sort_unstable();
        attributes.dedup();
        let no_rule_twice = attributes.len() == shape.rules.len();
        let is_bounded = (1..=MOST_SHARDS).contains(&shards) && shape.rules.len() <= MOST_RULES;
        // What is compared is the text, so there is one for each shape.
        (shape.text == text && is_bounded && no_rule_twice).then_some(shape)
    }

    /// The text that stands for it in the table.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether an environment admits by it before it has seen the account.
    pub fn is_plain(&self) -> bool {
        self.text.starts_with(PLAIN)
    }

    /// Whether an account of this shape admits what was written for another.
    pub fn fits(&self, assumed: &Self) -> bool {
        self.text == assumed.text || (assumed.text == PLAIN && self.is_plain())
    }

    /// Whether its limits hold for requests in flight.
    pub fn has_leases(&self) -> bool {
        self.rules.iter().any(|rule| !rule.limit.is_window())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quota::Mode;
    use crate::routing::Pattern;

    fn check(shape: Shape, text: &str) {
        assert_eq!(shape.text(), text);
        assert_eq!(Shape::parse(text), Some(shape));
    }

    fn rule(name: &str) -> Rule {
        Rule::plain(Limit::named(name).unwrap())
    }

    #[test]
    fn a_shape_is_one_text_and_a_text_one_shape() {
        check(Shape::new(1, vec![], Zone::UTC, None, 1), "plain1 #1");
        let rules = vec![rule("tokens_per_day"), rule("rpm")];
        check(Shape::new(7, rules, Zone::UTC, None, 1), "plain1 #7 rpm tpd");
        let gpt = Some(Pattern::new("gpt-5*"));
        let day = Limit::named("tokens_per_day").unwrap();
        let rules = vec![
            Rule::new(day, Mode::Shadow, None),
            Rule::new(day, Mode::Hard, gpt),
            rule("in_flight"),
            Rule::new(Limit::named("tpm").unwrap(), Mode::Hard, None),
        ];
        let zone = Zone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
        let team = TeamId::parse("research").ok();
        check(
            Shape::new(2, rules, zone, team, 4),
            "custom #2 tz=CET-1CEST,M3.5.0,M10.5.0/3 team=research shards=4 inflight tpm=hard \
             tpd=shadow tpd:gpt-5*",
        );
        for nonsense in [
            "",
            "plain1",
            "plain1 #",
            "custom #1 rpm",
            "plain1 #1 tpd rpm",
            "custom #1 nope",
            "plain1 #1 tz=nowhere",
            "custom #1 shards=0",
            "custom #1 shards=65",
            "plain9 #1 rpm",
            "custom #1 tpd tpd=shadow",
        ] {
            assert_eq!(Shape::parse(nonsense), None, "{nonsense}");
        }
    }

    #[test]
    fn what_is_assumed_fits_plain_shapes_only() {
        let assumed = Shape::assumed();
        let plain = Shape::new(3, vec![rule("rpm")], Zone::UTC, None, 1);
        let custom = Shape::new(3, vec![rule("in_flight")], Zone::UTC, None, 1);
        assert!(plain.fits(&assumed) && plain.fits(&plain) && !custom.fits(&assumed));
        let later = Shape::new(4, vec![rule("rpm")], Zone::UTC, None, 1);
        assert!(!later.fits(&plain) && later.fits(&assumed));
    }
}
