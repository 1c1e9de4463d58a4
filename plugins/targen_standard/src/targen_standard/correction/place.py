"""The directory of a correction, and whether it already holds the same or other work."""

from __future__ import annotations

import logging
from pathlib import Path

from targen_core.errors import RunConflict, RunDirectoryError
from targen_core.origin import is_file, order_of
from targen_core.runs.correction_plan import CorrectionPlan
from targen_core.runs.directory import RunDirectory
from targen_core.runs.files import check_members, write_atomically
from targen_core.runs.manifest import flat
from targen_core.runs.place import Place, numbered
from targen_core.task_files import note_own_copy, task_file

_log = logging.getLogger("targen.run")


def open_correction(
    out: Path, plan: CorrectionPlan, task: str, place: Place = "exact"
) -> RunDirectory:
    """The directory of a correction, locked, with its plan in it, and its task if that is a file.

    Args:
        out: the directory.
        plan: what decides what the correction finds.
        task: the name of the task, or its file.
        place: what may happen to something else in `out`. "replace" replaces a version that people
            made of the same rows, when they had given other answers.

    Raises:
        RunConflict: it holds something else.
    """
    file = task_file(order_of(task)) if is_file(task) else None
    if file is not None:
        plan = plan.model_copy(update={"task_file": file.copy})
    if place == "number":
        out = _place_for(out, plan)
    again = place == "replace"
    if out.exists():
        check_members(out)
        _same_plan(out, plan, again=again)  # before a lock is put into what is someone else's
    directory = RunDirectory(out)
    try:
        _same_plan(out, plan, again=again)
        plan.save(out)
        if file is not None:
            copy = out / file.copy.partition(":")[0]
            write_atomically(copy, file.text)
            note_own_copy(copy)
    except BaseException:
        directory.close()
        raise
    return directory


def _place_for(out: Path, plan: CorrectionPlan) -> Path:
    """The first of DIRECTORY, DIRECTORY-2, ... that is free, or holds the very same work."""
    taken = ""
    for path in numbered(out):
        try:
            if path.exists():
                _same_plan(path, plan)
            break
        except RunConflict as conflict:
            taken = taken or str(conflict)
    if taken:
        _log.warning("%s. Writing this correction to %s", taken, path)
    return path


def _same_plan(out: Path, plan: CorrectionPlan, *, again: bool = False) -> None:
    """That `out` is fresh, or holds the very same work; with `again`, people may say other things.

    Raises:
        RunConflict: it holds something else.
    """
    there = out / "correction.json"
    if not there.exists():
        if not out.is_dir() or any(
            path.name not in (".lock", ".correction.json.part") for path in out.iterdir()
        ):
            raise RunConflict(
                f"{out} already exists, but is not a correction", hint="choose a different --out"
            )
        return
    try:
        old = CorrectionPlan.load(out)
    except RunDirectoryError as error:
        raise RunConflict(f"{there} cannot be read", hint="choose a different --out") from error
    mine, theirs = flat(plan.model_dump(mode="json")), flat(old.model_dump(mode="json"))
    different = [name for name in sorted({*mine, *theirs}) if mine.get(name) != theirs.get(name)]
    if again and old.review and plan.review:
        different = [name for name in different if not name.startswith("review.")]
    if different:
        said = dict.fromkeys(_called(name) for name in different)
        raise RunConflict(
            f"{out} contains a different correction (it differs in: {', '.join(said)})",
            hint="choose a different --out",
        )


def _called(name: str) -> str:
    """Return what users call a field of `CorrectionPlan`, given by its path."""
    known = {
        "data": "rows",
        "part": "corrector",
        "rows_per_call": "rows per call",
        "step": "model",
        "task_file": "task",
    }
    first = name.partition(".")[0]
    return known.get(first, first)
