#!/usr/bin/env python3
"""Drives a running gateway, on tests/fixtures/sdk.yaml, with the official OpenAI client for Python. Its environment is
that of cases.py."""

import json
import sys

import openai
from cases import (
    BASE_URL, KEY, NARROW_KEY, PIXEL, PLACE, PROVIDER, TINY_KEY, WRONG_KEYS, case, equal, fourth_is_refused, main, need,
    scripted, sent,
)
from wires import script
from wires.script import Call, Redacted, Refusal, Text, Thought

IMAGE = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}"}}
FAR_IMAGE = {"type": "image_url", "image_url": {"url": "https://images.example/cat.png"}}


def function(name, parameters, **more):
    return {"type": "function", "function": {"name": name, "strict": True, "parameters": parameters, **more}}


WEATHER = function("get_weather", PLACE, description="The weather in a city.")
TOOLS = [WEATHER, function("get_time", {"type": "object", "properties": {}, "required": [], "additionalProperties": False})]
# Targets by the names of their models, which end in the name of a script.
MODELS = {
    "claude": "claude-sonnet-4-5-{}",
    "bedrock": "eu.anthropic.claude-sonnet-4-5-{}",
    "compatible": "gpt-5-{}",
    "azure": "azure-gpt-5-{}",
    "deepseek": "deepseek-v4-{}",
    "gemini": "gemini-3-pro-{}",
}
OTHERS = ["claude", "bedrock"]


def connect(key=KEY):
    # No retries: a test that needs a second try should fail.
    return openai.OpenAI(base_url=BASE_URL, api_key=key, max_retries=0, timeout=30)


client = connect()


def user(text):
    return [{"role": "user", "content": text}]


def check_usage(usage):
    assert usage and usage.prompt_tokens > 0 and usage.completion_tokens > 0, usage
    equal(usage.total_tokens, usage.prompt_tokens + usage.completion_tokens)


def check_call(call):
    equal(call.function.name, "get_weather")
    assert call.id, "a tool call without an id"
    arguments = json.loads(call.function.arguments)
    assert isinstance(arguments["city"], str) and isinstance(arguments["days"], int), arguments


def check_second_turn(message):
    """Sends what the tools answered, and wants text."""
    messages = user("weather?") + [message.model_dump(include={"role", "content", "tool_calls"})]
    for call in message.tool_calls:
        messages.append({"role": "tool", "tool_call_id": call.id, "content": "sunny"})
    done = client.chat.completions.create(model="demo", messages=messages, tools=[WEATHER])
    equal(done.choices[0].finish_reason, "stop")
    assert done.choices[0].message.content, "no text"


def refused(kind, call, code=None, param=None):
    """The error, if it is of the client's own class, or a failure."""
    try:
        call()
    except openai.APIError as error:
        assert type(error) is kind, f"{type(error).__name__} {error}, expected {kind.__name__}"
        assert error.message, "no message"
        if code:
            equal(error.code, code)
        if param:
            equal(error.param, param)
        return error
    raise AssertionError(f"no {kind.__name__}")


def ask(model, **more):
    return lambda: client.chat.completions.create(model=model, messages=user("hello"), **more)


@case("models: the list")
def _():
    models = {model.id: model for model in client.models.list()}
    assert {"demo", "demo-fallback", "text-embedding-demo"} <= models.keys(), sorted(models)
    equal(models["demo"].object, "model")


@case("models: one, and one that is not there")
def _():
    equal(client.models.retrieve("demo").id, "demo")
    refused(openai.NotFoundError, lambda: client.models.retrieve("no-such-model"), code="model_not_found")


@case("models: a narrow key sees its own")
def _():
    equal([model.id for model in connect(need(NARROW_KEY)).models.list()], ["demo"])


@case("chat")
def _():
    done = client.chat.completions.create(model="demo", messages=user("ping-42"))
    equal(done.object, "chat.completion")
    equal(done.choices[0].finish_reason, "stop")
    equal(done.choices[0].message.role, "assistant")
    assert "ping-42" in done.choices[0].message.content, done
    check_usage(done.usage)
    assert done._request_id, "no request id"


