"""Replies of models: whether one can be used, and how the journal and the cache keep it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TypeVar, get_args

from targen_core.calls import scores
from targen_core.calls.call import Call
from targen_core.calls.journal import checked, compact, unchecked
from targen_core.calls.model import MAX_REPLY, ChatReply, ChatRequest, Finish
from targen_core.errors import BadReply, ServiceError

OF_THE_CALL = ("refusal", "content-filter", "unanswered")
"""Ends of a call without a reply to read."""

_NAME = 200  # characters of a model's name that are kept
_ESCAPED = 6  # bytes of JSON that a character takes at most

T = TypeVar("T")


def value_of(reply: ChatReply, call: Call, read: Callable[[str], T]) -> T:
    """Read a reply's value.

    Raises:
        BadReply: it cannot be used.
    """
    # Any next token is good, the end of the reply as well.
    if call.next_token and not reply.unscored:
        return read(reply.text)
    if reply.unscored:
        raise BadReply(reply.unscored, reason="unscored-reply")
    if reply.finish == "length" and not call.may_be_cut:
        raise BadReply("it was cut at max_tokens")
    if not reply.text.strip():
        raise BadReply("it was empty")
    if not is_unicode(reply.text):
        raise BadReply("it holds half a character")
    return read(reply.text)


def is_usable(reply: ChatReply, call: Call, read: Callable[[str], Any]) -> bool:
    """Return whether a reply can be read; other faults show later."""
    if reply.finish in OF_THE_CALL:
        return False
    if reply.unscored:
        return True
    try:
        value_of(reply, call, read)
    except BadReply:
        return False
    except Exception:
        return True
    return True


def is_unicode(text: str) -> bool:
    """Return whether a text can be written to a file: half of a surrogate pair cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def checked_reply(reply: Any, request: ChatRequest) -> ChatReply:
    """Check that a model's answer is a reply with the requested scores, and return it.

    Raises:
        ServiceError: it has no scores: the service ignores the parameter.
        ServiceError: it is longer than `MAX_REPLY`.
    """
    if not isinstance(reply, ChatReply):
        raise TypeError(f"complete() returned {type(reply).__name__}, not a ChatReply")
    if request.top_logprobs is None:
        if reply.tokens or reply.unscored:
            reply = replace(reply, tokens=(), unscored="")
        return _short(reply)
    if problem := scores.problem(reply.tokens):
        raise ValueError(f"complete() returned invalid tokens: {problem}")
    _short(reply)
    if lacks_scores(reply, request):
        raise ServiceError(
            "the service's answer lacks the token probabilities that were requested",
            hint="the service may not offer them for this model; for this step, pass "
            "--backend-for STEP=local, or use vLLM, llama.cpp's server or Ollama 0.12.11",
            billed=True,
            cause="unsupported",
        )
    return reply


def _short(reply: ChatReply) -> ChatReply:
    """Check that a reply is not too long for the journal, and return it.

    Raises:
        ServiceError: it is longer than `MAX_REPLY`.
    """
    may_be_long = reply.tokens or _ESCAPED * (len(reply.text) + len(reply.unscored)) > MAX_REPLY
    if may_be_long and len(for_the_cache(reply)) > MAX_REPLY:
        raise ServiceError(f"the reply is longer than {MAX_REPLY >> 20} MiB", billed=True)
    return reply


def lacks_scores(reply: ChatReply, asked: Call | ChatRequest) -> bool:
    """Return whether a reply lacks requested scores that it could have."""
    if asked.top_logprobs is None or reply.unscored:
        return False
    if reply.finish in OF_THE_CALL:
        return False
    if asked.next_token:
        return not (reply.tokens and reply.tokens[0].top)
    return bool(reply.text.strip()) and not reply.tokens


def recorded_reply(record: Mapping[str, Any]) -> ChatReply:
    """The reply of a call, as the journal and the cache keep it."""
    tokens = scores.from_json(record["tokens"]) if "tokens" in record else ()
    unscored = record.get("unscored", "")
    return ChatReply(
        record["text"],
        record["finish"],
        record["in"],
        record["out"],
        tokens=tokens,
        unscored=unscored,
    )


def from_the_cache(stored: bytes) -> ChatReply | None:
    """Read a reply from the cache; None if the entry is damaged, too long, or is not a reply."""
    if len(stored) > MAX_REPLY:
        return None
    try:
        value = json.loads(unchecked(stored))
        reply = recorded_reply(value)
    except (ValueError, KeyError, TypeError):
        return None
    counts = (reply.input_tokens, reply.output_tokens)
    if not all(type(count) is int and count >= 0 for count in counts):
        return None
    texts = type(reply.text) is str and type(reply.unscored) is str
    # A call that one run did not get answered is made again by another.
    known = reply.finish in get_args(Finish) and reply.finish != "unanswered"
    return reply if texts and known else None


def for_the_cache(reply: ChatReply) -> bytes:
    """A reply as the cache keeps it: as in a record of the journal, behind its check sum."""
    return checked(compact(record_of(reply)))


def record_of(reply: ChatReply) -> dict[str, Any]:
    """Return the part of a reply that journal and cache keep, as `recorded_reply` reads it."""
    return {
        "text": reply.text,
        "finish": reply.finish,
        "in": reply.input_tokens,
        "out": reply.output_tokens,
        **({"tokens": scores.as_json(reply.tokens)} if reply.tokens else {}),
        **({"unscored": reply.unscored} if reply.unscored else {}),
    }


def details_of(reply: ChatReply) -> dict[str, Any]:
    """Return the further parts that the journal keeps of a reply to this run's own call."""
    details: dict[str, Any] = {
        "cache_read": reply.cache_read_tokens,
        "cache_write": reply.cache_write_tokens,
        "reasoning": reply.reasoning_tokens,
        "estimated": reply.estimated,
        "served": reply.model[:_NAME] if reply.is_other else "",
    }
    return {name: value for name, value in details.items() if value}
