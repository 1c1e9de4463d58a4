"""`targen correct`: step 4 on a dataset that exists already."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from targen_core.cli.commands.report import flow_columns, print_usage
from targen_core.cli.flags import Said, takes
from targen_core.cli.options.arguments import QuietArg, ReportJsonArg, YesArg
from targen_core.cli.sources import EncodingArg, SourceArg, WhoseArg
from targen_core.cli.tables import print_json, print_table
from targen_core.options import Limits, RowOptions
from targen_core.runs.config import ONE_MODEL, WorkerOptions
from targen_core.text import plural

if TYPE_CHECKING:
    from targen_core.api.request import Request
    from targen_core.cli.estimating import CostEstimate
    from targen_standard.given import Data

_LOST = "not judged"  # a column
_SOME = 20  # labels: of fewer, a corrector that is often right may change most


@takes(
    RowOptions.declared("variants", "seed", "corrector"),
    ONE_MODEL,
    Limits,
    WorkerOptions,
)
def correct(
    source: SourceArg,
    task: WhoseArg = None,
    encoding: EncodingArg = "utf-8",
    n: Annotated[
        int | None,
        typer.Option(
            "-n", "--number", help="Judge this many instances, drawn at random with --seed."
        ),
    ] = None,
    flip: Annotated[
        float,
        typer.Option("--flip", help="Before judging, give this fraction of rows a wrong label."),
    ] = 0.0,
    rows_per_call: Annotated[
        int,
        typer.Option("--rows-per-call", min=1, help="Judge this many rows in each call."),
    ] = 1,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            help="The output directory. [default: runs/NAME-corrected, or runs/NAME-CORRECTOR "
            "with --corrector; if that contains something else, with -2 and so on appended]",
        ),
    ] = None,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Print the cost, without sending or writing anything."),
    ] = False,
    yes: YesArg = False,
    quiet: QuietArg = False,
    json: ReportJsonArg = False,
    *,
    said: Said,
) -> None:
    """Correct the labels of any dataset: generated, original or your own.

    Writes a directory with dataset.jsonl (the rows with their final labels), changes.jsonl (every
    verdict) and report.json. Only the labels of rows change. A row for which no reply can be used
    stays as it is. A file's columns have the names of the task's fields, and `label`. If a row does
    not fit the task, the command fails before the first call. With --flip, it tests a corrector: it
    makes some labels wrong on purpose, and the report shows how many of them the corrector found.
    The same command continues where it stopped, and retries rows that it could not judge.

    Examples:
    - targen correct runs/rte-0 --corrector blind
    - targen correct RTE/val.jsonl --task rte --corrector vote --flip 0.2 --seed 1 -n 200
    - targen correct RTE/train.jsonl --task rte -b chatgpt --model gpt-6-luna --batch
    - targen correct RTE/train.jsonl --task rte -b claude --model claude-opus-4-6 --rows-per-call 10
    """
    from targen_core.api.request import asked, elsewhere
    from targen_core.cli.ahead import ask_first, expected_of
    from targen_core.cli.choosing import choice
    from targen_core.display.progress import watching
    from targen_core.plugins.loader import load_registry
    from targen_core.runs.event_loops import finish
    from targen_standard.correction.api import corrected
    from targen_standard.given import given_data

    data = given_data(source, task, said.values.get("variants"), encoding=encoding)
    registry = data.registry or load_registry()
    chosen = choice(registry, said)
    where = elsewhere(
        registry,
        said.of(WorkerOptions),
        options=chosen.options,
        delivery=said.of(Limits).delivered_by,
    )
    with (
        chosen.explained(),
        asked(
            registry,
            data.task,
            rows=False,
            variants=data.variants,
            **said.part(RowOptions.declared("seed", "corrector")),
            **chosen.keywords,
        ) as request,
    ):
        for _ in data.rows_of(request).units():
            pass  # a row that is not the task's is an error before any question
        if dry_run:
            _print_estimate(
                request, data, n, rows_per_call, price_from=chosen.price_from, json=json
            )
            return
        ask_first(
            "This correction",
            lambda: [expected_of("it", lambda: _estimate(request, data, n, rows_per_call))],
            cap=request.config.max_cost,
            ask_above=chosen.ask_above,
            yes=yes,
        )
    with chosen.explained(), watching(quiet=quiet) as watch:
        done = finish(
            corrected(
                request,
                data,
                out=out,
                n=n,
                flip=flip,
                rows_per_call=rows_per_call,
                where=where,
                watch=watch,
            )
        )
    report, folder = done.report.raw, done.path
    if json:
        print_json(report)
    elif quiet:
        print(folder / "dataset.jsonl")
    else:
        _print(report, folder)


def _estimate(request: Request, data: Data, n: int | None, rows_per_call: int) -> CostEstimate:
    from targen_standard.correction.estimating import estimated_correction

    return estimated_correction(request, data.rows_of(request), n, rows_per_call)


def _print_estimate(
    request: Request,
    data: Data,
    n: int | None,
    rows_per_call: int,
    *,
    price_from: str,
    json: bool,
) -> None:
    """Print what a correction would cost."""
    from targen_core.cli.commands.estimate import print_estimates

    expected = _estimate(request, data, n, rows_per_call)
    if json:
        print_json(expected.facts)
        return
    print_estimates([expected], price_from)
    print("\nDry run: targen made no calls and wrote no files.")


def _print_compared(report: Mapping[str, Any]) -> None:
    """Print how many labels were right before and after, by those in the file."""
    print("\nCompared with the labels in the file")
    kinds = ("as given", report["as_given"]), ("flipped", report["flipped"])
    ends = ("right", "wrong", "rejected", "unjudged")
    print_table(
        ["label shown", "right after", "wrong after", "rejected", _LOST],
        [(name, *(c.get(end, 0) for end in ends)) for name, c in kinds],
        optional=(_LOST,),
    )
    after = report["accuracy_after"]
    kept = f"among the {plural(report['kept'], 'instance')} kept"
    text = "no instances were kept" if after is None else f"{after:.1%} after, {kept}"
    print(f"correct labels: {report['accuracy_before']:.1%} before, {text}")
    _print_found(**report["suspected"], of=sum(report["flipped"].values()))


def _print_found(*, flipped: int, as_given: int, of: int) -> None:
    """Print recall and precision of a corrector: what it changes or rejects, it finds wrong."""
    suspected = flipped + as_given
    recall, precision = flipped / max(of, 1), flipped / max(suspected, 1)
    print(f"flipped labels found: {flipped:,} of {of:,} (recall {recall:.1%})")
    print(f"labels changed or rejected: {suspected:,}, {flipped:,} of them flipped", end="")
    print(f" (precision {precision:.1%})" if suspected else "")


def _print(report: Mapping[str, Any], folder: Path) -> None:
    instances = plural(report["instances"], "instance")
    print(f"{instances} of {report['task']}, judged by {report['corrector']}")
    flows = {n: flow for n, flow in report["flow"].items() if flow["judged"] or "unjudged" in flow}
    columns = flow_columns(flows, {name: name for name in flows})
    print("\nLabel flow (row: given label; column: label after correction)")
    print_table(
        ["", *columns, "rejected", "judged", _LOST],
        [
            (
                name,
                *(flow["accepted"].get(column, 0) for column in columns),
                sum(flow["rejected"].values()),
                flow["judged"],
                flow.get("unjudged", 0),
            )
            for name, flow in flows.items()
        ],
        optional=(_LOST,),
    )
    reasons = {
        (label, reason): count
        for label, flow in flows.items()
        for reason, count in flow["reasons"].items()
    }
    if reasons:
        print("\nRejected because")
        print_table(["label shown", "reason", "count"], [(*key, n) for key, n in reasons.items()])
    if report["flip"]:
        _print_compared(report)
    else:  # it is not known which of the given labels are right
        kept, changed, rejected, lost = (
            report["as_given"].get(k, 0) for k in ("right", "wrong", "rejected", "unjudged")
        )
        print(f"\n{kept:,} unchanged, {changed:,} changed, {rejected:,} rejected", end="")
        print(f", {lost:,} {_LOST}" if lost else "")
        for count, what in ((changed, "changed"), (rejected, "rejected")):
            if count:
                print(f"to see the {what} rows: targen show {shlex.quote(str(folder))} --{what}")
        if changed + rejected > kept and kept + changed + rejected >= _SOME:
            print(
                "\nThe corrector disagrees with most labels: either these are wrong, or it does "
                "not understand what they mean"
            )
    print_usage(report)
    print(f"\n{folder / 'dataset.jsonl'}")
