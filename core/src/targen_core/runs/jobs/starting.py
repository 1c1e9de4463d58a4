"""The start of a job: its directory, and what people should know before it runs."""

from __future__ import annotations

import contextlib
import logging
import time
from pathlib import Path

from targen_core.engine.filters import USUAL
from targen_core.errors import RunConflict, RunDirectoryError, TargenError, UsageError
from targen_core.hints import flags
from targen_core.runs.folder.directory import RunDirectory
from targen_core.runs.folder.place import (
    Place,
    clear_unanswered,
    is_unanswered,
    place_for,
    require_run,
    same_run,
)
from targen_core.runs.jobs.failures import notes_before
from targen_core.runs.preparing.plan import Prepared
from targen_core.runs.preparing.sources import refuse_itself
from targen_core.runs.records.manifest import Manifest

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


def require_given(prepared: Prepared) -> None:
    """Check that given rows, if all rows come from them, contain each requested label.

    Raises:
        UsageError: rows of a label are missing.
    """
    known = prepared.task.seeding.most
    most = {} if known is None else known()
    quotas = {label: rows for label, rows in prepared.config.quotas.items() if rows}
    others = {label: rows for label, rows in quotas.items() if most.get(label, rows)}
    for label in quotas:
        if label not in others:
            more = f", or {flags(labels=others)}" if others else ""
            raise UsageError(
                f"the given rows do not contain the label {label}",
                hint="give rows with this label" + more,
            )


def log_notes_before(prepared: Prepared) -> None:
    """Log the notes for people before a run starts, such as one about a very small model."""
    for note in (*prepared.notes, *notes_before(prepared)):
        _log.warning("%s", note)


def warn_of_missing_filters(manifest: Manifest) -> None:
    """Warn about usual filters that are not installed here, and show how to install them."""
    for name in USUAL:
        if f"filter {name}" not in manifest.lock.parts:
            _log.warning("the filter %s is not installed, so rows may repeat each other", name)
