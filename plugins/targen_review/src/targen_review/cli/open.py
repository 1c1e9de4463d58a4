"""`targen review`: people grade rows."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING, Annotated, Any

import typer

from targen_core.cli.sources import EncodingArg, WhoseArg
from targen_core.cli.tables import print_json, print_table
from targen_core.errors import UsageError
from targen_core.reading.files import read_json
from targen_core.text import plural

if TYPE_CHECKING:
    from targen_review.plan import Plan
    from targen_review.rows import ReviewData
    from targen_review.sample import Drawable

_LARGEST = 64 << 20  # bytes of a report

DataArg = Annotated[
    list[str],
    typer.Argument(
        help="Run directories, files, folders saved by `export --as hf`, or hf:OWNER/NAME.",
        show_default=False,
    ),
]


def review(
    data: DataArg,
    sample: Annotated[
        str | None,
        typer.Option(
            "--sample",
            metavar="RULE",
            help="Rows to review: paper, 0.2 (a share), 200 (rows) or all. [default: all]",
        ),
    ] = None,
    raters: Annotated[
        str | None,
        typer.Option("--raters", metavar="A,B", help="The people who grade. [default: anyone]"),
    ] = None,
    teams: Annotated[
        str | None,
        typer.Option("--teams", metavar="A+B,C+D", help="Teams whose members grade the same rows."),
    ] = None,
    exclude: Annotated[
        list[str] | None,
        typer.Option("--not", metavar="RATER=TASK", help="A task that a rater must not grade."),
    ] = None,
    together: Annotated[
        bool,
        typer.Option(
            "--together",
            help="Assign rows that share a seed (or a first text) to the same team, and show them "
            "one after another.",
        ),
    ] = False,
    rubric: Annotated[
        str | None,
        typer.Option(
            "--rubric",
            metavar="NAME",
            help="The questions: labels (right, wrong label, bad text), outputs (right, wrong, bad "
            "text), paper (A to D), or your own YAML file. By default, the task decides: tasks "
            "with a closed label set use labels, tasks with an output use outputs, and others use "
            "paper.",
        ),
    ] = None,
    blind: Annotated[
        bool, typer.Option("--blind", help="Hide labels until the rater has chosen one.")
    ] = False,
    rejects: Annotated[
        bool, typer.Option("--rejects", help="Also review the rejects of step 4.")
    ] = False,
    seed: Annotated[
        int | None, typer.Option("--seed", help="Random seed for choosing rows. [default: 0]")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="The review's folder. [default: DATA.review]")
    ] = None,
    me: Annotated[
        str | None,
        typer.Option(
            "--as", metavar="NAME", help="The rater whose page to open. [default: all, or yourself]"
        ),
    ] = None,
    port: Annotated[
        int,
        typer.Option("--port", min=0, max=65535, help="The port. [default: any free port]"),
    ] = 0,
    no_open: Annotated[
        bool, typer.Option("--no-open", help="Print the link without opening a browser.")
    ] = False,
    plan_only: Annotated[
        bool, typer.Option("--plan", help="Write and print who reviews what, then stop.")
    ] = False,
    task: WhoseArg = None,
    encoding: EncodingArg = "utf-8",
    json: Annotated[
        bool, typer.Option("--json", help="Same as --plan, but print JSON for programs.")
    ] = False,
) -> None:
    """Review rows in the browser: right, wrong label or bad text, one key per verdict.

    A correct row is kept. "Wrong label" asks for the right label with one more key: the row gets
    that label, or is removed if you give none. A bad text is removed. The page shows these effects
    before targen review apply makes them. Tasks without a closed set of labels get the paper's
    grades A to D.

    Prints a secret link for each rater. Only this machine can open the page. Answers are saved
    before the next row appears, in a folder next to the data. Run the same command again to
    continue.

    Examples:
    - targen review runs/rte-0
    - targen review runs/rte-0 --sample paper --raters ann,bob --blind
    - targen review runs/rte-0 --as ann
    - targen review runs/rte-0 --rubric paper
    - targen review data.jsonl --task rte --rubric mine.yaml
    """
    folder, plan, opened = planned(
        data,
        sample=sample,
        raters=raters,
        teams=teams,
        exclude=exclude,
        together=together,
        rubric=rubric,
        blind=blind,
        rejects=rejects,
        seed=seed,
        out=out,
        task=task,
        encoding=encoding,
        me=me,
    )
    if plan_only or json:
        print_plan(folder, plan, json=json)
        return
    from targen_review.cli.opening import grade_on_a_page

    grade_on_a_page(folder, plan, opened, me=me, port=port, browser=not no_open)


def planned(
    data: list[str],
    *,
    sample: str | None = None,
    raters: str | None = None,
    teams: str | None = None,
    exclude: list[str] | None = None,
    together: bool = False,
    rubric: str | None = None,
    blind: bool = False,
    rejects: bool = False,
    seed: int | None = None,
    out: Path | None = None,
    task: str | None = None,
    encoding: str = "utf-8",
    me: str | None = None,
    quiet: bool = False,
) -> tuple[Path, Plan, list[ReviewData]]:
    """The folder and the plan of a review, made or found, and its data; `me` is to be a rater.

    With `quiet` no note is printed on a new plan.

    If different options are requested before the first grade, a new plan replaces the old one.
    Options that are not requested stay as planned.

    Raises:
        UsageError: a request is impossible, or differs from the existing plan.
    """
    from targen_review.grades import check_name
    from targen_review.plan import data_of, differing, folder_for, is_there, load_plan, write_plan
    from targen_review.rows import NO_TASK
    from targen_review.rubric import named_rubric
    from targen_review.sample import check_sample, teams_of

    requested: dict[str, Any] = {
        "sample": None if sample is None else check_sample(sample),
        "raters": None if raters is None else tuple(map(check_name, _split(raters, ","))),
        "teams": None
        if teams is None
        else tuple(tuple(map(check_name, _split(team, "+"))) for team in _split(teams, ",")),
        "barred": tuple(sorted(exclude)) if exclude else None,
        "together": together or None,
        "rubric": None if rubric is None else named_rubric(rubric),
        "blind": blind or None,
        "rejects": rejects or None,
        "seed": seed,
        "encoding": None if encoding == "utf-8" else encoding,
    }
    requested = {name: value for name, value in requested.items() if value is not None}
    if "teams" in requested:
        teams_of(requested.get("raters", ()), requested["teams"])
        members = tuple(name for team in requested["teams"] for name in team)
        requested.setdefault("raters", members)
    if len(data) == 1 and out is None and is_there(Path(data[0])):  # a review itself
        out = Path(data[0])
        data = [part.path for part in data_of(out, load_plan(out))]
    folder = folder_for(data, out)
    if folder.is_symlink():
        raise UsageError(f"{folder} is a link, not a folder", hint="choose a different --out")
    plan = load_plan(folder) if is_there(folder) else None
    if plan is not None and len(plan.data) == 1:
        task = task or data_of(folder, plan)[0].task or None
    if plan is not None:
        encoding = requested.get("encoding", plan.encoding)
    opened = opened_data(data, task, encoding)
    for each in opened:
        if each.task is None and not each.problem:
            print(f"{each.path}: {NO_TASK} Pass it with --task NAME: {_TASKS}", file=sys.stderr)
    changes = ""
    if plan is not None:
        check_same_data(folder, plan, opened)
        changes = "; ".join(filter(None, (differing(plan, requested), _now_known(plan, opened))))
        if changes and _is_begun(folder):
            raise UsageError(
                f"{folder} already contains a review of this data: {changes}",
                hint="omit the options to continue it; for a new review, pass --out FOLDER",
            )
    new = plan is None or bool(changes)
    if plan is None or changes:
        plan = _new_plan(opened, requested if plan is None else _over(plan, requested))
    if me is not None:
        plan.rows_of(me)
    if new:
        write_plan(folder, plan)
        if not quiet:
            _say_new(folder, plan, opened, changes)
    return folder, plan, opened


_TASKS = "targen list-tasks lists the names; a task file also works"


def _is_begun(folder: Path) -> bool:
    """Return whether somebody has graded a row, or a model is at it."""
    from targen_review.grades import read_grades

    return any(each.grades for each in read_grades(folder).values()) or any(
        folder.glob("model-*/manifest.json")
    )


def _now_known(plan: Plan, opened: list[ReviewData]) -> str:
    """In words, which datasets were planned without a task, and have one now."""
    return "; ".join(
        f"the task of {there.name} was unknown; now it is {now.task_id}"
        for there, now in zip(plan.data, opened, strict=True)
        if now.task_id and not there.task
    )


def _over(plan: Plan, requested: dict[str, Any]) -> dict[str, Any]:
    """Return the present options, combined with those of the plan."""
    from targen_review.rubric import NAMED

    kept = {name: getattr(plan, name) for name in type(plan).model_fields}
    for name in ("format", "data", "rows"):
        del kept[name]
    if kept["rubric"] in NAMED.values():  # which the task may have decided, and may be known now
        del kept["rubric"]
    if "raters" in requested:
        kept |= {"teams": (), "barred": ()}
    return {**kept, **requested}


def _say_new(folder: Path, plan: Plan, opened: list[ReviewData], changes: str) -> None:
    """Print notes about a new plan; `changes` are those to the plan that it replaces."""
    if changes:
        said = f"{folder}: replaced the previous plan, which was unused: {changes}"
        print(said, file=sys.stderr)
    for each in opened:
        status = "" if each.source.run is None else _status_of(each.source.run)
        if status in ("stopped", "unfinished"):
            print(
                f"note: {each.path} is {status}; rows that targen resume adds later will not be "
                "in this review",
                file=sys.stderr,
            )
    if not plan.blind:
        print(
            "note: raters see each row's label; --blind hides it until they have chosen one "
            "themselves",
            file=sys.stderr,
        )
    elif plan.together:
        print(
            "note: rows from the same seed follow each other, so one label may give away the next",
            file=sys.stderr,
        )


def _status_of(run: Path) -> str:
    """Return how a run ended, by its report: `load` would bring too much code into the server."""
    report = run / "report.json"
    if not report.exists():
        return "unfinished"
    try:
        return str(read_json(report, _LARGEST, inside=run)["status"])
    except (UsageError, ValueError, LookupError, TypeError, RecursionError):
        return ""


def opened_data(paths: list[str], task: str | None, encoding: str = "utf-8") -> list[ReviewData]:
    """Datasets, opened; what is odd about one is said on standard error.

    Raises:
        UsageError: one cannot be read, or is given twice.
    """
    from targen_review.rows import open_data

    opened = [open_data(path, task, encoding=encoding) for path in paths]
    names = [each.name for each in opened]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise UsageError(f"two datasets have the name {twice}, so their rows would be mixed up")
    for each in opened:
        if each.problem:
            print(f"{each.path}: {each.problem}", file=sys.stderr)
    return opened


def check_same_data(folder: Path, plan: Plan, opened: list[ReviewData]) -> None:
    """Check that the data is what a review was planned for.

    Raises:
        UsageError: the review is of other data.
    """
    there, now = [each.name for each in plan.data], [each.name for each in opened]
    if there != now:
        raise UsageError(
            f"{folder} contains a review of {', '.join(there)}, not of {', '.join(now)}",
            hint="--out FOLDER",
        )


def _new_plan(opened: list[ReviewData], requested: dict[str, Any]) -> Plan:
    from targen_review.plan import Plan, PlanData, located
    from targen_review.rows import review_rows
    from targen_review.rubric import LABELS, OUTPUTS, PAPER
    from targen_review.sample import Drawable, assign, teams_of

    closed = all(each.labels or each.output for each in opened)
    asked = OUTPUTS if any(each.output for each in opened) else LABELS
    requested = {
        "raters": (),
        "teams": (),
        "barred": (),
        "together": False,
        "rubric": asked if closed else PAPER,
        **requested,
    }
    groups: dict[str, list[Drawable]] = {}
    found = {each.name: 0 for each in opened}
    for each, row in review_rows(opened, rejects=requested.get("rejects", False)):
        task = each.task.name if each.task is not None else each.name
        # Rejects have a share of their own; what they lost is the label that they were made for.
        group, label = (task, row.label) if row.official else (f"{task}, rejects", row.before)
        siblings = f"{each.name}:{row.siblings}" if requested["together"] else ""
        groups.setdefault(group, []).append(Drawable(row.id, label or "", siblings))
        found[each.name] += bool(row.official)
    parts = []
    for each in opened:
        if not found[each.name]:
            raise UsageError(f"{each.path} has no rows")
        path = str(each.path) if each.is_remote else str(each.path.resolve())
        task = located(each.task_id)
        parts.append(PlanData(path=path, name=each.name, task=task, rows=found[each.name]))
    exclusions = []
    for pair in requested["barred"]:
        rater, _, name = pair.partition("=")
        if rater not in requested["raters"] or name not in groups:
            raise UsageError(
                f"--not {pair} must name a rater and a task of this review",
                hint=f"use RATER=TASK; the tasks are {', '.join(groups)}",
            )
        exclusions += [(rater, name), (rater, f"{name}, rejects")]
    if requested["together"]:
        _check_siblings(groups)
    if requested["raters"]:
        requested["teams"] = tuple(teams_of(requested["raters"], requested["teams"]))
    if requested.get("blind"):
        requested["secret"] = requested.get("secret") or token_hex(16)
    rows = assign(
        groups,
        sample=requested.get("sample", "all"),
        raters=requested["raters"],
        teams=requested["teams"],
        exclusions=exclusions,
        seed=requested.get("seed", 0),
        shuffled=requested.get("blind", False),
    )
    return Plan(data=tuple(parts), rows=rows, **requested)


def _check_siblings(groups: Mapping[str, Sequence[Drawable]]) -> None:
    """Raise an error if no two rows have anything in common."""
    keys = [row.group for rows in groups.values() for row in rows]
    if len(set(keys)) == len(keys):
        print(
            "note: no two rows share a seed or a first text, so --together changes nothing",
            file=sys.stderr,
        )


def print_plan(folder: Path, plan: Plan, *, json: bool) -> None:
    """Print who reviews how many rows."""
    if json:
        print_json({"folder": str(folder), **plan.model_dump(mode="json", exclude={"secret"})})
        return
    print(f"{folder}: {len(plan.ids):,} of {plural(sum(d.rows for d in plan.data), 'row')}")
    rows = [[rater or "anyone", f"{len(ids):,}"] for rater, ids in plan.rows.items()]
    print_table(["rater", "rows"], rows)


def _split(words: str, by: str) -> list[str]:
    return [word.strip() for word in words.split(by) if word.strip()]
