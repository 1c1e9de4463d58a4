"""`targen batch`: a run's calls as files, so that any queue can be the model."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from targen_core.cli.flags import Said, takes
from targen_core.cli.options.arguments import JsonArg
from targen_core.cli.sources import EncodingArg
from targen_core.cli.tables import print_json
from targen_core.errors import UsageError
from targen_core.options import Limits
from targen_core.runs.config import ModelFlags
from targen_core.text import plural

if TYPE_CHECKING:
    from targen_standard.batches.files import Imported

_LINES = 20  # of those that are not answers, named individually


@takes(ModelFlags.declared("options"), unchanged=(Limits.declared("cache"),))
def batch(
    action: Annotated[
        str,
        typer.Argument(
            metavar="export|import",
            help="export: write pending calls to a file. import: read the answers.",
        ),
    ],
    run: Annotated[Path, typer.Argument(help="A run directory.", show_default=False)],
    file: Annotated[
        Path | None,
        typer.Argument(help="For import: the answers file, in JSON lines.", show_default=False),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            help="For export: the output file. [default: RUN/requests.jsonl]",
        ),
    ] = None,
    encoding: EncodingArg = "utf-8",
    json: JsonArg = False,
    *,
    said: Said,
) -> None:
    """Export a run's pending calls to a file, or import the answers.

    Does not make calls or need a key. The lines have the format of the provider's batches:
    {custom_id, method, url, body} and {custom_id, response} for OpenAI, {custom_id, params} and
    {custom_id, result} for Anthropic. An answer may also be {custom_id, content}. Export, get
    the calls answered, import, and repeat until the run is complete. Import
    lists the answers that it rejects, keeps the others, and then exits with 1. The next export
    includes the calls of rejected answers again. To create a run for
    this, type: targen generate TASK -n N --batch-offline --out RUN

    Examples:
    - targen batch export runs/rte-0 --out requests.jsonl
    - targen batch import runs/rte-0 answers.jsonl
    """
    from targen_core.cli.commands.report import print_report
    from targen_core.runs.report import read_report
    from targen_standard.batches.api import opened
    from targen_standard.batches.exchange import export_batch, import_batch

    if action not in ("export", "import"):
        turned = f"targen batch {run} {action}"
        raise UsageError(
            f"batch {action}: no such action",
            hint=turned
            if str(run) in ("export", "import")
            else "targen batch export RUN, or targen batch import RUN FILE",
        )
    typed = shlex.quote(str(run))
    if (action == "import") != (file is not None):
        wrong = "needs an answers file" if file is None else "does not accept a second argument"
        raise UsageError(
            f"batch {action} {wrong}",
            hint=f"targen batch import {typed} FILE"
            if file is None
            else f"targen batch export {typed} --out {shlex.quote(str(file))}",
        )
    if action == "import" and out is not None:
        raise UsageError("--out only works with batch export")
    if action == "export" and encoding != "utf-8":
        raise UsageError("--encoding only works with batch import")
    with opened(run, options=said.of(ModelFlags).values, **said.part(Limits)) as job:
        if file is None:
            where = out or run / "requests.jsonl"
            by_step = export_batch(job, where)
            count = by_step.total()
            if json:
                print_json({"requests": count, "by_step": by_step, "file": str(where)})
            elif count:
                each = ", ".join(f"{calls:,} for {step}" for step, calls in by_step.items())
                print(f"{plural(count, 'request')} in {where}: {each}")
                print(f"then: targen batch import {typed} ANSWERS")
            else:
                print(f"{run} is complete and not waiting for any answers, so {where} is empty")
            return

        def tell(outcomes: Imported) -> None:
            if json:
                print_json(_imported_facts(outcomes))
            else:
                _print_imported(outcomes)

        brought = import_batch(job, file, encoding, tell)
    tell(brought)
    if json:
        _exit_if_rejected(brought)
        return
    if brought.pending:
        # How many, export says: with these answers a run may ask for more side by side.
        print(f"calls are waiting for answers; next, type: targen batch export {typed}")
    else:
        print()
        print_report(read_report(run), run)
    _exit_if_rejected(brought)


def _imported_facts(brought: Imported) -> dict[str, Any]:
    """Return the outcomes of a file of answers, for JSON."""
    names = "good failed again unknown empty bad garbage pending".split()
    return {name: getattr(brought, name) for name in names}


def _print_imported(brought: Imported) -> None:
    """Say what became of a file of answers."""
    print(
        f"{brought.good:,} good, {brought.failed:,} failed, {brought.again:,} already answered, "
        f"{brought.unknown:,} unknown, {brought.bad:,} rejected"
        + (f", {brought.empty:,} left empty" if brought.empty else "")
    )
    if brought.unknown:
        print(
            f"{brought.unknown:,} unknown: the run does not make these calls at present. They may "
            "belong to a different run, model, seed or task version"
        )
    if brought.problem:
        print(f"the first failure: {brought.problem}")
    for words in brought.garbage[:_LINES]:
        print(f"rejected: {words}")
    if brought.bad > _LINES:
        print(f"rejected: {plural(brought.bad - _LINES, 'more line')}")


def _exit_if_rejected(brought: Imported) -> None:
    """Exit with 1 if some of a file's lines are not answers: a script has to notice.

    Raises:
        typer.Exit: some are not.
    """
    if brought.bad:
        answers = plural(brought.bad, "rejected answer")
        then = "correct the file and import it again, or export these calls again"
        print(f"{answers}: {then}", file=sys.stderr)
        raise typer.Exit(1)
