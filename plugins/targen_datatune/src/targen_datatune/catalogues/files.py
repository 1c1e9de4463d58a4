"""`files`: a file, or a folder of them, as a catalogue."""

from __future__ import annotations

import hashlib
import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from targen_core.dataset.problems import row_problem
from targen_core.errors import (
    MissingDependency,
    TargenError,
    UnreadableFile,
    UsageError,
    no_such_file,
)
from targen_core.hints import quoted
from targen_core.origin import in_a_command
from targen_core.plain import content_of, digest_of, is_inside, open_plain
from targen_core.reading.files import WHOLE
from targen_core.reading.values import Malformed, json_of
from targen_core.signing import is_sealed, seal
from targen_core.text import plural
from targen_datatune.cards import Card, read_card
from targen_datatune.cells import LEFT_OUT, NO_DESCRIPTION, Columns, cut, plain
from targen_datatune.licenses import normal
from targen_datatune.retrieval import (
    Catalogue,
    CatalogueOptions,
    DatasetEntry,
    DatasetUnavailable,
    Listed,
)

SUFFIXES = (".csv", ".tsv", ".jsonl", ".ndjson", ".json", ".parquet")
"""Suffixes of files that are read."""

_WHOLE = ("manifest.json", "correction.json", "state.json")
"""Files that say that their folder is one dataset: a run, a correction, what `datasets` saved."""

_SPLIT = re.compile(
    r"^(?:(?P<name>.+?)[-_.])?(?P<split>train(?:ing)?|val(?:id(?:ation)?)?|dev(?:elopment)?|"
    r"test(?:ing)?)(?:-\d+-of-(?P<of>\d+))?$",
    re.IGNORECASE,
)
_SHARD = re.compile(r"^(?P<name>.+)-\d+-of-(?P<of>\d+)$")
_SPLITS = {"tr": "train", "va": "validation", "de": "validation", "te": "test"}
_PREFERRED = ("train", "", "validation", "test")
_CARD = 1 << 20  # bytes of a card that are read
_SAMPLES = 5
_OUTSIDE = (
    "it is a broken link, or a link that points outside the folder; give the path of its target"
)
_SCHEME = re.compile(r"[a-z][a-z0-9+-]+:(?!\\)")


@dataclass(frozen=True, slots=True)
class _Files:
    """The files of one split of a dataset, or the folder that is one.

    Attributes:
        key: names the dataset: its path from the catalogue's root.
        name: for people.
        split: "" for none.
        paths: the files, in order.
        folder: where its card may lie.
        problem: why it is not read, or "".
    """

    key: str
    name: str
    split: str
    paths: tuple[Path, ...]
    folder: Path
    problem: str = ""


def _opens(spec: str) -> bool:
    return not _SCHEME.match(spec)


def _listing(spec: str, options: CatalogueOptions) -> Iterator[Listed]:
    root = Path(spec).expanduser()
    if not root.exists():
        raise no_such_file(
            spec,
            "file or folder",
            hint="a catalogue is a file, a folder, or hf: for the hub; see targen list-catalogues",
        )
    if root.is_dir():
        listed = _in_folder(root.resolve())
    elif not root.is_file():
        raise UsageError(f"{spec} is neither a file nor a folder")
    elif root.suffix.lower() in SUFFIXES:
        path = root.resolve()
        listed = iter([_Files(path.name, path.stem, "", (path,), path.parent)])
    else:
        raise UsageError(
            f"{spec} is not a readable dataset",
            hint=f"use one of these formats: {', '.join(SUFFIXES)}",
        )
    for each in listed:
        if each.problem:
            yield Listed(each.key, each.problem, {"problem": each.problem})
            continue
        card = _card_of(each)
        stamp = ",".join(map(_stamp, [*each.paths, *([card] if card else [])]))
        data = {
            "name": each.name,
            "split": each.split,
            "paths": [str(path) for path in each.paths],
            "card": str(card or ""),
        }
        yield Listed(each.key, stamp, data)


