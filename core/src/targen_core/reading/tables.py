"""Parquet and Arrow: rows whose decoded bytes are bounded, whatever the file declares.

A page of a few bytes may declare gigabytes, and a dictionary's value may occur in each of a million
rows. So the pages' headers are read before pyarrow sees the file. Texts remain in their dictionary
until their rows are made, and long rows are made a few at a time. An Arrow file is mapped. Files
with compressed batches are refused, since no known writer makes such datasets.
"""

from __future__ import annotations

import mmap
import os
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from struct import error as struct_error
from struct import unpack_from
from typing import TYPE_CHECKING, Any, BinaryIO

from targen_core.errors import UnreadableFile, no_such_file
from targen_core.plain import open_plain, place_of, refuse_waiting
from targen_core.reading.texts import COLUMNS
from targen_core.reading.values import Malformed

if TYPE_CHECKING:
    import pyarrow.parquet as pq

_PAGE = 256 << 20  # bytes that a page may unpack to; writers make pages of about 1 MiB
_FOOTER = 64 << 20  # bytes of the part that describes the file
_AT_ONCE = 64 << 20  # bytes of the rows that are made at a time
_WHOLE, _TIMES = 256 << 20, 100  # of all rows: so many, and so many for each byte of the file
_ROWS = 10_000  # rows that are decoded at a time
_FIELDS = 100  # of a struct in a page's header
_HEADERS = (1 << 12, 1 << 24)  # bytes of a page's header: nearly always, and at most
_FREE, _RATIO = 8 << 20, 64  # values in lists: so many, and so many for each byte of the file
_VALUE = 32  # bytes that a value takes in addition to its content


