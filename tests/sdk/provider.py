#!/usr/bin/env python3
"""A provider that plays from scripts: one port that speaks Messages, chat completions and Converse.

    provider.py      prints `ready` and its address, and serves until it is ended

It answers only what the real one would take and what brings back what it said before; everything else it refuses with
a message that says what is wrong. GET /requests?id=… shows what came under a request's id (`x-client-request-id`),
GET /scripts what is said.

SDK_PROVIDER_KEY, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are the credentials that it wants to see.
"""

import json
import os
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from wires import anthropic, bedrock, openai, script

# How many bytes of a stream are sent at once: no event, and no letter, comes whole.
SLICE = 61

requests = {}
lock = threading.Lock()


class Head(dict):
    """The headers of a request by names in lower case, and what else its checks need."""

    provider_key = os.environ["SDK_PROVIDER_KEY"]
    access_key = os.environ["AWS_ACCESS_KEY_ID"]
    secret_key = os.environ["AWS_SECRET_ACCESS_KEY"]
    raw = b""
    query = {}


def wire_of(path):
    if path.startswith("/anthropic/v1/messages"):
        return anthropic
    if path.startswith("/model/") and path.endswith(("/converse", "/converse-stream", "/count-tokens")):
        return bedrock
    for vendor in [openai.COMPATIBLE, openai.AZURE, openai.GEMINI, openai.DEEPSEEK]:
        if path.startswith(f"{vendor}/") and path.endswith("/chat/completions"):
            return openai.Wire(vendor)
    return None


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Small writes would wait for each other.
    disable_nagle_algorithm = True

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        if url.path == "/scripts":
            return self.answer(200, {}, script.as_json())
        with lock:
            found = requests.get(urllib.parse.parse_qs(url.query).get("id", [""])[0])
        self.answer(200 if found else 404, {}, found or {})

    def do_POST(self):
        url = urllib.parse.urlsplit(self.path)
        head = Head((name.lower(), value) for name, value in self.headers.items())
        head.raw = self.rfile.read(int(head.get("content-length", 0)))
        head.query = urllib.parse.parse_qs(url.query)
        with lock:
            requests[head.get("x-client-request-id", "")] = {
                "path": self.path, "headers": dict(head), "body": head.raw.decode(errors="replace"),
            }
        wire = wire_of(url.path)
        if not wire:
            return self.answer(404, {}, {"error": {"message": f"there is nothing at {url.path}"}})
        try:
            self.play(wire, head, url.path)
        except script.Wrong as wrong:
            self.answer(*wire.wrong(f"script: {wrong}"))
        except (KeyError, IndexError, TypeError, AttributeError, ValueError) as error:
            self.answer(*wire.wrong(f"script: {type(error).__name__}: {error}"))

    def play(self, wire, head, path):
        asked = wire.read(head, path, json.loads(head.raw))
        fault = script.name_of(asked.model)
        id = {wire.REQUEST_ID: "req_scripted_1"}
        if fault in ["cut", "early"] and asked.stream:
            return self.send_stream(wire, wire.cut(asked, fault == "cut"), id)
        if fault in script.FAULTS:
            status, headers, body = wire.fault(fault)
            return self.answer(status, {**headers, **id}, body)
        if path.endswith(("/count_tokens", "/count-tokens")):
            return self.answer(200, id, wire.count(asked))
        answer = script.answer_to(asked, wire.keeps)
        if asked.stream:
            return self.send_stream(wire, wire.stream(asked, answer), id)
        self.answer(200, id, wire.plain(asked, answer))

    def answer(self, status, headers, body):
        body = json.dumps(body, ensure_ascii=False).encode()
        self.send_response(status)
        for name, value in {**headers, "content-type": "application/json", "content-length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def send_stream(self, wire, events, headers):
        body = b"".join(events)
        self.send_response(200)
        for name, value in {**headers, "content-type": wire.STREAM_TYPE, "transfer-encoding": "chunked"}.items():
            self.send_header(name, value)
        self.end_headers()
        for at in range(0, len(body), SLICE):
            piece = body[at:at + SLICE]
            self.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
        self.wfile.write(b"0\r\n\r\n")

    def log_message(self, *_arguments):
        pass


def main():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    print(f"ready http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
