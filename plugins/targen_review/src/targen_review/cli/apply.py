"""`targen review apply`: what people changed becomes a new version of the dataset."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from targen_core.cli.tables import print_json, print_table
from targen_core.errors import UsageError
from targen_core.plain import read_plain
from targen_core.reading.values import json_of
from targen_core.text import plural, printable

if TYPE_CHECKING:
    from targen_review.apply import Judged, Version
    from targen_review.rubric import Rubric

_SHOWN = 10  # rows on which people disagree
_LONGEST = 60
_MANIFEST = 64 << 20  # bytes
_MANY = 12  # labels that are shown one by one

FolderArg = Annotated[
    Path,
    typer.Argument(help="The review's folder, or its data.", show_default=False),
]


def apply(
    folder: FolderArg,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            help="The output directory. [default: NAME-reviewed next to the data, or "
            "NAME-reviewed-2]",
        ),
    ] = None,
    resolve: Annotated[
        str,
        typer.Option(
            "--resolve",
            metavar="RULE",
            help="The rule if raters disagree: agree (all of them must agree), majority (more "
            "than half), or the name of the rater who decides.",
        ),
    ] = "agree",
    exact: Annotated[
        bool,
        typer.Option(
            "--exact",
            help="Leave out as many rows as a label gained in the review, unreviewed rows first.",
        ),
    ] = False,
    refill: Annotated[
        bool,
        typer.Option(
            "--refill", help="First extend the run itself with the rows that will be missing."
        ),
    ] = False,
    max_cost: Annotated[
        float | None,
        typer.Option(
            "--max-cost",
            help="With --refill: the maximum cost in dollars for all runs together, including "
            "earlier calls.",
        ),
    ] = None,
    max_tokens: Annotated[
        int | None,
        typer.Option(
            "--max-tokens", help="With --refill: the maximum tokens for all runs together."
        ),
    ] = None,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Print only the path of the dataset.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Write a new version of a dataset with the reviewers' verdicts applied.

    Right rows are kept. Rows with a wrong label get the label that people gave, or are removed if
    people gave none. Bad texts are removed, and so are rows with the worst grade of a different
    rubric. Labels and texts change only if the task's own checks accept them. If raters disagree,
    the row is kept unchanged and listed. The version is a directory with dataset.jsonl,
    changes.jsonl (who changed what, when, and the previous value) and report.json. The data itself
    does not change. Grades by models do not count, unless you name a model with --resolve.

    If a label loses rows, --refill extends the run by as many new ones. If the run cannot be
    extended, the command prints what to type instead. With --exact, labels that gained rows lose
    the surplus.

    Examples:
    - targen review apply runs/rte-0
    - targen review apply runs/rte-0 --resolve majority --refill --exact --max-cost 2
    - targen review apply rows.jsonl.review --resolve ann --out runs/mine
    """
    from targen_core.cli.account import Account
    from targen_review.apply import new_versions

    versions = new_versions(folder, out, resolve=resolve, exact=exact)
    if refill:
        # All of them, also those that an earlier start has refilled: it paid for these as well.
        _refuse_taken(versions, out)
        runs = [Path(version.data.path) for version in versions]
        with Account(max_cost=max_cost, max_tokens=max_tokens, parts=runs) as account:
            for version in versions:
                _refill(version, max_cost=max_cost, max_tokens=max_tokens, quiet=quiet or json)
        if account.spent.calls:
            print(account.billed, file=sys.stderr)
        versions = new_versions(folder, out, resolve=resolve, exact=exact)
    paths = [version.write() for version in versions]
    for name in versions[0].strangers:
        print(
            f"note: {name} is not a rater in this review, so their grades do not count",
            file=sys.stderr,
        )
    for version in versions:
        if version.good_rejects:
            print(
                f"note: people accepted {plural(version.good_rejects, 'reject')} of step 4, but a "
                "version contains only its dataset's rows, so these rejects are left out",
                file=sys.stderr,
            )
        for name, count in version.stale.items():
            print(
                f"note: left out {plural(count, 'grade')} by {name}, because their rows in "
                f"{version.data.name} have changed since",
                file=sys.stderr,
            )
    if json:
        shown = zip(paths, versions, strict=True)
        print_json(
            [
                {"path": str(path), "resolve": v.rule, **v.report, "effects": v.effects}
                for path, v in shown
            ]
        )
        return
    for path, version in zip(paths, versions, strict=True):
        if not quiet:
            _print(version, path)
        print(path / "dataset.jsonl")


def _refuse_taken(versions: Sequence[Version], out: Path | None) -> None:
    """See, before calls are paid for, that no earlier version is where other rows would go."""
    for version in versions:
        if out is not None and version.targets and (version.place / "correction.json").exists():
            raise UsageError(
                f"{version.place} already contains a version, to which --refill cannot add rows",
                hint="choose a different --out",
            )