@case("chat: several choices")
def _():
    done = client.chat.completions.create(model="demo", messages=user("ping"), n=2)
    equal([choice.index for choice in done.choices], [0, 1])
    assert all(choice.message.content for choice in done.choices), done


@case("chat: JSON mode")
def _():
    done = client.chat.completions.create(
        model="demo", messages=user('{"ping": 42}'), response_format={"type": "json_object"}
    )
    assert done.choices[0].message.content, done


@case("chat: an image")
def _():
    content = [{"type": "text", "text": "what-is-this"}, IMAGE]
    done = client.chat.completions.create(model="demo", messages=[{"role": "user", "content": content}])
    assert "what-is-this" in done.choices[0].message.content, done


@case("chat: a field that nobody knows yet")
def _():
    done = client.chat.completions.create(model="demo", messages=user("ping"), extra_body={"field_of_tomorrow": {"a": 1}})
    assert done.choices[0].message.content, done


@case("stream: no usage that was not asked for")
def _():
    chunks = list(client.chat.completions.create(model="demo", messages=user("ping-42"), stream=True))
    assert all(chunk.choices for chunk in chunks), "a chunk without choices"
    assert not any(chunk.usage for chunk in chunks), "usage"
    assert "ping-42" in "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    equal([chunk.choices[0].finish_reason for chunk in chunks if chunk.choices[0].finish_reason], ["stop"])
    equal(len({chunk.id for chunk in chunks}), 1)


@case("stream: usage at the end when it was")
def _():
    stream = client.chat.completions.create(
        model="demo", messages=user("ping-42"), stream=True, stream_options={"include_usage": True}
    )
    *chunks, last = stream
    assert all(chunk.choices and not chunk.usage for chunk in chunks), "usage before the end"
    assert "ping-42" in "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    equal(last.choices, [])
    check_usage(last.usage)


@case("tools: a call, then its result")
def _():
    done = client.chat.completions.create(model="demo", messages=user("weather?"), tools=[WEATHER])
    equal(done.choices[0].finish_reason, "tool_calls")
    check_call(done.choices[0].message.tool_calls[0])
    check_second_turn(done.choices[0].message)


@case("tools: a streamed call, put together by the client")
def _():
    with client.chat.completions.stream(model="demo", messages=user("weather?"), tools=[WEATHER]) as stream:
        for _event in stream:
            pass
        done = stream.get_final_completion()
    equal(done.choices[0].finish_reason, "tool_calls")
    check_call(done.choices[0].message.tool_calls[0])
    check_second_turn(done.choices[0].message)


@case("embeddings: as floats and as the client's default")
def _():
    for more in [{}, {"encoding_format": "float"}]:
        done = client.embeddings.create(model="text-embedding-demo", input=["one", "two"], **more)
        equal([item.index for item in done.data], [0, 1])
        assert all(item.embedding and isinstance(item.embedding[0], float) for item in done.data), done
        assert done.usage.prompt_tokens > 0, done.usage


@case("completions: plain")
def _():
    done = client.completions.create(model="demo", prompt="ping-42")
    equal(done.object, "text_completion")
    assert "ping-42" in done.choices[0].text, done
    check_usage(done.usage)


@case("completions: streamed")
def _():
    chunks = list(client.completions.create(model="demo", prompt="ping-42", stream=True))
    assert all(chunk.choices for chunk in chunks), "a chunk without choices"
    assert "ping-42" in "".join(chunk.choices[0].text for chunk in chunks)


