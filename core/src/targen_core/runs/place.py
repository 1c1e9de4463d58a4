"""Choose where a run goes: a free directory, that of the same run, or that of an empty one.

A first try often ends before a model has answered anything: a wrong key, a wrong name, a server
that is not up. Its leftovers do not block a later run.
"""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from targen_core.errors import (
    RunConflict,
    RunDirectoryError,
    TargenError,
    UsageError,
)
from targen_core.hints import flag_of, is_address, quoted
from targen_core.outputs import remove
from targen_core.runs.directory import RunDirectory
from targen_core.runs.files import OUTPUTS
from targen_core.runs.manifest import COPY, Lock, Manifest, flat
from targen_core.runs.permissions import refuse_itself
from targen_core.signing import FILE as SIGNATURES
from targen_core.task_files import TaskFile
from targen_core.text import plural

if TYPE_CHECKING:
    from targen_core.runs.plan import Prepared

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
            hint=(_larger(there, requested, out) or any_larger)
            + " extends it; or choose a different --out",
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


_log = logging.getLogger("targen.run")

_STARTING = 10.0
"""Seconds within which a run that has locked its directory writes its manifest."""


def claimed(
    out: Path, manifest: Manifest, prepared: Prepared, place: Place
) -> tuple[RunDirectory, Manifest]:
    """Lock the directory of a run, and return it with the manifest to write or to continue.

    Another run may take a directory with a default name while this one chooses: it chooses again.

    Raises:
        RunConflict: `out` holds another run, or something else.
        RunDirectoryError: a process holds it, or this run is in progress there.
    """
    busy: set[Path] = set()
    deadline = time.monotonic() + _STARTING
    waits = False
    while True:
        path, said = out, ""
        if place == "number":
            path, said = place_for(out, manifest, prepared.file, busy)
        for option, sources in prepared.datasets.items():
            refuse_itself(option, sources, path)
        # In this order: another process may be writing its first files there.
        require_run(path)
        try:
            directory = RunDirectory(path)
        except RunDirectoryError as error:
            if place != "number" or isinstance(error.__cause__, OSError):
                raise
            is_other = _is_other(path, manifest, prepared)
            if is_other:
                busy.add(path)
            elif is_other is None and time.monotonic() < deadline:
                if not waits:
                    _log.info("waiting for another run that is starting in %s", path)
                waits = True
                time.sleep(0.05)
            else:
                raise
            continue
        with contextlib.ExitStack() as failing:
            failing.callback(directory.close)
            if directory.manifest.exists():
                try:
                    there = Manifest.load(directory.manifest)
                    manifest = same_run(there, manifest, path, prepared.file)
                except RunConflict:
                    if place == "number" and not is_unanswered(path):
                        continue  # that run began and ended meanwhile
                    if place == "exact" or not is_unanswered(path):
                        raise
                    clear_unanswered(path)
                    _log.warning("replaced the run in %s, in which no call had been answered", path)
            if said:
                _log.warning("%s", said)
            failing.pop_all()
        return directory, manifest


def _is_other(path: Path, manifest: Manifest, prepared: Prepared) -> bool | None:
    """Return whether the run in progress in a directory is another; None while it only starts."""
    try:
        same_run(Manifest.load(path / "manifest.json"), manifest, path, prepared.file)
    except RunConflict:
        return True
    except TargenError:
        return None
    return False


def difference(there: Manifest, requested: Manifest) -> str:
    """Name the options by which a request differs from a run, with values that people pass."""
    mine, theirs = there.compared(requested), requested.compared(there)
    for found in (mine, theirs):
        found |= flat({"targets": found.pop("targets")[-1]})
    names = [name for name in {**theirs, **mine} if mine.get(name) != theirs.get(name)]
    said = (_option(name, mine.get(name), theirs.get(name)) for name in names)
    return ", ".join(dict.fromkeys(said))


def _option(name: str, was: Any, now: Any) -> str:
    """Return the option behind a field of a manifest, with its two values if they are short."""
    first, _, rest = name.partition(".")
    match first:
        case "task" | "task_file" | "given":
            return "a different task" if first != "given" else f"different {rest}"
        case "steps":
            return "a different --backend, --model or -o"
        case "batches":
            return "a different -o STEP.batch"
        case "parts":
            return f"a different {rest.partition('.')[0]}"
        case "targets" if rest.startswith("quotas"):
            return "a different -n or --label"
        case "targets":
            first, rest = rest, ""
    passed = [flag_of(first)] if not rest else [flag_of(first), rest]
    values = ["none" if each in (None, "", []) else str(each) for each in (was, now)]
    return f"{' '.join(passed)} {values[0]}, not {values[1]}"


def require_same(there: Manifest, lock: Lock) -> None:
    """Check that a run would continue with what it started with.

    Args:
        there: the run's manifest.
        lock: what its config comes to now.

    Raises:
        RunConflict: something has changed.
    """
    if changed := difference(there, there.model_copy(update={"lock": lock})):
        raise RunConflict(
            f"this run was started with {changed}",
            hint="resume it with its original options and files, and the versions in its "
            "manifest.json; or generate a new run",
        )
