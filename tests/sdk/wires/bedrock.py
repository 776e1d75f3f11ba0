"""Bedrock's Converse (Amazon Bedrock API Reference), with the frames of its streams (AWS "Event Stream Encoding")
and the signatures of its requests (AWS "Signature Version 4")."""

import base64
import binascii
import hashlib
import hmac
import json
import re
import struct
import urllib.parse

from . import script
from .script import Asked, Call, Image, Redacted, Refusal, Result, Text, Thought, Turn, only, want

REGION = "eu-central-1"
FIELDS = (
    "messages system inferenceConfig toolConfig additionalModelRequestFields additionalModelResponseFieldPaths outputConfig"
).split()
FINISH = {
    "stop": "end_turn", "length": "max_tokens", "tools": "tool_use", "refused": "content_filtered", "sequence": "stop_sequence",
}
ERRORS = {
    "limited": (429, "ThrottlingException", "Too many requests, please wait before trying again."),
    "overloaded": (503, "ServiceUnavailableException", "Bedrock is unable to process your request."),
    "wrong": (400, "ValidationException", "The maximum tokens you requested exceeds the model limit of 64000."),
    "broken": (500, "InternalServerException", "The system encountered an unexpected error during processing."),
    "denied": (403, "AccessDeniedException", "You don't have access to the model with the specified model ID."),
    "long": (400, "ValidationException", "Input is too long for requested model."),
    "cut": (424, "ModelErrorException", "The model failed."),
    "early": (429, "ThrottlingException", "Too many tokens, please wait before trying again."),
}


def call_id(id):
    return f"tooluse_kZJMlvQmRJ6eAyJE5Gl7Q{id}"


def keeps(block):
    match block:
        case Call():
            return Call(call_id(block.id), block.name, block.arguments)
        case Refusal(text):
            return Text(text)
    return block


def check_signature(head, path, raw):
    """That the signature is the one of these headers and this body, by a key of ours for this service."""
    given = head.get("authorization", "")
    match = re.fullmatch(r"AWS4-HMAC-SHA256 Credential=([^,]+), SignedHeaders=([^,]+), Signature=([0-9a-f]{64})", given)
    want(match, f"authorization: {given[:40]!r} is no signature")
    key, date, region, service, end = match[1].split("/")
    want((region, service, end) == (REGION, "bedrock", "aws4_request"), f"authorization: the scope {match[1]}")
    want(key == head.access_key, "authorization: an unknown access key")
    names = match[2].split(";")
    want({"host", "x-amz-date"} <= set(names), f"authorization: signed are {names}")
    # Every service but S3 encodes the path, as it was sent, once more.
    canonical = "\n".join([
        "POST", urllib.parse.quote(path, safe="/-_.~"), "", *(f"{name}:{head[name].strip()}" for name in names), "",
        match[2], hashlib.sha256(raw).hexdigest(),
    ])
    scope = f"{date}/{region}/{service}/{end}"
    text = "\n".join(["AWS4-HMAC-SHA256", head["x-amz-date"], scope, hashlib.sha256(canonical.encode()).hexdigest()])
    signing = f"AWS4{head.secret_key}".encode()
    for part in scope.split("/"):
        signing = hmac.digest(signing, part.encode(), "sha256")
    signature = hmac.digest(signing, text.encode(), "sha256").hex()
    want(signature == match[3], "The request signature we calculated does not match the signature you provided.")


def read(head, path, body):
    check_signature(head, path, head.raw)
    want(head.get("content-type") == "application/json", f"content-type: {head.get('content-type')!r}")
    if path.endswith("/count-tokens"):
        body = only(only(body, ["input"], "body")["input"], ["converse"], "input")["converse"]
        only(body, ["messages", "system", "toolConfig", "additionalModelRequestFields"], "input.converse")
    only(body, FIELDS, "body")
    only(body.get("inferenceConfig", {}), ["maxTokens", "temperature", "topP", "stopSequences"], "inferenceConfig")
    model = urllib.parse.unquote(path.split("/")[-2])
    for at, piece in enumerate(body.get("system", [])):
        kind, value = union(piece, f"system.{at}")
        want(kind in ["text", "cachePoint"], f"system.{at}: {kind}")
    config = only(body.get("toolConfig", {"tools": []}), ["tools", "toolChoice"], "toolConfig")
    for at, tool in enumerate(config["tools"]):
        kind, tool = union(tool, f"toolConfig.tools.{at}")
        if kind == "toolSpec":
            only(tool, ["name", "description", "inputSchema", "strict"], f"toolConfig.tools.{at}")
            want(tool["inputSchema"]["json"].get("type") == "object", "The value at toolConfig has no type object")
        else:
            want(kind == "cachePoint", f"toolConfig.tools.{at}: {kind}")
    turns = [read_turn(message, f"messages.{at}") for at, message in enumerate(body["messages"])]
    for at, turn in enumerate(turns):
        expected = ["user", "assistant"][at % 2]
        want(turn.role == expected, "A conversation must alternate between user and assistant roles.")
    has_calls = any(isinstance(block, (Call, Result)) for turn in turns for block in turn.blocks)
    message = "The toolConfig field must be defined when using toolUse and toolResult content blocks."
    want(config["tools"] or not has_calls, message)
    check_settings(model, body)
    return Asked(model, path.endswith("-stream"), turns)


