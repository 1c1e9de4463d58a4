"""`targen review export` and `targen review import`: a review in Argilla or Label Studio."""

from __future__ import annotations

import shlex
import sys
from collections import Counter
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from targen_core.cli.tables import print_table
from targen_core.errors import UsageError
from targen_core.text import plural
from targen_review.cli.apply import FolderArg

if TYPE_CHECKING:
    from targen_review.forms.sheet import Answer, Sheet
    from targen_review.plan import Plan

_NEXT = {
    "argilla": "import argilla as rg; rg.Dataset.from_disk({folder!r})",
    "label-studio": "in Label Studio: paste {folder}/labeling.xml under Labeling Interface, "
    "and import {folder}/tasks.json",
}

DataArg = Annotated[
    str | None,
    typer.Option("--data", metavar="NAME", help="The dataset, if the review covers several."),
]


def export(
    folder: FolderArg,
    to: Annotated[
        Literal["argilla", "label-studio"],
        typer.Option("--to", help="The tool.", show_default=False),
    ],
    out: Annotated[Path, typer.Option("--out", help="A new or empty folder.", show_default=False)],
    rater: Annotated[
        str | None,
        typer.Option("--as", metavar="RATER", help="Export only this rater's rows."),
    ] = None,
    data: DataArg = None,
) -> None:
    """Export the rows of a review to Argilla or Label Studio.

    The tool shows people the task's instructions, the rubric and the texts of each row. It also
    shows the label as a suggestion, except in a blind review. Import the answers with `targen
    review import`.

    Examples:
    - targen review export runs/rte-0 --to argilla --out for-argilla
    - targen review export runs/rte-0 --to label-studio --as ann --out for-ann
    """
    from targen_review.forms import argilla, labelstudio
    from targen_review.forms.making import sheet_of
    from targen_review.plan import load_plan, review_of

    folder = review_of(folder)
    plan = load_plan(folder)
    sheet = sheet_of(plan, folder, data, rater)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UsageError(
            f"{out} already exists, but is not an empty folder", hint="choose a different --out"
        )
    if to == "argilla":
        files = argilla.write(sheet, out, per_row=_per_row(plan, rater))
    else:
        files = labelstudio.write(sheet, out)
    print(f"{plural(len(sheet.items), 'row')} of {sheet.name} for {to}\n")
    print_table(["file", "bytes"], [(path, f"{path.stat().st_size:,}") for path in files])
    print(f"\n{_NEXT[to].format(folder=str(out))}")
    print(f"then: targen review import {shlex.quote(str(folder))} FILE")


def import_(
    folder: FolderArg,
    file: Annotated[
        Path,
        typer.Argument(
            help="A JSON or JSON-MIN export from Label Studio; a folder from Argilla's "
            "to_disk, or a file from its records.to_json.",
            show_default=False,
        ),
    ],
    rater: Annotated[
        list[str] | None,
        typer.Option(
            "--rater",
            metavar="THEIRS=NAME",
            help="Rename a person, identified by number, email address or id. [default: "
            "the address up to @, labelstudio-NUMBER or argilla-ID]",
        ),
    ] = None,
    data: DataArg = None,
) -> None:
    """Import grades from Argilla or Label Studio into a review.

    The answers become the grades of their raters, as if given on the page. targen checks everything
    first: if one record is wrong, it rejects the whole file. Importing the same file again does not
    add anything. Grades that somebody gave later are kept.

    Examples:
    - targen review import runs/rte-0 project-1-at-2026-11-20.json
    - targen review import runs/rte-0 back-from-argilla --rater 1f0c7c0e-...=ann
    """
    from targen_review.forms.making import read_answers, sheet_of, take
    from targen_review.plan import load_plan, review_of

    folder = review_of(folder)
    plan = load_plan(folder)
    sheet = sheet_of(plan, folder, data)
    answers = read_answers(file, sheet, _names(rater or []))
    _check_raters(plan, sheet, answers)
    taken = take(folder, answers, plan.rubric)
    changed = {item.row: item.digest for item in sheet.items}
    if stale := sum(answer.grade.digest != changed[answer.grade.row] for answer in answers):
        print(
            f"note: left out {plural(stale, 'grade')} for rows that have changed since the export",
            file=sys.stderr,
        )
    if not answers:
        print(f"{file} does not contain any answers yet")
        return
    rows = [(name, counts["new"], counts["known"], counts["older"]) for name, counts in taken]
    print_table(["rater", "imported", "already known", "outdated"], rows)


def _per_row(plan: Plan, rater: str | None) -> int:
    """Return how many people answer a row."""
    if rater is not None or not plan.raters:
        return 1
    return max(Counter(chain.from_iterable(plan.rows.values())).values(), default=1)


def _names(pairs: list[str]) -> dict[str, str]:
    from targen_review.grades import check_name

    names = {}
    for pair in pairs:
        theirs, sign, ours = pair.rpartition("=")
        if not sign or not theirs:
            raise UsageError(
                f"--rater {pair} does not have the form THEIRS=NAME, where THEIRS is the rater's "
                "id in the file",
                hint="--rater 1=ann",
            )
        names[theirs] = check_name(ours)
    return names


def _check_raters(plan: Plan, sheet: Sheet, answers: list[Answer]) -> None:
    """Check that those who answered are raters of the review, if it names them."""
    if "" in plan.rows or not plan.raters:
        return
    for answer in answers:
        if answer.rater not in plan.rows:
            raise UsageError(
                f"{answer.rater} is not a rater in this review (raters: {', '.join(plan.raters)})",
                hint=f"--rater 'THEIRS={plan.raters[0]}' assigns the grades to a rater",
            )
