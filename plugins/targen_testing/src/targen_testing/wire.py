"""Wire formats of a service: the forms of answers and faults that the kit sends."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

TOKENS_IN, TOKENS_OUT = 11, 3
"""The usage that every good answer reports."""


def _completion(text: str, finish: str) -> dict[str, Any]:
    """OpenAI's chat completion."""
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "tiny",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": text, "refusal": None},
                "logprobs": None,
                "finish_reason": finish,
            }
        ],
        "usage": {
            "prompt_tokens": TOKENS_IN,
            "completion_tokens": TOKENS_OUT,
            "total_tokens": TOKENS_IN + TOKENS_OUT,
        },
    }


def token_entries(text: str, top: int) -> list[dict[str, Any]]:
    """OpenAI's list of a text's tokens, its words, with `top` likeliest tokens for each.

    The n-th token has the probability 1 / (n + 1); the token that ends a reply comes last.
    """
    words = [*re.findall(r"\s*\S+|\s+$", text), ""]
    return [
        _entry(word, n) | {"top_logprobs": [_entry(word, n), _entry(" or", n + 4)][:top]}
        for n, word in enumerate(words, 1)
    ]


def _entry(token: str, number: int) -> dict[str, Any]:
    return {
        "token": token,
        "logprob": -math.log(number + 1),
        "bytes": [*token.encode()],
    }


def _scored(text: str, finish: str, top: int) -> dict[str, Any]:
    """OpenAI's chat completion with token probabilities."""
    answer = _completion(text, finish)
    answer["choices"][0]["logprobs"] = {"content": token_entries(text, top), "refusal": None}
    return answer


def _error(message: str, code: str) -> dict[str, Any]:
    """OpenAI's error."""
    return {"error": {"message": message, "type": "error", "param": None, "code": code or None}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wire:
    """A service's forms; the defaults are those of OpenAI's chat completions.

    Attributes:
        base: what the address ends in that the backend is given: "/v1".
        answer: `answer(text, finish)` is the JSON body of a good answer with the usage `TOKENS_IN`
            and `TOKENS_OUT`. `finish` is "stop", or "length" for an answer cut at `max_tokens`.
        scored: `scored(text, finish, top)` is such an answer with the probabilities of its tokens
            and of the `top` likeliest ones at each place, for a `ScoringModel`.
        fault: `fault(message, code)` is the JSON body of an error; the code
            is OpenAI's, or "".
        empty: answers with status 200 that hold no reply.
        too_long: message and code of a prompt that does not fit the context.
        request_id: the header with the service's name for a call, or "".
    """

    base: str = "/v1"
    answer: Callable[[str, str], Any] = _completion
    scored: Callable[[str, str, int], Any] = _scored
    fault: Callable[[str, str], Any] = _error
    empty: tuple[Any, ...] = ({"choices": []}, {"choices": [{}]}, {})
    too_long: tuple[str, str] = (
        "This model's maximum context length is 8192 tokens.",
        "context_length_exceeded",
    )
    request_id: str = "x-request-id"


OPENAI = Wire()