class ParquetRows:
    """The rows of a Parquet file, one by one, in bounded memory.

    Attributes:
        metadata: what the file's schema carries, by key.
        count: how many rows the file declares.
    """

    def __init__(self, path: Path, *, inside: Path | None = None) -> None:
        """Open a file and check what its pages declare.

        Args:
            path: the file; it may be a link unless `inside` is given.
            inside: the folder that holds it, if that may come from a stranger.

        Raises:
            ModuleNotFoundError: pyarrow is not installed.
            UnreadableFile: it cannot be read, is not Parquet, or would unpack to too much.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        self.path = path
        try:
            if inside is None:
                refuse_waiting(path)
            place = place_of(path, inside) if inside is not None else path
            self._size = _check_footer(place) if place.is_file() else 0
            self._file = about = pq.ParquetFile(place)
            self._longest = _check_pages(place, about.metadata)
            texts = [
                leaf.path
                for leaf in map(about.schema.column, range(len(about.schema)))
                if leaf.physical_type == "BYTE_ARRAY" and leaf.logical_type.type != "DECIMAL"
            ]
            self._coded = pq.ParquetFile(place, read_dictionary=texts)
        except FileNotFoundError as error:
            raise no_such_file(path) from error
        except UnreadableFile:
            raise
        except Malformed as error:
            raise UnreadableFile(path, error.reason) from None
        except (OSError, ValueError, pa.ArrowException) as error:
            raise UnreadableFile(path, _first_line(error)) from error
        self.metadata: Mapping[bytes, bytes] = self._file.schema_arrow.metadata or {}
        self.count: int = self._file.metadata.num_rows

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Yield the rows, each a value for each column.

        Raises:
            UnreadableFile: a page cannot be read, or a row is too large.
        """
        import pyarrow as pa

        left = _WHOLE + _TIMES * self._size
        try:
            for group in range(self._file.num_row_groups):
                done = 0
                try:
                    for batch in self._coded.iter_batches(_ROWS, row_groups=[group]):
                        if (left := left - sum(map(_decoded, batch.columns))) < 0:
                            raise UnreadableFile(self.path, "its rows unpack to too many bytes")
                        yield from _made(batch)
                        done += len(batch)
                except pa.ArrowNotImplementedError:  # texts in lists, only some in a dictionary
                    yield from islice(self._few(group), done, None)
        except UnreadableFile:
            raise
        except (OSError, pa.ArrowException, ValueError) as error:
            raise UnreadableFile(self.path, _first_line(error)) from error

    def _few(self, group: int) -> Iterator[dict[str, Any]]:
        """Yield the rows of a group, decoded a few at a time: each may have the longest text."""
        few = max(1, min(_ROWS, _AT_ONCE // max(1, self._longest)))
        for batch in self._file.iter_batches(few, row_groups=[group]):
            yield from _made(batch)


def arrow_rows(path: Path, *, inside: Path | None = None) -> Iterator[dict[str, Any]]:
    """Yield the rows of a stream of Arrow, as `datasets` saves them, in bounded memory.

    Args:
        path: the file; it may be a link unless `inside` is given.
        inside: the folder that holds it, if that may come from a stranger.

    Raises:
        ModuleNotFoundError: pyarrow is not installed.
        UnreadableFile: it cannot be read, holds something else, or would unpack to too much.
    """
    import pyarrow as pa

    try:
        with os.fdopen(open_plain(place_of(path, inside), os.O_RDONLY), "rb") as file:
            size = os.fstat(file.fileno()).st_size
            left = _WHOLE + _TIMES * size
            mapped = pa.py_buffer(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
        for message in pa.ipc.MessageReader.open_stream(mapped):
            if _is_compressed(message):
                raise UnreadableFile(path, "its batches are compressed; export it as Parquet")
        for batch in pa.ipc.open_stream(mapped):
            batch.validate(full=True)  # its texts lie in the file
            if (left := left - sum(map(_decoded, batch.columns))) < 0:
                raise UnreadableFile(path, "its rows unpack to too many bytes")
            yield from _made(batch)
    except UnreadableFile:
        raise
    except (OSError, pa.ArrowException, ValueError) as error:
        raise UnreadableFile(path, _first_line(error)) from error


def _is_compressed(message: Any) -> bool:
    """Return whether a message of Arrow declares a compressed body (Message.fbs of its format)."""
    if message.type not in ("record batch", "dictionary"):
        return False
    data = message.metadata.to_pybytes()

    def field(table: int, number: int) -> int:
        """Return where a field of a table is, or 0 if it is left out."""
        fields = table - unpack_from("<i", data, table)[0]
        if 4 + 2 * number >= unpack_from("<H", data, fields)[0]:
            return 0
        at: int = unpack_from("<H", data, fields + 4 + 2 * number)[0]
        return at and table + at

    def table(at: int) -> int:
        return at + int(unpack_from("<I", data, at)[0])

    try:
        batch = table(field(table(0), 2))
        if message.type == "dictionary":
            batch = table(field(batch, 1))
        return field(batch, 3) != 0
    except struct_error:
        raise ValueError("a batch does not have a readable header") from None


def _made(batch: Any) -> Iterator[dict[str, Any]]:
    """Yield the rows of a batch: all at once if they are short, else by halves."""
    size = sum(map(_decoded, batch.columns))
    if size <= _AT_ONCE:
        yield from _plain(batch).to_pylist()
    elif len(batch) > 1:
        half = len(batch) // 2
        yield from _made(batch.slice(0, half))
        yield from _made(batch.slice(half))
    else:
        yield from batch.to_pylist()


def _plain(batch: Any) -> Any:
    """Return a batch without dictionaries, from which rows are made faster."""
    import pyarrow as pa

    columns = [
        each.dictionary_decode() if pa.types.is_dictionary(each.type) else each
        for each in batch.columns
    ]
    return pa.RecordBatch.from_arrays(columns, names=batch.schema.names)


def _decoded(array: Any) -> int:
    """Return about how many bytes an array takes as Python's values."""
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = array.type
    if isinstance(kind, pa.BaseExtensionType):
        return _decoded(array.storage)
    if pa.types.is_dictionary(kind):
        if not any(is_text(kind.value_type) for is_text in _texts()):
            return _VALUE * len(array) + _decoded(array.dictionary) * len(array)
        lengths = pc.binary_length(array.dictionary).cast(pa.int64())
        taken = pc.sum(pc.take(lengths, array.indices)).as_py()
        return int(taken or 0) + _VALUE * len(array)
    if pa.types.is_struct(kind):
        parts = (array.field(at) for at in range(kind.num_fields))
        return _VALUE * len(array) + sum(map(_decoded, parts))
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        return _VALUE * len(array) + _decoded(array.flatten())
    if pa.types.is_map(kind):
        first, last = array.offsets[0].as_py(), array.offsets[-1].as_py()
        parts = (part.slice(first, last - first) for part in (array.keys, array.items))
        return _VALUE * len(array) + sum(map(_decoded, parts))
    if pa.types.is_run_end_encoded(kind) or "view" in str(kind):
        raise ValueError(
            f"targen cannot read columns of type {kind}"
        )  # one value may be repeated a million times
    return int(array.nbytes) + _VALUE * len(array)


def _texts() -> tuple[Callable[[Any], bool], ...]:
    from pyarrow import types

    return types.is_string, types.is_large_string, types.is_binary, types.is_large_binary


def _check_footer(place: Path) -> int:
    """Return the file's size, if the part that describes it is not too large for pyarrow."""
    with open(place, "rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - 8))
        end = file.read(8)
    if len(end) < 8 or end[4:] not in (b"PAR1", b"PARE") or size < 12:
        raise Malformed("it is not a Parquet file")
    if int.from_bytes(end[:4], "little") > min(_FOOTER, size):
        raise Malformed("its metadata is too long")
    return size


def _check_pages(place: Path, about: pq.FileMetaData) -> int:
    """Check what the pages declare in their own headers: those are what pyarrow unpacks by.

    Returns:
        The most bytes that a dictionary has, and so that one of its values has.

    Raises:
        Malformed: a page would unpack to too much, or lists hold too many values.
    """
    if about.num_columns > COLUMNS:
        raise Malformed(f"it has more than {COLUMNS:,} columns")
    longest = 0
    with open(place, "rb") as file:
        size = file.seek(0, 2)
        for group in map(about.row_group, range(about.num_row_groups)):
            for at in range(group.num_columns):
                chunk = group.column(at)
                repeated = about.schema.column(at).max_repetition_level > 0
                starts = chunk.dictionary_page_offset, chunk.data_page_offset
                start = min(offset for offset in starts if offset)
                end = min(size, start + chunk.total_compressed_size)
                values, coded = _values_between(file, start, end)
                longest = max(longest, coded)
                if repeated and values > _FREE + _RATIO * (end - start):
                    raise Malformed(
                        f"its lists claim to hold {values:,} values in {end - start:,} bytes"
                    )
    return longest


def _values_between(file: BinaryIO, start: int, end: int) -> tuple[int, int]:
    """Return how many values the pages of a column hold, and how many bytes its dictionary has."""
    values = coded = 0
    while start < end:
        page, length = _page(file, start)
        packed, unpacked = page.get(3, -1), page.get(2, -1)
        if (
            not isinstance(packed, int)
            or not isinstance(unpacked, int)
            or min(packed, unpacked) < 0
        ):
            raise Malformed("a page does not have a readable header")
        if max(packed, unpacked) > _PAGE:
            raise Malformed(f"a page has {max(packed, unpacked):,} bytes; the maximum is {_PAGE:,}")
        if page.get(1) == 2:
            coded = max(coded, unpacked)
        for kind in (5, 8):  # a data page, of version 1 or 2
            inner = page.get(kind)
            if isinstance(inner, dict):
                count = inner.get(1, 0)
                values += count if isinstance(count, int) and count > 0 else 0
        start += length + packed
    return values, coded


def _page(file: BinaryIO, start: int) -> tuple[dict[int, Any], int]:
    """Return the header of a page, and its length."""
    for most in _HEADERS:
        file.seek(start)
        header = _Thrift(file.read(most))
        try:
            return header.struct(), header.at
        except EOFError:  # its least and greatest value may be long
            continue
    raise Malformed("a page does not have a readable header")


class _Thrift:
    """A reader of Thrift's compact protocol, as far as the headers of pages need it."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.at = 0

    def struct(self, depth: int = 0) -> dict[int, Any]:
        """Return the fields of a struct by their numbers; those that are not numbers are skipped.

        Raises:
            EOFError: the struct does not end.
            Malformed: it is not a struct, or is nested too deeply.
        """
        fields: dict[int, Any] = {}
        number = 0
        while (head := self._byte()) != 0:
            number = number + (head >> 4) if head >> 4 else self._zigzag()
            value = self._value(head & 15, depth)
            if number not in fields:
                fields[number] = value
            if len(fields) > _FIELDS:  # a header has a dozen
                raise Malformed("a page does not have a readable header")
        return fields

    def _value(self, kind: int, depth: int) -> Any:
        if depth > 8:
            raise Malformed("a page does not have a readable header")
        if kind in (1, 2):
            return kind == 1
        if kind == 3:
            return self._byte()
        if kind in (4, 5, 6):
            return self._zigzag()
        if kind == 7:
            self.at += 8
        elif kind == 8:
            length = self._varint()  # of the least or greatest value, as a text
            self.at += length
        elif kind in (9, 10):
            head = self._byte()
            count = head >> 4 if head >> 4 < 15 else self._varint()
            if count > _FIELDS:  # a header has no list
                raise Malformed("a page does not have a readable header")
            for _ in range(count):
                self._value(head & 15, depth + 1)
        elif kind == 12:
            return self.struct(depth + 1)
        else:
            raise Malformed("a page does not have a readable header")
        return None

    def _byte(self) -> int:
        if self.at >= len(self._data):
            raise EOFError
        self.at += 1
        return self._data[self.at - 1]

    def _varint(self) -> int:
        value = shift = 0
        while True:
            byte = self._byte()
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value
            if shift > 63:
                raise Malformed("a page does not have a readable header")

    def _zigzag(self) -> int:
        value = self._varint()
        return (value >> 1) ^ -(value & 1)


def _first_line(error: Exception) -> str:
    text = str(error).strip() or type(error).__name__
    return text.splitlines()[0]
