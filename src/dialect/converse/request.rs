//! A request: the model that is asked, and the body that asks it.

use super::extra::Extra;
use super::history::History;
use super::model::Model;
use super::tools;
use super::wire::{Output, Request, Structure, TextFormat};
use crate::dialect::anthropic::schema::fitted;
use crate::dialect::chat::{Chat, Dropped, Format, ToolChoice};
use crate::refusal::Refusal;

/// What a request is for.
#[derive(Clone, Copy, Debug)]
pub struct Target<'a> {
    /// The model's id or ARN, or that of an inference profile: what it says of the model decides
    /// which fields it can take.
    pub model: &'a str,
    /// The cap on output in tokens, reasoning included, of a request that names none. Without
    /// either, the model's own maximum holds.
    pub max_tokens_default: Option<u64>,
}

/// Writes a chat as the body of `Converse` and `ConverseStream`, which take the same; whether it
/// streams is said by [`super::path()`]. With it come the names of what was left out.
///
/// # Errors
/// A refusal when to leave something out would change the question: media that is not in the request
/// itself, more than one choice, a tool that Converse cannot name.
pub fn write_request(chat: &Chat, to: &Target<'_>) -> Result<(String, Dropped), Refusal> {
    let model = Model::of(to.model);
    let mut dropped = chat.dropped.clone();
    let history = History::of(chat, model, &mut dropped)?;
    let tool_config = tools::write(chat, model, &history, &mut dropped)?;
    let text_format = text_format(chat, model, &mut dropped);
    let forced = matches!(chat.tool_choice, Some(ToolChoice::Required | ToolChoice::Named(_)))
        && model.can_be_forced();
    let max_tokens = chat.max_output_tokens.or(to.max_tokens_default);
    let mut extra = Extra::new(model, max_tokens);
    extra.think(chat, forced && tool_config.is_some(), history.lacks_thoughts, &mut dropped);
    extra.sample(chat, &mut dropped)?;
    Extra::drop_the_rest(chat, &mut dropped)?;
    // Claude's effort stands beside its format, where one could overwrite the other: with a format,
    // both go where Converse has them.
    let effort = text_format.is_some().then(|| extra.take_effort()).flatten();
    let request = Request {
        system: history.system,
        messages: history.messages,
        inference_config: extra.inference,
        tool_config,
        output_config: Output { text_format, effort },
        additional_model_request_fields: extra.fields,
        additional_model_response_field_paths: extra.response_paths,
    };
    let body = serde_json::to_string(&request).map_err(|_| Refusal::Internal)?;
    Ok((body, dropped))
}

/// The schema of the answer. Converse has none for "any JSON", and a model without schemas has
/// neither: a tool that must be called could stand in for it, but would change what the client sees
/// of the answer, its reason to end and its stream.
fn text_format<'a>(chat: &'a Chat, model: Model, dropped: &mut Dropped) -> Option<TextFormat<'a>> {
    match chat.format.as_ref()? {
        Format::Schema { name, description, schema, .. } if model.takes_schemas() => {
            let (name, description) = (name.as_deref(), description.as_deref());
            let (schema, taken_out) = fitted(schema);
            for keyword in taken_out {
                dropped.note(format!("response_format.json_schema.schema.{keyword}"));
            }
            let schema = schema.get().to_owned();
            let structure = Structure::JsonSchema { schema, name, description };
            Some(TextFormat { r#type: "json_schema", structure })
        }
        Format::Schema { .. } | Format::Json => {
            dropped.note("response_format");
            None
        }
    }
}
