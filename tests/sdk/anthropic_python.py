#!/usr/bin/env python3
"""Drives a running gateway, on tests/fixtures/sdk.yaml, with the official Anthropic client for Python. Its environment is
that of cases.py."""

import sys

import anthropic
import pydantic
from cases import (
    BASE_URL, KEY, NARROW_KEY, NOTHING, PIXEL, PLACE, PROVIDER, TINY_KEY, WRONG_KEYS, case, equal, fourth_is_refused,
    main, need, scripted, sent,
)
from wires import anthropic as claude_wire
from wires import script
from wires.script import Asked, Call, Redacted, Refusal, Text, Thought

TOOLS = [
    {"name": "get_weather", "description": "The weather in a city.", "input_schema": PLACE},
    {"name": "get_time", "input_schema": NOTHING},
]
# Targets by the names of their models, which end in the name of a script.
MODELS = {
    "claude": "claude-sonnet-4-5-{}",
    "bedrock": "eu.anthropic.claude-sonnet-4-5-{}",
    "compatible": "gpt-5-{}",
    "azure": "azure-gpt-5-{}",
    "gemini": "gemini-3-pro-{}",
    "deepseek": "deepseek-v4-{}",
}
SIGNED = ["claude", "bedrock"]
THINK = {"type": "enabled", "budget_tokens": 2048}


class Place(pydantic.BaseModel):
    city: str
    days: int


def connect(key=KEY, **more):
    # No retries: a test that needs a second try should fail. The client adds `/v1` itself.
    base_url = BASE_URL.removesuffix("/v1")
    return anthropic.Anthropic(base_url=base_url, api_key=key, max_retries=0, timeout=30, **more)


client = connect()


def model(target, name):
    return MODELS[target].format(name)


def user(content="ping-42"):
    return [{"role": "user", "content": content}]


def ask(model, stream=False, **more):
    """A message, as the client puts it together."""
    request = {"model": model, "max_tokens": 4096, "messages": user(), **more}
    if not stream:
        return client.messages.create(**request)
    with client.messages.stream(**request) as events:
        check_order([event for event in events])
        message = events.get_final_message()
        message._request_id = events.request_id
        return message


def check_order(events):
    """Blocks come one after the other, between a message's beginning and its end."""
    wire = [event for event in events if event.type.startswith(("message_", "content_block_"))]
    equal([event.type for event in wire[:1] + wire[-2:]], ["message_start", "message_delta", "message_stop"])
    index, is_open = -1, False
    for event in wire[1:-2]:
        begins = event.type == "content_block_start"
        equal(is_open, not begins)
        index += begins
        equal(event.index, index)
        is_open = event.type != "content_block_stop"
    assert not is_open, "a block that does not end"


def check_answer(target, message, answer, stream=False):
    """A message that is a script's answer, as far as the target can say it."""
    equal((message.type, message.role), ("message", "assistant"))
    assert message.id.startswith("msg_"), message.id
    assert message._request_id, "no request id"
    expected = []
    for block in answer.blocks:
        match block:
            case Text(text) | Refusal(text):
                expected.append(("text", text))
            case Thought(text, signature):
                expected.append(("thinking", text, signature if target in SIGNED else ""))
            case Redacted(data) if target in SIGNED:
                expected.append(("redacted_thinking", data))
            case Call():
                expected.append(("tool_use", block.name, block.arguments))
    equal([parts(block) for block in message.content], expected)
    reasons = {"stop": "end_turn", "tools": "tool_use", "length": "max_tokens", "refused": "refusal"}
    if answer.finish in reasons:
        equal(message.stop_reason, reasons[answer.finish])
    check_usage(target, message.usage, stream)


def parts(block):
    match block.type:
        case "text":
            return ("text", block.text)
        case "thinking":
            return ("thinking", block.thinking, block.signature)
        case "redacted_thinking":
            return ("redacted_thinking", block.data)
        case "tool_use":
            assert block.id, "a tool_use without an id"
            return ("tool_use", block.name, block.input)


