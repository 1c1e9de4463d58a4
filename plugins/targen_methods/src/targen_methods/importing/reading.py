"""Records of a published file, one by one: what a stranger sends is only data."""

from __future__ import annotations

import codecs
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from targen_core.dataset.source import Source, open_source
from targen_core.errors import UsageError, no_such_file
from targen_core.plain import refuse_waiting
from targen_core.reading.encodings import encoding_of, usual_encodings
from targen_core.reading.values import TooDeep, is_within, json_of
from targen_methods.importing.published import FORMS, Published, looks_like

_LONGEST = 16 << 20  # bytes of a record: the longest published one has some thousands
_DEEPEST = 6  # levels of a record; published ones have three
_SEEN = 50  # records by which a format is recognised

_BINARY = (
    (b"PK\x03\x04", "an archive, or a torch tensor"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"PAR1", "a Parquet table"),
    (b"\x80\x02", "a pickle"),
    (b"\x80\x03", "a pickle"),
    (b"\x80\x04", "a pickle"),
    (b"\x80\x05", "a pickle"),
)

_FROM_TORCH = (
    "a pickle contains code that runs when it is read, so targen never reads one. If you trust it, "
    "save its numbers: python -c \"import numpy, torch; numpy.save('weights.npy', "
    "torch.load('best_thetas.pth', weights_only=True).detach().cpu().numpy())\", then --weights "
    "weights.npy --logits"
)


class Bad(ValueError):
    """The reason why a record is not a row, by which it is counted, and further details."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Opened:
    """A published file.

    Attributes:
        path: where it is.
        source: how its records are read.
        of: whose form its rows have.
        columns: those of its first rows, in order.
    """

    path: Path
    source: Source
    of: Published
    columns: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The file's name, as it can be written."""
        return self.path.name.encode("utf-8", "replace").decode()

    def rows(self) -> Iterator[tuple[int, Mapping[str, Any] | Bad]]:
        """The rows with the place of their record, from 1; a record may hold several, or none."""
        for place, record in _records(self.source):
            if isinstance(record, Bad):
                yield place, record
                continue
            for row in self.of.rows(record):
                yield place, row


def open_published(path: Path, of: Published, encoding: str = "utf-8") -> Opened:
    """A file in a published form.

    Raises:
        UsageError: it cannot be read, or is of another form, which is named.
    """
    source = _source(path, of, encoding)
    first = [record for _, record in islice(_records(source), _SEEN)]
    if not first:
        raise UsageError(f"{path} has no rows")
    rows = [record for record in first if not isinstance(record, Bad)]
    if any(of.is_of(row) for row in rows):
        inner = dict.fromkeys(name for row in rows for each in of.rows(row) for name in each)
        return Opened(path, source, of, tuple(map(str, inner)))
    columns = {name for row in rows for name in row}
    if not columns:
        hint = f"a row of {of.name} has {of.described}"
        if any(isinstance(bad, Bad) and bad.reason == "not-utf8" for bad in first):
            hint = encoding_of(path, "--encoding NAME")
        raise UsageError(
            f"{path} does not look like {of.name}: its first records cannot be read "
            f"({', '.join(dict.fromkeys(bad.reason for bad in first if isinstance(bad, Bad)))})",
            hint=hint,
        )
    raise _other(path, of, columns)


def listed(names: Sequence[str], most: int = 12) -> str:
    """Names of columns for people: a stranger's file may have any, of any length."""
    some = ", ".join(name[:40] for name in names[:most])
    return some if len(names) <= most else f"{some} and {len(names) - most:,} more"


def _other(path: Path, of: Published, columns: set[str]) -> UsageError:
    """The error for a file of another form."""
    names = listed(sorted(map(str, columns)))
    likely = looks_like(columns)
    if {"premise", "hypothesis"} <= columns:
        likely = "lstm"
    if {"tokens", "ner_tags"} <= columns:
        hint = "it labels words, but targen only imports texts and pairs of texts"
    elif columns >= {"instruction", "most_similar"} or columns == {"instruction"}:
        hint = "it only contains instructions; all_instances_82K.jsonl has their instances"
    elif likely and likely != of.name:
        hint = f"targen import-rows {likely} {path}"
    else:
        known = "; ".join(f"{form.name}: {form.described}" for form in FORMS.values())
        hint = f"a row of {of.name} has {of.described}; other formats: {known}"
    looks = f"; it looks like {likely}" if likely and likely != of.name else ""
    said = f"{path} does not have the format {of.name}: its columns are {names}{looks}"
    return UsageError(said, hint=hint)


