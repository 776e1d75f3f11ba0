//! Whole answers: read in each provider's dialect, and written for each client.

use serde::de::IgnoredAny;
use tollgate::dialect::chat::{Answer, Block};
use tollgate::dialect::{Object, Operation, Usage, anthropic, converse, openai};
use tollgate::failure::Failure;

use super::corpus::{golden, kept};
use super::engine::Target;
use super::events::{Called, Said, check_failure};

pub(super) const TARGET: Target = Target {
    name: "answer",
    corpus: || {
        [
            kept("answer"),
            golden("openai/answers"),
            golden("dialects/openai/target_answer"),
            golden("dialects/anthropic/answer"),
            golden("dialects/anthropic/target_answer"),
            golden("dialects/converse/answer"),
        ]
        .concat()
    },
    inputs: 4_000,
    check: |body| {
        for operation in [Operation::Completions, Operation::Embeddings] {
            openai::read_answer(operation, body)
                .map_or_else(|failure| check_failure(&failure), drop);
        }
        let direct = openai::read_answer(Operation::ChatCompletions, body);
        check(openai::chat::read_answer(body), Some(direct));
        check(anthropic::read_answer_chat(body), Some(anthropic::read_answer(body)));
        check(converse::read_answer(body), None);
    },
};

fn check(answer: Result<Answer, Failure>, direct: Option<Result<Option<Usage>, Failure>>) {
    match answer {
        Ok(answer) => {
            // What is understood goes through too, and costs the same.
            let usage = direct.map(|usage| usage.expect("an answer is none"));
            assert_eq!(usage.unwrap_or(answer.usage), answer.usage);
            check_written(&answer);
        }
        Err(failure) => check_failure(&failure),
    }
}

fn check_written(answer: &Answer) {
    let said = said_by(answer);
    let openai = openai::chat::write_answer(answer, "alias", 1, false);
    let anthropic = anthropic::write_answer(answer, "alias");
    for written in [&openai, &anthropic] {
        serde_json::from_str::<IgnoredAny>(written).expect("JSON");
        assert_eq!(Object::parse(written).unwrap().value("model"), Some("\"alias\""));
    }
    if !said.is_something() || !said.has_proper_calls() {
        return;
    }
    let again = said_by(&openai::chat::read_answer(openai.as_bytes()).expect("OpenAI's dialect"));
    assert_eq!((&again.text, &again.refusal), (&said.text, &said.refusal));
    assert_eq!(again.thoughts, said.thoughts);
    assert_eq!(again.calls_as_written(), said.calls_as_written());
    let again = anthropic::read_answer_chat(anthropic.as_bytes()).expect("Anthropic's dialect");
    let again = said_by(&again);
    assert_eq!((again.words, again.thoughts), (said.words, said.thoughts));
    // There, what is no object stands in one.
    let names = |calls: &[Called]| calls.iter().map(|call| call.name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&again.calls), names(&said.calls));
}

fn said_by(answer: &Answer) -> Said {
    let mut said = Said::default();
    for block in &answer.blocks {
        match block {
            Block::Text { text, .. } => {
                said.text += text;
                said.words += text;
            }
            Block::Refusal(words) => {
                said.refusal += words;
                said.words += words;
            }
            Block::Thinking { text, .. } => said.thoughts += text,
            Block::ToolUse { id, name, arguments, .. } => said.calls.push(Called {
                id: id.clone(),
                name: name.clone(),
                arguments: arguments.clone(),
            }),
            _ => {}
        }
    }
    said
}
