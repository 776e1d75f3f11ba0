"""Messages, as api.anthropic.com has them (API reference: "Messages", "Streaming messages", "Errors")."""

import json
import re

from . import script
from .script import Answer, Asked, Call, Image, Redacted, Refusal, Result, Text, Thought, Turn, only, want

FIELDS = (
    "model max_tokens messages system tools tool_choice thinking output_config stop_sequences temperature top_p top_k "
    "metadata service_tier stream"
).split()
# The later one knows no sampling any more ("Migrating to API version 2026-10-21").
VERSIONS = ["2023-06-01", "2026-10-21"]
SAMPLING = ["temperature", "top_p", "top_k"]
FINISH = {
    "stop": "end_turn", "length": "max_tokens", "tools": "tool_use", "refused": "refusal", "sequence": "stop_sequence",
}
# Status, type, code, message.
ERRORS = {
    "limited": (429, "rate_limit_error", "This request would exceed your organization's rate limit of 50 requests per minute."),
    "overloaded": (529, "overloaded_error", "Overloaded"),
    "wrong": (400, "invalid_request_error", "max_tokens: 999999 > 64000, which is the maximum allowed for this model"),
    "broken": (500, "api_error", "Internal server error"),
    "denied": (401, "authentication_error", "invalid x-api-key"),
    "long": (400, "invalid_request_error", "prompt is too long: 210000 tokens > 200000 maximum"),
    "cut": (529, "overloaded_error", "Overloaded"),
    "early": (529, "overloaded_error", "Overloaded"),
}


def call_id(id):
    return f"toolu_01A09q90qw90lq9178{id}"


def keeps(block):
    """What of an answer is to be brought back, as it is on this wire."""
    match block:
        case Call():
            return Call(call_id(block.id), block.name, block.arguments)
        case Refusal(text):
            return Text(text)
    return block


def check_head(head):
    want(head.get("x-api-key") == head.provider_key, "x-api-key is not the provider's")
    want("authorization" not in head, "an authorization header beside x-api-key")
    want(head.get("anthropic-version") in VERSIONS, f"anthropic-version: {head.get('anthropic-version')!r}")
    want(head.get("content-type") == "application/json", f"content-type: {head.get('content-type')!r}")


def read(head, path, body):
    check_head(head)
    counts = path.endswith("/count_tokens")
    only(body, [name for name in FIELDS if name not in SAMPLING or head["anthropic-version"] == VERSIONS[0]], "body")
    want(counts or isinstance(body.get("max_tokens"), int) and body["max_tokens"] > 0, "max_tokens: field required")
    thinks = check_thinking(body)
    check_tools(body)
    if "system" in body and not isinstance(body["system"], str):
        want(body["system"], "system: an empty list")
        for block in body["system"]:
            want(isinstance(read_block(block, "system"), Text), "system: text only")
    marks = json.dumps(body).count('"cache_control"')
    want(marks <= 4, f"a maximum of 4 blocks with cache_control may be provided, found {marks}")
    turns = [read_turn(message, f"messages.{at}") for at, message in enumerate(body["messages"])]
    want(turns and turns[0].role == "user", "messages: first message must use the user role")
    for before, turn in zip([None, *turns], turns):
        kinds = [isinstance(block, Result) for block in turn.blocks]
        want(kinds == sorted(kinds, reverse=True), "messages: tool_result blocks must come first")
        calls = [block.id for block in before.blocks if isinstance(block, Call)] if before else []
        results = [block.id for block in turn.blocks if isinstance(block, Result)]
        want(set(results) <= set(calls), f"messages: unexpected tool_use_id found in tool_result: {results} after {calls}")
    if thinks and len(turns) > 2 and isinstance(turns[-1].blocks[0], Result):
        first = turns[-2].blocks[0]
        want(isinstance(first, (Thought, Redacted)), "messages: expected thinking before tool_use when thinking is enabled")
    check_settings(body)
    return Asked(body["model"], body.get("stream", False), turns)


