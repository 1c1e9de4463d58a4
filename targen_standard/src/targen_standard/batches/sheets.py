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
    if text.partition("\n")[0].endswith("\r"):  # an editor of Windows saved it
        text = text.replace("\r\n", "\n")
    lines = text.split("\n")
    found = ((at, _HEADING.fullmatch(line)) for at, line in enumerate(lines))
    heads = [(at, heading[1]) for at, heading in found if heading]
    if not heads:
        raise UnreadableFile(path, "it has no heading such as ## Call 0123456789abcdef")
    ends = [at for at, _ in heads[1:]] + [len(lines)]
    for (start, key), end in zip(heads, ends, strict=True):
        filled = _read_section(lines[start + 1 : end], start + 2, key)
        if filled.text or filled.problem:
            yield filled


def _end(lines: Sequence[str], at: int, fence: str) -> int:
    """The line that ends the block which begins at a line; 0 if none does."""
    closing = re.compile(rf" {{0,3}}{fence[0]}{{{len(fence)},}}[ \t]*")
    return next((n for n in range(at + 1, len(lines)) if closing.fullmatch(lines[n])), 0)


def _read_section(lines: Sequence[str], first: int, key: str) -> Filled:
    """The answer of a call whose heading is above `lines`; `first` is the number of their first."""
    answer: Filled | None = None
    loose = at = 0
    while at < len(lines):
        opening = _OPENING.fullmatch(lines[at])
        if opening is None:
            if not loose and lines[at].strip() not in ("", _TITLE):
                loose = first + at
        elif not (end := _end(lines, at, opening[1])):
            return Filled(
                first + at, key, problem=f"the block has no end: put {opening[1]} in a line below"
            )
        elif answer is not None:
            return Filled(first + at, key, problem="another block below that of the answer")
        elif opening[2].strip() != "answer":
            loose, at = 0, end  # what is above a prompt is no answer
        else:
            answer = _filled("\n".join(lines[at + 1 : end]), first + at + 1, key)
            at = end
        at += 1
    if answer is None:
        right = f"put the answer between {_FENCE}answer and {_FENCE}"
        return Filled(first - 1, key, problem=f"the call has no block for its answer; {right}")
    if loose:
        right = "move it into the block, with longer rows of backticks if it has one"
        return Filled(loose, key, problem=f"text outside the block of the answer: {right}")
    return answer


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