def union(value, where):
    want(isinstance(value, dict) and len(value) == 1, f"{where}: a union has one member: {value!r}")
    return next(iter(value.items()))


def read_turn(message, where):
    only(message, ["role", "content"], where)
    want(message["content"], f"The content field in the Message object at {where} is empty.")
    pieces = (read_piece(piece, f"{where}.content") for piece in message["content"])
    return Turn(message["role"], [piece for piece in pieces if piece])


def read_piece(piece, where):
    kind, value = union(piece, where)
    match kind:
        case "text":
            want(value.strip(), f"The text field in the ContentBlock object at {where} is blank.")
            return Text(value)
        case "image":
            only(value, ["format", "source"], where)
            base64.b64decode(value["source"]["bytes"], validate=True)
            return Image(f"image/{value['format']}", value["source"]["bytes"])
        case "document":
            only(value, ["format", "name", "source"], where)
            want(re.fullmatch(r"[a-zA-Z0-9 ()\[\]-]{1,200}", value["name"]), f"{where}.name: {value['name']!r}")
            return Image(value["format"], str(value["source"]))
        case "toolUse":
            only(value, ["toolUseId", "name", "input"], where)
            want(re.fullmatch(r"[a-zA-Z0-9_.:-]{1,64}", value["toolUseId"]), f"{where}.toolUseId: {value['toolUseId']!r}")
            want(isinstance(value["input"], dict), f"{where}.input: not an object")
            return Call(value["toolUseId"], value["name"], value["input"])
        case "toolResult":
            only(value, ["toolUseId", "content", "status"], where)
            want(value.get("status", "success") in ["success", "error"], f"{where}.status: {value.get('status')}")
            return Result(value["toolUseId"], script.text_of(read_piece(part, where) for part in value["content"]))
        case "reasoningContent":
            kind, thought = union(value, where)
            if kind == "redactedContent":
                return Redacted(thought)
            only(thought, ["text", "signature"], where)
            want(thought["signature"] in script.SIGNATURES, f"{where}: Invalid `signature` in `thinking` block")
            return Thought(thought["text"], thought["signature"])
        case "cachePoint":
            only(value, ["type", "ttl"], where)
            return None
    want(False, f"{where}: {kind} is not known")


def check_settings(model, body):
    extra, config = body.get("additionalModelRequestFields", {}), body.get("inferenceConfig", {})
    match script.name_of(model):
        case "vision":
            found = [part["image"]["format"] for part in body["messages"][0]["content"] if "image" in part]
            want(found == ["png"], f"expected one image, found {found}")
        case "cache":
            want(body["system"][1] == {"cachePoint": {"type": "default", "ttl": "1h"}}, f"system: {body['system']}")
            want(body["toolConfig"]["tools"][1] == {"cachePoint": {"type": "default"}}, "toolConfig: no cachePoint")
        case "effort":
            want(extra.get("thinking", {}).get("type") == "enabled", f"additionalModelRequestFields: {extra}")
        case "thinking":
            want(extra.get("thinking", {}).get("type") == "enabled", f"additionalModelRequestFields: {extra}")
        case "json":
            structure = body["outputConfig"]["textFormat"]["structure"]["jsonSchema"]
            want(json.loads(structure["schema"])["required"] == ["city", "days"], f"outputConfig: {structure}")
        case "sequence":
            want(config.get("stopSequences") == ["END"], f"inferenceConfig: {config}")
            want(body.get("additionalModelResponseFieldPaths") == ["/stop_sequence"], "which of them it was is not asked for")
        case "settings":
            want((config["maxTokens"], config["temperature"]) == (300, 0.5), f"inferenceConfig: {config}")
            want(body["toolConfig"]["toolChoice"] == {"any": {}}, f"toolConfig: {body['toolConfig']}")