@case("headers: who answered, and what is left")
def _():
    headers = client.chat.completions.with_raw_response.create(model="demo", messages=user("ping")).headers
    assert headers["x-request-id"] and headers["x-tollgate-target"], dict(headers)
    equal(headers["x-tollgate-attempts"], "1")
    for what in ["requests", "tokens"]:
        limit, left = (int(headers[f"x-ratelimit-{kind}-{what}"]) for kind in ["limit", "remaining"])
        assert 0 <= left < limit, f"{left} of {limit} {what}"
        assert headers[f"x-ratelimit-reset-{what}"], dict(headers)


@case("fallback: the second target answers, plain and streamed")
def _():
    # The first target is over its limit, and once that is known it is left alone for a while.
    raw = client.chat.completions.with_raw_response.create(model="demo-fallback", messages=user("ping-42"))
    equal(raw.headers["x-tollgate-target"], "mock/*")
    assert "ping-42" in raw.parse().choices[0].message.content
    raw = client.chat.completions.with_raw_response.create(model="demo-fallback", messages=user("ping-42"), stream=True)
    equal(raw.headers["x-tollgate-target"], "mock/*")
    assert "ping-42" in "".join(chunk.choices[0].delta.content or "" for chunk in raw.parse())


@case("refused: a bad key")
def _():
    for key in WRONG_KEYS:
        call = lambda: connect(key).chat.completions.create(model="demo", messages=user("hello"))
        equal(refused(openai.AuthenticationError, call, code="invalid_api_key").status_code, 401)


@case("refused: an unknown alias")
def _():
    refused(openai.NotFoundError, ask("no-such-model"), code="model_not_found")


@case("refused: an alias that is not the key's")
def _():
    narrow = connect(need(NARROW_KEY))
    assert narrow.chat.completions.create(model="demo", messages=user("hello")).choices
    call = lambda: narrow.chat.completions.create(model="demo-fallback", messages=user("hello"))
    refused(openai.PermissionDeniedError, call)


@case("refused: negative max_tokens")
def _():
    refused(openai.BadRequestError, ask("demo", max_tokens=-1), param="max_tokens")


@case("provider: its rate limit, with when to come back")
def _():
    error = refused(openai.RateLimitError, ask("fail-rate-limit"))
    assert int(error.response.headers["retry-after"]) > 0, dict(error.response.headers)


@case("provider: its failure")
def _():
    assert refused(openai.InternalServerError, ask("fail-server")).status_code >= 500


@case("provider: its refusal of the request")
def _():
    refused(openai.BadRequestError, ask("fail-bad-request"))


@case("provider: a failure before a stream has begun")
def _():
    refused(openai.RateLimitError, ask("fail-rate-limit", stream=True))


@case("provider: a stream that breaks off never ends in silence")
def _():
    text = []

    def read():
        for chunk in client.chat.completions.create(model="fail-truncated", messages=user("hello"), stream=True):
            text.append(chunk.choices[0].delta.content or "")

    refused(openai.APIError, read)
    assert "".join(text), "no text before the error"


def model(target, name):
    return MODELS[target].format(name)


def complete(model, stream=False, **more):
    """A completion, as the client puts it together."""
    request = {"model": model, "messages": user("ping-42"), **more}
    if not stream:
        return client.chat.completions.create(**request)
    with client.chat.completions.stream(**request, stream_options={"include_usage": True}) as events:
        for _event in events:
            pass
        return events.get_final_completion()


def check_answer(target, done, answer):
    """A completion that is a script's answer."""
    [choice] = done.choices
    said = {kind: [block for block in answer.blocks if isinstance(block, kind)] for kind in [Text, Refusal, Thought, Call]}
    texts = said[Text] + (said[Refusal] if target in OTHERS else [])
    equal(choice.message.content or "", "".join(block.text for block in texts))
    if said[Refusal] and target not in OTHERS:
        equal(choice.message.refusal, said[Refusal][0].text)
    calls = [(call.function.name, json.loads(call.function.arguments)) for call in choice.message.tool_calls or []]
    equal(calls, [(call.name, call.arguments) for call in said[Call]])
    thoughts = "".join(block.text for block in said[Thought])
    equal(getattr(choice.message, "reasoning_content", None) or "", thoughts)
    if target in OTHERS:
        expected = [signed(block) for block in answer.blocks if isinstance(block, (Thought, Redacted))]
        equal(thinking_blocks(choice.message), expected)
    ended = {"tools": "tool_calls", "length": "length", "refused": "content_filter" if target in OTHERS else "stop"}
    equal(choice.finish_reason, ended.get(answer.finish, "stop"))
    assert done.id.startswith("chatcmpl-"), done.id
    check_usage(done.usage)
    equal((done.usage.total_tokens, done.usage.prompt_tokens_details.cached_tokens), (195, script.CACHE_READ))


