#!/usr/bin/env python3
"""Drives a running gateway, on tests/fixtures/sdk.yaml, with the official OpenAI client for Python.

TOLLGATE_BASE_URL     such as http://127.0.0.1:9000/v1
TOLLGATE_KEY          a key that may use everything, with limits far away
TOLLGATE_NARROW_KEY   a key that may use `demo` only (without it, what needs it is skipped)
TOLLGATE_TINY_KEY     a fresh key with three requests a minute (likewise)
"""

import json
import os
import sys
import time
import traceback

import openai

BASE_URL = os.environ["TOLLGATE_BASE_URL"]
KEY = os.environ["TOLLGATE_KEY"]
NARROW_KEY = os.environ.get("TOLLGATE_NARROW_KEY")
TINY_KEY = os.environ.get("TOLLGATE_TINY_KEY")

PIXEL = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJ"
    "RU5ErkJggg=="
)
WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather in a city.",
        "strict": True,
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
            "required": ["city", "days"],
            "additionalProperties": False,
        },
    },
}
CASES = []


class Skip(Exception):
    pass


def case(name):
    return lambda function: CASES.append((name, function))


def connect(key=KEY):
    # No retries: a test that needs a second try should fail.
    return openai.OpenAI(base_url=BASE_URL, api_key=key, max_retries=0, timeout=30)


client = connect()


def user(text):
    return [{"role": "user", "content": text}]


def equal(found, expected):
    assert found == expected, f"{found!r}, expected {expected!r}"


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
    if not NARROW_KEY:
        raise Skip
    equal([model.id for model in connect(NARROW_KEY).models.list()], ["demo"])


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
    content = [{"type": "text", "text": "what-is-this"}, {"type": "image_url", "image_url": {"url": PIXEL}}]
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
    raw = client.chat.completions.with_raw_response.create(model="demo-fallback", messages=user("ping-42"))
    equal(raw.headers["x-tollgate-attempts"], "2")
    assert "ping-42" in raw.parse().choices[0].message.content
    raw = client.chat.completions.with_raw_response.create(model="demo-fallback", messages=user("ping-42"), stream=True)
    equal(raw.headers["x-tollgate-attempts"], "2")
    assert "ping-42" in "".join(chunk.choices[0].delta.content or "" for chunk in raw.parse())


@case("refused: a bad key")
def _():
    for key in ["not-a-key", KEY[:-1] + ("a" if KEY[-1] != "a" else "b")]:
        call = lambda: connect(key).chat.completions.create(model="demo", messages=user("hello"))
        equal(refused(openai.AuthenticationError, call, code="invalid_api_key").status_code, 401)


@case("refused: an unknown alias")
def _():
    refused(openai.NotFoundError, ask("no-such-model"), code="model_not_found")


@case("refused: an alias that is not the key's")
def _():
    if not NARROW_KEY:
        raise Skip
    narrow = connect(NARROW_KEY)
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


@case("quota: the fourth request in a minute")
def _():
    if not TINY_KEY:
        raise Skip
    tiny, begin, served = connect(TINY_KEY), int(time.time() // 60), 0
    try:
        # Seven do not fit into two minutes of three, should the minute end meanwhile.
        for served in range(7):
            tiny.chat.completions.create(model="demo", messages=user("hello"))
    except openai.RateLimitError as error:
        equal(error.code, "rate_limit_exceeded")
        equal(error.response.headers["x-ratelimit-remaining-requests"], "0")
        assert 0 < int(error.response.headers["retry-after"]) <= 60, dict(error.response.headers)
    else:
        raise AssertionError("seven requests")
    assert served == 3 or int(time.time() // 60) > begin, f"{served} requests"


def run(name, function):
    try:
        function()
    except Skip:
        return "skipped", name
    except Exception:
        return "FAILED", f"{name}\n{traceback.format_exc(limit=-3)}"
    return "ok", name


def main():
    results = []
    for name, function in CASES:
        result, text = run(name, function)
        results.append(result)
        print(f"{result:<7} python  {text}", flush=True)
    passed, failed, skipped = map(results.count, ["ok", "FAILED", "skipped"])
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