def check_usage(target, usage, stream=False):
    written = script.CACHE_WRITE if target in SIGNED else 0
    found = (usage.input_tokens, usage.cache_creation_input_tokens, usage.cache_read_input_tokens, usage.output_tokens)
    fresh = script.UNCACHED + script.CACHE_WRITE - written
    equal(found, (fresh, written, script.CACHE_READ, script.OUTPUT))
    # The client reads no such thing from a stream's end, where alone Bedrock has it.
    if written and not (target == "bedrock" and stream):
        equal(usage.cache_creation.ephemeral_1h_input_tokens, script.CACHE_WRITE_1H)


def play(target, name, stream, **more):
    """All turns of a script: each answer goes back as the client has it, with the results of its calls."""
    messages = user("What is the weather?")
    for answer in script.SCRIPTS[name]:
        message = ask(model(target, name), stream, messages=messages, **more)
        check_answer(target, message, answer, stream)
        results = [
            {"type": "tool_result", "tool_use_id": block.id, "content": "sunny"}
            for block in message.content if block.type == "tool_use"
        ]
        messages = [*messages, {"role": "assistant", "content": message.content}]
        messages.append({"role": "user", "content": results or "And again?"})


def refused(kind, call, status=None, code=None, message=None):
    """The error, if it is of the client's own class, or a failure."""
    try:
        call()
    except anthropic.APIError as error:
        assert type(error) is kind, f"{type(error).__name__} {error}, expected {kind.__name__}"
        assert error.request_id, "no request id"
        equal(error.body["type"], "error")
        equal(error.body["request_id"], error.request_id)
        assert error.api_message, error.body
        if status:
            equal(error.status_code, status)
        if code:
            equal(error.error_code, code)
        if message:
            assert message in error.api_message, error.api_message
        return error
    raise AssertionError(f"no {kind.__name__}")


@case("models: the list, and one")
def _():
    models = {model.id: model for model in client.models.list()}
    assert {"demo", "demo-fallback", "renamed"} <= models.keys(), sorted(models)
    equal((models["demo"].type, models["demo"].display_name), ("model", "demo"))
    assert models["demo"].created_at.year > 2000, models["demo"]
    equal(client.models.retrieve("demo").id, "demo")
    refused(anthropic.NotFoundError, lambda: client.models.retrieve("no-such-model"), 404, "model_not_found")


@case("mock: plain and streamed")
def _():
    for stream in [False, True]:
        message = ask("demo", stream)
        assert "ping-42" in message.content[0].text, message
        equal((message.model, message.stop_reason), ("demo", "end_turn"))
        assert message.usage.input_tokens > 0 and message.usage.output_tokens > 0, message.usage


@case("mock: tools, and a second turn")
def _():
    for stream in [False, True]:
        message = ask("demo", stream, tools=TOOLS[:1])
        equal(message.stop_reason, "tool_use")
        [call] = [block for block in message.content if block.type == "tool_use"]
        assert isinstance(call.input["city"], str) and isinstance(call.input["days"], int), call
        result = {"type": "tool_result", "tool_use_id": call.id, "content": [{"type": "text", "text": "sunny"}]}
        turns = [*user(), {"role": "assistant", "content": message.content}, {"role": "user", "content": [result]}]
        equal(ask("demo", stream, messages=turns, tools=TOOLS[:1]).stop_reason, "end_turn")


@case("the key as a bearer token, and as x-api-key, where older clients have it")
def _():
    older = connect("", default_headers={"x-api-key": KEY, "authorization": anthropic.omit})
    for other in [connect(None, auth_token=KEY), older]:
        assert "ping-42" in other.messages.create(model="demo", max_tokens=100, messages=user()).content[0].text
        assert [model.id for model in other.models.list()], "no models"


@case("beta: the client's other half")
def _():
    message = client.beta.messages.create(model="demo", max_tokens=100, messages=user(), betas=["context-1m-2025-08-07"])
    assert "ping-42" in message.content[0].text, message


@scripted("the beta header goes with the request", "claude")
def _(target):
    message = client.beta.messages.create(
        model=model(target, "chat"), max_tokens=100, messages=user(), betas=["context-1m-2025-08-07"]
    )
    equal(sent(message._request_id)["headers"]["anthropic-beta"], "context-1m-2025-08-07")


@scripted("text, over several turns", *MODELS)
def _(target):
    for stream in [False, True]:
        play(target, "chat", stream, system="Be brief.")


