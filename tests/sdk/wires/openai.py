"""Chat completions, as OpenAI and those who are compatible with it have them, each with its own ways."""

import json
import re

from . import script
from .script import Asked, Call, Image, Redacted, Refusal, Result, Text, Thought, Turn, only, want

FIELDS = (
    "model messages tools tool_choice parallel_tool_calls response_format stop stream stream_options temperature top_p n "
    "max_tokens max_completion_tokens seed user reasoning_effort logprobs top_logprobs presence_penalty frequency_penalty"
).split()
FINISH = {"stop": "stop", "length": "length", "tools": "tool_calls", "refused": "stop", "sequence": "stop"}
# Status, type, code, message.
ERRORS = {
    "limited": (429, "requests", "rate_limit_exceeded", "Rate limit reached for gpt-5 on requests per min (RPM): Limit 500."),
    "overloaded": (503, "server_error", None, "The engine is currently overloaded, please try again later."),
    "wrong": (400, "invalid_request_error", "invalid_value", "Invalid 'max_tokens': integer above maximum value."),
    "broken": (500, "server_error", None, "The server had an error processing your request."),
    "denied": (401, "invalid_request_error", "invalid_api_key", "Incorrect API key provided: sk-abc***xyz."),
    "long": (400, "invalid_request_error", "context_length_exceeded", "This model's maximum context length is 128000 tokens."),
    "cut": (500, "server_error", None, "The server had an error while processing your request."),
    "early": (500, "server_error", None, "The server had an error while processing your request."),
}
# The path before `/chat/completions` tells who it is.
COMPATIBLE, AZURE, GEMINI, DEEPSEEK = "/compatible/v1", "/azure/openai", "/gemini/v1beta/openai", "/deepseek/v1"
API_VERSION = "2024-10-21"