def _refill(
    version: Version, *, max_cost: float | None, max_tokens: int | None, quiet: bool
) -> None:
    from targen_core.cli.generating import grow

    if not version.targets:
        return
    run = Path(version.data.path)
    if not _grows(run):
        raise UsageError(
            f"{version.data.path} is not a run that can be extended",
            hint=f"omit --refill; then run {_more_rows(version)}",
        )
    grow(run, version.targets, max_cost=max_cost, max_tokens=max_tokens, quiet=quiet)


def _print(version: Version, path: Path) -> None:
    from targen_review.verdicts import EFFECT_WORDS, EFFECTS

    report = version.report
    raters = ", ".join(report["raters"])
    seen = f"{report['seen']:,} of {plural(report['instances'], 'row')}"
    print(f"{report['of']}: {seen} reviewed by {raters}; rule: {version.rule}\n")
    rows = [
        (name, f"{count:,}", EFFECT_WORDS[EFFECTS.get(name, "stays")])
        for name, count in report["outcomes"].items()
        if count
    ]
    print_table(["result", "rows", "in the new version"], rows)
    if version.requested and len(version.requested) <= _MANY:
        print()
        print_table(
            ["label", "before", "after"],
            [
                (name, f"{count:,}", f"{report['rows'].get(name, 0):,}")
                for name, count in version.requested.items()
            ],
        )
    _print_open(version.open, version.rubric)
    if report["unchecked"]:
        print(f"\n{plural(report['unchecked'], 'change')} could not be fully rechecked")
    if version.targets:
        print(f"\nTo get the same number of rows per label as before: {_more_rows(version)}")
    print()


def _print_open(judged: Sequence[Judged], rubric: Rubric) -> None:
    if not judged:
        return
    print(f"\n{plural(len(judged), 'row')} left unchanged:")
    rows = []
    for each in judged[:_SHOWN]:
        text = printable(" / ".join(each.row.fields.values()), lines=False, max_length=_LONGEST)
        name = each.row.id if each.row.number is None else each.row.number
        rows.append((str(name), each.refused or _differ(each, rubric), text))
    print_table(["row", "why", "text"], rows)
    if len(judged) > _SHOWN:
        print(f"… and {len(judged) - _SHOWN:,} more: see changes.jsonl")


def _differ(judged: Judged, rubric: Rubric) -> str:
    """Return what each rater wants, in words: "ann: reject; bob: keep it"."""
    from targen_review.verdicts import effect_of

    row, parts = judged.row, []
    for name in judged.verdict.by:
        grade = judged.verdict.grades[name]
        wants = [] if grade.label in (None, row.label) else [printable(str(grade.label))]
        wants += ["a different output"] if grade.output not in (None, row.output) else []
        wants += [f"{path} edited" for path in grade.edit or {}]
        out = "reject" if grade.reject else "omit it"
        leaves = effect_of(row, grade, rubric) == "leaves"
        parts.append(f"{name}: {out if leaves else ', '.join(wants) or 'keep it'}")
    return "; ".join(parts)


def _more_rows(version: Version) -> str:
    """Return what to type for the rows that are missing."""
    path = shlex.quote(version.data.path)
    if _grows(Path(version.data.path)):
        also = "" if version.numbered else " and a different --out"
        more = f"targen resume {path} {_labels(version.targets)}"
        return f"repeat the command with --refill{also}, or run {more}; both extend {path} itself"
    rows = version.report["rows"]
    missing = {
        name: count - rows[name] for name, count in version.requested.items() if count > rows[name]
    }
    task = shlex.quote(_from_here(version.data.task))
    return f"targen generate {task} {_labels(missing)} --exclude {path}"


def _from_here(task: str) -> str:
    """Return a task's name as typed here: a file below this folder by its path from here."""
    here = f"{Path.cwd()}{os.sep}"
    return f".{os.sep}{task.removeprefix(here)}" if task.startswith(here) else task


def _grows(run: Path) -> bool:
    """Return whether it is a run that can make more rows by itself: no merge, and no shard."""
    try:
        manifest = json_of(read_plain(run / "manifest.json", _MANIFEST))
    except (OSError, ValueError, RecursionError):
        return False
    config = manifest.get("config") if isinstance(manifest, dict) else None
    return isinstance(config, dict) and not manifest.get("merged") and not config.get("shard")


def _labels(counts: object) -> str:
    assert isinstance(counts, dict)
    return " ".join(f"--label {shlex.quote(f'{name}={count}')}" for name, count in counts.items())
