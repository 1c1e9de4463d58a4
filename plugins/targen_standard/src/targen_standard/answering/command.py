"""`targen next` and `targen answer`: an agent, a person or a program is the model of a run."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from targen_core.cli.options.arguments import JsonArg, RunArg
from targen_core.cli.tables import print_json
from targen_core.text import plural

if TYPE_CHECKING:
    from targen_standard.answering.prompts import Group
    from targen_standard.answering.transport import AnswerTransport, Imported

_LINES = 20  # answers to write again, named individually
_MOST = 64 << 20  # characters of standard input


def next(  # noqa: A001 (the command's name)
    run: RunArg,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Write the prompts to this file, with a place for each answer."),
    ] = None,
    json: JsonArg = False,
) -> None:
    """Print the open prompts of a run, for an agent or a person to answer.

    Parts that several prompts share are printed once. Answer each with a line of JSON, {"id": "…",
    "reply": …}, and pass the lines to targen answer. To answer by hand, write the prompts to a file
    with --out, fill it in, and pass that file.

    To create a run for this, type: targen generate TASK -n N -b agent --out RUN

    Examples:
    - targen next runs/mail-0
    - targen next runs/mail-0 --out open.md
    """
    from targen_standard.answering.transport import AnswerTransport, opened, work_on

    with opened(run) as job:
        transport = AnswerTransport(job.path)
        work_on(job, transport)
    _show(transport, run, out=out, json=json)


def answer(
    run: RunArg,
    file: Annotated[
        str, typer.Argument(metavar="[FILE]", help="The file of answers; - is standard input.")
    ] = "-",
    json: JsonArg = False,
) -> None:
    """Take answers to the open prompts of a run, and print the prompts that are open then.

    Each answer is checked: those that cannot be used are named with the reason, and their prompts
    stay open. The run continues with the others. Exits with 1 if an answer was not used.

    Examples:
    - targen answer runs/mail-0 answers.jsonl
    - targen answer runs/mail-0 open.md
    """
    from targen_core.dataset.lines import whole
    from targen_standard.answering.prompts import read_answers
    from targen_standard.answering.transport import AnswerTransport, fault_of, opened, work_on

    name = Path("standard input" if file == "-" else file)
    with opened(run) as job:
        text = sys.stdin.read(_MOST) if file == "-" else whole(name)
        transport = AnswerTransport(job.path, name, read_answers(text), fault=fault_of(job.task))
        transport.begin(job.journal)
        work_on(job, transport)
        transport.end(job.journal)
    got = transport.imported
    _show(transport, run, got=got, json=json)
    if got.bad or got.unknown:
        raise typer.Exit(1)


def _show(
    transport: AnswerTransport,
    run: Path,
    *,
    out: Path | None = None,
    got: Imported | None = None,
    json: bool,
) -> None:
    """Print the outcomes of answers, and the prompts that are open."""
    from targen_core.cli.commands.report import print_report
    from targen_core.cli.outputs import write_new
    from targen_core.runs.report import read_report
    from targen_standard.answering.prompts import as_text, groups_of

    groups = groups_of([call.request for call in transport.pending])
    if json:
        print_json(_facts(groups, got))
        return
    if got is not None:
        _print_outcomes(got)
    if not groups:
        print_report(read_report(run), run)
    elif out is not None:
        write_new(out, as_text(groups, run, to_fill=True))
        print(f"{plural(len(transport.pending), 'open prompt')} in {out}")
    else:
        print(as_text(groups, run))


def _facts(groups: list[Group], got: Imported | None) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "complete": not groups,
        "open": sum(len(group.prompts) for group in groups),
        "groups": [group.as_json() for group in groups],
    }
    if got is None:
        return facts
    return {"used": got.good, "again": got.garbage, "not_open": got.again + got.unknown, **facts}


def _print_outcomes(got: Imported) -> None:
    print(f"{plural(got.good, 'answer')} used")
    for words in got.garbage[:_LINES]:
        print(f"  write again: {words}")
    if got.bad > _LINES:
        print(f"  write again: {got.bad - _LINES} more")
    if left := got.again + got.unknown:
        print(f"  {plural(left, 'answer')} to prompts that are not open")
    print()
