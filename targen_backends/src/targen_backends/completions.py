"""OpenAI's chat completions, the shape that most servers speak, as plain data.

No transport here: `chatgpt` and `llama` send it over HTTP, `local`
hands it to llama.cpp in the same process.
"""

from __future__ import annotations

import contextlib
import json
import math
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from targen_backends.scores import asking, read_tokens
from targen_core import ChatReply
from targen_core.calls.model import ChatRequest, Finish, token_count
from targen_core.cli import tokens
from targen_core.errors import ServiceError
from targen_core.text import printable

SEED_MASK = 0x7FFFFFFF
"""llama.cpp reads 0xFFFFFFFF as "draw one"; some servers take 32 bits only."""

_FINISH: dict[str, Finish] = {
    **dict.fromkeys(("stop", "eos", "eos_token", "end_turn", "stop_sequence", "complete"), "stop"),
    **dict.fromkeys(("tool_calls", "tool_use"), "stop"),
    **dict.fromkeys(("length", "max_tokens", "max_output_tokens", "model_length"), "length"),
    "model_context_window_exceeded": "length",
    "refusal": "refusal",
}
_FILTERED = re.compile(r"filter|safety|prohibited|blocklist|spii|recitation|sensitive|moderation")
_BLOCKED = re.compile(r'"filtered": true|"block_?reason"|"finish_reason": "content', re.IGNORECASE)
"""Signs of a filter in an answer without a reply (Azure, Gemini, OpenAI)."""

_RELEASE = re.compile(r"[-@:](\d{3}[\d-]*|latest|free|nitro|floor)")
_TAG = (
    r"(?:begin_of_|end_of_|start_|end_|seed:)?"
    r"(?:think(?:ing)?|thoughts?|reason(?:ing)?|reflection|scratchpad|analysis|cot)"
)
_OPENING = re.compile(
    rf"<\|?{_TAG}\|?>|\[{_TAG}\]|◁{_TAG}▷|<\|channel>(?:thought|analysis)|<\|inner_prefix\|>",
    re.IGNORECASE,
)
_CLOSING = re.compile(
    rf"(?:</{_TAG}>|<\|/?{_TAG}\|>|\[/{_TAG}\]|◁/{_TAG}▷|<channel\|>|<\|inner_suffix\|>)"
    r"(?:\s+(?=\S)|(?=[{\[])|\s*\Z)",
    re.IGNORECASE,
)
"""Markers that families of models write around their reasoning: <think> (Qwen, DeepSeek), [THINK]
(Mistral), <|START_THINKING|> (Cohere), ◁think▷ (Kimi), <seed:think>, <|channel>thought (Gemma).
"""
_CHANNELS = re.compile(r"(<\|start\|>assistant)?<\|channel\|>")
_FINAL = re.compile(
    r"<\|channel\|>final[^<]*(?:<\|constrain\|>[^<]*)?<\|message\|>(.*?)(?:<\|(?:return|end)\|>|\Z)",
    re.DOTALL,
)
"""A final message (cookbook.openai.com, "OpenAI harmony response format", read 2026-11-20)."""


def fields(request: ChatRequest) -> dict[str, Any]:
    """Return the messages and sampling parameters of `request`; one that is None is omitted."""
    body: dict[str, Any] = {
        "messages": [{"role": m.role, "content": sound(m.content)} for m in request.messages]
    }
    for name, value in request.params.items():
        if value is not None:
            body[name] = value & SEED_MASK if name == "seed" else value
    return body | asking(request)


