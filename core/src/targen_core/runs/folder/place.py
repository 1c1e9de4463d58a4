"""Choose where a run goes: a free directory, that of the same run, or that of an empty one.

A first try often ends before a model has answered anything: a wrong key, a wrong name, a server
that is not up. Its leftovers do not block a later run.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Literal

from targen_core.errors import (
    RunConflict,
    RunDirectoryError,
    UsageError,
)
from targen_core.hints import is_address, quoted
from targen_core.outputs import remove
from targen_core.runs.records.comparing import difference
from targen_core.runs.records.lock import COPY, is_in_file
from targen_core.runs.records.manifest import Manifest
from targen_core.runs.records.writing import OUTPUTS
from targen_core.signing import FILE as SIGNATURES
from targen_core.task_files import TaskFile
from targen_core.text import plural

Place = Literal["exact", "replace", "number"]
"""Ways to treat a directory that holds another run.

"exact": it is an error. "replace": a run without an answered call makes room. "number": as
"replace"; if the directory contains anything else, the run goes to the first of DIRECTORY-2,
DIRECTORY-3, ... that is free or holds it.
"""

_WHOLE = ("manifest.json", "task.json", "task.py", "report.json", "README.md")
_PARTS = {f".{name}.part" for name in (*_WHOLE, SIGNATURES)}  # half written ones
# Files that a run killed before it wrote its manifest may leave.
_FIRST_FILES = {".lock", SIGNATURES, "task.json", "task.py", *_PARTS}
# Files of a run without rows, in which nothing was paid for or written by hand.
_RECORDS = ("journal", "ledger", "pending.jsonl", "kept.jsonl")
_EMPTY_RUN_FILES = {*_FIRST_FILES, *_WHOLE, *OUTPUTS, *_RECORDS}
_MOST = 10_000  # directories that are tried


def numbered(out: Path) -> Iterator[Path]:
    """DIRECTORY, DIRECTORY-2, DIRECTORY-3, ..."""
    named = out if out.name.strip(".") else out.resolve()  # "." and ".." have no name to add to
    yield out
    for number in range(2, _MOST):
        yield named.with_name(f"{named.name}-{number}")


def place_for(
    out: Path,
    requested: Manifest,
    file: TaskFile | None = None,
    busy: Collection[Path] = (),
) -> tuple[Path, str]:
    """Return the directory of a run with a default name, and a note on it, or "".

    `file` is the task's, if it is in one. `busy` are directories in which other runs are starting.

    A run with another number of rows is also another run: its rows are the same as anywhere, and
    paid replies come from the cache.
    """
    taken = revised = ""
    for path in numbered(out):
        if path in busy:
            taken = taken or f"a different run is in progress in {path}"
            continue
        if not path.exists() or is_fresh(path):
            break
        if not (path / "manifest.json").exists():
            taken = taken or f"{path} is not a run directory"
            continue
        try:
            there = Manifest.load(path / "manifest.json")
            same_run(there, requested, path, file)
            break
        except RunDirectoryError:
            taken = taken or f"{path} contains a run that cannot be read"
        except RunConflict as conflict:
            if is_unanswered(path):
                break
            if not taken and _has_other_file(there, requested):
                again = f"targen revise {quoted(path)} --task FILE"
                revised = f"; {again} shows what the change affects"
            elif not taken and (larger := _larger(there, requested, path)) is not None:
                revised = f"; to extend the other run instead: {larger}"
            taken = taken or str(conflict)
    return path, f"{taken}. Writing this run to {path}{revised}" if taken else ""


_BY_FILES = ", with --batch-offline for targen batch export"


def require_run(out: Path) -> None:
    """Check that a directory for a run only contains a run.

    Raises:
        RunConflict: something else is.
        UsageError: it is an address.
    """
    if is_address(str(out)):
        folder = "--out FOLDER"
        raise UsageError(
            f"{out} is a URL, but targen writes only to local folders",
            hint=folder + "; then copy the folder there",
        )
    if out.exists() and not is_fresh(out) and not (out / "manifest.json").exists():
        below = ", such as --out " + quoted(out / "run") if out.is_dir() else ""
        raise RunConflict(
            f"{out} already exists, but is not a run directory",
            hint=f"choose a different --out{below}",
        )


def run_there(out: Path, requested: Manifest, file: TaskFile | None = None) -> Manifest | None:
    """Return the manifest to continue with, if `out` holds the requested run; None if it is free.

    `file` is that of the requested task, if it is in one.

    Raises:
        RunConflict: another run, or something else, is in its place.
    """
    require_run(out)
    path = out / "manifest.json"
    return same_run(Manifest.load(path), requested, out, file) if path.exists() else None


def same_run(
    there: Manifest, requested: Manifest, out: Path, file: TaskFile | None = None
) -> Manifest:
    """Return the manifest to continue with, if `out` holds the requested run.

    `file` is that of the requested task, if it is in one.

    Raises:
        RunConflict: it holds another one; says in what they differ.
    """
    if requested.config.target in there.targets:  # it may have been extended since
        first = there.config.target
        config = requested.config.replace(quotas=first.quotas, give_up_after=first.give_up_after)
        requested = requested.model_copy(update={"config": config, "extensions": there.extensions})
    differences = there.differences(requested)
    if not differences:
        return there.model_copy(update={"config": requested.config})
    rows, asked = (m.targets[-1].quotas.total for m in (there, requested))
    if rows != asked and all(each.startswith("targets") for each in differences):
        any_larger = there.resuming(out, n="N")
        raise RunConflict(
            f"{out} contains a different run: its target is {plural(rows, 'row')}, not {asked:,}",
            hint="choose a different --out; a run of a class in a file cannot be extended"
            if any(map(is_in_file, there.lock.steps.values()))
            else (
                (_larger(there, requested, out) or any_larger)
                + f" extends it{_BY_FILES}; or choose a different --out"
            ),
        )
    beside = next(path for path in numbered(out) if not path.exists())
    resume = f"{there.resuming(out)} resumes it with its recorded options; or "
    revise = f"targen revise {quoted(out)} --task FILE makes its rows fit the change; or "
    raise RunConflict(
        f"{out} contains a different run, started with {difference(there, requested)}",
        hint=(revise if _has_other_file(there, requested) else resume)
        + f"choose a different --out for the new run, such as --out {quoted(beside)}",
    )


def _has_other_file(there: Manifest, requested: Manifest) -> bool:
    """Return whether the file of a run's task has changed since."""
    was, now = there.task, requested.task
    return bool(there.task_file) and was.id == now.id and was.version != now.version