@scripted("tools, over several turns", *MODELS)
def _(target):
    for stream in [False, True]:
        play(target, "tools", stream, tools=TOOLS)


@scripted("three calls at once, one without arguments", *MODELS)
def _(target):
    for stream in [False, True]:
        play(target, "parallel", stream, tools=TOOLS)


@scripted("a tool that failed, with a picture of it", "claude", "bedrock", "compatible")
def _(target):
    first = ask(model(target, "tools"), tools=TOOLS, messages=user("What is the weather?"))
    content = [{"type": "text", "text": "no such city"}, image()]
    result = {"type": "tool_result", "tool_use_id": first.content[1].id, "is_error": True, "content": content}
    back = [{"role": "assistant", "content": first.content}, {"role": "user", "content": [result]}]
    second = ask(model(target, "tools"), tools=TOOLS, messages=[*user("What is the weather?"), *back])
    check_answer(target, second, script.SCRIPTS["tools"][1])


@scripted("documents", "claude", "bedrock", "compatible")
def _(target):
    pdf = {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0xLjQK"}
    text = {"type": "text", "media_type": "text/plain", "data": "ping-42"}
    content = [{"type": "document", "source": source, "title": "Report (1)"} for source in [pdf, text]]
    ask(model(target, "chat"), messages=user([*content, {"type": "text", "text": "what-is-this"}]))


@anthropic.beta_tool
def get_weather(city: str, days: int) -> str:
    """The weather in a city."""
    return f"sunny in {city} for {days} days"


@scripted("the client's runner of tools, which begins with a thread", *MODELS)
def _(target):
    last = script.SCRIPTS["tools"][-1].blocks[0].text
    for stream in [False, True]:
        runner = client.beta.messages.tool_runner(
            model=model(target, "tools"), max_tokens=100, messages=user(), tools=[get_weather], stream=stream
        )
        messages = [reply.get_final_message() if stream else reply for reply in runner]
        equal(messages[-1].content[0].text, last)


@scripted("thinking, signed and brought back unchanged", *SIGNED)
def _(target):
    for stream in [False, True]:
        play(target, "thinking", stream, tools=TOOLS, thinking=THINK)


@scripted("thinking, unsigned", "compatible", "deepseek")
def _(target):
    for stream in [False, True]:
        play(target, "thinking", stream, tools=TOOLS, thinking=THINK)


@scripted("thought signatures of a target come back through this client too", "gemini")
def _(target):
    for stream in [False, True]:
        play(target, "signed", stream, tools=TOOLS)


@scripted("an end by its length, and by refusal", "claude", "bedrock", "compatible")
def _(target):
    for stream in [False, True]:
        for name in ["length", "refusal"]:
            [answer] = script.SCRIPTS[name]
            check_answer(target, ask(model(target, name), stream), answer, stream)


@scripted("a stop sequence, and which it was", *SIGNED)
def _(target):
    for stream in [False, True]:
        message = ask(model(target, "sequence"), stream, stop_sequences=["END"])
        equal((message.stop_reason, message.stop_sequence), ("stop_sequence", "END"))


@scripted("a stop sequence", "compatible")
def _(target):
    equal(ask(model(target, "sequence"), stop_sequences=["END"]).stop_reason, "end_turn")


@scripted("images, here and at a URL", "claude", "compatible")
def _(target):
    content = [{"type": "text", "text": "what-is-this"}, image(), {
        "type": "image", "source": {"type": "url", "url": "https://images.example/cat.png"},
    }]
    ask(model(target, "vision"), messages=user(content))


@scripted("an image here; one at a URL is refused by its name", "bedrock")
def _(target):
    ask(model(target, "vision"), messages=user([{"type": "text", "text": "what-is-this"}, image()]))
    far = {"type": "image", "source": {"type": "url", "url": "https://images.example/cat.png"}}
    call = lambda: ask(model(target, "vision"), messages=user([far]))
    error = refused(anthropic.BadRequestError, call, 400, "unsupported_by_target")
    equal(error.body["error"]["param"], "messages[0].content[0]")


def image():
    return {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PIXEL}}


