//! Tools that the provider runs itself, inside one request.

use serde::Deserialize;

use crate::dialect::Object;
use crate::dialect::elements::each;

/// Beginnings of the types of tools that are Anthropic's and that the client still runs (API
/// reference, "Tool reference"). A type that is not known is taken for one that the provider runs.
const CLIENT_RUN: [&str; 5] = ["bash_", "text_editor_", "computer_", "memory_", "browser_"];
/// The longest type that is kept, in bytes.
const MOST_BYTES: usize = 64;

#[derive(Deserialize)]
struct Tool {
    r#type: Option<String>,
}

/// The types of the tools that the provider runs, each once.
pub(super) fn server_tools(object: &Object<'_>) -> Vec<String> {
    let mut found = Vec::new();
    // That it is an array was checked when it was counted.
    let _ = each(object.value("tools").unwrap_or("[]"), |tool| {
        let kind = serde_json::from_str::<Tool>(tool).ok().and_then(|tool| tool.r#type);
        if let Some(mut kind) = kind.filter(|kind| is_server_run(kind)) {
            kind.truncate(kind.floor_char_boundary(MOST_BYTES));
            found.push(kind);
        }
    });
    if object.value("mcp_servers").is_some_and(|servers| servers != "[]") {
        found.push("mcp_servers".to_owned());
    }
    found.sort_unstable();
    found.dedup();
    found
}

fn is_server_run(kind: &str) -> bool {
    kind != "custom" && !CLIENT_RUN.iter().any(|known| kind.starts_with(known))
}
