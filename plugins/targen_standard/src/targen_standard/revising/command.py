"""`targen revise`: make a run again for a changed task, and keep what the change leaves."""

from __future__ import annotations

import sys
from dataclasses import astuple
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from targen_core.cli.asking import can_ask, confirmed
from targen_core.cli.flags import Said, takes
from targen_core.cli.options.arguments import (
    QuietArg,
    ReportJsonArg,
    StrictRunArg,
    TotalArg,
    YesArg,
)
from targen_core.cli.tables import print_json, print_table
from targen_core.options import Limits
from targen_core.runs.config import CountOptions, ModelFlags, WorkerOptions
from targen_core.runs.shortcuts import rows
from targen_core.text import percent, plural, printable
from targen_standard.replaying.command import (
    ROWS_AS_THEY_WERE,
    RunToReadArg,
    TaskAsItIsArg,
)

if TYPE_CHECKING:
    from targen_standard.revising.plan import RevisionPlan

_TEXT = 300  # letters of a value that are shown
_NO_CHANGE = ("api_key_file", "price_in", "price_out")  # options that decide no reply


@takes(
    WorkerOptions,
    unchanged=(
        *ROWS_AS_THEY_WERE,
        {name: option for name, option in ModelFlags.declared().items() if name != "profile"},
        Limits,
    ),
)
def revise(
    run: RunToReadArg,
    task: TaskAsItIsArg = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="The new run directory. [default: RUN-revised]")
    ] = None,
    judge: Annotated[
        str,
        typer.Option(
            "--judge",
            metavar="changed|all",
            help="Judge only rows that a change concerns, or also kept rows again.",
        ),
    ] = "changed",
    rewrite: Annotated[
        bool,
        typer.Option(
            "--rewrite/--no-rewrite",
            help="Rewrite the rows of changed labels, or keep their texts and judge them again.",
        ),
    ] = True,
    n: TotalArg = None,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run",
            help="Show what would change and what it would cost, without sending or writing "
            "anything.",
        ),
    ] = False,
    yes: YesArg = False,
    quiet: QuietArg = False,
    json: ReportJsonArg = False,
    strict: StrictRunArg = False,
    *,
    said: Said,
) -> None:
    """Apply a changed task to a run, and pay only for the affected rows.

    Shows what has changed, which rows are kept, judged again or rewritten, and the cost. Then
    creates the new run next to the old one, which does not change.

    Examples:
    - targen revise runs/mail-0 --task mail.yaml --dry-run
    - targen revise runs/mail-0 --task mail.yaml --judge all
    - targen revise runs/mail-0 --task mail.yaml --label complaint=40 --max-cost 1
    """
    from targen_core.api.models import named
    from targen_core.api.request import elsewhere, reopened
    from targen_core.cli.commands.generate import run_job, say_next_prompts
    from targen_core.plugins.loader import load_registry
    from targen_standard.revising.api import planned

    batch = said.of(Limits).delivered_by  # what is wrong with them is said before anything is made
    models = said.of(ModelFlags)
    options = models.values
    placed = elsewhere(
        load_registry(),
        said.of(WorkerOptions),
        options=options,
        delivery=batch,
    )
    changed = {name: value for name, value in options.items() if name not in _NO_CHANGE}
    if backend := said.values.get("backend"):
        backend, own = named(backend)
        changed = {**own, **changed}
    asked = dict(
        judge=judge,
        rewrite=rewrite,
        task=task,
        n=n,
        backend=backend,
        backend_for=models.backend_for or None,
        options=changed,
        **said.part(CountOptions, rows()),
    )
    with planned(run, out, **asked) as revision:
        plan = revision.plan
        if dry_run and json:
            print_json(plan.raw)
            return
        if not plan.changes:
            print(plan.said)
            print("next: edit the task file, and pass it with --task", file=sys.stderr)
            return
        if dry_run or not (quiet or json):
            _print(plan, revision.path)
        if dry_run:
            print("\nDry run: targen made no calls and wrote no files.")
            return
        if plan.asks and not yes and can_ask():
            made = plural(plan.calls.total, "call")
            if not confirmed(f"This revision makes about {made}. Continue?"):
                print("targen made no calls and wrote no files.", file=sys.stderr)
                raise typer.Exit(1)
        where, registry = revision.begin()
    limits = said.part(Limits)
    job, _ = reopened(where, registry, options=options, **limits)
    with job:
        if plan.asks and not job.sends:
            say_next_prompts(job, quiet=quiet, json=json)
            return
        run_job(job, placed, quiet=quiet, json=json, strict=strict)


def _print(plan: RevisionPlan, out: Path) -> None:
    print(f"{plan.run}, revised as {out}\n\nChanged")
    for change in plan.changes:
        print(printable(f"  {change.name}"))
        for sign, text in (("-", change.was), ("+", change.now)):
            if text is not None:
                print(printable(f"    {sign} {text}", max_length=_TEXT))
    print("\nRows")
    names = ("label", "requested", "kept", "judged again", "written")
    of = [(name, *astuple(one)) for name, one in plan.labels.items()]
    print_table(names, of)
    print("\nCalls")
    kinds = ("lists", "texts", "judgements", "total")
    sides = [plan.calls, plan.before]
    lines = [(kind, *(getattr(side, kind) for side in sides)) for kind in kinds]
    print_table(("for", "expected", "original run"), lines)
    cost = f", about ${plan.dollars:,.2f}" if plan.dollars else ""  # people are paid otherwise
    if 0 < (plan.dollars or 0) < 0.01:
        cost = ", less than a cent"
    print(f"\n{percent(plan.share)} of the run's calls{cost}")
    for old, new in plan.renamed.items():
        print(
            printable(
                f"{new} is a new label, since prompts contain names. To rename {old} only in the "
                f"rows, without calls, keep its name in the task file and add value: {new}",
                lines=False,
            )
        )