class Wire:
    """One of those vendors."""

    REQUEST_ID = "x-request-id"
    STREAM_TYPE = "text/event-stream; charset=utf-8"

    def __init__(self, vendor):
        self.vendor = vendor

    def call_id(self, id):
        return {GEMINI: f"function-call-1829{id}", DEEPSEEK: f"call_0{id}_3Zr"}.get(self.vendor, f"call_Ro4Wk{id}")

    def keeps(self, block):
        match block:
            case Call():
                signature = block.signature if self.vendor == GEMINI else None
                return Call(self.call_id(block.id), block.name, block.arguments, signature)
            case Thought(text):
                # It signs nothing.
                return Thought(text, "") if self.vendor == DEEPSEEK else None
            case Redacted():
                return None
        return block

    def read(self, head, path, body):
        if self.vendor == AZURE:
            want(head.get("api-key") == head.provider_key, "api-key is not the provider's")
            want(head.query == {"api-version": [API_VERSION]}, f"the query is {head.query}")
            want(f"/deployments/{body['model']}/" in path, f"{path} is not the path of {body['model']}")
        else:
            want(head.get("authorization") == f"Bearer {head.provider_key}", "authorization is not the provider's")
        stray = sorted({"x-api-key", "anthropic-version"} & set(head))
        want(not stray, f"headers of another provider: {stray}")
        only(body, FIELDS + (["top_k", "thinking"] if self.vendor in [COMPATIBLE, DEEPSEEK] else []), "body")
        caps = [name for name in ["max_tokens", "max_completion_tokens"] if name in body]
        want(len(caps) < 2, "max_tokens and max_completion_tokens exclude each other")
        want("stream_options" not in body or body.get("stream"), "stream_options is only allowed when stream is true")
        check_tools(body)
        turns = []
        for at, message in enumerate(body["messages"]):
            self.read_message(message, f"messages[{at}]", turns)
        check_settings(body)
        return Asked(body["model"], body.get("stream", False), turns)

    def read_message(self, message, where, turns):
        role = message.get("role")
        allowed = {
            "system": "content name", "developer": "content name", "user": "content name", "tool": "content tool_call_id name",
            "assistant": "content name tool_calls refusal reasoning_content annotations audio function_call",
        }
        want(role in allowed, f"{where}.role: {role!r}")
        only(message, ["role", *allowed[role].split()], where)
        content = message.get("content")
        if role == "assistant":
            blocks = []
            # Blank where there were none: DeepSeek may want some of every turn.
            if message.get("reasoning_content", "").strip():
                blocks.append(Thought(message["reasoning_content"], ""))
            blocks += read_parts(content, where) if content else []
            blocks += [Refusal(message["refusal"])] if message.get("refusal") else []
            blocks += [self.read_call(call, where) for call in message.get("tool_calls") or []]
            want(blocks, f"{where}: expected content or tool_calls")
            turns.append(Turn("assistant", blocks))
            return
        want(content is not None, f"{where}.content: expected a string or an array, got null")
        if role == "tool":
            known = turns and any(isinstance(block, (Call, Result)) for block in turns[-1].blocks)
            want(known, f"{where}: messages with role 'tool' must be a response to a preceding message with 'tool_calls'")
            parts = read_parts(content, where)
            want(all(isinstance(part, Text) for part in parts), f"{where}: a tool's message has text only")
            result = Result(message["tool_call_id"], script.text_of(parts))
            if turns[-1].role == "user":
                turns[-1].blocks.append(result)
            else:
                turns.append(Turn("user", [result]))
        elif role == "user":
            turns.append(Turn("user", read_parts(content, where)))

    def read_call(self, call, where):
        only(call, ["id", "type", "function", "index"] + (["extra_content"] if self.vendor == GEMINI else []), where)
        want(call["type"] == "function", f"{where}.tool_calls.type: {call['type']!r}")
        arguments = call["function"]["arguments"]
        want(isinstance(arguments, str), f"{where}.arguments: expected a string, got {arguments!r}")
        signature = call.get("extra_content", {}).get("google", {}).get("thought_signature")
        # What Gemini documents for calls that it did not sign.
        signature = None if signature == "skip_thought_signature_validator" else signature
        return Call(call["id"], call["function"]["name"], json.loads(arguments), signature)

    def call(self, said, index=None):
        object = {
            "id": self.call_id(said.id), "type": "function",
            "function": {"name": said.name, "arguments": json.dumps(said.arguments, ensure_ascii=False)},
        }
        if index is not None:
            object["index"] = index
        if said.signature and self.vendor == GEMINI:
            object["extra_content"] = {"google": {"thought_signature": said.signature}}
        return object

    def finish(self, answer):
        # It says that it stopped, whatever it calls.
        return "stop" if self.vendor == GEMINI and answer.finish == "tools" else FINISH[answer.finish]

    def usage(self):
        prompt = script.UNCACHED + script.CACHE_READ + script.CACHE_WRITE
        usage = {
            "prompt_tokens": prompt, "completion_tokens": script.OUTPUT, "total_tokens": prompt + script.OUTPUT,
            "prompt_tokens_details": {"cached_tokens": script.CACHE_READ, "audio_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": script.REASONING, "audio_tokens": 0},
        }
        if self.vendor == DEEPSEEK:
            usage.update(prompt_cache_hit_tokens=script.CACHE_READ, prompt_cache_miss_tokens=prompt - script.CACHE_READ)
        return usage

    def plain(self, asked, answer):
        message = {"role": "assistant", "content": None, "refusal": None, "annotations": []}
        for said in answer.blocks:
            match said:
                case Text(text):
                    message["content"] = (message["content"] or "") + text
                case Refusal(text):
                    message["refusal"] = text
                case Thought(text):
                    message["reasoning_content"] = text
                case Call():
                    message.setdefault("tool_calls", []).append(self.call(said))
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": self.finish(answer)}
        return {
            "id": "chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT", "object": "chat.completion", "created": 1790000000,
            "model": asked.model, "choices": [choice], "usage": self.usage(), "service_tier": "default",
            "system_fingerprint": "fp_44709d6fcb",
        }

    def chunk(self, asked, choices, usage=None):
        chunk = {
            "id": "chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT", "object": "chat.completion.chunk", "created": 1790000000,
            "model": asked.model, "service_tier": "default", "system_fingerprint": "fp_44709d6fcb", "choices": choices,
            "obfuscation": "rZ4qUb0", "usage": usage,
        }
        if self.vendor == GEMINI:
            # Cumulative on every chunk.
            chunk["usage"] = self.usage()
        return data(chunk)

    def stream(self, asked, answer):
        if self.vendor == DEEPSEEK:
            yield b": keep-alive\n\n" * 2
        if self.vendor == AZURE:
            filtered = {"hate": {"filtered": False, "severity": "safe"}}
            results = [{"prompt_index": 0, "content_filter_results": filtered}]
            yield data({"choices": [], "created": 0, "id": "", "model": "", "object": "", "prompt_filter_results": results})

        def delta(finish=None, **delta):
            choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
            if self.vendor == AZURE:
                choice["content_filter_results"] = {}
            return self.chunk(asked, [choice])

        yield delta(role="assistant", content="", refusal=None)
        calls = [said for said in answer.blocks if isinstance(said, Call)]
        for said in answer.blocks:
            match said:
                case Text(text):
                    yield from (delta(content=piece) for piece in script.pieces(text))
                case Refusal(text):
                    yield from (delta(refusal=piece) for piece in script.pieces(text))
                case Thought(text):
                    yield from (delta(content=None, reasoning_content=piece) for piece in script.pieces(text))
                case Call() if self.vendor == GEMINI:
                    # Whole, and without its number.
                    yield delta(role="assistant", tool_calls=[self.call(said)])
        if self.vendor != GEMINI:
            for index, said in enumerate(calls):
                whole = self.call(said, index)
                arguments = whole["function"]["arguments"]
                whole["function"] = {"name": said.name, "arguments": ""}
                yield delta(tool_calls=[whole])
                for piece in script.pieces(arguments):
                    yield delta(tool_calls=[{"index": index, "function": {"arguments": piece}}])
        yield delta(self.finish(answer))
        yield self.chunk(asked, [], self.usage())
        yield b"data: [DONE]\n\n"

    def cut(self, asked, says_something):
        if says_something:
            yield from list(self.stream(asked, script.SCRIPTS["chat"][0]))[:5]
        status, _, body = self.fault("cut")
        yield data(body)

    def error(self, status, kind, code, message):
        headers = {"retry-after": "7", "x-ratelimit-remaining-requests": "0"} if status == 429 else {}
        error = {"message": message, "type": kind, "param": None, "code": code}
        body = {"error": error}
        if self.vendor == GEMINI:
            body = [{"error": {"code": status, "message": message, "status": "INVALID_ARGUMENT"}}]
        return status, headers, body

    def fault(self, name):
        return self.error(*ERRORS[name])

    def wrong(self, message):
        return self.error(400, "invalid_request_error", None, message)


