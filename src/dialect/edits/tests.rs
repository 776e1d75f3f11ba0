use super::*;

fn step(change: &str, name: &str, json: &str) -> Step {
    let bounds = || {
        let (min, max) = json.split_once("..").unwrap();
        let [min, max] = [min, max].map(|text| (!text.is_empty()).then_some(text));
        Bounds::new(min, max).unwrap()
    };
    let change = match change {
        "remove" => Change::Remove,
        "default" => Change::Default(json.to_owned()),
        "set" => Change::Set(json.to_owned()),
        "clamp" => Change::Clamp(bounds()),
        other => panic!("{other}"),
    };
    Step::new(name, change).unwrap()
}

type Steps<'a> = &'a [(&'a str, &'a str, &'a str)];

fn edits(steps: Steps<'_>) -> Edits {
    Edits::new(steps.iter().map(|(change, name, json)| step(change, name, json)).collect())
}

/// What a body becomes; `""` when it needs no edit.
fn check(steps: Steps<'_>, body: &str, expected: &str) {
    let found = edits(steps).apply(body).unwrap_or_default();
    assert_eq!(found, expected, "{steps:?} of {body}");
    assert!(found.is_empty() || serde_json::from_str::<serde_json::Value>(&found).is_ok());
}

#[test]
fn what_is_not_edited_keeps_its_bytes() {
    let odd = " { \"b\" :\t1.0 ,\n\"model\": \"x\" , \"o\": { \"é\\n\": [ 1, {} ] , \"z\":2.50} } ";
    check(&[], odd, "");
    check(&[("remove", "c", ""), ("clamp", "b", "0..1"), ("default", "b", "7")], odd, "");
    check(&[("set", "b", "1.0"), ("set", "o.z", "2.50")], odd, "");
    check(
        &[("set", "o.z", "[1]"), ("set", "c", "null")],
        odd,
        " { \"b\" :\t1.0 ,\n\"model\": \"x\" , \"o\": { \"é\\n\": [ 1, {} ] , \"z\":[1]},\"c\":null } ",
    );
    check(&[("remove", "b", "")], r#"{"a":1, "b":2 ,"c":3}"#, r#"{"a":1 ,"c":3}"#);
    for other in ["", "[]", "1", "null", "{\"a\":", "{} x"] {
        check(&[("set", "a", "1")], other, "");
    }
    check(&[("set", "a", "1")], "{}", r#"{"a":1}"#);
}

#[test]
fn each_change_does_what_its_name_says() {
    check(&[("remove", "a", "")], r#"{"a":null}"#, "{}");
    check(&[("default", "a", r#"["x"]"#)], "{}", r#"{"a":["x"]}"#);
    check(&[("default", "a", "1")], r#"{"a":null}"#, r#"{"a":1}"#);
    check(&[("default", "a", "1")], r#"{"a":false}"#, "");
    check(&[("set", "a", "null")], r#"{"a":[1]}"#, r#"{"a":null}"#);
    check(&[("set", "a", r#"{"b":"c"}"#)], r#"{"a":[1]}"#, r#"{"a":{"b":"c"}}"#);
    check(&[("clamp", "a", "0..1")], "{}", "");
}

#[test]
fn a_number_is_moved_into_its_bounds_and_stays_whole() {
    let cases = [
        ("..8192", "8193", "8192"),
        ("..8192.0", "9000", "8192"),
        ("..1e3", "9000", "1000"),
        ("..8192", "8192", ""),
        ("0.5..", "0", "0.5"),
        ("-1..1", "-2", "-1"),
        ("0..1", "0.7", ""),
        ("0..1", "-0.7", "0"),
        ("0..1.5", "2e0", "1.5"),
        // Beyond what a double tells apart, and beyond all doubles.
        ("..9007199254740992", "9007199254740993", "9007199254740992"),
        ("..7", "1e999", "7"),
        ("..7", "-1e999", ""),
        ("..7", "99999999999999999999999999999999999999999999", "7"),
        ("..7", "\"9\"", ""),
        ("..7", "null", ""),
        ("..7", "true", ""),
        ("..7", "[9]", ""),
        ("..7", "{\"a\":9}", ""),
    ];
    for (bounds, before, after) in cases {
        let expected = if after.is_empty() { String::new() } else { format!(r#"{{"a":{after}}}"#) };
        check(&[("clamp", "a", bounds)], &format!(r#"{{"a":{before}}}"#), &expected);
    }
}

#[test]
fn removing_comes_first_and_clamping_last() {
    check(
        &[("clamp", "a", "..9"), ("set", "a", "20"), ("default", "a", "3"), ("remove", "a", "")],
        r#"{"a":1}"#,
        r#"{"a":9}"#,
    );
    check(&[("default", "a", "3"), ("remove", "a", "")], r#"{"a":1}"#, r#"{"a":3}"#);
    check(&[("default", "a", "3"), ("remove", "a", "")], r#"{"a":3}"#, "");
    check(&[("clamp", "a", "..9"), ("default", "a", "30")], "{}", r#"{"a":9}"#);
    // An object before its parts, in whichever order they come.
    let parts: Steps<'_> = &[("set", "a.b", "2"), ("set", "a", r#"{"b":1,"c":1}"#)];
    check(parts, "{}", r#"{"a":{"b":2,"c":1}}"#);
}

#[test]
fn a_name_with_dots_is_a_path_into_objects() {
    check(&[("set", "a.b.c", "1")], "{}", r#"{"a":{"b":{"c":1}}}"#);
    check(&[("default", "a.b.c", "1")], r#"{"a":null}"#, r#"{"a":{"b":{"c":1}}}"#);
    check(&[("default", "a.b", "1")], r#"{"a": { "b" : 0 }}"#, "");
    check(&[("set", "a.b", "1"), ("set", "a.c", "2")], "{}", r#"{"a":{"b":1,"c":2}}"#);
    check(&[("remove", "a.b", ""), ("clamp", "a.b", "..1")], "{}", "");
    check(&[("remove", "a.b", "")], r#"{"a":{"b":1},"c":2}"#, r#"{"a":{},"c":2}"#);
    check(&[("clamp", "a.b", "..1")], r#"{"a":{ "b" : 5 }}"#, r#"{"a":{ "b" : 1 }}"#);
    check(&[("remove", "a", ""), ("set", "a.b", "1")], r#"{"a":{"c":2}}"#, r#"{"a":{"b":1}}"#);
    // What is no object is not made one.
    for value in ["1", "\"x\"", "[{\"b\":9}]", "false"] {
        let body = format!(r#"{{"a":{value}}}"#);
        for change in ["remove", "default", "set", "clamp"] {
            check(&[(change, "a.b", "..1")], &body, "");
        }
    }
}

#[test]
fn a_field_that_is_there_twice_has_one_meaning() {
    let clamp: Steps<'_> = &[("clamp", "a", "..1")];
    check(clamp, r#"{"a":9,"\u0061":1}"#, r#"{"a":1,"\u0061":1}"#);
    check(clamp, r#"{"a":1,"a":9}"#, r#"{"a":1,"a":1}"#);
    check(&[("remove", "a.b", "")], r#"{"a":{"b":1},"a":{}}"#, r#"{"a":{},"a":{}}"#);
    check(&[("remove", "a", "")], r#"{"a":1,"b":2,"a":3}"#, r#"{"b":2}"#);
}

#[test]
fn later_edits_win() {
    let check = |first: Steps<'_>, later: Steps<'_>, body: &str, expected: &str| {
        let found = edits(first).then(&edits(later)).apply(body).unwrap_or_default();
        assert_eq!(found, expected, "{first:?}, then {later:?}");
    };
    check(&[("set", "a", "1")], &[("set", "a", "2")], "{}", r#"{"a":2}"#);
    check(&[("set", "a", "1")], &[("remove", "a", "")], "{}", "");
    check(&[("set", "a", "1")], &[("default", "a", "2")], "{}", r#"{"a":1}"#);
    check(&[("default", "a", "1")], &[("default", "a", "2")], "{}", r#"{"a":2}"#);
    check(&[("clamp", "a", "..1")], &[("clamp", "a", "..2")], r#"{"a":3}"#, r#"{"a":2}"#);
    check(&[("clamp", "a", "..1")], &[("set", "a", "3")], "{}", r#"{"a":3}"#);
    check(&[("clamp", "a", "..1")], &[("clamp", "b", "..2")], r#"{"a":3}"#, r#"{"a":1}"#);
    check(&[], &[("set", "a", "1")], "{}", r#"{"a":1}"#);
    check(&[("set", "a", "1")], &[], "{}", r#"{"a":1}"#);
}

/// Protected fields are refused under their own name, within and from outside.
#[test]
fn what_quotas_and_routing_rely_on_is_not_edited() {
    let changes = [Change::Remove, Change::Default("1".into()), Change::Set("1".into())];
    let clamp = |min, max| Change::Clamp(Bounds::new(min, max).unwrap());
    for (name, _) in PROTECTED {
        let outer = name.split('.').next().unwrap();
        for name in [name, outer, &format!("{name}.x")] {
            for change in &changes {
                let why = Step::new(name, change.clone()).unwrap_err();
                assert!(why.contains("protected: "), "{name}: {why}");
            }
            assert!(Step::new(name, clamp(Some("1"), Some("2"))).is_err(), "{name}");
        }
    }
    let caps = ["max_tokens", "max_completion_tokens", "max_output_tokens"];
    for name in caps.into_iter().chain(["inferenceConfig.maxTokens", "n", "best_of"]) {
        assert!(Step::new(name, clamp(None, Some("8"))).is_ok(), "{name}");
        for max in ["0", "0.5", "-3"] {
            assert!(Step::new(name, clamp(None, Some(max))).is_err(), "{name} {max}");
        }
    }
    for name in
        ["models", "max_tokens_x", "x.model", "inferenceConfig.topP", "toolConfig.toolChoice"]
    {
        assert!(Step::new(name, Change::Remove).is_ok(), "{name}");
    }
}

#[test]
fn names_that_no_field_has_are_refused() {
    let long = ["a"; MOST_PARTS + 1].join(".");
    for name in ["", ".", "a.", ".a", "a..b", "a\"b", "a\\b", "a\nb", &long] {
        assert!(Step::new(name, Change::Remove).is_err(), "{name:?}");
    }
    assert!(Step::new("a-b $é/0", Change::Remove).is_ok());
}
