"""`targen review grade`: a model grades the rows of a review."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from targen_core.cli.generating import ROWS_DECIDE, Generate, goes_on_as_generate
from targen_core.errors import UsageError


@goes_on_as_generate(without=ROWS_DECIDE)
def grade(
    review: Annotated[
        Path,
        typer.Argument(help="A review's folder, or its data.", show_default=False),
    ],
    name: Annotated[
        str,
        typer.Option(
            "--as",
            metavar="NAME",
            help="The rater's name in the report. [default: the model's]",
            show_default=False,
        ),
    ] = "",
    *,
    generate: Generate,
) -> None:
    """Grade the rows of a review with a model, by the same rubric and plan.

    The model grades all rows of the plan and gives reasons before each grade. Every report marks it
    as a model. The calls are a run in the review's folder. If the command was killed, run it again
    to continue. It also uses answers that targen resume or a batch has added since.

    Examples:
    - targen review runs/rte-0 --sample paper --raters ann,bob --plan
    - targen review grade runs/rte-0 -b chatgpt --model gpt-4o --max-cost 2
    - targen review grade runs/rte-0.review -b chatgpt --batch --as gpt
    """
    from targen_core.text import plural
    from targen_review.grades import check_name
    from targen_review.llm import FORM, GRADE, GradeSpec, collect, rater_name
    from targen_review.plan import load_plan, review_of

    folder = review_of(review)
    plan = load_plan(folder)
    options = generate.options
    backend, _, model = str(options["backend"] or "").partition("/")
    name = check_name(name or rater_name(backend, str(options["model"] or model)))
    if name in plan.raters:
        raise UsageError(
            f"{name} is a person in the review plan of {folder}",
            hint="choose a different name with --as NAME",
        )
    out = options["out"] or folder / f"model-{name}"
    try:
        if (out / "manifest.json").exists() and not _died(out):
            print(f"{out} exists; its grades are used, without new calls", file=sys.stderr)
            return
        task = f"grades-{name.lower()}"
        text = GRADE.text(FORM, GradeSpec(review=str(folder.resolve())), task)
        number = options["n"] or len(plan.ids)
        Generate({**options, "out": out}).each_row(text, task, number, "a grade")
    finally:
        if (out / "manifest.json").exists():
            written, there = collect(folder, out, name)
            print(
                f"{folder}: {plural(written, 'grade')} by {name}, a model"
                + ("" if written == there else f"; {there:,} in total"),
                file=sys.stderr if options["json"] or options["quiet"] else sys.stdout,
            )
            if lacking := len(plan.ids) - there:
                print(
                    f"not graded: {plural(lacking, 'row')}; run targen resume "
                    f"{out}{f' -n {len(plan.ids)}' if options['n'] else ''}, then repeat this "
                    "command",
                    file=sys.stderr,
                )


def _died(run: Path) -> bool:
    """Return whether a process was killed while it asked for grades: the same command continues it.

    A run that ended has a report. A run whose calls went into files or batches has a ledger of
    these. `targen resume` and `targen batch` continue such runs.
    """
    ended = (run / "report.json").exists() or (run / "batches.jsonl").exists()
    return not ended and (run / "journal").exists() and (run / "journal").stat().st_size > 0