def thinking_blocks(message):
    blocks = getattr(message, "thinking_blocks", None) or []
    return [{name: value for name, value in block.items() if name != "index"} for block in blocks]


def signed(block):
    match block:
        case Thought(text, signature):
            return {"type": "thinking", "thinking": text, "signature": signature}
        case Redacted(data):
            return {"type": "redacted_thinking", "data": data}


def play(target, name, stream, **more):
    """All turns of a script: each answer goes back as the client has it, with the results of its calls."""
    messages = user("What is the weather?")
    for answer in script.SCRIPTS[name]:
        done = complete(model(target, name), stream, messages=messages, **more)
        check_answer(target, done, answer)
        message = done.choices[0].message
        messages = [*messages, message.to_dict(exclude_none=True)]
        results = [{"role": "tool", "tool_call_id": call.id, "content": "sunny"} for call in message.tool_calls or []]
        messages += results or user("And again?")


@scripted("text, over several turns", "claude", "bedrock", "compatible", "azure", "deepseek")
def _(target):
    for stream in [False, True]:
        play(target, "chat", stream)


@scripted("tools, over several turns", "claude", "bedrock", "compatible", "azure", "deepseek")
def _(target):
    for stream in [False, True]:
        play(target, "tools", stream, tools=TOOLS)


@scripted("three calls at once, one without arguments", "claude", "bedrock", "compatible", "azure", "deepseek")
def _(target):
    for stream in [False, True]:
        play(target, "parallel", stream, tools=TOOLS)


@scripted("thinking, signed and brought back unchanged", "claude", "bedrock")
def _(target):
    for stream in [False, True]:
        play(target, "thinking", stream, tools=TOOLS, reasoning_effort="low")


@scripted("thinking, brought back", "deepseek")
def _(target):
    for stream in [False, True]:
        play(target, "thinking", stream, tools=TOOLS)


@scripted("signed calls of a target whose calls have no number, brought back", "gemini")
def _(target):
    for stream in [False, True]:
        messages = user("What is the weather?")
        for answer in script.SCRIPTS["signed"]:
            message = gemini_message(messages, stream)
            found = [(call["function"]["name"], json.loads(call["function"]["arguments"])) for call in message["tool_calls"]]
            equal(found, [(call.name, call.arguments) for call in answer.blocks if isinstance(call, Call)])
            messages = [*messages, {name: value for name, value in message.items() if value}]
            messages += [{"role": "tool", "tool_call_id": call["id"], "content": "sunny"} for call in message["tool_calls"]]


def gemini_message(messages, stream):
    """The assistant's message. The client's own helper wants numbers of calls, so that it is put together here."""
    request = {"model": model("gemini", "signed"), "messages": messages, "tools": TOOLS}
    if not stream:
        message = client.chat.completions.create(**request).choices[0].message.to_dict()
        return {"role": "assistant", "content": message["content"], "tool_calls": message.get("tool_calls", [])}
    text, calls = "", []
    for chunk in client.chat.completions.create(**request, stream=True):
        for choice in chunk.choices:
            text += choice.delta.content or ""
            calls += [call.to_dict(exclude_none=True) for call in choice.delta.tool_calls or []]
    return {"role": "assistant", "content": text, "tool_calls": calls}


