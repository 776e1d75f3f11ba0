//! The rows of the tables: a field's name, and the fields that show it.

/// A name for people, and JSON that is added to the least request.
pub(super) type Field = (&'static str, &'static str);

pub(super) const OPENAI_FIELDS: [Field; 37] = [
    (
        "roles `system` and `developer`, anywhere",
        r#"{"messages":[{"role":"developer","content":"d"},{"role":"user","content":"u"},{"role":"assistant","content":"a"},{"role":"user","content":"u"}]}"#,
    ),
    (
        "images as data",
        r#"{"messages":[{"role":"user","content":[{"type":"text","text":"t"},{"type":"image_url","image_url":{"url":"data:image/png;base64,iVBORw0KGgo="}}]}]}"#,
    ),
    (
        "images by URL",
        r#"{"messages":[{"role":"user","content":[{"type":"text","text":"t"},{"type":"image_url","image_url":{"url":"https://example.com/a.png"}}]}]}"#,
    ),
    (
        "an image's `detail`",
        r#"{"messages":[{"role":"user","content":[{"type":"text","text":"t"},{"type":"image_url","image_url":{"url":"data:image/png;base64,iVBORw0KGgo=","detail":"high"}}]}]}"#,
    ),
    (
        "PDF files as data",
        r#"{"messages":[{"role":"user","content":[{"type":"text","text":"t"},{"type":"file","file":{"filename":"a.pdf","file_data":"data:application/pdf;base64,JVBERi0="}}]}]}"#,
    ),
    (
        "audio",
        r#"{"messages":[{"role":"user","content":[{"type":"text","text":"t"},{"type":"input_audio","input_audio":{"data":"AAAA","format":"wav"}}]}]}"#,
    ),
    (
        "`tools`",
        r#"{"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}}]}"#,
    ),
    (
        "a tool's `strict`",
        r#"{"tools":[{"type":"function","function":{"name":"f","strict":true,"parameters":{"type":"object","properties":{},"required":[],"additionalProperties":false}}}]}"#,
    ),
    (
        "`tool_choice` `auto` or `required`",
        r#"{"tool_choice":"required","tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}}]}"#,
    ),
    (
        "`tool_choice` of a name",
        r#"{"tool_choice":{"type":"function","function":{"name":"f"}},"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}}]}"#,
    ),
    (
        "`tool_choice` `none`",
        r#"{"tool_choice":"none","tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}}]}"#,
    ),
    (
        "`parallel_tool_calls` `false`",
        r#"{"parallel_tool_calls":false,"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}}]}"#,
    ),
    (
        "parallel calls and their results",
        r#"{"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}}],"messages":[{"role":"user","content":"u"},{"role":"assistant","content":null,"tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{}"}},{"id":"b","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"a","content":"1"},{"role":"tool","tool_call_id":"b","content":"2"}]}"#,
    ),
    (
        "legacy `functions`, `function_call`",
        r#"{"functions":[{"name":"f","parameters":{"type":"object"}}],"function_call":"auto"}"#,
    ),
    (
        "signed thoughts of earlier turns (`thinking_blocks`)",
        r#"{"messages":[{"role":"user","content":"u"},{"role":"assistant","content":"a","thinking_blocks":[{"type":"thinking","thinking":"t","signature":"c2ln"}]},{"role":"user","content":"u"}]}"#,
    ),
    (
        "unsigned ones (`reasoning_content`)",
        r#"{"messages":[{"role":"user","content":"u"},{"role":"assistant","content":"a","reasoning_content":"t"},{"role":"user","content":"u"}]}"#,
    ),
    (
        "`response_format` with a schema",
        r#"{"response_format":{"type":"json_schema","json_schema":{"name":"n","schema":{"type":"object","properties":{},"required":[],"additionalProperties":false}}}}"#,
    ),
    ("`response_format` `json_object`", r#"{"response_format":{"type":"json_object"}}"#),
    ("`reasoning_effort`", r#"{"reasoning_effort":"low","max_completion_tokens":8000}"#),
    ("`reasoning_effort` `none`", r#"{"reasoning_effort":"none"}"#),
    ("`max_tokens`, `max_completion_tokens`", r#"{"max_completion_tokens":100}"#),
    ("`stop`", r#"{"stop":["END"]}"#),
    ("`temperature`", r#"{"temperature":0.5}"#),
    ("`temperature` above 1", r#"{"temperature":1.5}"#),
    ("`top_p`", r#"{"top_p":0.9}"#),
    ("`n` above 1", r#"{"n":2}"#),
    ("`logprobs`, `top_logprobs`", r#"{"logprobs":true,"top_logprobs":2}"#),
    ("`logit_bias`", r#"{"logit_bias":{"1":5}}"#),
    ("`seed`", r#"{"seed":1}"#),
    ("`presence_penalty`, `frequency_penalty`", r#"{"presence_penalty":1}"#),
    ("`user`", r#"{"user":"u1"}"#),
    ("`metadata`, `store`", r#"{"metadata":{"a":"b"},"store":true}"#),
    ("`service_tier` `auto`", r#"{"service_tier":"auto"}"#),
    ("`prediction`", r#"{"prediction":{"type":"content","content":"p"}}"#),
    (
        "`modalities`, `audio`",
        r#"{"modalities":["text","audio"],"audio":{"voice":"alloy","format":"wav"}}"#,
    ),
    ("`web_search_options`", r#"{"web_search_options":{"search_context_size":"low"}}"#),
    (
        "`cache_control` of a part",
        r#"{"messages":[{"role":"user","content":[{"type":"text","text":"t","cache_control":{"type":"ephemeral"}}]}]}"#,
    ),
];

pub(super) const ANTHROPIC_FIELDS: [Field; 28] = [
    ("`system`", r#"{"system":[{"type":"text","text":"s"}]}"#),
    (
        "images as data",
        r#"{"messages":[{"role":"user","content":[{"type":"image","source":{"type":"base64","media_type":"image/png","data":"iVBORw0KGgo="}}]}]}"#,
    ),
    (
        "images by URL",
        r#"{"messages":[{"role":"user","content":[{"type":"image","source":{"type":"url","url":"https://example.com/a.png"}}]}]}"#,
    ),
    (
        "PDF files as data",
        r#"{"messages":[{"role":"user","content":[{"type":"document","source":{"type":"base64","media_type":"application/pdf","data":"JVBERi0="}}]}]}"#,
    ),
    (
        "PDF files by URL",
        r#"{"messages":[{"role":"user","content":[{"type":"document","source":{"type":"url","url":"https://example.com/a.pdf"}}]}]}"#,
    ),
    ("`tools`", r#"{"tools":[{"name":"f","input_schema":{"type":"object"}}]}"#),
    (
        "`tool_choice` `auto`, `any`",
        r#"{"tool_choice":{"type":"any"},"tools":[{"name":"f","input_schema":{"type":"object"}}]}"#,
    ),
    (
        "`tool_choice` of a name",
        r#"{"tool_choice":{"type":"tool","name":"f"},"tools":[{"name":"f","input_schema":{"type":"object"}}]}"#,
    ),
    (
        "`disable_parallel_tool_use`",
        r#"{"tool_choice":{"type":"auto","disable_parallel_tool_use":true},"tools":[{"name":"f","input_schema":{"type":"object"}}]}"#,
    ),
    (
        "parallel calls and their results",
        r#"{"tools":[{"name":"f","input_schema":{"type":"object"}}],"messages":[{"role":"user","content":"u"},{"role":"assistant","content":[{"type":"tool_use","id":"a","name":"f","input":{}},{"type":"tool_use","id":"b","name":"f","input":{}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"a","content":"1"},{"type":"tool_result","tool_use_id":"b","content":"2"}]}]}"#,
    ),
    (
        "a result's `is_error`",
        r#"{"tools":[{"name":"f","input_schema":{"type":"object"}}],"messages":[{"role":"user","content":"u"},{"role":"assistant","content":[{"type":"tool_use","id":"a","name":"f","input":{}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"a","content":"1","is_error":true}]}]}"#,
    ),
    (
        "images in a result",
        r#"{"tools":[{"name":"f","input_schema":{"type":"object"}}],"messages":[{"role":"user","content":"u"},{"role":"assistant","content":[{"type":"tool_use","id":"a","name":"f","input":{}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"a","content":[{"type":"image","source":{"type":"base64","media_type":"image/png","data":"iVBORw0KGgo="}}]}]}]}"#,
    ),
    (
        "tools that Anthropic runs",
        r#"{"tools":[{"type":"web_search_20250305","name":"web_search"}]}"#,
    ),
    ("`mcp_servers`", r#"{"mcp_servers":[{"type":"url","url":"https://example.com","name":"m"}]}"#),
    ("`thinking` with a budget", r#"{"thinking":{"type":"enabled","budget_tokens":1024}}"#),
    ("`thinking` `adaptive`", r#"{"thinking":{"type":"adaptive"}}"#),
    ("`thinking` `disabled`", r#"{"thinking":{"type":"disabled"}}"#),
    ("`output_config.effort`", r#"{"output_config":{"effort":"high"}}"#),
    (
        "`output_config.format`",
        r#"{"output_config":{"format":{"type":"json_schema","schema":{"type":"object","properties":{},"required":[],"additionalProperties":false}}}}"#,
    ),
    (
        "signed thoughts of earlier turns",
        r#"{"messages":[{"role":"user","content":"u"},{"role":"assistant","content":[{"type":"thinking","thinking":"t","signature":"c2ln"},{"type":"text","text":"a"}]},{"role":"user","content":"u"}]}"#,
    ),
    ("`max_tokens`", "{}"),
    ("`stop_sequences`", r#"{"stop_sequences":["END"]}"#),
    ("`temperature`, `top_p`", r#"{"temperature":0.5,"top_p":0.9}"#),
    ("`top_k`", r#"{"top_k":5}"#),
    ("`metadata.user_id`", r#"{"metadata":{"user_id":"u1"}}"#),
    ("`service_tier` `standard_only`", r#"{"service_tier":"standard_only"}"#),
    (
        "`cache_control`",
        r#"{"system":[{"type":"text","text":"s","cache_control":{"type":"ephemeral"}}]}"#,
    ),
    ("`container`, `context_management`", r#"{"container":"c","context_management":{"edits":[]}}"#),
];
