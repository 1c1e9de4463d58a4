"""Sheets: calls as Markdown or CSV for people, and the answers that they filled in.

A sheet comes back from programs and people that we do not know. Its text is an answer and nothing
else: no path or address in it is followed.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from targen_core.calls.model import ChatRequest
from targen_core.errors import UnreadableFile
from targen_core.reading import csv_cells, read_text
from targen_core.text import markdown_code, markdown_fence, printable, sheet_cell, sheet_text
from targen_standard.batches.replies import shape_of, shorter

__all__ = ["Filled", "is_sheet", "read_sheet", "sheet_of"]

_COLUMNS = ("custom_id", "step", "label", "prompt", "answer")
_FENCE = "````"  # longer than that of the code which a chat window gives
_TITLE = "**Answer**"
_HEADING = re.compile(r"#{1,6}[ \t]+Call[ \t]+`?([0-9a-f]+)`?[ \t#]*")
_HEADING_LINE = re.compile(r"^#{1,6}[ \t]+Call[ \t]", re.MULTILINE)
_OPENING = re.compile(r" {0,3}(`{3,100}|~{3,100})([^`]*)")
_NEVER = re.compile(r"(?!)")
_INTRO = f"""# Calls

Write each answer into the block below its prompt. An empty block leaves its call unanswered.
If an answer contains {len(_FENCE)} or more backticks in a row, put longer rows above and below it.
Do not change the headings: they say which call an answer is for.
"""


@dataclass(frozen=True, slots=True)
class Filled:
    """A place of a sheet that somebody filled in.

    Attributes:
        line: where the answer begins, from 1.
        key: the call's id.
        text: the answer, without space around it.
        problem: why it cannot be read, or "".
    """

    line: int
    key: str = ""
    text: str = ""
    problem: str = ""


def is_sheet(path: Path) -> bool:
    """Return whether a file is called like a sheet, .md or .csv, and not like lines of JSON."""
    return path.suffix.lower() in _READERS


def sheet_of(requests: Sequence[ChatRequest], path: Path) -> str:
    """Return calls as a sheet, in the format that the file's name asks for."""
    text = _csv_of(requests) if path.suffix.lower() == ".csv" else _markdown_of(requests)
    return text.encode("utf-8", "backslashreplace").decode()  # half of a surrogate pair


def read_sheet(path: Path) -> Iterator[Filled]:
    """Yield the places that somebody filled in; those left empty are left out.

    Raises:
        UnreadableFile: it cannot be read, is larger than 64 MiB, or is not such a sheet.
    """
    return _READERS[path.suffix.lower()](path, read_text(path))


# --- Markdown ----------------------------------------------------------------------


def _markdown_of(requests: Sequence[ChatRequest]) -> str:
    return "\n".join([_INTRO, *map(_section, requests)])


def _section(request: ChatRequest) -> str:
    step, label = _origin(request)
    asked = "a text"
    if request.schema is not None:
        asked = ", or ".join([markdown_code(shape_of(request.schema)), *shorter(request.schema)])
    about = f"Step {markdown_code(step)}{f', label {markdown_code(label)}' if label else ''}"
    messages = (
        f"**{message.role}**\n\n{markdown_fence(_shown(message.content), 'text')}"
        for message in request.messages
    )
    block = f"{_FENCE}answer\n\n{_FENCE}"
    parts = (f"## Call {request.key}", f"{about}. Reply: {asked}", *messages, _TITLE, block)
    return "\n\n".join(parts) + "\n"


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
    """What stands below a call's heading, read line by line; only the answer is kept."""

    def __init__(self, number: int, key: str) -> None:
        self._heading, self._key = number, key
        self._answer: Filled | None = None
        self._problem: Filled | None = None  # the first; nothing behind it counts
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
            self._refuse(self._opened, "another block below that of the answer")
        elif self._text is None:
            self._loose = 0  # what is above a prompt is no answer
        else:
            text = self._text.getvalue().removesuffix("\n")
            self._answer, self._text = _filled(text, self._opened + 1, self._key), None
        self._opened = 0

    def _refuse(self, line: int, why: str) -> None:
        self._problem = self._problem or Filled(line, self._key, problem=why)

    def end(self) -> Iterator[Filled]:
        """Yield the answer, or what is wrong; nothing if the block is empty."""
        if self._opened:
            why = f"the block has no end: put {self._fence} in a line below"
            self._refuse(self._opened, why)
        elif self._answer is None:
            right = f"put the answer between {_FENCE}answer and {_FENCE}"
            self._refuse(self._heading, f"the call has no block for its answer; {right}")
        elif self._loose:
            right = "move it into the block, with longer rows of backticks if it has one"
            self._refuse(self._loose, f"text outside the block of the answer: {right}")
        filled = self._problem or self._answer
        if filled is not None and (filled.text or filled.problem):
            yield filled


def _filled(text: str, line: int, key: str) -> Filled:
    above = text[: len(text) - len(text.lstrip())]
    return Filled(line + above.count("\n"), key, text.strip())


# --- CSV ---------------------------------------------------------------------------


def _csv_of(requests: Sequence[ChatRequest]) -> str:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(_COLUMNS)
    for request in requests:
        prompt = "\n\n".join(f"{each.role}:\n{each.content}" for each in request.messages)
        writer.writerow(map(sheet_cell, (request.key, *_origin(request), prompt, "")))
    return text.getvalue()


def _read_csv(path: Path, text: str) -> Iterator[Filled]:
    rows = csv_cells(text)
    line, header = next(rows, (1, []))
    if isinstance(header, ValueError) or not {"custom_id", "answer"} <= set(header):
        right = "custom_id and answer, with commas between"
        raise UnreadableFile(path, f"the first line must name the columns {right}", line)
    at_key, at_answer = header.index("custom_id"), header.index("answer")
    for last, cells in rows:
        first, line = line + 1, last
        if isinstance(cells, ValueError):
            yield Filled(first, problem=f"not CSV: {cells}")
        elif len(cells) > len(header):
            right = 'a text that contains commas belongs in "…"'
            yield Filled(first, problem=f"{len(cells)} cells, not {len(header)}: {right}")
        elif len(cells) > at_answer and (answer := sheet_text(cells[at_answer]).strip()):
            key = cells[at_key].strip() if len(cells) > at_key else ""
            problem = "" if key else "an answer without a custom_id: keep the ids of the export"
            yield Filled(first, key, answer, problem)


def _origin(request: ChatRequest) -> tuple[str, str]:
    origin = request.origin
    return ("", "") if origin is None else (origin.step, origin.label or "")


_READERS: dict[str, Callable[[Path, str], Iterator[Filled]]] = {
    ".csv": _read_csv,
    ".md": _read_markdown,
}
