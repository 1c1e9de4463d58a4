"""Hints for a text that is not in UTF-8, which show it in the usual encodings."""

from __future__ import annotations

import re
import shlex
import shutil
import unicodedata
from codecs import BOM_UTF16_BE, BOM_UTF16_LE, getincrementaldecoder
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

_ENCODINGS = {
    "cp1252": "Western Europe",
    "cp1250": "Central Europe",
    "cp1254": "Turkish",
    "cp1251": "Cyrillic",
    "cp1256": "Arabic",
    "cp932": "Japanese",
    "gb18030": "Chinese",
    "cp949": "Korean",
}
_ALPHABETS = frozenset(["LATIN", "CYRILLIC", "ARABIC", "HALFWIDTH", "HANGUL"])
_NEVER_INSIDE = frozenset("\u201a„†‡•‰")  # a word
_NAME = "; NAME is "  # before what encoding that may be
_BEFORE, _BEHIND = 24, 48  # bytes of a line around its first that is not ASCII
_LONGEST = 1 << 20  # bytes of a line


def as_utf_8(path: Path, start: bytes = b"") -> str:
    """The hint for a text in another encoding, which its first other line shows in the usual ones.

    If the text starts with the mark of UTF-16, which PowerShell writes, it is that.
    """
    is_marked = start.startswith((BOM_UTF16_LE, BOM_UTF16_BE))
    names = [str(path), str(path.with_name(f"utf-8-{path.name}"))]
    encoding = "utf-16" if is_marked else "NAME"
    if shutil.which("iconv"):
        file, copy = map(shlex.quote, names)
        command = f"iconv -f {encoding} -t utf-8 {file} > {copy}"
    else:  # as on Windows
        file, copy = map(repr, names)
        command = (
            f'python -c "from pathlib import Path; Path({copy}).write_text('
            f"Path({file}).read_text('{encoding}'), 'utf-8')\""
        )
    hint = f"save it as UTF-8, or run: {command}"
    return hint if is_marked else hint + _NAME + _which(_other_line(path))


def encoding_of(path: Path, option: object) -> str:
    """The hint to say the encoding of a file, whose first other line it shows in the usual ones."""
    return in_encoding(as_utf_8(path), str(option))


def in_encoding(hint: str, option: str) -> str:
    """The hint of `as_utf_8` for a command with an option for the encoding NAME."""
    return option + "".join(hint.partition(_NAME)[1:])


def usual_encodings() -> str:
    """The names of the usual encodings, each with where it is used."""
    return ", ".join(f"{name} ({where})" for name, where in _ENCODINGS.items())


def _which(line: bytes) -> str:
    """Show a line in each of the usual encodings in which it may be right, for people to choose."""
    at = next((at for at, byte in enumerate(line) if byte > 127), 0)
    some = line[max(0, at - _BEFORE) : at + _BEHIND].strip()
    said: dict[str, list[str]] = {}
    for encoding, where in _ENCODINGS.items():
        with suppress(UnicodeDecodeError):
            # The last character may be cut.
            read = getincrementaldecoder(encoding)().decode(some, final=at + _BEHIND >= len(line))
            if _may_be_right(read):
                said.setdefault(read, []).append(f"{encoding} ({where})")
    usual = [f"in {', '.join(names)}, “{shown}”" for shown, names in said.items() if some]
    if not usual:
        return f"its encoding, such as {usual_encodings()}"
    return f"the encoding in which its text is right: {'; '.join(usual)}; or another"


def _may_be_right(read: str) -> bool:
    """Return whether bytes may be a text in the encoding in which they were read.

    In another one, they often have characters that no text has, signs such as ½ or capitals inside
    words, or words of two alphabets.
    """
    if not all(each.isprintable() or each.isspace() for each in read):
        return False
    for before, sign, after in zip(read, read[1:], read[2:], strict=False):
        is_odd = sign > "\x7f" and unicodedata.category(sign) in ("No", "Sk", "So")
        if (is_odd or sign in _NEVER_INSIDE) and before.isalpha() and after.isalpha():
            return False
    for word in re.findall(r"[^\W\d_]+", read):
        if any(
            one.islower() and other.isupper() and other > "\x7f" for one, other in pairwise(word)
        ):
            return False
        alphabets = {unicodedata.name(each, "").partition(" ")[0] for each in word}
        if len(alphabets & _ALPHABETS) > 1:
            return False
    return True


def _other_line(path: Path) -> bytes:
    """The first line of a file that is not UTF-8, or an empty one."""
    with suppress(OSError), path.open("rb") as file:
        for line in iter(lambda: file.readline(_LONGEST), b""):
            try:
                line.decode()
            except UnicodeDecodeError:
                return line
    return b""