def _source(path: Path, of: Published, encoding: str) -> Source:
    """A file, seen to be what its name says.

    Raises:
        UsageError: it cannot be read, or is not text.
    """
    start = refuse_binary(path)
    if start.startswith(b"\x93NUMPY"):
        raise UsageError(f"{path} is a numpy array, not a file of rows", hint="--weights FILE")
    begin = start.decode(_encoding(start, encoding), "replace").lstrip("\ufeff \t\r\n")
    if begin[:1] in ("{", ""):
        kind, suffixes = "JSON Lines", [".jsonl", ".json"]
    elif begin[:1] == "[":
        kind, suffixes = "a JSON list", [".json"]
    elif "\t" in begin.splitlines()[0]:
        kind, suffixes = "a tab-separated table", [".tsv"]
    else:
        raise UsageError(
            f"{path} is neither JSON Lines, nor a JSON list, nor a tab-separated table: it starts "
            f"with {begin.splitlines()[0][:60]!r}",
            hint=f"a row of {of.name} has {of.described}",
        )
    if path.suffix.lower() not in suffixes:  # by which a form is known
        raise UsageError(f"{path} contains {kind}", hint=f"rename it to end in {suffixes[0]}")
    return open_source(path, encoding=encoding)


def _encoding(start: bytes, encoding: str) -> str:
    """The encoding of a file that begins so, where its mark does not say another."""
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    try:
        return codecs.lookup(encoding).name
    except LookupError:
        hint = f"--encoding NAME; NAME is, for example, {usual_encodings()}"
        raise UsageError(f"unknown encoding {encoding!r}", hint=hint) from None


def refuse_binary(path: Path) -> bytes:
    """Refuse what would run code when it is read, or holds no text, and give how a file begins.

    Raises:
        UsageError: it is such a file, or cannot be read.
    """
    start = _start(path)
    if path.suffix.lower() in (".pth", ".pt", ".pkl", ".pickle"):
        raise UsageError(f"{path} is a pickled tensor or object", hint=_FROM_TORCH)
    for mark, what in _BINARY:
        if start.startswith(mark):
            hint = _FROM_TORCH if "pickle" in what or "torch" in what else "unpack it first"
            raise UsageError(f"{path} is {what}, not text", hint=hint)
    return start


def _start(path: Path) -> bytes:
    try:
        refuse_waiting(path)
        with open(path, "rb") as file:
            if not path.is_file():
                raise UsageError(
                    f"{path} is not a regular file, but has to be read more than once",
                    hint="save it to a file first",
                )
            return file.read(4096)
    except FileNotFoundError:
        raise no_such_file(path) from None
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from error


def _records(source: Source) -> Iterator[tuple[int, Mapping[str, Any] | Bad]]:
    """Yield the records of a file as mappings, or why one is invalid."""
    for place, record in source.form.records():
        try:
            yield place, _mapping(record)
        except Bad as bad:
            yield place, bad


def _mapping(record: Any) -> Mapping[str, Any]:
    """A record's values.

    Raises:
        Bad: it is not a mapping.
    """
    if isinstance(record, bytes):
        if len(record) > _LONGEST:
            raise Bad("too-long")
        try:
            record = json_of(record.decode())
        except UnicodeDecodeError:
            raise Bad("not-utf8") from None
        except TooDeep:
            raise Bad("too-deep") from None
        except ValueError:
            raise Bad("not-json") from None
    if isinstance(record, ValueError):
        reasons = {"object": "no-object", "MiB": "too-long"}
        reason = next((r for w, r in reasons.items() if w in str(record)), "no-table-row")
        raise Bad(reason, str(record) if reason == "no-table-row" else "")
    if not isinstance(record, Mapping):
        raise Bad("no-object")
    if not is_within(record, _DEEPEST):
        raise Bad("too-deep")
    return record
