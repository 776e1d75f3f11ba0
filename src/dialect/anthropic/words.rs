//! The names of fields, as Anthropic's clients know them.

use crate::dialect::chat::Dropped;

/// What was dropped, in the words of an Anthropic client: whoever writes for a dialect that no client
/// speaks names a field of several clients by its OpenAI name.
pub fn in_its_words(dropped: &Dropped) -> Dropped {
    let mut renamed = Dropped::default();
    for field in dropped.fields() {
        renamed.note(match field.as_str() {
            "parallel_tool_calls" => "tool_choice.disable_parallel_tool_use",
            "reasoning_effort" => "output_config.effort",
            "response_format" => "output_config.format",
            "stop" => "stop_sequences",
            "user" => "metadata.user_id",
            other => match other.strip_prefix("response_format.json_schema.schema.") {
                Some(_) => "output_config.format.schema",
                None => other,
            },
        });
    }
    renamed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_have_the_clients_names() {
        let mut dropped = Dropped::default();
        for field in ["user", "tools[0].strict", "response_format.json_schema.schema.minimum"] {
            dropped.note(field);
        }
        let expected = ["metadata.user_id", "tools[0].strict", "output_config.format.schema"];
        assert_eq!(in_its_words(&dropped).fields(), expected);
    }
}
