"""What the scripted provider says, in no provider's shape, and what it wants to hear again.

A model's name ends in the name of a script (`claude-sonnet-4-5-tools`, `gpt-5-tools`). A script has an answer for
each turn: the one after as many answers as the request brings back.
"""

from typing import NamedTuple


class Text(NamedTuple):
    text: str


class Thought(NamedTuple):
    text: str
    # What the provider signs it with and wants back unchanged.
    signature: str


class Redacted(NamedTuple):
    data: str


class Refusal(NamedTuple):
    text: str


class Image(NamedTuple):
    # A media type and base64, or "url" and an address.
    kind: str
    data: str


class Call(NamedTuple):
    id: str
    name: str
    arguments: dict
    # Gemini's thought signature.
    signature: str | None = None


class Result(NamedTuple):
    id: str
    text: str


class Answer(NamedTuple):
    blocks: list
    # stop, length, tools, refused, or sequence with the text that ended it.
    finish: str = "stop"
    sequence: str | None = None


class Turn(NamedTuple):
    role: str
    blocks: list


class Asked(NamedTuple):
    """A request, read by the wire that it came on."""

    model: str
    stream: bool
    turns: list


class Wrong(Exception):
    """A request that the real provider would refuse, or that has lost something on its way."""


def want(condition, message):
    if not condition:
        raise Wrong(message)


def only(value, allowed, where):
    """An object with no other members than these: what providers call extra inputs."""
    want(isinstance(value, dict), f"{where}: expected an object, found {value!r}")
    extra = sorted(value.keys() - set(allowed))
    want(not extra, f"{where}: extra inputs are not permitted: {', '.join(extra)}")
    return value


# Figures that an answer reports, of which no two are equal.
UNCACHED, CACHE_READ, CACHE_WRITE, CACHE_WRITE_1H, OUTPUT, REASONING = 20, 100, 30, 10, 45, 17

WEATHER = "get_weather"
ZURICH = {"city": "Zürich", "days": 3}
TOKYO = {"city": "東京 \"Edo\"", "days": 1}
# Base64 with every letter that a wire could harm.
SIGNATURES = [f"EqQBCgIYAhIkMWI3{n}+/abcDEF0123456789==" for n in "ABC"]
THOUGHT = "The user wants the weather.\n\nI must ask for \"Zürich\" 🌦, "
REDACTED = "EmwKAhgBEgy3va3pzix/LafPsn4aDFIT2Xlxh0L5L8rLVyIwxtE3rAFBa8cr3qpP=="


def call(number, name=WEATHER, arguments=None, signature=None):
    return Call(str(number), name, arguments or {}, signature)


SCRIPTS = {
    "chat": [
        Answer([Text("Scripted: Grüße aus der Ferne, 你好 👋🏽.")]),
        Answer([Text("Scripted: und nochmals.")]),
        Answer([Text("Scripted: zum dritten Mal.")]),
    ],
    "tools": [
        Answer([Text("I will look."), call(1, arguments=ZURICH)], "tools"),
        Answer([call(2, arguments=TOKYO)], "tools"),
        Answer([Text("Scripted: sunny in both.")]),
    ],
    "parallel": [
        Answer([call(1, arguments=ZURICH), call(2, arguments=TOKYO), call(3, "get_time")], "tools"),
        Answer([Text("Scripted: all three.")]),
    ],
    "thinking": [
        Answer([Thought(THOUGHT, SIGNATURES[0]), Redacted(REDACTED), Text("Looking."), call(1, arguments=ZURICH)], "tools"),
        Answer([Thought("And Tokyo.", SIGNATURES[1]), call(2, arguments=TOKYO)], "tools"),
        Answer([Thought("Both are there.", SIGNATURES[2]), Text("Scripted: thought through.")]),
    ],
    "signed": [
        Answer([call(1, arguments=ZURICH, signature=SIGNATURES[0]), call(2, arguments=TOKYO)], "tools"),
        Answer([call(3, "get_time", signature=SIGNATURES[1])], "tools"),
        Answer([Text("Scripted: signed twice.")]),
    ],
    "sequence": [Answer([Text("Scripted: one, two, ")], "sequence", "END")],
    "length": [Answer([Text("Scripted: this goes on and")], "length")],
    "refusal": [Answer([Text("Scripted: well, "), Refusal("I cannot go on.")], "refused")],
    "json": [Answer([Text('{"city": "Zürich", "days": 3}')])],
}
# These look at the request and answer as `chat` does.
for name in ["vision", "cache", "effort", "settings", "azure"]:
    SCRIPTS[name] = SCRIPTS["chat"]

# These fail: with a status, or in a stream that has begun (`cut`) or has said nothing yet (`early`).
FAULTS = ["limited", "overloaded", "wrong", "broken", "denied", "long", "cut", "early"]


def name_of(model):
    return model.split(":")[0].removesuffix("-v1").rsplit("-", 1)[-1]


def answer_to(asked, keeps):
    """The answer that comes next, if the ones before it were brought back: as far as the wire `keeps` their blocks,
    every block is what it was, and every call has its result."""
    answers = SCRIPTS.get(name_of(asked.model))
    want(answers, f"no such model: {asked.model}")
    said = [turn for turn in asked.turns if turn.role == "assistant"]
    want(len(said) < len(answers), f"{len(said)} answers were brought back, of {len(answers)} that there are")
    for number, (turn, answer) in enumerate(zip(said, answers)):
        kept = [block for block in map(keeps, answer.blocks) if block]
        want(turn.blocks == kept, f"answer {number} was {kept}, and came back as {turn.blocks}")
    for turn, following in zip(asked.turns, asked.turns[1:] + [Turn("nobody", [])]):
        calls = [block.id for block in turn.blocks if isinstance(block, Call)]
        results = [block.id for block in following.blocks if isinstance(block, Result)]
        want(sorted(calls) == sorted(results), f"calls {calls} have the results {results}")
    return answers[len(said)]


def text_of(blocks):
    return "".join(block.text for block in blocks if isinstance(block, Text))


def pieces(text, size=5):
    """A text as it comes in a stream."""
    return [text[at:at + size] for at in range(0, len(text), size)] or [""]


def as_json():
    """The scripts, and the figures, for whoever is not written in Python."""
    said = lambda block: {"is": type(block).__name__, **block._asdict()}
    whole = lambda answer: {**answer._asdict(), "blocks": [said(block) for block in answer.blocks]}
    prompt = UNCACHED + CACHE_READ + CACHE_WRITE
    return {
        "scripts": {name: [whole(answer) for answer in answers] for name, answers in SCRIPTS.items()},
        "usage": {"prompt": prompt, "cached": CACHE_READ, "written": CACHE_WRITE, "output": OUTPUT, "reasoning": REASONING},
    }
