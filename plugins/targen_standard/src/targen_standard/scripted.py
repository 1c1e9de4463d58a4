"""The scripted backend: a model without a model, with faults on demand.

It answers by what a call is (its messages, its key), never by when it comes.
So a run on it is reproducible whatever the concurrency, and the faults of a
run fall on the same calls each time.
"""

from __future__ import annotations

import asyncio
import hashlib
import inspect
import json
import math
import random
import re
import sys
import traceback
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import Field

from targen_core.calls.backend import Backend, BackendOptions
from targen_core.calls.model import ChatReply, ChatRequest, Finish, Price
from targen_core.calls.scores import TokenScore
from targen_core.engine.guard import named
from targen_core.errors import PluginError, ServiceError, TargenError, UnreadableFile, UsageError
from targen_core.origin import Typed, execute, find_module
from targen_core.plain import content_of
from targen_core.plugins.register import MEMORY
from targen_core.reading.files import read_text
from targen_core.reading.values import json_of

Script = Callable[[ChatRequest], Any]
"""Given a request, the reply: text, a JSON value, a `ChatReply`, or an error raised."""


class ScriptedOptions(BackendOptions):
    """Options of the scripted backend; rates are fractions of calls, 0 to 1."""

    # Type checkers see a default only by its keyword.

    script: str = Field(
        default="", description="FILE.py:FUNCTION or MODULE:FUNCTION; default: dry-run replies"
    )
    recorded: str = Field(
        default="", description="FILE.jsonl of recorded replies; other calls get empty replies"
    )
    latency_ms: float = Field(
        default=0.0, ge=0, description="duration of each call in milliseconds"
    )
    error_rate: float = Field(
        default=0.0,
        ge=0,
        le=1,
        description="share of first attempts that fail with a simulated HTTP 5xx",
    )
    limit_rate: float = Field(
        default=0.0,
        ge=0,
        le=1,
        description="share of first attempts that are rejected with a simulated HTTP 429",
    )
    garbage_rate: float = Field(
        default=0.0, ge=0, le=1, description="share of replies that are not JSON"
    )
    cut_rate: float = Field(
        default=0.0, ge=0, le=1, description="share of replies cut off at max_tokens"
    )
    empty_rate: float = Field(default=0.0, ge=0, le=1, description="share of empty replies")
    refusal_rate: float = Field(default=0.0, ge=0, le=1, description="share of refusals")
    down: bool = Field(default=False, description="every call fails with a simulated HTTP 5xx")
    unauthorized: bool = Field(
        default=False, description="every call fails with a simulated HTTP 401"
    )


