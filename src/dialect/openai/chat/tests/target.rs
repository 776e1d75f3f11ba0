//! The golden files of OpenAI's targets: requests to them, and their answers and streams.

use serde_json::{Value, json};

use super::answer_form::{answer_form, failure_form};
use super::chat_form::chat_of;
use super::event_form::event_form;
use super::{Case, check, pretty};
use crate::dialect::chat::Event;
use crate::dialect::openai::chat::{
    Decoder, ReasoningStyle, SignedCalls, Target, read_answer, write_request,
};
use crate::dialect::sse;
use crate::dialect::sse::tests::read_however_cut;
use crate::failure::Failure;

#[test]
fn requests_to_openai_targets() {
    check("target_request", |text| {
        let case = Case::read(text);
        let chat = chat_of(&case.value("chat"));
        let (body, dropped) = write_request(&chat, &target(&case.value("to")));
        let dropped = json!(dropped.fields());
        pretty(&format!(r#"{{"dropped":{dropped},"body":{body}}}"#))
    });
}

fn target(to: &Value) -> Target<'static> {
    let text = |name: &str, default: &'static str| -> &'static str {
        to[name].as_str().map_or(default, |text| text.to_owned().leak())
    };
    let flag = |name: &str| to[name] == json!(true);
    Target {
        model: "upstream-model",
        stream: flag("stream"),
        stream_usage: flag("stream_usage"),
        output_cap_field: text("output_cap_field", "max_completion_tokens"),
        system_role: text("system_role", "system"),
        reasoning: ReasoningStyle::named(text("reasoning", "openai")).unwrap(),
        sends_reasoning_content: flag("sends_reasoning_content"),
        signed_calls: match text("signed_calls", "kept") {
            "unknown" => SignedCalls::Unknown,
            "kept" => SignedCalls::Kept,
            _ => SignedCalls::Needed,
        },
        takes_schemas: to["takes_schemas"] != json!(false),
        takes_top_k: flag("takes_top_k"),
        most_stops: to["most_stops"].as_u64().map_or(4, |most| usize::try_from(most).unwrap()),
    }
}

#[test]
fn the_configuration_has_a_word_for_every_style() {
    for (at, word) in ReasoningStyle::WORDS.iter().enumerate() {
        let style = ReasoningStyle::named(word).unwrap();
        let others = ReasoningStyle::WORDS.iter().skip(at + 1);
        assert!(others.into_iter().all(|other| ReasoningStyle::named(other) != Some(style)));
    }
    assert_eq!(ReasoningStyle::named("DeepSeek"), None);
}

#[test]
fn answers_of_openai_targets() {
    check("target_answer", |text| match read_answer(Case::read(text).body().as_bytes()) {
        Ok(answer) => pretty(&answer_form(&answer).to_string()),
        Err(failure) => pretty(&failure_form(&failure).to_string()),
    });
}

#[test]
fn streams_of_openai_targets() {
    check("target_stream", |text| {
        let lines = text.lines().skip_while(|line| line.starts_with("# "));
        let stream = lines.collect::<Vec<_>>().join("\n") + "\n";
        let (events, failure) = decode(&read_however_cut(stream.trim_start().as_bytes()));
        let forms = events.iter().map(event_form).chain(failure.as_ref().map(failure_form));
        let lines: Vec<String> = forms.map(|form| format!("  {form}")).collect();
        format!("[\n{}\n]\n", lines.join(",\n"))
    });
}

/// What a stream means, and the failure that ends it if one does.
fn decode(stream: &[sse::Event]) -> (Vec<Event>, Option<Failure>) {
    let mut decoder = Decoder::new();
    let mut events = Vec::new();
    for event in stream {
        match decoder.read(event) {
            Ok(found) => events.extend(found),
            Err(failure) => return (events, Some(failure)),
        }
    }
    match decoder.end() {
        Ok(found) => events.extend(found),
        Err(failure) => return (events, Some(failure)),
    }
    (events, None)
}