@scripted("an end by its length, and by refusal", "claude", "bedrock", "compatible")
def _(target):
    for name in ["length", "refusal"]:
        [answer] = script.SCRIPTS[name]
        done = complete(model(target, name))
        check_answer(target, done, answer)
        # The client's helper for streams raises these ends.
        chunks = client.chat.completions.create(model=model(target, name), messages=user("hello"), stream=True)
        ends = [choice.finish_reason for chunk in chunks for choice in chunk.choices]
        equal(ends[-1], done.choices[0].finish_reason)


@scripted("a stop sequence", "claude", "bedrock", "compatible")
def _(target):
    for stream in [False, True]:
        equal(complete(model(target, "sequence"), stream, stop="END").choices[0].finish_reason, "stop")


@scripted("images, here and at a URL", "claude", "compatible")
def _(target):
    complete(model(target, "vision"), messages=user([{"type": "text", "text": "what-is-this"}, IMAGE, FAR_IMAGE]))


@scripted("an image here; one at a URL is refused by its name", "bedrock")
def _(target):
    complete(model(target, "vision"), messages=user([{"type": "text", "text": "what-is-this"}, IMAGE]))
    call = lambda: complete(model(target, "vision"), messages=user([FAR_IMAGE]))
    refused(openai.BadRequestError, call, code="unsupported_by_target", param="messages[0].content[0]")


@scripted("a schema for the answer", "claude", "bedrock", "compatible", "azure")
def _(target):
    format = {"type": "json_schema", "json_schema": {"name": "place", "strict": True, "schema": PLACE}}
    for stream in [False, True]:
        done = complete(model(target, "json"), stream, response_format=format)
        equal(json.loads(done.choices[0].message.content), script.ZURICH)


@scripted("an effort of reasoning", "claude", "bedrock", "compatible")
def _(target):
    complete(model(target, "effort"), reasoning_effort="medium", max_tokens=20_000)


@scripted("settings in the target's words", "claude", "bedrock", "compatible")
def _(target):
    complete(
        model(target, "settings"), max_tokens=300, temperature=0.5, user="user-7", tools=TOOLS, tool_choice="required",
        parallel_tool_calls=False,
    )


@scripted("cache_control on a prompt's parts", "claude", "bedrock")
def _(target):
    part = {"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral", "ttl": "1h"}}
    tools = [{**WEATHER, "cache_control": {"type": "ephemeral"}}]
    done = complete(model(target, "cache"), messages=[{"role": "system", "content": [part]}, *user("hello")], tools=tools)
    equal(done.usage.prompt_tokens_details.cache_creation_input_tokens, script.CACHE_WRITE)


@scripted("several choices are refused, and other fields without a place named", "claude", "bedrock")
def _(target):
    call = lambda: complete(model(target, "chat"), n=2)
    refused(openai.BadRequestError, call, code="unsupported_by_target", param="n")
    raw = client.chat.completions.with_raw_response.create(
        model=model(target, "chat"), messages=user("hello"), logprobs=True, seed=7, stream=True,
        stream_options={"include_usage": True},
    )
    equal(raw.headers["x-tollgate-dropped"], "logprobs, seed")
    equal(raw.headers["x-tollgate-target"], f"{target}/*")


@case("translation: strict refuses what has no place, and nothing else")
def _():
    need(PROVIDER)
    for stream in [False, True]:
        check_answer("claude", complete("strict-claude", stream, max_tokens=100, temperature=0.5), script.SCRIPTS["chat"][0])
    call = lambda: complete("strict-claude", logprobs=True)
    refused(openai.BadRequestError, call, code="unsupported_by_target", param="logprobs")


@case("an OpenAI target gets the bytes as they came")
def _():
    need(PROVIDER)
    for stream in [{}, {"stream": True, "stream_options": {"include_usage": True}}]:
        raw = client.chat.completions.with_raw_response.create(
            model="gpt-5-chat", messages=user("Grüße, \u2028"), max_tokens=99, extra_body={"top_k": 5}, **stream
        )
        equal(sent(raw.headers["x-request-id"])["body"], raw.http_request.content.decode())


