r"""Files of JSON lines, and the encodings of text.

Lines only end at `\n`; blank ones are skipped. A byte order mark says the encoding, whatever was
said.
"""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterator
from pathlib import Path

from targen_core.dataset.records import Form, Record
from targen_core.errors import UsageError
from targen_core.plain import content_of
from targen_core.reading.archives import PACKED, unpacked
from targen_core.reading.encodings import as_utf_8, encoding_of, usual_encodings
from targen_core.reading.files import WHOLE
from targen_core.reading.lines import LINE

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)

_ENCODING = "--encoding NAME"

_LARGE = 4 << 20  # bytes of a file that is streamed


def lines(path: Path, encoding: str = "utf-8", *, may_be_torn: bool = False) -> Form:
    """A file of JSON lines; its last may be torn if a run is going on.

    Raises:
        UsageError: the file cannot be read, or is in another encoding.
    """
    is_streamed = _is_streamed(path, encoding)
    data = b"" if is_streamed else in_utf_8(path, encoding)

    def records() -> Iterator[tuple[int, Record]]:
        with open(path, "rb") if is_streamed else io.BytesIO(data) as file:
            for number, line in enumerate(iter(lambda: file.readline(LINE), b""), 1):
                if len(line) == LINE and not line.endswith(b"\n"):
                    # No file of records: to look for the line's end may take as long as it likes.
                    more = f"it is longer than {LINE >> 20} MiB; later lines are not read"
                    yield number, ValueError(more)
                    return
                elif line.strip() and not (may_be_torn and not line.endswith(b"\n")):
                    yield number, line.removesuffix(b"\n")

    return Form(records)


def _is_streamed(path: Path, encoding: str) -> bool:
    """Return whether to read a file's lines one by one on each use: if it is large and UTF-8."""
    if path.suffix.lower() in PACKED:
        return False
    try:
        if not path.is_file() or path.stat().st_size < _LARGE:
            return False
        with open(path, "rb") as file:
            start = file.read(4)
        return codecs.lookup(encoding).name == "utf-8" and not any(
            start.startswith(mark) for mark, _ in _MARKS
        )
    except (OSError, LookupError):
        return False  # who reads it says why not


def whole(path: Path, encoding: str = "utf-8", max_bytes: int = WHOLE) -> str:
    """The text of a file.

    Raises:
        UsageError: the file cannot be read, is larger, or is in another encoding.
    """
    return decoded(path, *content_in(path, encoding, max_bytes))


def content_in(path: Path, encoding: str, max_bytes: int = WHOLE) -> tuple[bytes, str]:
    """The bytes of a file without their mark, and the encoding that it or else the caller says.

    Raises:
        UsageError: the file cannot be read, is larger, or its encoding is unknown.
    """
    data = unpacked(path, content_of(path, max_bytes), max_bytes)
    for mark, marked in _MARKS:
        if data.startswith(mark):
            return data.removeprefix(mark), marked
    try:
        codecs.lookup(encoding)
    except LookupError:
        raise _unknown(encoding) from None
    return data, encoding


def suffix_of(path: Path) -> str:
    """Return the suffix that tells a file's form, without that of a compression."""
    inner = path.with_suffix("") if path.suffix.lower() in PACKED else path
    return inner.suffix.lower()


def in_utf_8(path: Path, encoding: str = "utf-8", max_bytes: int = WHOLE) -> bytes:
    """The bytes of a file in UTF-8 and without a mark, though some may not be valid.

    Raises:
        UsageError: the file cannot be read, is larger, or is not in the encoding that it or else
            the caller says.
    """
    data, encoding = content_in(path, encoding, max_bytes)
    if codecs.lookup(encoding).name == "utf-8":
        return data
    return decoded(path, data, encoding).encode()


def decoded(path: Path, data: bytes, encoding: str) -> str:
    """The text of a file's bytes.

    Raises:
        UsageError: they are in another encoding, naming the first line and byte that show it.
    """
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UsageError(
            f"{path}, line {line}: byte 0x{data[error.start]:02x} is not valid {encoding.upper()}",
            hint=as_utf_8(path)
            if codecs.lookup(encoding).name == "utf-8"
            else _instead(path, data),
        ) from error
    except (LookupError, UnicodeError):  # a codec of bytes, or one that only some texts have
        raise _unknown(encoding) from None
    if not codecs_name(encoding).startswith("utf") and _is_utf_8(data):
        raise UsageError(
            f"{path} is in UTF-8, so {encoding} would misread it", hint="leave out --encoding"
        )
    return text


def codecs_name(encoding: str) -> str:
    """Return the usual name of an encoding; "" if it is unknown."""
    try:
        return codecs.lookup(encoding).name
    except LookupError:
        return ""


def _is_utf_8(data: bytes) -> bool:
    """Return whether bytes are text in UTF-8 with other characters than those of ASCII."""
    try:
        return not data.decode().isascii()
    except UnicodeDecodeError:
        return False


def _instead(path: Path, data: bytes) -> str:
    """The hint for bytes that are not in the encoding that the caller says."""
    try:
        data.decode()
    except UnicodeDecodeError:
        return encoding_of(path, _ENCODING)
    return "it is in UTF-8: leave out --encoding"


def _unknown(encoding: str) -> UsageError:
    return UsageError(
        f"unknown encoding {encoding!r}",
        hint=_ENCODING + f"; NAME is, for example, {usual_encodings()}",
    )
