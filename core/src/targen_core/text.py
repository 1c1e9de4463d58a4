r"""Foreign text made safe to show: on a terminal, as JSON, in Markdown.

Texts of services, models, plugins and files may contain characters that control a terminal:
colours, cursor moves, the clipboard (OSC 52), a change of direction. Here they become escapes that
can be read, such as `\x1b` and `\u202e`. Beside it, what all messages share of grammar.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic import ValidationError

__all__ = [
    "duration",
    "is_formula",
    "json_safe",
    "markdown",
    "markdown_code",
    "markdown_fence",
    "markdown_prose",
    "percent",
    "plain_fault",
    "plural",
    "printable",
    "refused",
    "row_name",
    "sheet_cell",
    "sheet_text",
]

_ODD = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f"  # C0 but tab and line feed, DEL, C1
    r"\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069"  # separators of lines, and of direction
    r"\ud800-\udfff\ufffe\uffff]"  # halves of characters, which cannot be written, and none
)
# An underscore within a word emphasises nothing, and labels are full of them.
_MARKED = re.compile(
    r"[\\`*<>#|~$]|\](?=[(\[:])|(?<![^\W_])_|_(?![^\W_])|&(?=[#\w]+;)"
    r"|:(?=//)|(?<=www)\.|(?<=\w)@(?=\w)|(?<=mailto):|(?<=xmpp):",  # GitHub links these
    re.IGNORECASE,
)
# A spreadsheet computes such cells; some skip spaces, and some read wide signs as narrow ones.
_FORMULA = re.compile(r"[\t\r\n]| *[=+\-@\uff1d\uff0b\uff0d\uff20]")
_CODE = re.compile(r"((?<!`)`[^`\n]+`(?!`))")


def printable(text: str, *, lines: bool = True, max_length: int | None = None) -> str:
    """`text` with control characters escaped, so that a terminal does not act on them.

    Line feeds and tabs remain, unless `lines` is false: then they are also escaped. Text longer
    than `max_length` characters is cut, with a note.
    """
    text = _ODD.sub(_escape, text.replace("\r\n", "\n"))
    if not lines:
        text = text.replace("\n", "\\n").replace("\t", "\\t")
    if max_length is not None and len(text) > max_length:
        return f"{text[:max_length]} … ({len(text) - max_length:,} characters more)"
    return text


def plural(count: int, noun: str, many: str = "") -> str:
    """`1 call`, `2 calls`: a count with its noun; `many` where an s is not enough."""
    return f"{count:,} {noun if count == 1 else many or noun + 's'}"


def row_name(number: object, data: str = "") -> str:
    """Return what a row is called wherever people read it: "row 3", "row 3 of rte-0".

    Args:
        number: its place in its dataset, from 0, which is the `idx` of rows that targen made and
            what `targen show` and `targen trace` accept.
        data: the name of its dataset, where several are read together.
    """
    return f"row {number} of {data}" if data else f"row {number}"


def percent(share: float | None) -> str:
    """Return `40%` for 0.4, `?` for None, and `<1%` or `>99%` for almost none or all."""
    if share is None:
        return "?"
    if 0 < share < 0.005:
        return "<1%"
    return ">99%" if 0.995 <= share < 1 else f"{share:.0%}"


def duration(seconds: float) -> str:
    """`42 s`, `3 min 20 s`, `2 h 5 min`: how long something took."""
    whole = round(seconds)
    if whole < 60:
        return f"{seconds:.1f} s" if seconds < 9.95 else f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(round(whole / 60), 60)
    return f"{hours:,} h {minutes} min" if minutes else f"{hours:,} h"


def json_safe(text: str) -> str:
    """JSON with the same value, with control characters escaped."""
    return _ODD.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def markdown(text: str) -> str:
    """`text` escaped for Markdown, on one line.

    It may be used in a table cell.
    """
    return _MARKED.sub(r"\\\g<0>", printable(" ".join(text.split())))


def markdown_prose(text: str) -> str:
    """Return paragraphs escaped for Markdown: lines and `code` remain, links and HTML do not."""
    return "\n".join(map(_prose_line, printable(text).split("\n")))


def _prose_line(line: str) -> str:
    line = line.strip()
    if line and not line.strip("=-"):  # would make the line above a heading
        return f"\\{line}"
    parts = _CODE.split(line)
    parts[::2] = (_MARKED.sub(r"\\\g<0>", part) for part in parts[::2])
    return "".join(parts)


def markdown_code(text: str, *, cell: bool = False) -> str:
    """Return a name as inline code, however many backticks it has; `cell` is for tables."""
    text = printable(text, lines=False) or " "
    if cell:
        text = text.replace("|", "\\|")
    ticks = "`" * (_longest_ticks(text) + 1)
    space = " " if text[0] == "`" or text[-1] == "`" else ""
    return f"{ticks}{space}{text}{space}{ticks}"


def markdown_fence(text: str, language: str) -> str:
    """Return a text as a block of code, whatever fences it contains."""
    ticks = "`" * max(3, _longest_ticks(text) + 1)
    return f"{ticks}{language}\n{text}\n{ticks}"


def _longest_ticks(text: str) -> int:
    return max(map(len, re.findall("`+", text)), default=0)


def is_formula(text: str) -> bool:
    """Return whether a spreadsheet may compute a cell with this text."""
    return _FORMULA.match(text) is not None


def sheet_cell(text: str) -> str:
    """Return a text as a cell that a spreadsheet shows and does not compute.

    A formula gets an apostrophe before it. So does one that already has some, so that
    `sheet_text` gives every text back exactly.
    """
    return f"'{text}" if is_formula(text.lstrip("'")) else text


def sheet_text(cell: str) -> str:
    """Return the text of a cell that `sheet_cell` made, whether or not its apostrophe is left."""
    return cell[1:] if cell.startswith("'") and is_formula(cell.lstrip("'")) else cell


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


_PYDANTIC = {
    ", unable to parse string as an integer": "",
    ", unable to parse string as a number": "",
    "Input should be a valid integer": "it must be a whole number",
    "Input should be a valid number": "it must be a number",
    "Input should be a valid string": "it must be text",
    "Input should be a valid boolean": "it must be true or false",
    "Input should be a valid array": "it must be a list",
    "Input should be a valid list": "it must be a list",
    "Input should be": "it must be",
    "String should have at least 1 character": "it is empty",
    "List should have at least 1 item after validation, not 0": "it is empty",
    "String should have": "it must have",
    "List should have": "it must have",
    " after validation": "",
    "greater than or equal to": "at least",
    "less than or equal to": "at most",
    "greater than": "above",
    "less than": "below",
}


def plain_fault(message: str) -> str:
    """Return what pydantic says is wrong with an option, in the words of our own errors."""
    message = message.removeprefix("Value error, ")
    for theirs, ours in _PYDANTIC.items():
        message = message.replace(theirs, ours)
    return message


def refused(error: ValidationError) -> str:
    """The first thing that a model refuses, with its column, in one line."""
    first = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(map(str, first["loc"]))
    message = first["msg"].removeprefix("Value error, ")
    return f"{where}: {message}" if where else message
