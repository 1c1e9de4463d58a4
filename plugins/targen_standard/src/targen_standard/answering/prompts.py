"""Open prompts as a text or as JSON, with what they share said once, and answers read back.

Answers come from programs and people that we do not know. Their text is only an answer: paths and
addresses in it are not followed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from targen_core.calls.model import ChatRequest, Message
from targen_core.hints import quoted
from targen_core.reading.values import json_of
from targen_core.text import plural, printable
from targen_standard.answering.replies import shape_of, shorter

_FEWEST = 8  # hex digits of an id
_ID = re.compile(r"[0-9a-f]{6,64}")
_HEADING = re.compile(r"^## ([0-9a-f]{6,64})\b.*$", re.MULTILINE)
_GROUP = re.compile(r"^# ", re.MULTILINE)
_ANSWER = "Answer:"
_ROLES = {"system": "instructions", "user": "example", "assistant": "its reply"}


@dataclass(frozen=True, slots=True)
class Group:
    """Prompts that share their instructions, their examples and the form of the reply.

    Attributes:
        step: the step that they are for.
        shared: the messages before the last.
        reply: the form of the reply, and the shorter forms that are accepted.
        before: the lines with which each last message begins.
        after: those with which it ends.
        prompts: the id, the label to write for ("" for a judge), and the other lines of each.
    """

    step: str
    shared: tuple[Message, ...]
    reply: tuple[str, ...]
    before: str
    after: str
    prompts: tuple[tuple[str, str, str], ...]

    def as_json(self) -> dict[str, Any]:
        """Return it for programs."""
        return {
            "step": self.step,
            "messages": [{"role": m.role, "content": m.content} for m in self.shared],
            "reply": list(self.reply),
            "before": self.before,
            "after": self.after,
            "prompts": [
                {"id": key, **({"label": label} if label else {}), "content": content}
                for key, label, content in self.prompts
            ],
        }


def groups_of(requests: Sequence[ChatRequest]) -> list[Group]:
    """Return the prompts of calls, those that share much together, in their order."""
    length = _FEWEST
    while len({request.key[:length] for request in requests}) < len(requests):
        length += 4
    together: dict[Any, list[ChatRequest]] = {}
    for request in requests:
        reply: tuple[str, ...] = ("a text",)
        if request.schema is not None:
            reply = (shape_of(request.schema), *shorter(request.schema))
        step = "" if request.origin is None else request.origin.step
        together.setdefault((step, request.messages[:-1], reply), []).append(request)
    return [
        _group(step, tuple(shared), reply, several, length)
        for (step, shared, reply), several in together.items()
    ]


def _group(
    step: str,
    shared: tuple[Message, ...],
    reply: tuple[str, ...],
    requests: Sequence[ChatRequest],
    length: int,
) -> Group:
    texts = [request.messages[-1].content.split("\n") for request in requests]
    first = _common(texts) if len(texts) > 1 else 0
    last = _common([text[first:][::-1] for text in texts]) if len(texts) > 1 else 0
    ends = [len(text) - last for text in texts]
    prompts = tuple(
        (request.key[:length], _label(request), "\n".join(text[first:end]))
        for request, text, end in zip(requests, texts, ends, strict=True)
    )
    before, after = "\n".join(texts[0][:first]), "\n".join(texts[0][ends[0] :])
    return Group(step, shared, reply, before, after, prompts)


def _common(texts: Sequence[Sequence[str]]) -> int:
    """Return the number of first lines that all texts share; a line is left for each text."""
    fewest = max(0, min(map(len, texts)) - 1)
    same = takewhile(lambda lines: len({*lines}) == 1, zip(*texts, strict=False))
    return min(fewest, sum(1 for _ in same))


def _label(request: ChatRequest) -> str:
    """Return the label to write for; a judge does not see what a row was written for."""
    origin = request.origin
    return "" if origin is None or origin.step == "correct" else origin.label or ""


def as_text(groups: Sequence[Group], run: object, *, to_fill: bool = False) -> str:
    """Return prompts to read; `to_fill` leaves a place for each answer."""
    count = sum(len(group.prompts) for group in groups)
    how = 'Answer with a line of JSON each, {"id": "…", "reply": …}, and pass the lines to'
    if to_fill:
        how = f"Write each answer below its line `{_ANSWER}`, and pass this file to"
    parts = [f"# {plural(count, 'open prompt')}\n\n{how}\ntargen answer {quoted(run)} FILE\n"]
    for group in groups:
        parts.append(f"# {group.step}: {plural(len(group.prompts), 'prompt')}\n")
        parts.append(f"Reply: {', or '.join(map(printable, group.reply))}\n")
        for message in group.shared:
            parts.append(f"{_ROLES[message.role]}:\n{_indented(message.content)}\n")
        if group.before or group.after:
            shared = "\n".join(filter(None, (group.before, "[…]", group.after)))
            parts.append(f"each prompt, with its own lines at […]:\n{_indented(shared)}\n")
        for key, label, content in group.prompts:
            about = f" (label {printable(label, lines=False)})" if label else ""
            place = f"\n\n{_ANSWER}\n" if to_fill else ""
            parts.append(f"## {key}{about}\n{_indented(content)}{place}\n")
    text = "\n".join(parts)
    return text.encode("utf-8", "backslashreplace").decode()  # half of a surrogate pair


def _indented(text: str) -> str:
    """Return a prompt with space before each line, so that none of them is a heading."""
    return "\n".join(f"    {line}".rstrip() for line in printable(text).split("\n"))


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer in a text.

    Attributes:
        line: where it begins, from 1.
        key: the id of its prompt: the first digits of the call's key.
        content: the answer: a text or a JSON value; bytes are a line in a service's form.
        problem: why it cannot be read, or "".
    """

    line: int
    key: str = ""
    content: Any = ""
    problem: str = ""


def read_answers(text: str) -> Iterator[Answer]:
    """Yield the answers in a text: lines of JSON, or a text of prompts that was filled in."""
    if _HEADING.search(text) and not text.lstrip().startswith("{"):
        yield from _filled_in(text.replace("\r\n", "\n"))
        return
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.strip().startswith("```"):
            continue
        try:
            record = json_of(line, strict=False)
            key, content = str(record["id"]), record["reply"]
        except (ValueError, KeyError, TypeError):
            yield Answer(number, problem='not of the form {"id": "…", "reply": …}')
            continue
        if not _ID.fullmatch(key):
            yield Answer(number, problem=f"{key[:40]!r} is not the id of a prompt")
        else:
            yield Answer(number, key, content.strip() if isinstance(content, str) else content)


def _filled_in(text: str) -> Iterator[Answer]:
    headings = list(_HEADING.finditer(text))
    ends = [heading.start() for heading in headings[1:]] + [len(text)]
    for heading, end in zip(headings, ends, strict=True):
        part = text[heading.end() : end]
        if (group := _GROUP.search(part)) is not None:
            part = part[: group.start()]
        above, mark, answer = part.partition(f"\n{_ANSWER}")
        line = text.count("\n", 0, heading.end() + len(above)) + 2
        if not mark:
            yield Answer(line, heading[1], problem=f"the line {_ANSWER} is missing")
        else:
            yield Answer(line, heading[1], answer.strip())
