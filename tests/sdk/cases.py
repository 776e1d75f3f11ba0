"""What the scripts for Python have in common: their environment, their cases, and what the scripted provider got.

TOLLGATE_BASE_URL     such as http://127.0.0.1:9000/v1
TOLLGATE_KEY          a key that may use everything, with limits far away
TOLLGATE_NARROW_KEY   a key that may use `demo` only (without it, what needs it is skipped)
TOLLGATE_TINY_KEY     a fresh key with three requests a minute (likewise)
SDK_PROVIDER          the address of provider.py, to which the gateway has routes (likewise)
"""

import json
import os
import time
import traceback
import urllib.request

BASE_URL = os.environ["TOLLGATE_BASE_URL"]
KEY = os.environ["TOLLGATE_KEY"]
WRONG_KEYS = ["not-a-key", KEY[:-1] + ("a" if KEY[-1] != "a" else "b")]
NARROW_KEY = os.environ.get("TOLLGATE_NARROW_KEY")
TINY_KEY = os.environ.get("TOLLGATE_TINY_KEY")
PROVIDER = os.environ.get("SDK_PROVIDER")

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
PLACE = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
    "required": ["city", "days"],
    "additionalProperties": False,
}
NOTHING = {"type": "object", "properties": {}}
CASES = []


class Skip(Exception):
    pass


def case(name):
    return lambda function: CASES.append((name, function))


def scripted(name, *parameters):
    """A case of the scripted provider, once for each parameter, by which it is called."""
    def add(function):
        for parameter in parameters:
            CASES.append((f"{parameter}: {name}", lambda parameter=parameter: need(PROVIDER) and function(parameter)))
    return add


def need(what):
    if not what:
        raise Skip
    return what


def equal(found, expected):
    assert found == expected, f"{found!r}, expected {expected!r}"


def sent(request_id):
    """What the provider got of a request: its path, headers and body."""
    with urllib.request.urlopen(f"{need(PROVIDER)}/requests?id={request_id}") as answer:
        return json.load(answer)


def fourth_is_refused(ask, error_class):
    """The error of the fourth request in a minute."""
    begin, served = int(time.time() // 60), 0
    try:
        # Seven do not fit into two minutes of three, should the minute end meanwhile.
        for served in range(7):
            ask()
    except error_class as error:
        equal(error.response.headers["x-ratelimit-remaining-requests"], "0")
        assert 0 < int(error.response.headers["retry-after"]) <= 60, dict(error.response.headers)
        assert served == 3 or int(time.time() // 60) > begin, f"{served} requests"
        return error
    raise AssertionError("seven requests")


def run(name, function):
    try:
        function()
    except Skip:
        return "skipped", name
    except Exception:
        return "FAILED", f"{name}\n{traceback.format_exc(limit=-3)}"
    return "ok", name


def main(who):
    results = []
    for name, function in CASES:
        result, text = run(name, function)
        results.append(result)
        print(f"{result:<7} {who:<7} {text}", flush=True)
    passed, failed, skipped = map(results.count, ["ok", "FAILED", "skipped"])
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    return failed > 0
