"""Foreign text made safe in Markdown and in spreadsheets, and values in cells of CSV."""

from __future__ import annotations

import json
import re
from typing import Any

from targen_core.text import printable

# An underscore within a word does not emphasise, and labels are full of them.
_MARKED = re.compile(
    r"[\\`*<>#|~$]|\](?=[(\[:])|(?<![^\W_])_|_(?![^\W_])|&(?=[#\w]+;)"
    r"|:(?=//)|(?<=www)\.|(?<=\w)@(?=\w)|(?<=mailto):|(?<=xmpp):",  # GitHub links these
    re.IGNORECASE,
)


# A spreadsheet computes such cells, unless they are numbers. Some skip spaces, and some read wide
# signs as narrow ones.
_FORMULA = re.compile(
    r"[\t\r\n]|(?![+-]?[0-9.]+(?:[eE][+-]?[0-9]+)?\Z) *[=+\-@\uff1d\uff0b\uff0d\uff20]"
)


_CODE = re.compile(r"((?<!`)`[^`\n]+`(?!`))")


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


def csv_cell(value: Any) -> str:
    """Return a text as `sheet_cell` does, None as an empty cell, and everything else as JSON."""
    if value is None or isinstance(value, str):
        return sheet_cell(value or "")
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def sheet_cell(text: str) -> str:
    """Return a text as a cell that a spreadsheet shows and does not compute.

    A formula gets an apostrophe before it. So does one that already has some, so that
    `sheet_text` gives every text back exactly.
    """
    return f"'{text}" if is_formula(text.lstrip("'")) else text


def sheet_text(cell: str) -> str:
    """Return the text of a cell that `sheet_cell` made, whether or not its apostrophe is left."""
    return cell[1:] if cell.startswith("'") and is_formula(cell.lstrip("'")) else cell
