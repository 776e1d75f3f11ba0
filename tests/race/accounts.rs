//! The audit: what the provider says it served, against what the key's row says was taken. Neither
//! side uses the gateway's arithmetic.

use std::fmt;
use std::ops::AddAssign;

/// The kinds of limits under test: the attribute of a key's row, and the name.
pub(super) const KINDS: [(&str, &str); 3] =
    [("rpm", "rpm"), ("tpd", "tokens_per_day"), ("usdmo", "usd_per_month")];

/// Requests, tokens and nano-USD, in the order of [`KINDS`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Amounts(pub(super) [u64; 3]);

impl Amounts {
    /// The tokens and the money: however often it is tried, it is one request.
    pub(super) fn attempt(self) -> Self {
        let Self([_, tokens, nano_usd]) = self;
        Self([0, tokens, nano_usd])
    }

    /// What is left of it when the other one has been taken away.
    pub(super) fn without(self, other: Self) -> Self {
        let left = |kind: usize| self.0[kind].saturating_sub(other.0[kind]);
        Self([left(0), left(1), left(2)])
    }
}

impl fmt::Display for Amounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self([requests, tokens, nano_usd]) = self;
        write!(f, "{requests} requests, {tokens} tokens and {nano_usd} nano-USD")
    }
}

impl AddAssign for Amounts {
    fn add_assign(&mut self, other: Self) {
        self.0.iter_mut().zip(other.0).for_each(|(sum, amount)| *sum += amount);
    }
}

/// What a key may use in a window of each kind; nothing where it has no limit.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Limits(pub(super) [Option<u64>; 3]);

/// A counter of a key's row.
#[derive(Clone, Debug)]
pub(super) struct Counter {
    /// A place in [`KINDS`].
    pub(super) kind: usize,
    /// The number of its window.
    pub(super) window: u64,
    /// What nobody has taken yet.
    pub(super) left: i128,
    /// What was settled, where that is noted.
    pub(super) spent: Option<i128>,
}

/// One thing that must not be.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Complaint(&'static str, String);

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0, self.1)
    }
}

/// Fails with all that must not be.
#[track_caller]
pub(super) fn no_complaint(when: &str, complaints: &[Complaint]) {
    let lines: Vec<String> = complaints.iter().map(ToString::to_string).collect();
    assert!(lines.is_empty(), "{when}:\n{}", lines.join("\n"));
}

/// What is held beyond what was served.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Held {
    /// What nobody may give back, because nobody knows what it was used for.
    pub(super) least: Amounts,
    pub(super) most: Amounts,
}

impl AddAssign for Held {
    fn add_assign(&mut self, other: Self) {
        self.least += other.least;
        self.most += other.most;
    }
}

/// Compares a row with what was served before it was read. What may be held at that time is not
/// known while requests are under way.
pub(super) fn audit(
    limits: &Limits,
    row: &[Counter],
    served: &Amounts,
    held: Option<&Held>,
) -> Vec<Complaint> {
    let kinds = KINDS.iter().enumerate();
    let limited = kinds.filter_map(|(kind, (_, name))| Some((kind, name, limits.0[kind]?)));
    limited
        .flat_map(|(kind, name, limit)| {
            let windows: Vec<&Counter> =
                row.iter().filter(|counter| counter.kind == kind).collect();
            let found = audit_one(
                limit.into(),
                &windows,
                served.0[kind].into(),
                held.map(|held| (held.least.0[kind].into(), held.most.0[kind].into())),
            );
            found.into_iter().map(move |(what, how)| Complaint(what, format!("{name}, {how}")))
        })
        .collect()
}

fn audit_one(
    limit: i128,
    windows: &[&Counter],
    served: i128,
    held: Option<(i128, i128)>,
) -> Vec<(&'static str, String)> {
    let mut found = Vec::new();
    for Counter { window, left, .. } in windows {
        if *left < 0 {
            found.push(("taken beyond the limit", format!("window {window}: {left} of {limit}")));
        }
        if *left > limit {
            found.push(("given back twice", format!("window {window}: {left} left of {limit}")));
        }
    }
    let count = i128::try_from(windows.len()).unwrap();
    let taken: i128 = windows.iter().map(|counter| limit - counter.left).sum();
    let figures = format!("limit {limit} in {count} windows, taken {taken}, served {served}");
    if served > limit * count {
        found.push(("overspent", figures.clone()));
    }
    if served > taken {
        found.push(("served for nothing", figures.clone()));
    }
    let (least, most) = held.unwrap_or((0, taken));
    if served <= taken && taken < served + least {
        found.push(("given back in the dark", format!("{figures}, must be held {least}")));
    }
    if taken > served + most {
        found.push(("held in vain", format!("{figures}, may be held {most}")));
    }
    let spent: Option<i128> = windows.iter().map(|counter| counter.spent).sum();
    if let Some(spent) = spent.filter(|_| count > 0) {
        if spent > taken {
            found.push(("settled more than taken", format!("{figures}, settled {spent}")));
        }
        if spent + most < taken {
            found.push(("held in vain", format!("{figures}, settled {spent}")));
        }
    }
    found
}

/// Of a limit of 100 tokens: what is left of it, what was settled where the row says so, what was
/// served, and what must and may be held; and the complaints.
type Case = (i128, Option<i128>, u64, Option<(u64, u64)>, &'static [&'static str]);

#[test]
fn the_audit_notices_one_token() {
    let limits = Limits([None, Some(100), None]);
    let cases: [Case; 20] = [
        (60, None, 40, Some((0, 0)), &[]),
        (60, Some(40), 40, Some((0, 0)), &[]),
        (60, Some(0), 40, None, &[]),
        (0, None, 100, Some((0, 0)), &[]),
        (60, None, 41, Some((0, 0)), &["served for nothing"]),
        (60, None, 41, None, &["served for nothing"]),
        (60, None, 39, Some((0, 0)), &["held in vain"]),
        (60, None, 39, Some((1, 1)), &[]),
        (60, None, 39, Some((2, 3)), &["given back in the dark"]),
        (60, None, 30, Some((0, 9)), &["held in vain"]),
        (60, Some(39), 40, Some((0, 0)), &["held in vain"]),
        (60, Some(41), 40, None, &["settled more than taken"]),
        (-1, None, 101, None, &["taken beyond the limit", "overspent"]),
        (-1, None, 100, Some((0, 9)), &["taken beyond the limit"]),
        (100, None, 0, None, &[]),
        (100, None, 1, None, &["served for nothing"]),
        (101, None, 0, None, &["given back twice", "served for nothing"]),
        (0, None, 101, None, &["overspent", "served for nothing"]),
        (0, None, 90, Some((10, 10)), &[]),
        (0, None, 89, Some((10, 10)), &["held in vain"]),
    ];
    let tokens = |tokens| Amounts([0, tokens, 0]);
    for case @ (left, spent, served, held, complaints) in cases {
        let row = [Counter { kind: 1, window: 7, left, spent }];
        let held = held.map(|(least, most)| Held { least: tokens(least), most: tokens(most) });
        let found = audit(&limits, &row, &tokens(served), held.as_ref());
        let found: Vec<&str> = found.iter().map(|complaint| complaint.0).collect();
        assert_eq!(found, complaints, "{case:?}");
    }
    let nobody_asked = audit(&limits, &[], &tokens(0), Some(&Held::default()));
    assert_eq!(nobody_asked, []);
    assert!(!audit(&limits, &[], &tokens(1), None).is_empty(), "there is no counter");
}