def _larger(there: Manifest, requested: Manifest, out: Path) -> str | None:
    """Return what extends the run in `out` to the requested one; None if it differs otherwise."""
    was, wanted = (m.targets[-1].quotas for m in (there, requested))
    differs = there.differences(requested)
    if not all(each.startswith("targets") for each in differs) or wanted.total == was.total:
        return None
    if any(wanted.get(label, rows) < rows for label, rows in was.items()):
        return None
    if any(map(is_in_file, there.lock.steps.values())):
        return None
    is_even = max(wanted.values()) - min(wanted.values()) <= 1
    size = {"n": wanted.total} if is_even else {"labels": dict(wanted)}
    return there.resuming(out, **size)


def is_fresh(out: Path) -> bool:
    """Return whether a directory holds at most what a run writes before its manifest."""
    return out.is_dir() and all(
        path.name in _FIRST_FILES or _is_copy(path.name) for path in out.iterdir()
    )


def _is_copy(name: str) -> bool:
    """Return whether a name is that of a run's copy of a given file, whole or half written."""
    return bool(COPY.fullmatch(name.removeprefix(".").removesuffix(".part")))


def is_unanswered(out: Path, *, free: bool = False) -> bool:
    """Return whether a run holds only what it would write again: no call was answered or lost.

    With `free`, its answers come from the cache or from another run, which give them again.
    """
    try:
        for path in out.iterdir():
            ours = path.name in _EMPTY_RUN_FILES or _is_copy(path.name)
            if not ours or path.is_symlink() or not path.is_file():
                return False
            if not free and path.name in ("journal", "dataset.jsonl") and path.stat().st_size:
                return False
    except OSError:
        return False
    return True


def clear_unanswered(out: Path) -> None:
    """Take away what a run without an answer left, in a directory that is locked.

    Raises:
        RunDirectoryError: it is not what it was any more.
        RunDirectoryError: a file cannot be removed.
    """
    if not is_unanswered(out):
        raise RunDirectoryError(
            f"another process is using {out}", hint="wait until it ends, or stop it"
        )
    try:
        for path in out.iterdir():
            if path.name != ".lock":
                remove(path)
    except OSError as error:
        raise RunDirectoryError(f"cannot write to {out}: {error.strerror}") from error
