"""Make the plan of a review, or find the one that exists."""

from __future__ import annotations

import sys
from collections.abc import Sequence
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
from targen_review.rows import NO_TASK, ReviewData, open_data, review_rows
from targen_review.rubric import LABELS, OUTPUTS, PAPER, named_rubric
from targen_review.sample import Drawable, assign, sample_size, teams_of


def planned(
    data: Sequence[str],
    *,
    sample: str | None = None,
    raters: str | None = None,
    teams: str | None = None,
    exclude: Sequence[str] | None = None,
    rubric: str | None = None,
    blind: bool = False,
    seed: int | None = None,
    out: Path | None = None,
    task: str | None = None,
    encoding: str = "utf-8",
    quiet: bool = False,
) -> tuple[Path, Plan, list[ReviewData]]:
    """Return the folder of a review, its plan, and its opened data.

    If different options are requested before the first grade, a new plan replaces the old one.

    Raises:
        UsageError: a request is impossible, or differs from the plan by which rows were graded.
    """
    options: dict[str, Any] = {
        "sample": sample,
        "raters": None if raters is None else _names(raters, ","),
        "teams": None if teams is None else tuple(_names(t, "+") for t in _split(teams, ",")),
        "barred": tuple(sorted(exclude)) if exclude else None,
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
    if len(data) == 1 and out is None and is_there(Path(data[0])):  # a review itself
        out = Path(data[0])
        data = [part.path for part in data_of(out, load_plan(out))]
    folder = folder_for(data, out)
    if folder.is_symlink():
        raise UsageError(f"{folder} is a link, not a folder", hint="choose a different --out")
    plan = load_plan(folder) if is_there(folder) else None
    if plan is not None:
        encoding = options.get("encoding", plan.encoding)
        if len(plan.data) == 1:
            task = task or data_of(folder, plan)[0].task or None
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


def _opened(paths: Sequence[str], task: str | None, encoding: str) -> list[ReviewData]:
    opened = [open_data(path, task, encoding=encoding) for path in paths]
    names = [each.name for each in opened]
    for each in opened:
        if names.count(each.name) > 1:
            raise UsageError(
                f"two datasets have the name {each.name}, so their rows would be mixed up"
            )
        if each.problem or each.task is None:
            why = each.problem or (
                f"{NO_TASK} Pass it with --task NAME: targen list-tasks lists the names; a task "
                "file also works"
            )
            print(f"{each.path}: {why}", file=sys.stderr)
    return opened


def _changed(
    folder: Path, plan: Plan, opened: Sequence[ReviewData], options: dict[str, Any]
) -> list[str]:
    """Return the options that a plan has otherwise, or its tasks if they were unknown.

    Raises:
        UsageError: the review is of other data.
    """
    there, now = [each.name for each in plan.data], [each.name for each in opened]
    if there != now:
        raise UsageError(
            f"{folder} contains a review of {', '.join(there)}, not of {', '.join(now)}",
            hint="--out FOLDER",
        )
    changed = [name for name, value in options.items() if getattr(plan, name) != value]
    pairs = zip(plan.data, opened, strict=True)
    return changed + ["task"] * any(each.task_id and not known.task for known, each in pairs)


def _is_begun(folder: Path) -> bool:
    """Return whether somebody has graded a row, or a model started to."""
    return any(each.grades for each in read_grades(folder).values()) or any(
        folder.glob("model-*/manifest.json")
    )


def _new_plan(opened: Sequence[ReviewData], options: dict[str, Any]) -> Plan:
    groups: dict[str, list[Drawable]] = {}
    sizes = {each.name: 0 for each in opened}
    for each, row in review_rows(opened):
        group = each.name if each.task is None else each.task.name
        groups.setdefault(group, []).append(Drawable(row.id, row.label or ""))
        sizes[each.name] += 1
    parts = []
    for each in opened:
        if not sizes[each.name]:
            raise UsageError(f"{each.path} has no rows")
        is_remote = str(each.path).startswith(HUB)
        path = str(each.path) if is_remote else str(each.path.resolve())
        task = located(each.task_id)
        parts.append(PlanData(path=path, name=each.name, task=task, rows=sizes[each.name]))
    raters = options.get("raters", ())
    teams = tuple(teams_of(raters, options.get("teams", ()))) if raters else ()
    barred = []
    for pair in options.get("barred", ()):
        rater, _, name = pair.partition("=")
        if rater not in raters or name not in groups:
            raise UsageError(
                f"--not {pair} must name a rater and a task of this review",
                hint=f"use RATER=TASK; the tasks are {', '.join(groups)}",
            )
        barred.append((rater, name))
    rows = assign(
        groups,
        sample=options.get("sample", "all"),
        raters=raters,
        teams=teams,
        barred=barred,
        seed=options.get("seed", 0),
        shuffled=options.get("blind", False),
    )
    return Plan(
        data=tuple(parts),
        rows=rows,
        **{"rubric": _rubric_for(opened), **options, "teams": teams},
    )


def _rubric_for(opened: Sequence[ReviewData]) -> Any:
    if not all(each.labels or each.output for each in opened):
        return PAPER
    return OUTPUTS if any(each.output for each in opened) else LABELS


def _names(text: str, by: str) -> tuple[str, ...]:
    return tuple(map(check_name, _split(text, by)))


def _split(words: str, by: str) -> list[str]:
    return [word.strip() for word in words.split(by) if word.strip()]
