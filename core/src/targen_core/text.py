r"""Foreign text made safe to show, on a terminal and as JSON. `cli.markup` has Markdown.

Texts of services, models, plugins and files may contain characters that control a terminal:
colours, cursor moves, the clipboard (OSC 52), a change of direction. Others are invisible: a model
reads what a person does not see. Here they become escapes that can be read, such as `\x1b` and
`\u202e`, except where a script or an emoji needs them. Beside it, what all messages share of
grammar.
"""

from __future__ import annotations

import re
import time
import unicodedata
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic import ValidationError

_ODD = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f"  # C0 but tab and line feed, DEL, C1
    r"\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069"  # separators of lines, and of direction
    r"\ud800-\udfff\ufffe\uffff"  # halves of characters, which cannot be written, and none
    # Invisible ones.
    r"\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200d\u2060-\u2065\u206a-\u206f"
    r"\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    r"\U000e0000-\U000e0fff]"
)
_EMOJI = r"\u00a9\u00ae\u203c\u2049\u2100-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001faff"
_JOINED = (  # scripts whose words need a mark that letters join or do not
    r"\u0600-\u0dff\u1780-\u18af\u1b00-\u1bff\ua800-\uaadf\ufb50-\ufdff\ufe70-\ufefc"
    r"\U00010a00-\U00011fff"
)
_UNSPACED = r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u1950-\u1aaf"  # that may mark ends of words
_HAN = r"\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_NEEDED = re.compile(
    rf"(?<=[{_JOINED}])[\u200c\u200d]|(?<=[{_EMOJI}\ufe0f])\u200d(?=[{_EMOJI}])"
    rf"|(?<=[{_UNSPACED}])\u200b|(?<=[{_EMOJI}#*0-9])\ufe0f|(?<=[{_EMOJI}])\ufe0e"
    rf"|(?<=[{_HAN}])[\U000e0100-\U000e01ef]"
)


def printable(text: str, *, lines: bool = True, max_length: int | None = None) -> str:
    """`text` with control characters, on which a terminal acts, and invisible ones escaped.

    Line feeds and tabs remain, unless `lines` is false: then they are also escaped. Text longer
    than `max_length` characters is cut, with a note.
    """
    text = _ODD.sub(_escape, text.replace("\r\n", "\n"))
    if not lines:
        text = text.replace("\n", "\\n").replace("\t", "\\t")
    if max_length is not None and len(text) > max_length:
        return f"{text[:max_length]} … ({plural(len(text) - max_length, 'more character')})"
    return text


def composed(name: str) -> str:
    """Return a name with composed letters (NFC), in which names are compared: macOS splits ä."""
    return name if name.isascii() else unicodedata.normalize("NFC", name)


def key_path(loc: Iterable[object]) -> str:
    """`labels.order`: the place of a key, in one line, since a stranger may have named the key."""
    return printable(".".join(map(str, loc)), lines=False)


def clock(wait: float) -> str:
    """Return the local time after a wait in seconds, with the date."""
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(time.time() + wait))


def plural(count: int, noun: str, many: str = "") -> str:
    """`1 call`, `2 calls`: a count with its noun; `many` if an s is not enough."""
    return f"{count:,} {noun if count == 1 else many or noun + 's'}"


def with_article(noun: str) -> str:
    """`a task`, `an embedder`: a noun with its indefinite article."""
    return f"{'an' if noun[:1].lower() in 'aeiou' else 'a'} {noun}"


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


def json_safe(text: str) -> str:
    """JSON with the same value, with control and invisible characters escaped."""
    return _ODD.sub(_json_escape, text)


def _json_escape(match: re.Match[str]) -> str:
    if _is_needed(match):
        return match[0]
    code = match[0].encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{code[at : at + 4]}" for at in range(0, len(code), 4))


def _escape(match: re.Match[str]) -> str:
    if _is_needed(match):
        return match[0]
    code = ord(match[0])
    if code > 0xFFFF:
        return f"\\U{code:08x}"
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def _is_needed(match: re.Match[str]) -> bool:
    """Return whether a script or an emoji needs a character where it is."""
    return _NEEDED.match(match.string, match.start()) is not None


_PYDANTIC = {
    ", unable to parse string as an integer": "",
    ", unable to parse string as a number": "",
    "Input should be a valid integer": "it must be a whole number",
    "Input should be a valid number": "it must be a number",
    "Input should be a valid string": "it must be text",
    "Input should be a valid boolean": "it must be true or false",
    "Input should be a valid array": "it must be a list",
    "Input should be a valid list": "it must be a list",
    "Input should be a valid tuple": "it must be a list",
    "Input should be a valid set": "it must be a list",
    "Input should be a valid frozenset": "it must be a list",
    "'str' instances are not allowed as a Sequence value": "it must be a list",
    "Input should be an instance of Sequence": "it must be a list",
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
    where = key_path(first["loc"])
    message = first["msg"].removeprefix("Value error, ")
    return f"{where}: {message}" if where else message


def problem_in(error: Exception) -> str:
    """The first problem of a row, with its column, in one line."""
    from pydantic import ValidationError

    if isinstance(error, ValidationError):
        return plain_fault(refused(error))
    if isinstance(error, KeyError):
        return f"no {error.args[0]!r}"
    return str(error) or type(error).__name__
