//! The golden files of OpenAI's clients: their requests, and the answers and streams they get.

use serde_json::json;

use super::answer_form::answer_of;
use super::chat_form::chat_form;
use super::event_form::event_of;
use super::{Case, check, pretty};
use crate::dialect::openai::chat::{StreamWriter, read_request, write_answer};
use crate::refusal::Refusal;

#[test]
fn requests_of_openai_clients() {
    check("client_request", |text| {
        let case = Case::read(text);
        match read_request(&case.body()) {
            Ok(chat) => pretty(&chat_form(&chat).to_string()),
            Err(Refusal::InvalidField { param, message }) => {
                pretty(&json!({"refused": param, "message": message}).to_string())
            }
            Err(other) => pretty(&json!({"refused": format!("{other:?}")}).to_string()),
        }
    });
}

#[test]
fn answers_to_openai_clients() {
    check("client_answer", |text| {
        let case = Case::read(text);
        let answer = answer_of(&case.value("answer"));
        let written = write_answer(&answer, "alias", 1_741_569_952, false);
        pretty(&written)
    });
}

#[test]
fn streams_to_openai_clients() {
    check("client_stream", |text| {
        let case = Case::read(text);
        let mut writer =
            StreamWriter::new("alias", 1_741_569_952, case.value("wants_usage") == json!(true));
        let events = case.value("events");
        let mut out: String =
            events.as_array().unwrap().iter().map(|e| writer.write(&event_of(e))).collect();
        if case.value("ends") != json!(false) {
            out += &writer.end();
        }
        out
    });
}