def check_thinking(body):
    thinking = body.get("thinking") or {"type": "disabled"}
    want(thinking["type"] in ["enabled", "disabled", "adaptive"], f"thinking.type: {thinking['type']}")
    if thinking["type"] == "enabled":
        only(thinking, ["type", "budget_tokens", "display"], "thinking")
        budget, most = thinking.get("budget_tokens", 0), body.get("max_tokens", 1 << 30)
        want(1024 <= budget < most, f"thinking.budget_tokens: {budget} of max_tokens {most}")
    thinks = thinking["type"] != "disabled"
    want(not thinks or body.get("temperature", 1) == 1, "temperature: may only be set to 1 when thinking is enabled")
    forced = body.get("tool_choice", {}).get("type") in ["any", "tool"]
    want(not (thinks and forced), "thinking may not be enabled when tool_choice forces tool use")
    return thinks


def check_tools(body):
    for at, tool in enumerate(body.get("tools", [])):
        only(tool, "type name description input_schema strict cache_control input_examples".split(), f"tools.{at}")
        want(re.fullmatch(r"[a-zA-Z0-9_-]{1,128}", tool["name"]), f"tools.{at}.name: {tool['name']!r}")
        want(tool["input_schema"].get("type") == "object", f"tools.{at}.input_schema.type: field required")
    if "tool_choice" in body:
        want(body.get("tools"), "tool_choice: may only be set when tools are provided")
    has_calls = any(part in json.dumps(body["messages"]) for part in ['"tool_use"', '"tool_result"'])
    want(body.get("tools") or not has_calls, "requests which include tool_use or tool_result blocks must define tools")


def read_turn(message, where):
    only(message, ["role", "content"], where)
    want(message["role"] in ["user", "assistant"], f"{where}.role: {message['role']!r}")
    content = message["content"]
    if isinstance(content, str):
        content = [{"type": "text", "text": content}]
    want(content, f"{where}: must have non-empty content")
    return Turn(message["role"], [read_block(block, f"{where}.content") for block in content])


def read_block(block, where):
    allowed = {
        "text": "text cache_control citations", "image": "source cache_control", "thinking": "thinking signature",
        "redacted_thinking": "data", "tool_use": "id name input cache_control",
        "tool_result": "tool_use_id content is_error cache_control",
        "document": "source title context citations cache_control",
    }
    kind = block.get("type")
    want(kind in allowed, f"{where}: Input tag {kind!r} does not match any of the expected tags")
    only(block, ["type", *allowed[kind].split()], f"{where}.{kind}")
    if block.get("cache_control"):
        only(block["cache_control"], ["type", "ttl"], f"{where}.cache_control")
    match kind:
        case "text":
            want(block["text"].strip(), f"{where}: text content blocks must contain non-whitespace text")
            return Text(block["text"])
        case "image" | "document":
            source = block["source"]
            if source["type"] == "url":
                return Image("url", source["url"])
            only(source, ["type", "media_type", "data"], f"{where}.source")
            return Image(source["media_type"], source["data"])
        case "thinking":
            want(block["signature"] in script.SIGNATURES, f"{where}: Invalid `signature` in `thinking` block")
            return Thought(block["thinking"], block["signature"])
        case "redacted_thinking":
            return Redacted(block["data"])
        case "tool_use":
            want(re.fullmatch(r"[a-zA-Z0-9_-]+", block["id"]), f"{where}.id: {block['id']!r}")
            want(isinstance(block["input"], dict), f"{where}.input: Input should be a valid dictionary")
            return Call(block["id"], block["name"], block["input"])
        case "tool_result":
            content = block.get("content", "")
            if not isinstance(content, str):
                content = script.text_of(read_block(part, where) for part in content)
            return Result(block["tool_use_id"], content)


def check_settings(body):
    """What the script of that name is about."""
    match script.name_of(body["model"]):
        case "vision":
            found = [part["source"]["type"] for part in body["messages"][0]["content"] if part["type"] == "image"]
            want(found == ["base64", "url"], f"expected an image here and one at a URL, found {found}")
        case "cache":
            want(body["system"][0]["cache_control"] == {"type": "ephemeral", "ttl": "1h"}, "system: no cache_control")
            want(body["tools"][0]["cache_control"] == {"type": "ephemeral"}, "tools: no cache_control")
        case "effort":
            want(body["thinking"] == {"type": "enabled", "budget_tokens": 8192}, f"thinking: {body.get('thinking')}")
        case "thinking":
            want(body.get("thinking", {}).get("type") == "enabled", "thinking is not enabled")
        case "json":
            format = body.get("output_config", {}).get("format", {})
            want(format.get("type") == "json_schema", f"output_config: {body.get('output_config')}")
            want(format["schema"]["required"] == ["city", "days"], f"schema: {format['schema']}")
        case "sequence":
            want(body.get("stop_sequences") == ["END"], f"stop_sequences: {body.get('stop_sequences')}")
        case "settings":
            found = [body.get(name) for name in ["max_tokens", "temperature", "metadata", "tool_choice"]]
            choice = {"type": "any", "disable_parallel_tool_use": True}
            want(found == [300, 0.5, {"user_id": "user-7"}, choice], f"settings: {found}")


