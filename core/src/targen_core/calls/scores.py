"""Probabilities of the tokens of a reply, as the model reports them.

A log-probability is a natural logarithm, 0 or less, of the probability that the model gave a token
among all of its vocabulary.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from targen_core.errors import Rejected

if TYPE_CHECKING:
    from targen_core.calls.backend import Backend
    from targen_core.calls.model import ChatModel

T = TypeVar("T")

LEAST = -9999.0
"""The log-probability of what cannot be: services write this for it, or the least of all floats."""

_SPACE = re.compile(r"[ \t\n\r]*")
_DECODER = json.JSONDecoder(strict=False)


@dataclass(frozen=True, slots=True)
class TokenScore:
    """One token of a reply and its probability according to the model.

    Attributes:
        text: the text that the token adds to the reply. If a character takes several tokens, the
            last one contains it, and the earlier ones are "".
        logprob: the token's log-probability, from `LEAST` to 0.
        top: the likeliest tokens at its position with their log-probabilities, the likeliest first;
            as many as requested, or fewer. They may include the token itself.
    """

    text: str
    logprob: float
    top: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Scored(Generic[T]):
    """A value read from a reply, with the probability of each of its tokens.

    Attributes:
        value: what `Llm.ask` would have returned.
        text: the reply as it came, without reasoning.
        tokens: the tokens of `text`, in order, without the token that ends the reply.
    """

    value: T
    text: str
    tokens: tuple[TokenScore, ...]

    @property
    def logprob(self) -> float:
        """The log-probability of the whole reply: the sum over its tokens."""
        return math.fsum(token.logprob for token in self.tokens)

    @property
    def mean_logprob(self) -> float:
        """The mean log-probability of a token of the reply."""
        return mean_logprob(self.tokens)

    def field(self, *path: str | int) -> tuple[TokenScore, ...]:
        """The tokens of one value in a JSON reply, in order.

        `path` leads to it by names and numbers: `field("rows", 0, "text")`. Quotation marks around
        a text do not count, but a token that contains both a mark and a part of the text does.

        Raises:
            KeyError: the reply has no such value.
            Rejected: `unaligned-scores`, if the service's tokens do not make up the reply.
        """
        return self.between(*_span(self.text, _begin(self.text), path))

    def between(self, start: int, end: int) -> tuple[TokenScore, ...]:
        """Return the tokens for the characters `start` to `end` of `text`, in order.

        The first and last tokens may contain more.

        Raises:
            Rejected: `unaligned-scores`, if the service's tokens do not make up the reply.
        """
        if "".join(token.text for token in self.tokens) != self.text:
            raise Rejected(
                "unaligned-scores", "the tokens that the service listed do not make up the reply"
            )
        found, at = [], 0
        for token in self.tokens:
            here, at = at, at + len(token.text)
            if here < end and (at > start or here >= start):
                found.append(token)
        return tuple(found)


def mean_logprob(tokens: Sequence[TokenScore]) -> float:
    """The mean log-probability of a token.

    Raises:
        ValueError: there are no tokens.
    """
    if not tokens:
        raise ValueError("there are no tokens to average log-probabilities over")
    return math.fsum(token.logprob for token in tokens) / len(tokens)


def most_top(model: ChatModel | Backend) -> int | None:
    """Return the most alternatives that a model lists per token; None if it reports none."""
    most: int | None = getattr(model, "top_logprobs", None)
    return most


def scores_given(model: ChatModel | Backend) -> bool:
    """Return whether a model reports the probability of a given text."""
    return most_top(model) is not None and getattr(model, "scores_given", False) is True


def continues(model: ChatModel | Backend) -> bool:
    """Return whether a model reports which tokens may come next in a reply that has started."""
    return most_top(model) is not None and getattr(model, "continues", False) is True


def tells(model: ChatModel | Backend, *, given: bool, next_token: bool) -> bool:
    """Return whether a model, or those of a backend, can report what is requested.

    Args:
        model: the model.
        given: whether texts are given to be scored.
        next_token: whether the task requests the next token.
    """
    return (scores_given(model) or not given) and (continues(model) or not next_token)


def as_json(tokens: Sequence[TokenScore]) -> list[list[Any]]:
    """Tokens as a journal keeps them: `[text, logprob]`, with `[[text, logprob]]` behind it."""
    return [
        [token.text, token.logprob, *([[list(one) for one in token.top]] if token.top else [])]
        for token in tokens
    ]


def from_json(value: Any) -> tuple[TokenScore, ...]:
    """Read a value of `as_json`, which may come from a stranger.

    Raises:
        ValueError: the value is invalid, or contains an invalid log-probability.
    """
    if not isinstance(value, list):
        raise ValueError("tokens are not a list")
    return tuple(_token(item) for item in value)


def _token(item: Any) -> TokenScore:
    if not isinstance(item, list) or len(item) not in (2, 3):
        raise ValueError("a token must be a list: its text, its log-probability, any alternatives")
    text, logprob = _pair(item[:2])
    top = item[2] if len(item) == 3 else []
    if not isinstance(top, list):
        raise ValueError("the likeliest tokens are not a list")
    return TokenScore(text, logprob, tuple(_pair(one) for one in top))


def _pair(item: Any) -> tuple[str, float]:
    """A text and its log-probability; neither NaN nor an infinity is below 0 and above `LEAST`."""
    if isinstance(item, list) and len(item) == 2:
        text, logprob = item
        if type(text) is str and type(logprob) in (int, float) and LEAST <= logprob <= 0:
            return text, float(logprob)
    raise ValueError("a token must be a pair: its text and its log-probability")


def problem(tokens: Any) -> str:
    """Return what is wrong with the tokens that a model reports for a reply, or ""."""
    try:
        from_json(as_json(tokens))
    except (AttributeError, TypeError, ValueError) as error:
        return str(error)
    return ""


def _begin(text: str) -> int:
    """Return where the first JSON object of a text starts, as replies are read.

    Raises:
        KeyError: the text has no JSON object.
    """
    start = text.find("{")
    while start >= 0:
        try:
            _DECODER.raw_decode(text, start)
        except ValueError:
            start = text.find("{", start + 1)
        else:
            return start
    raise KeyError("the reply contains no JSON object")


def _span(text: str, at: int, path: Sequence[str | int]) -> tuple[int, int]:
    """Return the start and end of a value in the JSON at `at`; for a text without its quotes."""
    at = _skip(text, at)
    if not path:
        value, end = _DECODER.raw_decode(text, at)
        return (at + 1, end - 1) if isinstance(value, str) else (at, end)
    closing = {"{": "}", "[": "]"}.get(text[at])
    number = 0
    while closing is not None and text[at] != closing:
        at = _skip(text, at + 1)  # behind a bracket or a comma
        if text[at] == closing:  # an empty one
            break
        name: Any = number
        if closing == "}":
            name, at = _DECODER.raw_decode(text, at)
            at = _skip(text, at) + 1  # the colon
        if name == path[0]:
            return _span(text, at, path[1:])
        _, at = _DECODER.raw_decode(text, _skip(text, at))
        at, number = _skip(text, at), number + 1
    raise KeyError(path[0])


def _skip(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    assert match is not None  # it may be empty
    return match.end()