def data(object):
    return f"data: {json.dumps(object, ensure_ascii=False)}\n\n".encode()


def read_parts(content, where):
    if isinstance(content, str):
        return [Text(content)]
    blocks = []
    for part in content:
        match part.get("type"):
            case "text":
                only(part, ["type", "text"], where)
                blocks.append(Text(part["text"]))
            case "file":
                file = only(part["file"], ["filename", "file_data"], where)
                blocks.append(Image(file["filename"], file["file_data"]))
            case "refusal":
                blocks.append(Refusal(part["refusal"]))
            case "image_url":
                url = only(part["image_url"], ["url", "detail"], where)["url"]
                kind = re.match(r"data:(image/\w+);base64,", url)
                blocks.append(Image(kind[1], url[kind.end():]) if kind else Image("url", url))
            case kind:
                want(False, f"{where}.content: Invalid value: {kind!r}")
    return blocks


def check_tools(body):
    for at, tool in enumerate(body.get("tools", [])):
        only(tool, ["type", "function"], f"tools[{at}]")
        function = only(tool["function"], ["name", "description", "parameters", "strict"], f"tools[{at}].function")
        if function.get("strict"):
            schema = function["parameters"]
            whole = schema.get("additionalProperties") is False and sorted(schema["properties"]) == sorted(schema["required"])
            want(whole, f"Invalid schema for function '{function['name']}': 'required' and 'additionalProperties'")
    want("tools" not in body or body["tools"], "[] is too short - 'tools'")
    want("tools" in body or "tool_choice" not in body, "'tool_choice' is only allowed when 'tools' are specified.")


def check_settings(body):
    match script.name_of(body["model"]):
        case "vision":
            parts = [part for message in body["messages"] if message["role"] == "user" for part in message["content"]]
            found = [part["image_url"]["url"][:5] for part in parts if part["type"] == "image_url"]
            want(found == ["data:", "https"], f"expected an image here and one at a URL, found {found}")
        case "cache":
            want(body["messages"][0] == {"role": "system", "content": "Be brief."}, f"system: {body['messages'][0]}")
        case "effort":
            found = {name: body.get(name) for name in ["thinking", "reasoning_effort"] if name in body}
            known = [{"reasoning_effort": "medium"}, {"thinking": {"type": "enabled"}}]
            want(found in known, f"effort: {found}")
        case "json":
            format = body.get("response_format", {})
            want(format.get("type") == "json_schema", f"response_format: {format}")
            want(re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", format["json_schema"]["name"]), f"response_format: {format}")
            want(format["json_schema"]["schema"]["required"] == ["city", "days"], f"response_format: {format}")
        case "sequence":
            want(body.get("stop") in ["END", ["END"]], f"stop: {body.get('stop')}")
        case "settings":
            found = [body.get(name) for name in ["max_tokens", "temperature", "user", "tool_choice", "parallel_tool_calls"]]
            want(found == [300, 0.5, "user-7", "required", False], f"settings: {found}")