def usage():
    total = script.UNCACHED + script.CACHE_READ + script.CACHE_WRITE + script.OUTPUT
    return {
        "inputTokens": script.UNCACHED, "outputTokens": script.OUTPUT, "totalTokens": total,
        "cacheReadInputTokens": script.CACHE_READ, "cacheWriteInputTokens": script.CACHE_WRITE,
        "cacheDetails": [
            {"ttl": "1h", "inputTokens": script.CACHE_WRITE_1H},
            {"ttl": "5m", "inputTokens": script.CACHE_WRITE - script.CACHE_WRITE_1H},
        ],
    }


def piece(said):
    match said:
        case Text(text) | Refusal(text):
            return {"text": text}
        case Thought(text, signature):
            return {"reasoningContent": {"reasoningText": {"text": text, "signature": signature}}}
        case Redacted(data):
            return {"reasoningContent": {"redactedContent": data}}
        case Call():
            return {"toolUse": {"toolUseId": call_id(said.id), "name": said.name, "input": said.arguments}}


def plain(_asked, answer):
    fields = {"additionalModelResponseFields": {"stop_sequence": answer.sequence}} if answer.sequence else {}
    return {
        "metrics": {"latencyMs": 1275}, **fields,
        "output": {"message": {"role": "assistant", "content": [piece(said) for said in answer.blocks]}},
        "stopReason": FINISH[answer.finish], "usage": usage(),
    }


def frame(headers, payload):
    """One message: its lengths and their CRC, its headers, its payload, and the CRC of it all."""
    packed = b""
    for name, value in headers.items():
        packed += bytes([len(name)]) + name.encode() + b"\x07" + struct.pack(">H", len(value)) + value.encode()
    prelude = struct.pack(">II", len(packed) + len(payload) + 16, len(packed))
    message = prelude + struct.pack(">I", binascii.crc32(prelude)) + packed + payload
    return message + struct.pack(">I", binascii.crc32(message))


def event(name, **data):
    # `p` pads the payload, so that its length says nothing of the text.
    payload = json.dumps({**data, "p": "abcdefghijkl"}, ensure_ascii=False).encode()
    return frame({":event-type": name, ":content-type": "application/json", ":message-type": "event"}, payload)


def stream(_asked, answer):
    yield event("messageStart", role="assistant")
    for index, said in enumerate(answer.blocks):
        deltas = []
        match said:
            case Text(text) | Refusal(text):
                deltas = [{"text": piece} for piece in script.pieces(text)]
            case Thought(text, signature):
                deltas = [{"reasoningContent": {"text": piece}} for piece in script.pieces(text)]
                deltas.append({"reasoningContent": {"signature": signature}})
            case Redacted(data):
                deltas = [{"reasoningContent": {"redactedContent": data}}]
            case Call():
                start = {"toolUse": {"toolUseId": call_id(said.id), "name": said.name}}
                yield event("contentBlockStart", contentBlockIndex=index, start=start)
                texts = script.pieces(json.dumps(said.arguments)) if said.arguments else [""]
                deltas = [{"toolUse": {"input": text}} for text in texts]
        for delta in deltas:
            yield event("contentBlockDelta", contentBlockIndex=index, delta=delta)
        yield event("contentBlockStop", contentBlockIndex=index)
    fields = {"additionalModelResponseFields": {"stop_sequence": answer.sequence}} if answer.sequence else {}
    yield event("messageStop", stopReason=FINISH[answer.finish], **fields)
    yield event("metadata", metrics={"latencyMs": 1275}, usage=usage())


def cut(asked, says_something):
    begun = list(stream(asked, script.SCRIPTS["chat"][0]))
    yield from begun[:4] if says_something else begun[:1]
    name = "modelStreamErrorException" if says_something else "throttlingException"
    payload = json.dumps({"message": "The model has failed." if says_something else "Too many tokens, please wait."})
    headers = {":exception-type": name, ":content-type": "application/json", ":message-type": "exception"}
    yield frame(headers, payload.encode())


def error(status, kind, message):
    address = "http://internal.amazon.com/coral/com.amazon.bedrock/"
    return status, {"x-amzn-errortype": f"{kind}:{address}"}, {"message": message}


def fault(name):
    return error(*ERRORS[name])


def count(_asked):
    return {"inputTokens": 2095}


def wrong(message):
    return error(400, "ValidationException", message)


REQUEST_ID = "x-amzn-requestid"
STREAM_TYPE = "application/vnd.amazon.eventstream"
