"""Sheets: calls as Markdown or CSV for people, and the answers that they filled in.

A sheet comes back from programs and people that we do not know. Its text is only an answer: paths
and addresses in it are not followed.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from targen_core.calls.layer import REFUSING
from targen_core.calls.model import ChatRequest
from targen_core.cli.markup import markdown_code, markdown_fence, sheet_cell, sheet_text
from targen_core.dataset.lines import whole
from targen_core.errors import UnreadableFile
from targen_core.reading.texts import csv_cells
from targen_core.reading.values import json_of
from targen_core.text import printable
from targen_standard.batches.replies import shape_of, shorter

_LARGEST = 64 << 20  # bytes
_COLUMNS = ("custom_id", "step", "label", "instructions", "prompt", "answer")
_FENCE = "````"  # longer than that of the code which a chat window gives
_TITLE = "**Answer**"
_JUDGES = "correct"  # the step
_HEADING = re.compile(r"#{1,6}[ \t]+Call[ \t]+`?([0-9a-f]+)`?[ \t#]*")
_HEADING_LINE = re.compile(r"^#{1,6}[ \t]+Call[ \t]", re.MULTILINE)
_OPENING = re.compile(r" {0,3}(`{3,100}|~{3,100})([^`]*)")
_TITLES = {"system": "Instructions", "user": "Example", "assistant": "Its answer"}
_REFUSED = ("To answer", "The earlier answer, which was refused", "What is wrong with it")
_NEVER = re.compile(r"(?!)")
_Paragraph = tuple[int, str, str]
_INTRO = f"""# Calls

These are the prompts that a model would receive. If a prompt asks for JSON, you may use the shorter
form given after Reply. The text that all calls of a step share appears once, above them.

Write each answer in the block below its prompt. An empty block leaves its call unanswered.
If an answer contains {len(_FENCE)} or more backticks in a row, put longer fences around it.
Do not change the headings: they show which call an answer is for.
"""


@dataclass(frozen=True, slots=True)
class Filled:
    """A place of a file for an answer.

    Attributes:
        line: where the answer begins, from 1; of a CSV file its row, as spreadsheets number them.
        key: the call's id.
        content: in a sheet the answer, without space around it; empty if the place is. Else the
            line itself.
        problem: why it cannot be read, or "".
    """

    line: int
    key: str = ""
    content: bytes | str = ""
    problem: str = ""

    @property
    def digest(self) -> str:
        """A digest that recognises a text later, in any form of file; "" for other content."""
        text = self.content
        if isinstance(text, bytes):
            said = json_of(text).get("content")
            text = said.strip() if isinstance(said, str) else ""
        return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16] if text else ""


def is_sheet(path: Path) -> bool:
    """Return whether a file is called like a sheet, .md or .csv, and not like lines of JSON."""
    return path.suffix.lower() in _READERS


def sheet_of(requests: Sequence[ChatRequest], path: Path) -> str:
    """Return calls as a sheet, in the format that the file's name asks for."""
    text = _csv_of(requests) if path.suffix.lower() == ".csv" else _markdown_of(requests)
    return text.encode("utf-8", "backslashreplace").decode()  # half of a surrogate pair


def read_sheet(path: Path, encoding: str = "utf-8") -> Iterator[Filled]:
    """Yield the places that somebody filled in; those left empty are left out.

    Raises:
        UsageError: it cannot be read, is larger than 64 MiB, is in another encoding, or is not such
            a sheet.
    """
    return _READERS[path.suffix.lower()](path, whole(path, encoding, _LARGEST))


# --- Markdown ----------------------------------------------------------------------


def _markdown_of(requests: Sequence[ChatRequest]) -> str:
    shared = {step: _shared(calls) for step, calls in _by_step(requests).items()}
    above = (
        f"# For each call of step {markdown_code(step)}\n\n{_reply(calls[0])}\n\n"
        f"{_blocks(shared[step])}\n"
        for step, calls in _by_step(requests).items()
        if shared[step]
    )
    sections = (_section(each, shared[_origin(each)[0]]) for each in requests)
    return "\n".join([_INTRO, *above, *sections])


def _by_step(requests: Sequence[ChatRequest]) -> dict[str, list[ChatRequest]]:
    groups: dict[str, list[ChatRequest]] = {}
    for request in requests:
        groups.setdefault(_origin(request)[0], []).append(request)
    return groups