def read_reply(
    envelope: Any,
    request: ChatRequest,
    *,
    detailed: bool = False,
) -> ChatReply:
    """The reply inside the JSON that a server answered.

    A refusal's words become the text. A whole JSON object was not cut, whatever the server says.
    Reasoning is dropped, in a field of its own or at the beginning of the text. Token counts that
    the server leaves out are estimated at four bytes per token. An invalid count is replaced by the
    most that the request may take. With `detailed` the model's name and the cached and the
    reasoning tokens are also reported. Probabilities of tokens are read if the request asks for
    them.

    Raises:
        ServiceError: the envelope has no first choice with a message; billed, since a model
            has been at work.
    """
    try:
        choices = envelope["choices"]
        choice = first_choice(choices) if choices else {}
        message = choice.get("message") or {"content": choice["text"]}
        text = _text(message.get("content")) or _of_tool(message)
        finish = finish_of(choice.get("finish_reason"))
        if not text and finish == "stop" and request.schema is not None:  # by a reasoning parser
            text = str(message.get("reasoning_content") or message.get("reasoning") or "")
        refusal = message.get("refusal")
        usage = envelope.get("usage") or {}
        known = reported(usage.get("prompt_tokens"), usage.get("completion_tokens"))
        model = envelope.get("model")
        listed = choice.get("logprobs")
    except (KeyError, IndexError, TypeError, AttributeError):
        raise no_completion(envelope) from None
    if refusal:
        text, finish = text or str(refusal), "refusal"
    input_tokens, output_tokens = reported_or_estimated(*known, request, text)
    raw, text = text, without_reasoning(text)
    finish = whole(finish, text, request)
    scores, unscored = read_tokens(listed, request, raw, text)
    if request.next_token and scores:  # llama.cpp repeats how the reply has begun
        text = scores[0].text
    reply = ChatReply(
        text,
        finish,
        input_tokens,
        output_tokens,
        tokens=scores,
        unscored=unscored,
        estimated=known[0] is None or (known[1] is None and bool(text)),
    )
    if not detailed:
        return reply
    details = usage.get("prompt_tokens_details")
    cache_read = count(details, "cached_tokens", input_tokens)
    return replace(
        reply,
        cache_read_tokens=cache_read,
        cache_write_tokens=count(details, "cache_write_tokens", input_tokens - cache_read),
        reasoning_tokens=count(
            usage.get("completion_tokens_details"), "reasoning_tokens", output_tokens
        ),
        model=model if isinstance(model, str) else "",
    )


def no_completion(envelope: Any) -> ServiceError:
    """Return the error for an answer without a reply: a filter stopped it, or it has no form."""
    shown = json.dumps(envelope)
    is_filtered = _BLOCKED.search(shown) is not None
    is_other = isinstance(envelope, dict) and "choices" not in envelope
    keys = printable(", ".join(map(str, envelope)), lines=False, max_length=80) if is_other else ""
    return ServiceError(
        "a content filter stopped the reply"
        if is_filtered
        else f"the answer is not a chat completion{f': its keys are {keys}' if keys else ''}",
        cause="content-filter" if is_filtered else "no-reply",
        hint="check that --base-url is the address of an API for chat completions",
        billed=True,
        tokens=usage_of(envelope),
    )


def finish_of(reason: object) -> Finish:
    """Return how a reply ended, in whichever words the service says so."""
    words = str(reason or "").lower()
    if _FILTERED.search(words):
        return "content-filter"
    return _FINISH.get(words, "other")


def from_stream(text: str) -> Any:
    """Return the chat completion whose parts a server streams although nobody asked for that.

    Raises:
        ValueError: it is no such stream.
    """
    envelope: dict[str, Any] = {}
    content, finish = "", None
    for line in text.splitlines():
        if not line.startswith("data:") or line[5:].strip() == "[DONE]":
            continue
        part = json.loads(line[5:])
        if not isinstance(part, dict):
            raise ValueError("a part of the stream is not an object")
        for choice in part.get("choices") or ():
            content += (choice.get("delta") or {}).get("content") or ""
            finish = choice.get("finish_reason") or finish
        envelope |= {name: value for name, value in part.items() if value}
    if finish is None and "error" not in envelope:
        raise ValueError("the stream has no end")
    choice = {"index": 0, "message": {"content": content}, "finish_reason": finish}
    return envelope | {"choices": [choice]}


def count(usage: Any, name: str, maximum: int) -> int:
    """Return a count of tokens in a part of `usage`, between 0 and `maximum`; 0 by default."""
    value = usage.get(name) if isinstance(usage, Mapping) else None
    return min(token_count(value, 0), maximum)


def reported(input_tokens: object, output_tokens: object) -> tuple[int | None, int | None]:
    """Return the counts that a server reports, whatever JSON type it gives them.

    One is None if it is absent, is no number, or is 0, which some servers report for all. One that
    is not finite becomes -1, which is invalid as well.
    """
    return _reported(input_tokens), _reported(output_tokens)