@case("a deployment has its name in the path, and the version in the query")
def _():
    need(PROVIDER)
    raw = client.chat.completions.with_raw_response.create(model="azure-gpt-5-chat", messages=user("hello"))
    path = "/azure/openai/deployments/azure-gpt-5-chat/chat/completions?api-version=2024-10-21"
    equal(sent(raw.headers["x-request-id"])["path"], path)


@case("fallback: from a Claude that fails in its stream to Bedrock")
def _():
    need(PROVIDER)
    for stream in [False, True]:
        check_answer("bedrock", complete("claude-then-bedrock", stream), script.SCRIPTS["chat"][0])


@case("a fault that was asked for: the next target answers, and the answer tells")
def _():
    need(PROVIDER)
    for stream in [False, True]:
        raw = client.chat.completions.with_raw_response.create(
            model="claude-or-bedrock", messages=user("hello"), stream=stream,
            extra_headers={"x-tollgate-fault": "target=claude/*,class=rate_limit", "x-tollgate-debug": "true"},
        )
        equal(raw.headers["x-tollgate-attempts"], "2")
        assert raw.headers["x-tollgate-target"].startswith("bedrock/"), dict(raw.headers)
        told = raw.http_response.read().decode() if stream else raw.headers["x-tollgate-debug"]
        assert "rate_limit" in told, told


@case("an explanation: the targets in order, and nobody is asked")
def _():
    need(PROVIDER)
    raw = client.chat.completions.with_raw_response.create(
        model="claude-or-bedrock", messages=user("hello"), extra_headers={"x-tollgate-explain": "true"},
    )
    told = json.loads(raw.text)
    equal(told["object"], "tollgate.explanation")
    equal([target["target"].split("/")[0] for target in told["targets"]], ["claude", "bedrock"])


# What a fault of the provider is to the client: its class, status and code.
FAULTS = {
    "limited": (openai.RateLimitError, 429, "upstream_rate_limited"),
    "overloaded": (openai.InternalServerError, 503, "upstream_overloaded"),
    "wrong": (openai.BadRequestError, 400, "upstream_rejected"),
    "long": (openai.BadRequestError, 400, "context_length_exceeded"),
    "broken": (openai.InternalServerError, 502, "upstream_failed"),
    "denied": (openai.InternalServerError, 502, "upstream_credentials"),
}


@scripted("faults of the provider, plain and before a stream", "claude", "bedrock", "azure")
def _(target):
    for name, (kind, status, code) in FAULTS.items():
        if (target, name) == ("bedrock", "denied"):
            # It is the model that is not to be had there.
            code = "upstream_model_missing"
        for stream in [False, True]:
            error = refused(kind, lambda: complete(model(target, name), stream), code=code)
            equal(error.status_code, status)
            if name == "limited" and target != "bedrock":
                equal(error.response.headers["retry-after"], "7")


@scripted("an error in a stream: a status before the first content, raised after it", "claude", "bedrock", "azure")
def _(target):
    kinds = {"claude": openai.InternalServerError, "bedrock": openai.RateLimitError, "azure": openai.InternalServerError}
    refused(kinds[target], lambda: complete(model(target, "early"), stream=True))
    text = []

    def read():
        for chunk in client.chat.completions.create(model=model(target, "cut"), messages=user("hello"), stream=True):
            text.extend(choice.delta.content or "" for choice in chunk.choices)

    error = refused(openai.APIError, read)
    assert error.code and "".join(text), f"{error.code} after {text}"


@case("quota: the fourth request in a minute")
def _():
    tiny = connect(need(TINY_KEY))
    ask = lambda: tiny.chat.completions.create(model="demo", messages=user("hello"))
    equal(fourth_is_refused(ask, openai.RateLimitError).code, "rate_limit_exceeded")


if __name__ == "__main__":
    sys.exit(main("python"))