def _in_folder(root: Path) -> Iterator[_Files]:
    """The datasets below a folder, in the order of their paths."""
    for folder, below, names in os.walk(root):
        at = Path(folder)
        # A review lies beside its dataset.
        below[:] = sorted(n for n in below if not n.startswith(".") and not n.endswith(".review"))
        if any(name in names for name in _WHOLE):
            below.clear()
            yield _Files(_key(root, at), at.name, "", (at,), at)
            continue
        if "dataset_dict.json" in names:
            parts = [at / name for name in below if is_inside(root, at / name)]
            splits = [part for part in parts if (part / "state.json").is_file()]
            below.clear()
            if splits:
                one = min(splits, key=lambda path: (_rank(_split(path.name)), path.name))
                yield _Files(_key(root, at), at.name, _split(one.name) or one.name, (one,), at)
            continue
        yield from _of_files(root, at, sorted(names))


def _of_files(root: Path, folder: Path, names: Sequence[str]) -> Iterator[_Files]:
    """The datasets of a folder's own files: splits and shards of one are one."""
    groups: dict[tuple[str, str], dict[str, list[Path]]] = {}
    for name in names:
        path = folder / name
        suffix = path.suffix.lower()
        if name.startswith(".") or suffix not in SUFFIXES:
            continue
        if not _is_inside(root, path):
            if path.is_symlink() and _has_characters(path):
                yield _Files(_key(root, path), path.stem, "", (), folder, _OUTSIDE)
            continue
        split = _SPLIT.match(path.stem)
        shard = _SHARD.match(path.stem)
        if split is not None:
            whose = split["name"] or ""
        else:
            whose = shard["name"] if shard is not None else path.stem
        of = groups.setdefault((whose, suffix), {})
        of.setdefault(_split(split["split"]) if split is not None else "", []).append(path)
    stems = [whose for whose, _ in groups]
    for (whose, suffix), splits in groups.items():
        split_name = min(splits, key=_rank)
        paths = splits[split_name]
        above = folder.parent if folder.name == "data" and folder != root else folder
        name = whose or above.name
        if len(splits) == len(paths) == 1 and not (split_name and not whose):
            key, name = _key(root, paths[0]), paths[0].stem if not split_name else name
        else:
            key = _key(root, folder / whose) if whose else _key(root, above)
            key += suffix if stems.count(whose) > 1 else ""
        yield _Files(key, name, split_name, tuple(paths), above)


def _is_inside(root: Path, path: Path) -> bool:
    """Return whether a path is a file of the folder `root`: a link may lead elsewhere."""
    try:
        return _has_characters(path) and path.is_file() and is_inside(root, path)
    except (OSError, RuntimeError):
        return False


def _has_characters(path: Path) -> bool:
    """Return whether a name can be written as text: not all bytes can."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        return False
    return True


def _key(root: Path, path: Path) -> str:
    inside = path.relative_to(root).as_posix() if path.is_relative_to(root) else ""
    key = root.name if inside in ("", ".") else f"{root.name}/{inside}"
    # A line break in a file's name would begin another dataset in the list that a model is shown.
    return "".join(char if char.isprintable() else "\ufffd" for char in key)


def _split(name: str) -> str:
    return _SPLITS.get(name[:2].lower(), "")


def _rank(split: str) -> int:
    return _PREFERRED.index(split) if split in _PREFERRED else len(_PREFERRED)


def _card_of(files: _Files) -> Path | None:
    """The card of a dataset: one of its own name, or the folder's."""
    own = [files.paths[0].with_suffix(".md")] if len(files.paths) == 1 else []
    for path in (*own, files.folder / "README.md", files.folder / f"{files.name}.md"):
        if _is_inside(files.folder, path):
            return path
    return None


def _stamp(path: Path) -> str:
    """Return a stamp that changes with a file's content, or with that of a folder's files."""
    paths = _members(path) if path.is_dir() else [path]
    facts = [(each.name, each.stat().st_size, each.stat().st_mtime_ns) for each in paths]
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:16]