def _paragraphs_of(request: ChatRequest) -> list[_Paragraph]:
    """The paragraphs of a call's messages, each with its message's number and title."""
    titles = [_TITLES[message.role] for message in request.messages]
    titles[-1] = "To answer"
    if len(titles) > 2 and request.messages[-1].content.startswith(REFUSING):
        titles[-3:] = _REFUSED
    return [
        (number, title, paragraph)
        for number, (title, message) in enumerate(zip(titles, request.messages, strict=True))
        for paragraph in message.content.split("\n\n")
    ]


def _shared(requests: Sequence[ChatRequest]) -> list[_Paragraph]:
    """Return the paragraphs that all calls of a step share, to be read once.

    A paragraph on the subject of one call, such as the text to judge, is not shared, even if others
    read alike. Nor is a call's last one.
    """
    first, *others = requests
    alike = all(each.origin is not None and each.schema == first.schema for each in requests)
    if not others or not alike:
        return []
    given = [{} if each.origin is None else each.origin.values for each in requests]
    own = [
        str(value)
        for name, value in given[0].items()
        if any(values.get(name) != value for values in given)
    ]
    everywhere = set(_paragraphs_of(first)).intersection(*map(_paragraphs_of, others))
    everywhere -= {_paragraphs_of(each)[-1] for each in requests}
    # Several paragraphs of one subject, such as a list, stay together.
    apart = {each[2] for each in _paragraphs_of(first) if each not in everywhere}
    own += [text for text in map(str, given[0].values()) if not apart.isdisjoint(_paragraphs(text))]
    return [
        each
        for each in _paragraphs_of(first)
        if each in everywhere and not any(each[2] in text for text in own)
    ]


def _paragraphs(text: str) -> list[str]:
    return text.split("\n\n") if "\n\n" in text else []


def _blocks(paragraphs: Sequence[_Paragraph]) -> str:
    """Paragraphs as the messages that they are of."""
    messages = (
        f"**{title}**\n\n{markdown_fence(_shown(_text(message)), 'text')}"
        for (_, title), message in groupby(paragraphs, key=lambda each: each[:2])
    )
    return "\n\n".join(messages)


def _text(paragraphs: Iterable[_Paragraph]) -> str:
    return "\n\n".join(paragraph for _, _, paragraph in paragraphs)


def _section(request: ChatRequest, shared: Sequence[_Paragraph]) -> str:
    step, label = _origin(request)
    about = f"Step {markdown_code(step)}{f', label {markdown_code(label)}' if label else ''}"
    own = _blocks([each for each in _paragraphs_of(request) if each not in shared])
    block = f"{_FENCE}answer\n\n{_FENCE}"
    about = about if shared else f"{about}. {_reply(request)}"
    return "\n\n".join((f"## Call {request.key}", about, own, _TITLE, block)) + "\n"


def _reply(request: ChatRequest) -> str:
    asked = "text"
    if request.schema is not None:
        asked = ", or ".join([markdown_code(shape_of(request.schema)), *shorter(request.schema)])
    return f"Reply: {asked}"


def _shown(prompt: str) -> str:
    """A prompt without lines that read like a call's heading, which always begins a call."""
    return _HEADING_LINE.sub(r"\\\g<0>", printable(prompt))


def _read_markdown(path: Path, text: str) -> Iterator[Filled]:
    section: _Section | None = None
    for number, line in enumerate(_lines(text), 1):
        if heading := _HEADING.fullmatch(line):
            yield from () if section is None else section.end()
            section = _Section(number, heading[1])
        elif section is not None:
            section.read(number, line)
    if section is None:
        raise UnreadableFile(path, "it has no heading such as ## Call 0123456789abcdef")
    yield from section.end()


def _lines(text: str) -> Iterator[str]:
    """The lines of a text one by one: in a list, short ones take thirty times their bytes."""
    is_windows = text[: text.find("\n") + 1].endswith("\r\n")  # an editor there saved it
    start = 0
    while (end := text.find("\n", start)) >= 0:
        line, start = text[start:end], end + 1
        yield line.removesuffix("\r") if is_windows else line
    yield text[start:]