def _reported(value: object) -> int | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    if isinstance(value, int):
        return value or None
    try:
        number = float(value)
    except ValueError:
        return None
    return (math.ceil(number) or None) if math.isfinite(number) else -1


def usage_of(data: Any) -> tuple[int, int] | None:
    """Return the tokens that an answer without a reply reports, or None."""
    usage = data.get("usage") if isinstance(data, Mapping) else None
    if not isinstance(usage, Mapping):
        return None
    read = token_count(usage.get("prompt_tokens", usage.get("input_tokens")), 0)
    written = token_count(usage.get("completion_tokens", usage.get("output_tokens")), 0)
    return (read, written) if read or written else None


def reported_or_estimated(
    input_tokens: int | None, output_tokens: int | None, request: ChatRequest, text: str
) -> tuple[int, int]:
    """Return the tokens that are `reported`, or else estimated.

    An invalid count (`targen_core.calls.model.token_count`) becomes the request's bound.
    """
    if input_tokens is None:
        input_tokens = tokens.estimate(m.content for m in request.messages)
    if output_tokens is None:
        output_tokens = tokens.estimate([text])
    max_output = request.params.get("max_tokens") or tokens.estimate([text])
    return (
        token_count(input_tokens, token_bound(request)),
        token_count(output_tokens, max_output),
    )


def token_bound(request: ChatRequest) -> int:
    """An upper bound of the input tokens, the schema counted as if it were sent."""
    bound = tokens.upper_bound(request.messages)
    if request.schema is not None:
        bound += len(json.dumps(request.schema, ensure_ascii=False).encode("utf-8", "replace"))
    return bound


def sound(text: str) -> str:
    """`text` without lone surrogates, which no server takes."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def first_choice(choices: Any) -> Any:
    """Return the choice with the index 0, in any place; the first if no choice has it."""
    return next((c for c in choices if isinstance(c, dict) and c.get("index") == 0), choices[0])


def _text(content: Any) -> str:
    if isinstance(content, Mapping):
        return json.dumps(content, ensure_ascii=False)
    if content is None or isinstance(content, str):
        return content or ""
    return "".join(part["text"] for part in content if part.get("type", "text") == "text")


def _of_tool(message: Mapping[str, Any]) -> str:
    """Return the arguments of the one tool that a server makes of a schema; "" without one."""
    calls: Any = message.get("tool_calls") or ()
    arguments: Any = calls[0]["function"]["arguments"] if len(calls) == 1 else ""
    return arguments if isinstance(arguments, str) else json.dumps(arguments)


def is_another(served: str, requested: str) -> bool:
    """Return whether a service's name for a model is not just a form of the requested one.

    Such a form has a provider's name before it, or a date or the like after it.
    """
    names = sorted((each.rpartition("/")[2].lower() for each in (served, requested)), key=len)
    shorter, longer = names
    rest = longer.removeprefix(shorter)
    return bool(served) and rest != "" and (rest == longer or not _RELEASE.fullmatch(rest))


def whole(finish: Finish, text: str, request: ChatRequest) -> Finish:
    """Return how a reply ended: its last token may be the last that it could have."""
    is_whole = finish == "length" and request.schema is not None and _is_json(text)
    return "stop" if is_whole else finish


def without_reasoning(text: str) -> str:
    """Return `text` after its leading reasoning; "" if that never ends.

    Reasoning is a block such as <think>. If the prompt's template opened it, it is all text before
    its end. gpt-oss has channels: the last one, `final`, is the text.
    """
    start = text.lstrip()
    if _CHANNELS.match(start):
        finals = _FINAL.findall(start)
        return finals[-1].strip() if finals else ""
    opening = _OPENING.match(start)
    closing = _CLOSING.search(start, opening.end() if opening else 0)
    if opening:
        return start[closing.end() :].lstrip() if closing else ""
    if closing is None or _OPENING.search(start[: closing.start()]) or _is_json(text):
        return text
    return start[closing.end() :]


def _is_json(text: str) -> bool:
    with contextlib.suppress(ValueError, RecursionError):
        return isinstance(json.loads(text), dict | list)
    return False