def _members(folder: Path) -> list[Path]:
    """The files of a folder that is a dataset which its rows are in."""
    inside = folder.resolve()
    rows = [path for path in folder.iterdir() if _is_inside(inside, path)]
    kept = [path for path in rows if path.suffix in (".arrow", ".parquet")]
    kept += [path for path in rows if path.name in (*_WHOLE, "dataset.jsonl", "dataset_info.json")]
    return sorted(kept)


def _revision(paths: Sequence[Path]) -> str:
    digest = hashlib.sha256()
    files = [each for path in paths for each in (_members(path) if path.is_dir() else [path])]
    if not files:  # no digest would describe its contents
        raise DatasetUnavailable(f"{paths[0]} contains no data files")
    for each in files:
        digest.update(bytes.fromhex(digest_of(each)))
    return f"sha256:{digest.hexdigest()[:32]}"


def _describe(listed: Listed, options: CatalogueOptions) -> Sequence[DatasetEntry]:
    if problem := listed.data.get("problem", ""):
        raise DatasetUnavailable(problem)
    paths = [Path(path) for path in listed.data["paths"]]
    card = _read_card(listed.data["card"])
    with _reading(listed.key):
        revision = _revision(paths)
        inside = _json_object(paths[0])
        columns, samples, rows, notes = _looked_through(paths)
    name = listed.data["name"]
    said = plain(inside.said) if inside is not None else {}
    described = said.get("description", "") or card.description or _made_up(samples)
    if "canary" in said:
        notes = [*notes, f"its authors ask to keep it out of training corpora: {said['canary']}"]
    if card.name and card.name not in (name, described[: len(card.name)]):
        described = f"{card.name}. {described}"
    if len(paths) > 1 and not paths[0].is_dir():
        notes = [*notes, f"{plural(len(paths), 'file')}, read in order"]
    return [
        DatasetEntry(
            id=f"file:{listed.key}",
            name=name,
            split=listed.data["split"],
            revision=revision,
            description=described,
            tags=card.tags,
            license=normal(said.get("license", "")) or card.license,
            columns=columns,
            rows=rows,
            samples=tuple(samples),
            location=(location := _location(paths)),
            signature=seal(location),
            notes=tuple(notes),
        )
    ]


@contextmanager
def _reading(dataset: str) -> Iterator[None]:
    """Turn an error about a file into one about its dataset."""
    try:
        yield
    except (UnreadableFile, OSError) as error:
        why = error.reason if isinstance(error, UnreadableFile) else error.strerror
        raise DatasetUnavailable(f"{dataset} cannot be read: {why}") from error


def _read_card(path: str) -> Card:
    if not path:
        return Card()
    try:
        with os.fdopen(open_plain(Path(path).resolve(), os.O_RDONLY), "rb") as file:
            return read_card(file.read(_CARD).decode(errors="replace"))
    except OSError:
        return Card()


def _looked_through(
    paths: Sequence[Path],
) -> tuple[dict[str, str], list[dict[str, Any]], int, list[str]]:
    """Columns, samples, the number of rows, and what one should know.

    Raises:
        DatasetUnavailable: there are no readable rows.
    """
    columns, rows, bad, first = Columns(), 0, 0, ""
    samples: list[dict[str, Any]] = []
    for place, row in _each(paths):
        if isinstance(row, ValueError):
            bad += 1
            first = first or f"{place}: {row_problem(row)}"
            continue
        rows += 1
        columns.add({plain(str(name)): value for name, value in row.items()})
        if len(samples) < _SAMPLES:
            samples.append(cut(plain(row)))
    if not rows:
        raise DatasetUnavailable(f"{paths[0]} has no readable rows" + (f"; {first}" if bad else ""))
    notes = [f"{LEFT_OUT} {plural(bad, 'unreadable row')}; {first}"] if bad else []
    if len(columns.types()) == 1 and ";" in (name := next(iter(columns.types()))):
        notes.append(f"its only column is {name!r}; targen assumes that commas separate cells")
    return columns.types(), samples, rows, notes


