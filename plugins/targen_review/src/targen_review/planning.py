"""Make the plan of a review, or find the one that exists."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from targen_core.errors import UsageError
from targen_core.origin import HUB
from targen_review.grades import check_name, read_grades
from targen_review.plan import (
    Plan,
    PlanData,
    data_of,
    folder_for,
    is_there,
    load_plan,
    located,
    write_plan,
)
from targen_review.rows import NO_TASK, ReviewData, open_data
from targen_review.rubric import LABELS, OUTPUTS, PAPER, named_rubric
from targen_review.sample import Drawable, assign, sample_size, teams_of


def planned(
    data: str,
    *,
    sample: str | None = None,
    raters: str | None = None,
    teams: str | None = None,
    rubric: str | None = None,
    blind: bool = False,
    seed: int | None = None,
    out: Path | None = None,
    task: str | None = None,
    encoding: str = "utf-8",
    quiet: bool = False,
) -> tuple[Path, Plan, ReviewData]:
    """Return the folder of a review, its plan, and its opened data.

    If different options are requested before the first grade, a new plan replaces the old one.

    Raises:
        UsageError: a request is impossible, or differs from the plan by which rows were graded.
    """
    options: dict[str, Any] = {
        "sample": sample,
        "raters": None if raters is None else _names(raters, ","),
        "teams": None if teams is None else tuple(_names(t, "+") for t in _split(teams, ",")),
        "rubric": None if rubric is None else named_rubric(rubric),
        "blind": blind or None,
        "seed": seed,
        "encoding": None if encoding == "utf-8" else encoding,
    }
    options = {name: value for name, value in options.items() if value is not None}
    sample_size(options.get("sample", "all"), 1)
    if "teams" in options:
        teams_of(options.get("raters", ()), options["teams"])
        options.setdefault("raters", tuple(name for team in options["teams"] for name in team))
    if out is None and is_there(Path(data)):  # a review itself
        out = Path(data)
        data = data_of(out, load_plan(out)).path
    folder = folder_for(data, out)
    if folder.is_symlink():
        raise UsageError(f"{folder} is a link, not a folder", hint="choose a different --out")
    plan = load_plan(folder) if is_there(folder) else None
    if plan is not None:
        encoding = options.get("encoding", plan.encoding)
        task = task or data_of(folder, plan).task or None
    opened = _opened(data, task, encoding)
    if plan is not None:
        changed = _changed(folder, plan, opened, options)
        if not changed:
            return folder, plan, opened
        if _is_begun(folder):
            raise UsageError(
                f"{folder} already contains a review of this data with a different "
                + ", ".join(changed),
                hint="omit the options to continue it; for a new review, pass --out FOLDER",
            )
        print(f"{folder}: replaced the previous plan, which was unused", file=sys.stderr)
    plan = _new_plan(opened, options)
    write_plan(folder, plan)
    if not plan.blind and not quiet:
        print(
            "note: raters see each row's label; --blind hides it until they have chosen one "
            "themselves",
            file=sys.stderr,
        )
    return folder, plan, opened


def _opened(path: str, task: str | None, encoding: str) -> ReviewData:
    opened = open_data(path, task, encoding=encoding)
    if opened.problem or opened.task is None:
        why = opened.problem or (
            f"{NO_TASK} Pass it with --task NAME: targen list-tasks lists the names; a task file "
            "also works"
        )
        print(f"{opened.path}: {why}", file=sys.stderr)
    return opened


def _changed(folder: Path, plan: Plan, opened: ReviewData, options: dict[str, Any]) -> list[str]:
    """Return the options that a plan has otherwise, or its task if it was unknown.

    Raises:
        UsageError: the review is of other data.
    """
    if plan.data.name != opened.name:
        raise UsageError(
            f"{folder} contains a review of {plan.data.name}, not of {opened.name}",
            hint="--out FOLDER",
        )
    changed = [name for name, value in options.items() if getattr(plan, name) != value]
    return changed + ["task"] * bool(opened.task_id and not plan.data.task)


def open_reviewed(plan: Plan, folder: Path) -> ReviewData:
    """Return the dataset of a review, opened.

    Raises:
        TargenError: it cannot be read.
    """
    known = data_of(folder, plan)
    # A folder says itself whose rows it has; for a run that was moved, better than the plan.
    data = open_data(known.path, encoding=plan.encoding)
    if data.source.task is not None:
        return data
    return open_data(known.path, known.task or None, encoding=plan.encoding)


def _is_begun(folder: Path) -> bool:
    """Return whether somebody has graded a row, or a model started to."""
    return any(each.grades for each in read_grades(folder).values()) or any(
        folder.glob("model-*/manifest.json")
    )


def _new_plan(opened: ReviewData, options: dict[str, Any]) -> Plan:
    rows = [Drawable(row.id, row.label or "") for row in opened.rows()]
    if not rows:
        raise UsageError(f"{opened.path} has no rows")
    is_remote = str(opened.path).startswith(HUB)
    path = str(opened.path) if is_remote else str(opened.path.resolve())
    task = located(opened.task_id)
    teams = teams_of(options.get("raters", ()), options.get("teams", ()))
    rubric = PAPER
    if opened.output or opened.labels:
        rubric = OUTPUTS if opened.output else LABELS
    size = sample_size(
        options.get("sample", "all"), len(rows), opened.task.name if opened.task else ""
    )
    assigned = assign(
        rows,
        size,
        teams=teams,
        seed=options.get("seed", 0),
        shuffled=options.get("blind", False),
    )
    return Plan(
        data=PlanData(path=path, name=opened.name, task=task, rows=len(rows)),
        rows=assigned,
        **{"rubric": rubric, **options, "teams": tuple(teams)},
    )


def _names(text: str, by: str) -> tuple[str, ...]:
    return tuple(map(check_name, _split(text, by)))


def _split(words: str, by: str) -> list[str]:
    return [word.strip() for word in words.split(by) if word.strip()]
