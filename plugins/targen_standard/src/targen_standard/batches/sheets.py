"""Sheets: calls as Markdown for people, and the answers that they filled in.

A sheet comes back from programs and people that we do not know. Its text is only an answer: paths
and addresses in it are not followed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from targen_core.calls.model import ChatRequest
from targen_core.cli.markup import markdown_code, markdown_fence
from targen_core.dataset.lines import whole
from targen_core.errors import UnreadableFile
from targen_core.text import printable
from targen_standard.batches.replies import shape_of, shorter

_LARGEST = 64 << 20  # bytes
_FENCE = "````"  # longer than that of the code which a chat window gives
_TITLE = "**Answer**"
_HEADING = re.compile(r"^#{1,6}[ \t]+Call[ \t]+`?([0-9a-f]+)`?[ \t#]*$", re.MULTILINE)
_HEADING_LINE = re.compile(r"^#{1,6}[ \t]+Call[ \t]", re.MULTILINE)
_BLOCK = re.compile(r"\s*(`{3,})answer[ \t]*\n(.*)\n\1[ \t]*\s*", re.DOTALL)
_TITLES = {"system": "Instructions", "user": "Example", "assistant": "Its answer"}
_INTRO = """# Calls

These are the prompts that a model would receive. If a prompt asks for JSON, you may use the shorter
form given after Reply.

Write each answer in the block below its prompt. An empty block leaves its call unanswered.
Do not change the headings: they show which call an answer is for.
"""


@dataclass(frozen=True, slots=True)
class Filled:
    """A place of a file for an answer.

    Attributes:
        line: where the answer begins, from 1.
        key: the call's id.
        content: in a sheet the answer, without space around it; empty if the place is. Else the
            line itself.
        problem: why it cannot be read, or "".
    """

    line: int
    key: str = ""
    content: bytes | str = ""
    problem: str = ""


def is_sheet(path: Path) -> bool:
    """Return whether a file is called like a sheet, .md, and not like lines of JSON."""
    return path.suffix.lower() == ".md"


def sheet_of(requests: Sequence[ChatRequest]) -> str:
    """Return calls as a sheet."""
    text = "\n".join([_INTRO, *map(_section, requests)])
    return text.encode("utf-8", "backslashreplace").decode()  # half of a surrogate pair


def _section(request: ChatRequest) -> str:
    titles = [_TITLES[message.role] for message in request.messages]
    titles[-1] = "To answer"
    messages = (
        f"**{title}**\n\n{markdown_fence(_escaped(message.content), 'text')}"
        for title, message in zip(titles, request.messages, strict=True)
    )
    reply = "text"
    if request.schema is not None:
        reply = ", or ".join([markdown_code(shape_of(request.schema)), *shorter(request.schema)])
    origin = request.origin
    about = "" if origin is None else f"Step {markdown_code(origin.step)}"
    # A judge does not see what a row was written for.
    if origin is not None and origin.label and origin.step != "correct":
        about += f", label {markdown_code(origin.label)}"
    about = f"{about}. Reply: {reply}"
    block = f"{_FENCE}answer\n\n{_FENCE}"
    return "\n\n".join((f"## Call {request.key}", about, *messages, _TITLE, block)) + "\n"


def _escaped(prompt: str) -> str:
    """A prompt without lines that read like a call's heading, which always begins a call."""
    return _HEADING_LINE.sub(r"\\\g<0>", printable(prompt))


def read_sheet(path: Path, encoding: str = "utf-8") -> Iterator[Filled]:
    """Yield the places for answers, filled in or not.

    Raises:
        UsageError: it cannot be read, is larger than 64 MiB, is in another encoding, or is not such
            a sheet.
    """
    text = whole(path, encoding, _LARGEST).replace("\r\n", "\n")
    headings = list(_HEADING.finditer(text))
    if not headings:
        raise UnreadableFile(path, "it has no heading such as ## Call 0123456789abcdef")
    ends = [heading.start() for heading in headings[1:]] + [len(text)]
    line, counted = 1, 0
    for heading, end in zip(headings, ends, strict=True):
        above, _, answer = text[heading.end() : end].rpartition(f"\n{_TITLE}\n")
        start = heading.end() + len(above)
        line, counted = line + text.count("\n", counted, start), start
        block = _BLOCK.fullmatch(answer) if above else None
        if block is None:
            right = f"write it between one line {_FENCE}answer and one line {_FENCE}"
            problem = f"the call {heading[1]} has text outside its answer block, or none; {right}"
            yield Filled(line, heading[1], problem=problem)
            continue
        content = block[2].strip()
        space = len(block[2]) - len(block[2].lstrip())
        lines = answer.count("\n", 0, block.start(2) + space)
        yield Filled(line + 2 + lines, heading[1], content)
