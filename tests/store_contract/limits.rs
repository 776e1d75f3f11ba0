//! Every kind of limit: taken from, refused by, and whole again when its period says.

use tollgate::dialect::Usage;
use tollgate::quota::{Evidence, LIMITS, Limit, LimitSet, Mode, Need, Period, Rule, Unit};

use super::desk::Desk;
use super::words::{
    DAY, DECEMBER, HOUR, MINUTE, NOON, exhausted, figures, limits, of_unit, reason, takes,
};

/// When the window ends that is running at noon.
fn end(period: Period) -> Option<u64> {
    match period {
        Period::Minute => Some(NOON + MINUTE),
        Period::Hour => Some(NOON + HOUR),
        Period::Day => Some(NOON + DAY / 2),
        Period::Month => Some(DECEMBER),
        Period::Life | Period::Moment => None,
    }
}

fn windowed() -> impl Iterator<Item = &'static Limit> {
    LIMITS.iter().filter(|limit| limit.is_window())
}

pub(super) async fn every_limit_is_taken_from_refuses_and_renews(desk: Desk) {
    for limit in windowed() {
        let rules = vec![(Rule::new(limit, Mode::Hard, None), 100)];
        let key = desk.key_with(LimitSet { rules, ..LimitSet::default() }).await;
        // The other units are asked for by the million: they are none of its business.
        let hold = key.take(NOON, &of_unit(limit.unit, 60)).await;
        assert_eq!(figures(hold.lines()), format!("{} 40/100 (60)", limit.name));
        let denial = key.denial(NOON, &of_unit(limit.unit, 41)).await;
        assert_eq!(exhausted(&denial), format!("{} 40/100, needs 41", limit.name));
        let resets_in_ms = end(limit.period).map(|end| end - NOON);
        assert_eq!(reason(&denial).resets_in_ms, resets_in_ms, "{}", limit.name);
        let _ = key.take(NOON, &of_unit(limit.unit, 40)).await;

        let last = end(limit.period).unwrap_or(NOON + 800 * DAY);
        let denial = key.denial(last - 1, &of_unit(limit.unit, 1)).await;
        assert_eq!(exhausted(&denial), format!("{} 0/100, needs 1", limit.name));
        if let Some(end) = end(limit.period) {
            let whole = key.take(end, &of_unit(limit.unit, 100)).await;
            assert_eq!(figures(whole.lines()), format!("{} 0/100 (100)", limit.name));
        } else {
            assert_eq!(key.left(NOON + 8_000 * DAY).await, [0], "{} renews", limit.name);
        }
    }
}

pub(super) async fn a_key_may_have_every_limit_at_once(desk: Desk) {
    let rules = windowed().map(|limit| (Rule::new(limit, Mode::Hard, None), 100)).collect();
    let key = desk.key_with(LimitSet { rules, ..LimitSet::default() }).await;
    let amount = |unit| match unit {
        Unit::Requests => 1,
        Unit::Tokens => 9,
        Unit::InputTokens => 4,
        Unit::OutputTokens => 5,
        Unit::NanoUsd => 7,
        Unit::InFlight => 0,
    };
    let mut demand = takes(1, 0, 0);
    demand.tokens = Need::known(9, 9);
    demand.input = Need::known(4, 4);
    demand.output = Need::known(5, 5);
    demand.nano_usd = Need::known(7, 7);
    let _ = key.take(NOON, &demand).await;
    let left: Vec<i64> = windowed().map(|limit| 100 - amount(limit.unit)).collect();
    assert_eq!(key.left(NOON).await, left);
    // Whichever unit is too much, the first of its limits says so, and none gives anything.
    for (change, first) in [
        (Unit::Requests, "rpm"),
        (Unit::Tokens, "tpm"),
        (Unit::InputTokens, "input_tpm"),
        (Unit::OutputTokens, "output_tpm"),
        (Unit::NanoUsd, "usd_per_day"),
    ] {
        let too_much = of_unit(change, 101);
        let mut larger = demand.clone();
        match change {
            Unit::Requests => larger.requests = 101,
            Unit::Tokens => larger.tokens = too_much.tokens,
            Unit::InputTokens => larger.input = too_much.input,
            Unit::OutputTokens => larger.output = too_much.output,
            _ => larger.nano_usd = too_much.nano_usd,
        }
        assert_eq!(reason(&key.denial(NOON, &larger).await).limit.name, first);
        assert_eq!(key.left(NOON).await, left, "after {first}");
    }
    // A month later only the whole life is still short of something.
    let later: Vec<i64> =
        windowed().map(|limit| if limit.period == Period::Life { 93 } else { 100 }).collect();
    assert_eq!(key.left(DECEMBER).await, later);
}

pub(super) async fn input_and_output_are_settled_each_for_itself(desk: Desk) {
    let words = "tokens_per_day 100, input_tokens_per_day 100, output_tokens_per_day 100";
    let key = desk.key_with(limits(words)).await;
    let mut demand = of_unit(Unit::InputTokens, 60);
    demand.tokens = Need::known(90, 90);
    demand.output = Need::known(30, 30);
    let hold = key.take(NOON, &demand).await;
    assert_eq!(key.left(NOON).await, [10, 40, 70]);
    let usage =
        Usage { input_uncached: 5, cache_read: 20, cache_write: 2, output: 8, ..Usage::default() };
    let _ = key.settle(hold, &Evidence::Exact { usage, nano_usd: None }, NOON).await;
    assert_eq!(key.left(NOON).await, [65, 73, 92]);
}
