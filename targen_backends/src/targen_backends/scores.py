"""Token probabilities as services write them: OpenAI's form, which most others share.

The forms are those of OpenAI's chat completions (`logprobs`, `top_logprobs`; the package `openai`
3.52, `chat_completion_token_logprob.py`), and of vLLM's protocol 0.15. Also of llama.cpp's server,
and of Ollama's docs/api.md from 0.12.11 on. They were read on 2026-11-22.
"""

from __future__ import annotations

import codecs
import json
import math
from collections.abc import Mapping
from typing import Any

from targen_core.calls.model import ChatRequest
from targen_core.calls.scores import LEAST, TokenScore

MOST = 20
"""The most alternatives per token that OpenAI lists, and vLLM by default."""

_ABOVE = 1e-3
"""By so much a log-probability may be above 0: sums of floats are not exact."""


class _NoNumber(ValueError):
    """A value, as JSON has it, where a log-probability should be."""


def asking(request: ChatRequest) -> dict[str, Any]:
    """The fields of a request's body that ask for the probabilities of its tokens, or none."""
    if request.top_logprobs is None:
        return {}
    # llama.cpp does not list any if 0 alternatives are requested.
    return {"logprobs": True, "top_logprobs": max(1, request.top_logprobs)}


def read_tokens(
    listed: Any, request: ChatRequest, raw: str, text: str
) -> tuple[tuple[TokenScore, ...], str]:
    """The tokens of a reply, and what is wrong with those that are listed, or "".

    The result is empty if none were requested, if the service lists none, or none with a
    log-probability, or if something is wrong.

    Args:
        listed: the service's list, one entry a token; or an object with it under `content`.
        request: what was asked. Where that is the next token, it is kept though it may be the end.
        raw: the reply as it came. The tokens make it up. More may precede or follow it, such as the
            token that ends a reply, or marks of code that llama.cpp removes.
        text: the part of the raw text to keep: its end, after any reasoning.
    """
    if request.top_logprobs is None or not listed:
        return (), ""
    try:
        if isinstance(listed, dict):
            listed = listed.get("content") or ()
        if all(entry.get("logprob") is None for entry in listed):
            return (), ""
        tokens = _tokens(listed, request.top_logprobs)
    except _NoNumber as error:
        return (), f"a token of the answer has the invalid log-probability {error}"
    except (AttributeError, KeyError, TypeError, ValueError):
        return (), "the token probabilities in the answer have an unexpected format"
    return tuple(tokens[:1]) if request.next_token else _kept(tokens, raw, text), ""


def _tokens(listed: Any, most: int) -> list[TokenScore]:
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    tokens = []
    for entry in listed:
        raw = _bytes(entry)
        text = _text(entry) if raw is None else decoder.decode(raw)
        likeliest = [
            (_text(one) if (b := _bytes(one)) is None else b.decode("utf-8", "replace"), _log(one))
            for one in entry.get("top_logprobs") or ()
        ]
        likeliest.sort(key=lambda one: -one[1])
        tokens.append(TokenScore(text, _log(entry), tuple(likeliest[:most])))
    return tokens


def _bytes(entry: Mapping[str, Any]) -> bytes | None:
    """Return a token's bytes, if the service lists them: a part of a character is not text."""
    listed = entry.get("bytes")
    return None if listed is None else bytes(listed)


def _text(entry: Mapping[str, Any]) -> str:
    token = entry["token"]
    if not isinstance(token, str):
        raise TypeError(token)
    return token if token.isascii() else token.encode("utf-8", "replace").decode()


def _log(entry: Mapping[str, Any]) -> float:
    """A log-probability between `LEAST` and 0."""
    value = entry["logprob"]
    if type(value) not in (int, float) or math.isnan(value) or value > _ABOVE:
        raise _NoNumber(json.dumps(value)[:40])
    return min(max(float(value), LEAST), 0.0)


def _kept(tokens: list[TokenScore], raw: str, text: str) -> tuple[TokenScore, ...]:
    """The tokens of what is kept of a reply.

    If the tokens do not make the reply up, only the reasoning is cut off. This happens with a
    service that has no bytes for parts of a character.
    """
    whole = "".join(token.text for token in tokens)
    begun = whole.rfind(raw)
    if begun >= 0:
        start, end = begun + len(raw) - len(text), begun + len(raw)
    else:
        start, end = 0, len(whole)
        if len(text) < len(raw) and "</think>" in whole:
            start = whole.index("</think>") + len("</think>")
    kept, at = [], 0
    for token in tokens:
        here, at = at, at + len(token.text)
        if here < end and (at > start or here >= start):
            kept.append(token)
    return tuple(kept)