class _Section:
    """The part below a call's heading, read line by line; only the answer is kept."""

    def __init__(self, number: int, key: str) -> None:
        self._heading, self._key = number, key
        self._answer: Filled | None = None
        self._problem: Filled | None = None  # the first; later text does not count
        self._loose = 0  # the first line outside blocks since the last prompt
        self._fence, self._opened, self._closing = "", 0, _NEVER  # of the block that is open
        self._text: io.StringIO | None = None  # of the answer, while its block is open

    def read(self, number: int, line: str) -> None:
        """Take the next line."""
        if self._problem is not None:
            return
        if self._opened:
            if self._closing.fullmatch(line):
                self._close()
            elif self._text is not None:
                self._text.write(f"{line}\n")
        elif opening := _OPENING.fullmatch(line):
            self._fence, self._opened = opening[1], number
            self._closing = re.compile(rf" {{0,3}}{self._fence[0]}{{{len(self._fence)},}}[ \t]*")
            is_answer = self._answer is None and opening[2].strip() == "answer"
            self._text = io.StringIO(newline="") if is_answer else None
        elif not self._loose and line.strip() not in ("", _TITLE):
            self._loose = number

    def _close(self) -> None:
        if self._answer is not None:
            self._refuse(
                self._opened, "there is a second block below the answer block; keep only one"
            )
        elif self._text is None:
            self._loose = 0  # text above a prompt is not an answer
        else:
            text = self._text.getvalue().removesuffix("\n")
            self._answer, self._text = _filled(text, self._opened + 1, self._key), None
        self._opened = 0

    def _refuse(self, line: int, why: str) -> None:
        self._problem = self._problem or Filled(line, self._key, problem=why)

    def end(self) -> Iterator[Filled]:
        """Yield the answer, or what is wrong."""
        if self._opened:
            is_stray = self._answer is not None
            right = "remove this line" if is_stray else f"put {self._fence} on the line below"
            self._refuse(self._opened, f"the block is not closed; {right}")
        elif self._answer is None:
            right = f"put the answer between {_FENCE}answer and {_FENCE}"
            self._refuse(self._heading, f"the call has no answer block; {right}")
        elif self._loose:
            right = "move it into the block, and use longer fences if it contains backticks"
            self._refuse(self._loose, f"there is text outside the answer block; {right}")
        if filled := self._problem or self._answer:
            yield filled


def _filled(text: str, line: int, key: str) -> Filled:
    above = text[: len(text) - len(text.lstrip())]
    return Filled(line + above.count("\n"), key, text.strip())


# --- CSV ---------------------------------------------------------------------------


def _csv_of(requests: Sequence[ChatRequest]) -> str:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(_COLUMNS)
    for calls in _by_step(requests).values():
        shared = _shared(calls)
        above = ""
        for request in calls:
            instructions = "\n\n".join(filter(None, (_plain(shared), _reply(request))))
            prompt = _plain([each for each in _paragraphs_of(request) if each not in shared])
            # Once for the calls below each other that share them: forms of replies may differ.
            said = "" if instructions == above else instructions
            writer.writerow(map(sheet_cell, (request.key, *_origin(request), said, prompt, "")))
            above = instructions
    return text.getvalue()


def _plain(paragraphs: Sequence[_Paragraph]) -> str:
    messages = groupby(paragraphs, key=lambda each: each[:2])
    return "\n\n".join(f"{title}:\n{_text(message)}" for (_, title), message in messages)


def _read_csv(path: Path, text: str) -> Iterator[Filled]:
    rows = (cells for _, cells in csv_cells(text))
    header = next(rows, [])
    if isinstance(header, ValueError) or not {"custom_id", "answer"} <= set(header):
        right = "custom_id and answer, separated by a comma or semicolon"
        raise UnreadableFile(path, f"the first line must contain the column names {right}", 1)
    at_key, at_answer = header.index("custom_id"), header.index("answer")
    for row, cells in enumerate(rows, 2):
        if isinstance(cells, ValueError):
            yield Filled(row, problem=f"not valid CSV: {cells}")
        elif len(cells) > len(header):
            right = 'put text that contains commas in "…"'
            yield Filled(row, problem=f"{len(cells)} cells, not {len(header)}: {right}")
        elif any(cells):
            cells += [""] * (len(header) - len(cells))
            key, answer = cells[at_key].strip(), sheet_text(cells[at_answer]).strip()
            problem = "there is an answer without a custom_id; keep the ids from the export"
            yield Filled(row, key, answer, problem if answer and not key else "")


def _origin(request: ChatRequest) -> tuple[str, str]:
    """The step and the label of a call; a judge does not see what a row was written for."""
    origin = request.origin
    if origin is None:
        return "", ""
    return origin.step, "" if origin.step == _JUDGES else origin.label or ""


_READERS: dict[str, Callable[[Path, str], Iterator[Filled]]] = {
    ".csv": _read_csv,
    ".md": _read_markdown,
}
