"""Anthropic's messages, as plain data: what is sent, and what comes back.

The forms: the types of the package `anthropic` 2.11 (its `messages.create` and
what that returns) and platform.claude.com/docs/en/api, both read 2026-11-20.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from targen_backends.completions import count, finish_of, reported, reported_or_estimated, sound
from targen_core import ChatReply
from targen_core.calls.model import ChatRequest, Message
from targen_core.errors import ServiceError

SAMPLING = ("temperature", "top_p", "top_k")
"""Parameters that version 2026-10-21 of the API has not any more."""

TOOL = "reply"
"""The name of the tool that carries a reply, if one is used for it."""

_CACHED_FROM = 2048
"""Bytes of the fixed part of a prompt from which on it is marked for the cache.

No model caches fewer than 512 tokens. A prompt below its model's minimum is not cached, and costs
no more (platform.claude.com, prompt-caching).
"""

_MAX = 10**8  # tokens that any context may have


def conversation(messages: Sequence[Message], *, mark: bool) -> dict[str, Any]:
    """The fields `messages` and `system`.

    System messages become the one field that the API has for them; without other messages, they
    become the user's. With `mark`, the part before the last question is marked for the prompt cache
    if it is long. It is the same in all calls of a step.
    """
    system = "\n\n".join(sound(m.content) for m in messages if m.role == "system")
    turns = [{"role": m.role, "content": sound(m.content)} for m in messages if m.role != "system"]
    if not turns:
        return {"messages": [{"role": "user", "content": system}]}
    fields: dict[str, Any] = {"messages": turns, **({"system": system} if system else {})}
    asked = max((n for n, turn in enumerate(turns) if turn["role"] == "user"), default=0)
    fixed = [system, *(turn["content"] for turn in turns[:asked])]
    if mark and len("".join(fixed).encode()) >= _CACHED_FROM:
        part = {"type": "text", "text": fixed[-1], "cache_control": {"type": "ephemeral"}}
        if asked:
            fields["messages"][asked - 1]["content"] = [part]
        else:
            fields["system"] = [part]
    return fields


def parameters(params: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of the sampling parameters, under Anthropic's names.

    Raises:
        ServiceError: for one that the API has no field for.
    """
    body: dict[str, Any] = {}
    for name, value in params.items():
        if value is None:
            continue
        if name == "max_tokens" or name in SAMPLING:
            body[name] = value
        elif name == "stop":
            body["stop_sequences"] = [value] if isinstance(value, str) else list(value)
        elif name == "reasoning_effort":
            body["output_config"] = {"effort": value}
        else:
            raise ServiceError(
                f"Anthropic's API does not support the parameter {name!r}",
                hint=f"remove -o {name}=...",
                cause="unsupported",
            )
    return body


def read_message(envelope: Any, request: ChatRequest) -> ChatReply:
    """The reply inside the JSON that the API answered.

    Reasoning is left out of the text and counted. A refusal's explanation
    becomes the text. Input tokens are all of them, read from the cache or not.

    Raises:
        ServiceError: the envelope is not a message; billed, since a model has been at work.
    """
    try:
        finish = finish_of(envelope["stop_reason"])
        blocks = envelope["content"] or [] if finish == "refusal" else envelope["content"]
        text = "".join(block["text"] for block in blocks if block["type"] == "text")
        for block in blocks:
            if block["type"] == "tool_use" and block["name"] == TOOL:
                text = json.dumps(block["input"], ensure_ascii=False)
        details = envelope.get("stop_details")
        model = envelope.get("model")
        usage = envelope.get("usage") or {}
        known = reported(usage.get("input_tokens"), usage.get("output_tokens"))
    except (KeyError, TypeError, AttributeError):
        raise ServiceError(
            "the answer is not an Anthropic message", cause="no-reply", billed=True
        ) from None
    if finish == "refusal" and isinstance(details, Mapping):
        parts = [str(details[key]) for key in ("category", "explanation") if details.get(key)]
        text = ": ".join(parts) or text
    input_tokens, output_tokens = reported_or_estimated(*known, request, text)
    cache_read = cache_write = 0
    if input_tokens == known[0]:  # it reported one, and a count
        cache_read = count(usage, "cache_read_input_tokens", _MAX)
        cache_write = count(usage, "cache_creation_input_tokens", _MAX)
        input_tokens += cache_read + cache_write
    return ChatReply(
        text,
        finish,
        input_tokens,
        output_tokens,
        cache_read_tokens=cache_read,
        cache_write_tokens=cache_write,
        reasoning_tokens=count(
            usage.get("output_tokens_details"), "thinking_tokens", output_tokens
        ),
        model=model if isinstance(model, str) else "",
        estimated=known[0] is None or (known[1] is None and bool(text)),
    )