def _each(paths: Sequence[Path]) -> Iterator[tuple[str, Mapping[str, Any] | ValueError]]:
    """The rows of files, one behind the other, each with its place.

    Raises:
        DatasetUnavailable: one cannot be read.
    """
    from targen_core.dataset.source import open_source

    for path in paths:
        try:
            inside = _json_object(path)
            source = open_source(path if inside is None else inside.rows)
            for number, row in source.each():
                yield f"{path.name}, {source.form.place} {number}", row
        except MissingDependency:
            raise
        except TargenError as error:
            hint = error.hint
            if isinstance(error.__cause__, UnicodeError):  # its hint is an option of others
                hint = "save the file as UTF-8"
            raise DatasetUnavailable(str(error), hint=hint) from error


@dataclass(frozen=True, slots=True)
class _Inside:
    """A JSON object with rows in one of its values, as BIG-bench's and SQuAD's files are.

    Attributes:
        rows: the list, or the values of the object, that is the only one of objects.
        said: its other values that are texts.
    """

    rows: list[Any]
    said: Mapping[str, str]


def _json_object(path: Path) -> _Inside | None:
    """The rows inside a .json file that is one object; None for any other file.

    Raises:
        DatasetUnavailable: it is one object, and the place of its rows is unclear.
    """
    if path.suffix.lower() != ".json" or path.is_dir():
        return None
    data = content_of(path, WHOLE)
    if not data.lstrip().startswith(b"{"):
        return None
    try:
        value = json_of(data, most=sys.maxsize, strict=False)
    except Malformed:
        return None  # lines of JSON, or what the reader has words for
    lists = [each for each in value.values() if _are_rows(each)]
    if len(lists) != 1:
        several = f"{len(lists)} lists of rows" if lists else "no list of rows"
        raise DatasetUnavailable(f"{path} is a single JSON object that contains {several}")
    rows = list(lists[0].values() if isinstance(lists[0], dict) else lists[0])
    return _Inside(rows, {name: v for name, v in value.items() if isinstance(v, str)})


def _are_rows(value: Any) -> bool:
    parts = list(value.values()) if isinstance(value, dict) else value
    return isinstance(parts, list) and bool(parts) and all(isinstance(p, dict) for p in parts)


def _made_up(samples: Sequence[Mapping[str, Any]]) -> str:
    """Return a description in place of a missing one: the contents of the first row."""
    if not samples:
        return ""
    cells = (
        f"{column}: {value}" for column, value in samples[0].items() if value not in (None, "")
    )
    return f"{NO_DESCRIPTION} A row: {'; '.join(cells)}"[:1000]


def _location(paths: Sequence[Path]) -> str:
    """An absolute path; that of shards has `*` for their numbers."""
    first = paths[0]
    if len(paths) == 1:
        return str(first)
    return str(first.with_name(re.sub(r"-\d+-of-", "-*-of-", first.name)))


def _rows(entry: DatasetEntry) -> Iterator[Mapping[str, Any]]:
    at = Path(entry.location)
    if in_a_command() and not is_sealed(entry.location, entry.signature):
        raise DatasetUnavailable(
            f"{entry.id} refers to {at}, but targen does not read files that someone else's "
            "index names",
            hint=f"targen catalogue build {quoted(at.parent)}",
        )
    paths = sorted(at.parent.glob(at.name)) if "-*-of-" in at.name else [at]
    again = "run targen catalogue build to describe it again"
    with _reading(entry.id):
        try:
            changed = _revision(paths) != entry.revision
        except (FileNotFoundError, UnreadableFile) as error:
            if not getattr(error, "missing", True):
                raise
            raise DatasetUnavailable(f"{entry.id} is no longer at {at}", hint=again) from None
    if not paths or changed:
        raise DatasetUnavailable(f"{entry.id} has changed since it was described", hint=again)
    for _, row in _each(paths):
        if not isinstance(row, ValueError):
            yield {plain(str(name)): plain(value) for name, value in row.items()}


FILES = Catalogue(
    summary="your own folders and files: CSV, JSON, Parquet, runs",
    opens=_opens,
    listing=_listing,
    describe=_describe,
    rows=_rows,
)