class ScriptedModel:
    """Implements `ChatModel` from a script, the task's dry run, or the schema."""

    structured = True
    seeded = True
    max_concurrency: int | None = None
    price: Price | None = Price(0.0, 0.0, source="the model runs in this process")
    top_logprobs: int | None = sys.maxsize  # as made up as its replies
    scores_given = True
    continues = True

    def __init__(self, options: ScriptedOptions, script: Script | None = None) -> None:
        self.options = options
        if script is None and options.recorded:
            script = recorded_replies(Path(options.recorded))
        self.script = script or (_load(Typed(options.script)) if options.script else None)
        if self.script is not None and not callable(self.script):
            raise UsageError(
                f"script: {type(self.script).__name__} is not a function",
                hint="pass a function that returns the reply to a request",
            )
        if inspect.iscoroutinefunction(self.script):
            raise UsageError(
                f"script: {named(self.script)} is an async function",
                hint="write def instead of async def",
            )
        self.calls = 0
        decisive = options.model_dump(
            include={"script", "recorded", "garbage_rate", "cut_rate", "empty_rate", "refusal_rate"}
        )
        self.identity = (
            "scripted:"
            + hashlib.sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest()[:8]
        )
        self._failed_once: set[str] = set()

    async def complete(self, request: ChatRequest) -> ChatReply:
        """Answer, or fail, depending on the options."""
        self.calls += 1
        options = self.options
        if options.latency_ms:
            await asyncio.sleep(options.latency_ms / 1000)
        if options.unauthorized:
            raise ServiceError("the script rejects the key", cause="key")
        if options.down:
            raise ServiceError("the script is down")
        rng = random.Random(f"faults {request.key}")
        if request.key not in self._failed_once:
            draw = rng.random()
            if draw < options.error_rate + options.limit_rate:
                self._failed_once.add(request.key)
                if draw < options.error_rate:
                    raise ServiceError("the script failed once")
                raise ServiceError(
                    "the script requests a pause", retry_after=0.01, cause="rate-limit"
                )
        reply = self._spoilt(request, self._reply(request))
        if request.top_logprobs is None or reply.tokens:
            return reply
        if request.next_token:
            first = _scores(reply.text, request)[:1] or (TokenScore("", 0.0, (("", 0.0),)),)
            return replace(reply, text=first[0].text, tokens=first)
        return replace(reply, tokens=_scores(reply.text, request))

    def _spoilt(self, request: ChatRequest, reply: ChatReply) -> ChatReply:
        """A reply, or a bad one in its place, as often as the options say."""
        options = self.options
        if options.garbage_rate + options.cut_rate + options.empty_rate + options.refusal_rate:
            draw = random.Random(f"bad replies {request.key}").random()
            most = request.params["max_tokens"]
            bad: tuple[tuple[float, str, Finish, int], ...] = (
                (options.garbage_rate, "Sure! As for that, it depends.", "stop", 9),
                (options.cut_rate, reply.text[: len(reply.text) // 2], "length", most),
                (options.empty_rate, "", "stop", 0),
                (options.refusal_rate, "I cannot help with that.", "refusal", 6),
            )
            for rate, text, finish, tokens in bad:
                if draw < rate:
                    return ChatReply(text, finish, reply.input_tokens, tokens)
                draw -= rate
        return reply

    def _reply(self, request: ChatRequest) -> ChatReply:
        if request.given is not None:
            value: Any = request.given
        elif self.script is not None:
            value = _replied(self.script, request)
        elif request.dry_run is not None:
            value = request.dry_run()
        elif request.schema is not None:
            value = fill_schema(request.schema, random.Random(request.key))
        else:
            value = _words(random.Random(request.key))
        if isinstance(value, ChatReply):
            return value
        read = sum([len(message.content) for message in request.messages])
        if request.next_token and isinstance(value, Mapping):
            return _likely(value, request, read // 4 + 1)
        text = value if isinstance(value, str) else _in_json(value, self.script)
        # Four characters per token, roughly as in English text.
        return ChatReply(text, "stop", read // 4 + 1, len(text) // 4 + 1)

    def count_tokens(self, request: ChatRequest) -> int:
        """One token per byte: an upper bound for any tokenizer."""
        return sum([len(message.content.encode()) + 16 for message in request.messages])

    async def aclose(self) -> None:
        """Do nothing: it holds no resources."""


def _replied(script: Script, request: ChatRequest) -> Any:
    """Call a script, whose errors are not those of the backend.

    Raises:
        PluginError: the script raised an error other than targen's.
    """
    try:
        return script(request)
    except TargenError:
        raise
    except Exception as error:
        error.__traceback__ = error.__traceback__ and error.__traceback__.tb_next
        frames = traceback.extract_tb(error.__traceback__)
        own = [frame for frame in frames if frame.filename == frames[0].filename]
        where = f" in {own[-1].name} (line {own[-1].lineno} of {own[-1].filename})" if own else ""
        raise _script_failed(f"{type(error).__name__}: {error}{where}") from error


def _in_json(value: Any, script: Script | None) -> str:
    """Return a reply that is a value as JSON.

    Raises:
        PluginError: JSON does not have such a value.
    """
    try:
        return json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError):
        raise _script_failed(
            f"{named(script)} returned {repr(value)[:80]}, which is neither text nor JSON"
        ) from None


def _script_failed(problem: str) -> PluginError:
    return PluginError(
        f"script: {problem}", distribution=MEMORY, hint="fix it, then run the same command again"
    )


def _scores(text: str, request: ChatRequest) -> tuple[TokenScore, ...]:
    """Made-up probabilities of a text's tokens, its words: the same for the same call."""
    chance = random.Random(f"scores {request.key}")
    count = min(request.top_logprobs or 0, _MOST_TOP)
    tokens = []
    for word in re.findall(r"\s*\S+|\s+$", text):
        own = chance.uniform(0.05, 0.95)
        others = chance.sample(_SYLLABLES, _MOST_TOP)
        likely = [(word, own), *((f" {o}", (1 - own) / 2**n) for n, o in enumerate(others, 1))]
        top = sorted(likely[:count], key=lambda one: -one[1])
        tokens.append(
            TokenScore(word, math.log(own), tuple((text, math.log(part)) for text, part in top))
        )
    return tuple(tokens)


def _likely(chances: Mapping[str, float], request: ChatRequest, read: int) -> ChatReply:
    """The next token, of tokens with their probabilities."""
    top = sorted(((text, math.log(p)) for text, p in chances.items()), key=lambda one: -one[1])
    token = TokenScore(*top[0], tuple(top[: request.top_logprobs]))
    return ChatReply(token.text, "length" if token.text else "stop", read, 1, tokens=(token,))


def fill_schema(schema: Mapping[str, Any], rng: random.Random) -> Any:
    """A value that a JSON schema (as pydantic writes it) allows."""
    return _fill(schema, rng, schema.get("$defs", {}))


def _fill(schema: Mapping[str, Any], rng: random.Random, defs: Mapping[str, Any]) -> Any:
    if "$ref" in schema:
        return _fill(defs[schema["$ref"].rpartition("/")[2]], rng, defs)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return rng.choice(schema["enum"])
    for union in ("anyOf", "oneOf", "allOf"):
        if union in schema:
            return _fill(schema[union][0], rng, defs)
    kind = schema.get("type")
    if kind == "object":
        return {name: _fill(part, rng, defs) for name, part in schema.get("properties", {}).items()}
    if kind == "array":
        minimum = schema.get("minItems", 3)
        count = min(max(minimum, 3), schema.get("maxItems", 3))
        return [_fill(schema.get("items", {}), rng, defs) for _ in range(max(minimum, count))]
    if kind == "integer":
        return rng.randint(schema.get("minimum", 0), schema.get("maximum", 100))
    if kind == "number":
        return rng.uniform(schema.get("minimum", 0.0), schema.get("maximum", 1.0))
    if kind == "boolean":
        return rng.random() < 0.5
    return _words(rng, schema.get("minLength", 0), schema.get("maxLength", 90))


_MOST_TOP = 12  # likeliest tokens that are made up, however many are requested
_SYLLABLES = ["ba", "de", "fi", "go", "ku", "la", "me", "ni", "po", "ra", "se", "ti", "vo", "za"]


def _words(rng: random.Random, least: int = 0, most: int = 90) -> str:
    """Made-up words, as a sentence if there is room."""
    count = max(1, min(10, most // 9))
    text = " ".join("".join(rng.choices(_SYLLABLES, k=rng.randint(2, 4))) for _ in range(count))
    while len(text) + 1 < least:
        text += f" {rng.choice(_SYLLABLES)}"
    return text.capitalize() + "." if count > 5 else text


def recorded_replies(path: Path) -> Script:
    """A script that gives the replies of a file, by what was asked.

    Each line is `{"prompt": NAME, "values": {...}, "reply": ...}`: the reply to that prompt when it
    is filled so. `values` may name some of the prompt's values only; the record that names most of
    them wins, the first of equals. A prompt without a reply in the file gets an empty one, which is
    rejected.

    Raises:
        UsageError: the file does not read.
    """
    records: dict[str, list[tuple[dict[str, str], Any]]] = {}
    try:
        lines = read_text(path, 256 << 20).split("\n")
    except UnreadableFile as error:
        raise UsageError(f"recorded replies {path}: {error.reason}") from error
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            record = json_of(line)
            values = {name: str(value) for name, value in record.get("values", {}).items()}
            records.setdefault(record["prompt"], []).append((values, record["reply"]))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise UsageError(f"recorded replies {path}, line {number}: {error!r}") from error
    for known in records.values():
        known.sort(key=lambda item: -len(item[0]))

    def reply(request: ChatRequest) -> Any:
        origin = request.origin
        if origin is None:
            return ""
        for values, recorded in records.get(origin.prompt, ()):
            if all(str(origin.values.get(name)) == value for name, value in values.items()):
                return recorded
        return ""

    return reply


def _load(where: Typed) -> Script:
    """The function that `FILE.py:FUNCTION` or `MODULE:FUNCTION` names."""
    source, _, name = where.rpartition(":")
    if not source:
        raise UsageError(f"script {where!r}: pass FILE.py:FUNCTION or MODULE:FUNCTION")
    named = Typed(source)
    try:
        if source.endswith(".py"):
            module = execute(named, content_of(Path(source)), "targen_script_")
        else:
            module = find_module(named)
        script: Script = getattr(module, name)
    except (OSError, ImportError, AttributeError, SyntaxError) as error:
        raise UsageError(f"script {where!r}: {error}") from error
    return script


BACKEND = Backend(
    summary="calls no model: replies come from a script, the task or the schema",
    options=ScriptedOptions,
    create=ScriptedModel,
    cacheable=False,
    top_logprobs=ScriptedModel.top_logprobs,
    scores_given=True,
    continues=True,
    made_up=True,
)
