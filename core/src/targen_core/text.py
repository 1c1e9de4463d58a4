r"""Foreign text made safe to show: on a terminal, as JSON, in Markdown.

What services, models, plugins and files say may hold signs that a terminal
obeys: colours, cursor moves, the clipboard (OSC 52), a change of direction.
Here they become escapes that can be read, such as `\x1b` and `\u202e`.
Beside it, what all messages share of grammar.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic import ValidationError

__all__ = ["duration", "json_safe", "markdown", "percent", "plural", "printable", "refused"]

_ODD = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f"  # C0 but tab and line feed, DEL, C1
    r"\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069"  # separators of lines, and of direction
    r"\ud800-\udfff\ufffe\uffff]"  # halves of characters, which cannot be written, and none
)
# An underscore within a word emphasises nothing, and labels are full of them.
_MARKED = re.compile(r"[\\`*<>#|~$]|\](?=[(\[:])|(?<![^\W_])_|_(?![^\W_])|&(?=[#\w]+;)")


def printable(text: str, *, lines: bool = True, max_length: int | None = None) -> str:
    """`text` with control characters escaped, so that a terminal does not act on them.

    Line feeds and tabs stay, unless `lines` is false: then they are escaped
    too. Text longer than `max_length` characters is cut, with a note.
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


def percent(share: float | None) -> str:
    """`40%` of 0.4, `?` of None; what is not quite none or all of it is `<1%` or `>99%`."""
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


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def refused(error: ValidationError) -> str:
    """The first thing that a model refuses, with its column, in one line."""
    first = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(map(str, first["loc"]))
    message = first["msg"].removeprefix("Value error, ")
    return f"{where}: {message}" if where else message