def usage(output):
    return {
        "input_tokens": script.UNCACHED, "cache_creation_input_tokens": script.CACHE_WRITE,
        "cache_read_input_tokens": script.CACHE_READ,
        "cache_creation": {
            "ephemeral_5m_input_tokens": script.CACHE_WRITE - script.CACHE_WRITE_1H,
            "ephemeral_1h_input_tokens": script.CACHE_WRITE_1H,
        },
        "output_tokens": output, "service_tier": "standard",
    }


def block(said):
    match said:
        case Text(text) | Refusal(text):
            return {"type": "text", "text": text}
        case Thought(text, signature):
            return {"type": "thinking", "thinking": text, "signature": signature}
        case Redacted(data):
            return {"type": "redacted_thinking", "data": data}
        case Call():
            return {"type": "tool_use", "id": call_id(said.id), "name": said.name, "input": said.arguments}


def plain(asked, answer):
    return {
        "id": "msg_01XFDUDYJgAACzvnptvVoYEL", "type": "message", "role": "assistant", "model": asked.model,
        "content": [block(said) for said in answer.blocks], "stop_reason": FINISH[answer.finish],
        "stop_sequence": answer.sequence, "usage": usage(script.OUTPUT),
    }


def event(name, **data):
    return f"event: {name}\ndata: {json.dumps({'type': name, **data}, ensure_ascii=False)}\n\n".encode()


def stream(asked, answer: Answer):
    empty = {**plain(asked, answer), "content": [], "stop_reason": None, "stop_sequence": None, "usage": usage(2)}
    yield event("message_start", message=empty)
    for index, said in enumerate(answer.blocks):
        begun, deltas = block(said), []
        match said:
            case Text(text) | Refusal(text):
                begun["text"] = ""
                deltas = [{"type": "text_delta", "text": piece} for piece in script.pieces(text)]
            case Thought(text, signature):
                begun.update(thinking="", signature="")
                deltas = [{"type": "thinking_delta", "thinking": piece} for piece in script.pieces(text)]
                deltas.append({"type": "signature_delta", "signature": signature})
            case Call():
                begun["input"] = {}
                # The first piece is empty; without arguments it is the only one.
                texts = ["", *script.pieces(json.dumps(said.arguments))] if said.arguments else [""]
                deltas = [{"type": "input_json_delta", "partial_json": text} for text in texts]
        yield event("content_block_start", index=index, content_block=begun)
        if index == 0:
            yield event("ping")
        for delta in deltas:
            yield event("content_block_delta", index=index, delta=delta)
        yield event("content_block_stop", index=index)
    delta = {"stop_reason": FINISH[answer.finish], "stop_sequence": answer.sequence}
    yield event("message_delta", delta=delta, usage={"output_tokens": script.OUTPUT})
    yield event("message_stop")


def cut(asked, says_something):
    """A stream that ends in an error."""
    begun = list(stream(asked, script.SCRIPTS["chat"][0]))
    yield from begun[:4] if says_something else begun[:1]
    yield event("error", error={"details": None, "type": "overloaded_error", "message": "Overloaded"})


def error(status, kind, message):
    headers = {"retry-after": "7", "anthropic-ratelimit-requests-remaining": "0"} if status == 429 else {}
    return status, headers, {
        "type": "error", "error": {"details": None, "type": kind, "message": message}, "request_id": "req_011CSHoEeqs5C35K2",
    }


def fault(name):
    return error(*ERRORS[name])


def wrong(message):
    return error(400, "invalid_request_error", message)


def count(_asked):
    return {"input_tokens": 2095}


REQUEST_ID = "request-id"
STREAM_TYPE = "text/event-stream; charset=utf-8"
