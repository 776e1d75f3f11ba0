//! The breaker, told as the story of one target: what happens to it, and what is concluded.

use super::super::health::{Aside, HALF_OPEN_MS, Health, Standing};
use super::{Breaker, MOST_TARGETS, Notice, PROBE_MS};
use crate::failure::Class;
use crate::keys::KeyId;

const NOW: u64 = 1_795_348_800_000;
const TARGET: &str = "p/m";

/// A step of a story: what happens, by whose request.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// A failure of a class for a key's request.
    Fail(&'static str, char),
    /// The same, with what the provider asks to wait in milliseconds.
    Limit(&'static str, u64),
    Answer,
    /// Milliseconds go by.
    Wait(u64),
    /// The right to try the target is granted, or not.
    Probe(bool),
}

use Step::{Answer, Fail, Limit, Probe, Wait};

fn key(name: char) -> KeyId {
    KeyId::parse(&name.to_string().repeat(12)).unwrap()
}

/// What the steps lead to: `class+milliseconds` for each time that it is set aside, `back` when it
/// has recovered.
fn told(target: &str, steps: &[Step]) -> String {
    let (mut breaker, mut now_ms, shared) = (Breaker::default(), NOW, Health::default());
    let mut said = Vec::new();
    for step in steps {
        let class = |name| Class::named(name).unwrap();
        let notice = match *step {
            Fail(name, who) => breaker.failed(target, class(name), None, &key(who), now_ms),
            Limit(name, ms) => breaker.failed(target, class(name), Some(ms), &key('a'), now_ms),
            Answer => breaker.answered(target),
            Wait(ms) => {
                now_ms += ms;
                None
            }
            Probe(granted) => {
                let standing = breaker.standing(&shared, target, now_ms);
                let Standing::HalfOpen { until_ms } = standing else { panic!("{standing:?}") };
                assert_eq!(breaker.probes(target, until_ms, now_ms), now_ms + PROBE_MS);
                if !granted {
                    breaker.denied(target);
                }
                None
            }
        };
        said.extend(notice.map(|notice| match notice {
            Notice::SetAside(Aside { until_ms, reason, .. }) => {
                format!("{reason}+{}", until_ms - now_ms)
            }
            Notice::Recovered { .. } => "back".to_owned(),
        }));
    }
    said.join(" ")
}

#[track_caller]
fn check(steps: &[Step], expected: &str) {
    assert_eq!(told(TARGET, steps), expected, "{steps:?}");
}

/// The table of the README: one failure, three of one key, three of two keys.
#[test]
fn every_class_has_its_rule() {
    let expected = [
        ("network", ["", "10000", "10000"]),
        ("timeout_connect", ["", "10000", "10000"]),
        ("timeout_first_token", ["", "", "10000"]),
        ("timeout_idle", ["", "", ""]),
        ("timeout_total", ["", "", ""]),
        ("rate_limit", ["5000", "5000", "5000"]),
        ("upstream_quota", ["60000", "60000", "60000"]),
        ("overloaded", ["5000", "5000", "5000"]),
        ("server", ["", "", "10000"]),
        ("upstream_auth", ["", "", "60000"]),
        ("model_missing", ["60000", "60000", "60000"]),
        ("context_length", ["", "", ""]),
        ("content_policy", ["", "", ""]),
        ("bad_request", ["", "", ""]),
        ("unsupported", ["", "", ""]),
        ("truncated", ["", "", "10000"]),
        ("malformed", ["", "", "10000"]),
        ("empty", ["", "", "10000"]),
    ];
    assert_eq!(expected.map(|(class, _)| class), Class::ALL.map(|(_, class)| class));
    for (class, durations) in expected {
        let once: &[_] = &[Fail(class, 'a')];
        let one_key = &[Fail(class, 'a'); 3];
        let two_keys = &[Fail(class, 'a'), Fail(class, 'a'), Fail(class, 'b')];
        for (steps, ms) in [once, one_key, two_keys].into_iter().zip(durations) {
            let aside = if ms.is_empty() { String::new() } else { format!("{class}+{ms}") };
            check(steps, &aside);
        }
    }
}

#[test]
fn a_target_that_limits_is_left_alone_for_as_long_as_it_asks() {
    for (asked_ms, ms) in
        [(2_000, 2_000), (61_000, 61_000), (300_000, 300_000), (u64::MAX, 300_000), (0, 1_000)]
    {
        check(&[Limit("rate_limit", ms)], &format!("rate_limit+{ms}"));
        check(&[Limit("overloaded", asked_ms)], &format!("overloaded+{ms}"));
    }
    check(&[Limit("upstream_quota", 9_000)], "upstream_quota+60000");
    check(&[Limit("upstream_quota", 90_000)], "upstream_quota+90000");
    check(&[Limit("bad_request", 90_000)], "");
    // Only what extends it is told.
    let steps = [Limit("rate_limit", 9_000), Limit("rate_limit", 8_000)];
    check(&steps, "rate_limit+9000");
    let steps = [Limit("rate_limit", 9_000), Wait(2_000), Limit("rate_limit", 8_000)];
    check(&steps, "rate_limit+9000 rate_limit+8000");
}

#[test]
fn only_a_run_of_failures_is_no_accident() {
    let fail = |who| Fail("server", who);
    check(&[fail('a'), fail('b')], "");
    check(&[fail('a'), fail('b'), Answer, fail('a'), fail('b')], "");
    check(&[fail('a'), fail('b'), Fail("bad_request", 'c'), fail('c')], "server+10000");
    check(&[Fail("empty", 'a'), Fail("truncated", 'b'), fail('a')], "server+10000");
    // One client's prompts, in whatever ways they kill.
    check(&[fail('a'); 100], "");
    check(&[fail('a'), fail('a'), Fail("network", 'a'), Fail("network", 'a')], "");
    check(&[fail('a'), Fail("network", 'a'), Fail("network", 'b')], "network+10000");
    check(&[Fail("network", 'a'), Fail("timeout_connect", 'a')], "");
    // Who is refused may be so for the prompt's sake, as often as it is sent.
    check(&[Fail("upstream_auth", 'a'); 100], "");
    check(&[Fail("upstream_auth", 'a'), Answer, Fail("upstream_auth", 'b')], "");
    check(&[fail('a'), Fail("upstream_auth", 'b')], "");
}

#[test]
fn a_client_that_names_the_model_cannot_close_the_others() {
    for (class, aside) in [
        ("model_missing", ""),
        ("upstream_quota", ""),
        ("upstream_auth", ""),
        ("rate_limit", "rate_limit+5000"),
    ] {
        assert_eq!(told("p/*", &[Fail(class, 'a'); 1]), aside, "{class}");
    }
    let two = [Fail("upstream_quota", 'a'), Fail("upstream_quota", 'b')];
    assert_eq!(told("p/*", &two), "upstream_quota+60000");
    assert_eq!(told("p/*", &[Fail("model_missing", 'a'), Fail("model_missing", 'b')]), "");
}

#[test]
fn each_further_time_lasts_longer_until_a_success() {
    let fail = Fail("network", 'a');
    let mut steps = vec![fail, fail, fail];
    for seconds in [10, 20, 40, 80, 160, 300] {
        steps.extend([Wait(seconds * 1_000), Probe(true), fail]);
    }
    let lasts = [10, 20, 40, 80, 160, 300, 300].map(|seconds| format!("network+{seconds}000"));
    check(&steps, &lasts.join(" "));
    steps.extend([Wait(300_000), Probe(true), Answer, fail, fail, fail]);
    check(&steps, &format!("{} back network+10000", lasts.join(" ")));
    // Requests that fail beside each other are one time, not many.
    check(&[fail; 50], "network+10000");
}

#[test]
fn a_probe_decides() {
    let closed = [Fail("server", 'a'), Fail("server", 'b'), Fail("server", 'a'), Wait(10_000)];
    for (steps, then) in [
        (&[Probe(true), Answer][..], "back"),
        (&[Probe(true), Fail("server", 'a')], "server+20000"),
        (&[Probe(true), Fail("timeout_connect", 'c')], "timeout_connect+20000"),
        (&[Probe(true), Limit("rate_limit", 30_000)], "rate_limit+30000"),
        // The target answers, whatever it says.
        (&[Probe(true), Fail("bad_request", 'a')], "back"),
        (&[Probe(true), Fail("context_length", 'a')], "back"),
        // Nothing is known: the probe's own time goes by.
        (&[Probe(true), Fail("timeout_total", 'a')], ""),
        (&[Probe(true), Fail("unsupported", 'a'), Answer], ""),
        // The row of the probe already lasts longer.
        (&[Probe(true), Limit("rate_limit", 2_000)], ""),
        // Who has no right to try decides nothing by trying.
        (&[Probe(false), Answer], ""),
        (&[Probe(false), Wait(PROBE_MS), Probe(true), Answer], "back"),
    ] {
        check(&[&closed[..], steps].concat(), format!("server+10000 {then}").trim_end());
    }
}

#[test]
fn a_probe_for_one_key_does_not_close_what_others_set_aside() {
    let (target, reason) = (TARGET.to_owned(), "server".to_owned());
    let shared = Health::new([Aside { target, until_ms: NOW - 1, reason }], NOW - 20_000);
    for (who, class, is_told) in
        [("a", Class::Server, false), ("ab", Class::Server, true), ("a", Class::Network, true)]
    {
        let mut breaker = Breaker::default();
        let mut now_ms = NOW;
        let mut told = None;
        for who in who.chars() {
            assert_eq!(
                breaker.standing(&shared, TARGET, now_ms),
                Standing::HalfOpen { until_ms: NOW - 1 }
            );
            let until_ms = breaker.probes(TARGET, NOW - 1, now_ms);
            let standing = breaker.standing(&shared, TARGET, now_ms);
            assert_eq!(standing, Standing::Aside { until_ms }, "one request at a time");
            told = breaker.failed(TARGET, class, None, &key(who), now_ms);
            now_ms += PROBE_MS;
        }
        assert_eq!(told.is_some(), is_told, "{who} {class}");
    }
}

/// The configuration is read now and then: until it is, the breaker knows better.
#[test]
fn what_has_happened_here_is_known_at_once() {
    let row = |until_ms| {
        Health::new([Aside { target: TARGET.to_owned(), until_ms, reason: String::new() }], NOW)
    };
    let (old, later) = (row(NOW - 1), row(NOW + 60_000));
    let mut breaker = Breaker::default();
    breaker.failed(TARGET, Class::RateLimit, None, &key('a'), NOW).unwrap();
    let aside = |until_ms| Standing::Aside { until_ms };
    assert_eq!(breaker.standing(&old, TARGET, NOW), aside(NOW + 5_000));
    assert_eq!(breaker.standing(&later, TARGET, NOW), aside(NOW + 60_000));
    assert_eq!(breaker.standing(&later, "p/n", NOW), Standing::Ready);

    let now_ms = NOW + 5_000;
    let probe_ms = breaker.probes(TARGET, now_ms, now_ms);
    let recovered = breaker.answered(TARGET);
    let target = TARGET.to_owned();
    assert_eq!(recovered, Some(Notice::Recovered { target, until_ms: probe_ms }));
    for (row_ms, standing) in [
        // What the table said before, and what it said while the probe went on.
        (NOW - 1, Standing::Ready),
        (now_ms, Standing::Ready),
        (probe_ms, Standing::Ready),
        // Somebody has set it aside since.
        (now_ms + 1, aside(now_ms + 1)),
        (probe_ms + 1, aside(probe_ms + 1)),
    ] {
        assert_eq!(breaker.standing(&row(row_ms), TARGET, now_ms), standing, "{row_ms}");
    }
    assert_eq!(breaker.answered(TARGET), None);
    let long_after = breaker.standing(&later, TARGET, NOW + 60_000 + HALF_OPEN_MS);
    assert_eq!(long_after, Standing::Ready);
}

/// The operator, or an environment whose probe has succeeded.
#[test]
fn what_somebody_has_put_back_is_back() {
    let read = |rows: &[Aside], read_ms| Health::new(rows.to_vec(), read_ms);
    let mut breaker = Breaker::default();
    let limit = |breaker: &mut Breaker, ms, now_ms| {
        breaker.failed(TARGET, Class::RateLimit, Some(ms), &key('a'), now_ms)
    };
    let Some(Notice::SetAside(row)) = limit(&mut breaker, 60_000, NOW) else { panic!() };
    let aside = Standing::Aside { until_ms: NOW + 60_000 };
    for (shared, standing) in [
        (read(&[], 0), aside),
        // What was written may not be there to be read yet.
        (read(&[], NOW + 1_999), aside),
        (read(&[row], NOW + 9_000), aside),
        (read(&[], NOW + 9_000), Standing::Ready),
    ] {
        assert_eq!(breaker.standing(&shared, TARGET, NOW + 9_000), standing, "{shared:?}");
    }
    // And may be set aside again, for less.
    assert!(limit(&mut breaker, 1_000, NOW + 9_000).is_some());
}

#[test]
fn memory_is_bounded() {
    let mut breaker = Breaker::default();
    for n in 0..MOST_TARGETS * 3 {
        let told = breaker.failed(&format!("p/{n}"), Class::RateLimit, None, &key('a'), NOW);
        assert!(told.is_some());
        assert!(breaker.0.len() <= MOST_TARGETS);
        assert_eq!(
            breaker.failed(&format!("q/{n}"), Class::BadRequest, None, &key('a'), NOW),
            None
        );
        assert_eq!(breaker.answered(&format!("r/{n}")), None);
    }
}