@scripted("a prompt that is to be cached", "claude", "bedrock", "compatible")
def _(target):
    system = [{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral", "ttl": "1h"}}]
    tools = [{**TOOLS[0], "cache_control": {"type": "ephemeral"}}]
    raw = client.messages.with_raw_response.create(
        model=model(target, "cache"), max_tokens=100, messages=user(), system=system, tools=tools
    )
    check_usage(target, raw.parse().usage)
    equal(raw.headers.get("x-tollgate-dropped"), "cache_control" if target == "compatible" else None)


@scripted("a schema for the answer", "claude", "bedrock", "compatible", "azure")
def _(target):
    format = {"type": "json_schema", "schema": PLACE}
    message = ask(model(target, "json"), output_config={"format": format})
    equal(message.content[0].text, '{"city": "Zürich", "days": 3}')
    parsed = client.messages.parse(model=model(target, "json"), max_tokens=100, messages=user(), output_format=Place)
    equal(parsed.parsed_output.model_dump(), script.ZURICH)


@scripted("settings in the target's words", "claude", "compatible")
def _(target):
    choice = {"type": "any", "disable_parallel_tool_use": True}
    # The client's own API version has no temperature any more; clients of the older one send it still.
    older = {"extra_body": {"temperature": 0.5}, "extra_headers": {"anthropic-version": "2023-06-01"}}
    client.messages.create(
        model=model(target, "settings"), max_tokens=300, messages=user(), tools=TOOLS, metadata={"user_id": "user-7"},
        tool_choice=choice, **older,
    )


@case("a Claude target gets the bytes as they came, but for the model's name, and so does the client")
def _():
    need(PROVIDER)
    content = [{"type": "text", "text": "Grüße, \u2028 \U0001F44B", "cache_control": {"type": "ephemeral"}}]
    asked = Asked("claude-sonnet-4-5-chat", False, [])
    for stream in [False, True]:
        raw = client.messages.with_raw_response.create(
            model="renamed", max_tokens=100, messages=user(content), stream=stream
        )
        got = sent(raw.headers["request-id"])
        own = raw.http_request.content.decode()
        equal(got["body"], own.replace('"renamed"', '"claude-sonnet-4-5-chat"'))
        equal(got["path"], "/anthropic/v1/messages")
        equal(raw.headers["x-tollgate-target"], "claude/claude-sonnet-4-5-chat")
        equal(raw.headers["x-tollgate-upstream-request-id"], "req_scripted_1")
        answer = script.SCRIPTS["chat"][0]
        if stream:
            equal(raw.http_response.read(), b"".join(claude_wire.stream(asked, answer)))
        else:
            equal(raw.http_response.json(), claude_wire.plain(asked, answer))


@scripted("what has no place is named", "compatible", "bedrock")
def _(target):
    raw = client.messages.with_raw_response.create(
        model=model(target, "chat"), max_tokens=100, messages=user(), container="c-1"
    )
    equal(raw.headers["x-tollgate-dropped"], "container")
    equal(raw.headers["x-tollgate-target"], f"{target}/*")


@case("translation: strict refuses what has no place")
def _():
    need(PROVIDER)
    assert ask("strict-gpt").content, "no content"
    call = lambda: ask("strict-gpt", container="c-1")
    equal(refused(anthropic.BadRequestError, call, 400, "unsupported_by_target").body["error"]["param"], "container")


@scripted("tokens are counted by the provider", "claude", "bedrock")
def _(target):
    raw = client.messages.with_raw_response.count_tokens(model=model(target, "chat"), messages=user(), tools=TOOLS)
    equal(raw.parse().input_tokens, 2095)
    assert "x-tollgate-estimate" not in raw.headers, dict(raw.headers)
    path = {"claude": "/anthropic/v1/messages/count_tokens", "bedrock": f"/model/{model(target, 'chat')}/count-tokens"}
    equal(sent(raw.headers["request-id"])["path"], path[target])


@scripted("tokens are estimated", "compatible")
def _(target):
    raw = client.messages.with_raw_response.count_tokens(model=model(target, "chat"), messages=user("word " * 700))
    assert 500 < raw.parse().input_tokens < 2_000, raw.parse()
    equal(raw.headers["x-tollgate-estimate"], "input_tokens")


@case("fallback: from a Claude that fails in its stream to Bedrock")
def _():
    need(PROVIDER)
    for stream in [False, True]:
        check_answer("bedrock", ask("claude-then-bedrock", stream), script.SCRIPTS["chat"][0], stream)


@case("refused: a bad key")
def _():
    for key in WRONG_KEYS:
        call = lambda: connect(key).messages.create(model="demo", max_tokens=9, messages=user())
        equal(refused(anthropic.AuthenticationError, call, 401, "invalid_api_key").type, "authentication_error")


@case("refused: an unknown alias, one that is not the key's")
def _():
    error = refused(anthropic.NotFoundError, lambda: ask("no-such-model"), 404, "model_not_found")
    equal(error.type, "not_found_error")
    narrow = connect(need(NARROW_KEY)).messages
    assert narrow.create(model="demo", max_tokens=9, messages=user()).content
    call = lambda: narrow.create(model="renamed", max_tokens=9, messages=user())
    equal(refused(anthropic.PermissionDeniedError, call, 403, "model_not_allowed").type, "permission_error")


@case("refused: a field that is wrong, by its name")
def _():
    for more, param in [
        ({"max_tokens": -1}, "max_tokens"),
        ({"messages": [{"role": "robot", "content": "x"}]}, "messages[0].role"),
        ({"tools": [{"name": "x"}]}, "tools[0].input_schema"),
    ]:
        error = refused(anthropic.BadRequestError, lambda: ask("demo", **more), 400)
        equal((error.body["error"]["param"], error.type), (param, "invalid_request_error"))


@case("a fault that was asked for: alone it is an error, with another target it is not")
def _():
    need(PROVIDER)
    asking = {"x-tollgate-fault": "target=claude/*,class=overloaded"}
    refused(
        anthropic.ServiceUnavailableError, lambda: ask(model("claude", "chat"), extra_headers=asking), 503,
        "upstream_overloaded",
    )
    for stream in [False, True]:
        assert ask("claude-or-bedrock", stream, extra_headers=asking).content[0].text


# What a fault of the provider is to the client: its class, status and code.
FAULTS = {
    "limited": (anthropic.RateLimitError, 429, "upstream_rate_limited"),
    "overloaded": (anthropic.ServiceUnavailableError, 503, "upstream_overloaded"),
    "wrong": (anthropic.BadRequestError, 400, "upstream_rejected"),
    "long": (anthropic.BadRequestError, 400, "context_length_exceeded"),
    "broken": (anthropic.InternalServerError, 502, "upstream_failed"),
    "denied": (anthropic.InternalServerError, 502, "upstream_credentials"),
}


@scripted("faults of the provider, plain and before a stream", "claude", "bedrock", "compatible")
def _(target):
    for name, (kind, status, code) in FAULTS.items():
        for stream in [False, True]:
            if (target, name) == ("bedrock", "denied"):
                # It is the model that is not to be had there.
                code = "upstream_model_missing"
            error = refused(kind, lambda: ask(model(target, name), stream), status, code)
            if name == "limited" and target != "bedrock":
                equal(error.response.headers["retry-after"], "7")
            if name == "wrong":
                assert "max" in error.api_message, error.api_message


@scripted("an error before the first content is a status", "claude", "bedrock", "compatible")
def _(target):
    kinds = {
        "claude": anthropic.ServiceUnavailableError, "bedrock": anthropic.RateLimitError,
        "compatible": anthropic.InternalServerError,
    }
    refused(kinds[target], lambda: ask(model(target, "early"), stream=True))


@scripted("an error after it is raised, behind what was said", "claude", "bedrock", "compatible")
def _(target):
    text = []

    def read():
        with client.messages.stream(model=model(target, "cut"), max_tokens=100, messages=user()) as stream:
            text.extend(stream.text_stream)

    error = refused(anthropic.APIStatusError, read)
    assert "".join(text), "no text before the error"
    assert error.type in ["overloaded_error", "api_error"], error.body


@case("quota: the fourth request in a minute")
def _():
    tiny = connect(need(TINY_KEY)).messages
    ask = lambda: tiny.create(model="demo", max_tokens=9, messages=user())
    error = fourth_is_refused(ask, anthropic.RateLimitError)
    equal((error.type, error.error_code), ("rate_limit_error", "rate_limit_exceeded"))


if __name__ == "__main__":
    sys.exit(main("claude"))
