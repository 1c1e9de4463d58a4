"""`targen estimate`: calls, tokens and dollars before anything is paid."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from targen_core.cli.request import (
    BackendArg,
    BackendForArg,
    CorrectArg,
    CorrectorArg,
    OptionsArg,
    TaskArg,
    VariantArg,
    job_spec,
    quotas_for,
)
from targen_core.cli.tables import print_json, print_table
from targen_core.errors import UsageError

if TYPE_CHECKING:
    from targen_core.calls.model import Price

_SAMPLE = 60  # rows that a rehearsal makes, at least; lists are whole batches in it


def estimate(
    task: TaskArg,
    n: Annotated[int | None, typer.Option("-n", "--number", help="Rows, split evenly.")] = None,
    preset: Annotated[str | None, typer.Option("--preset", help="A named set of counts.")] = None,
    label: Annotated[
        list[str] | None, typer.Option("--label", metavar="LABEL=ROWS", help="Rows of one label.")
    ] = None,
    variant: VariantArg = None,
    backend: BackendArg = "local",
    backend_for: BackendForArg = None,
    option: OptionsArg = None,
    correct: CorrectArg = True,
    corrector: CorrectorArg = "",
    measured: Annotated[
        Path | None,
        typer.Option("--from", metavar="RUN", help="Scale what a run of this task really took."),
    ] = None,
    yield_: Annotated[
        float, typer.Option("--yield", help="Share of candidates that become rows, without --from.")
    ] = 0.7,
    json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Say what a run will take: calls, tokens and, where a price is known, dollars.

    Counts the prompts of a rehearsal, which costs nothing, at four characters a token; with --from
    it scales the measured tokens of a run, rejects included.

    Examples:
    - targen estimate rte -n 1000 -b llama -o model=m -o price_in=0.15 -o price_out=0.60
    - targen estimate rte --preset paper --from runs/rte-0
    """
    from targen_core.plugins.loader import load_registry
    from targen_core.runs.plan import find_task, prepare
    from targen_core.runs.report import read_report
    from targen_core.runs.trial import rehearsal_spec, run_trial

    if not 0 < yield_ <= 1:
        raise UsageError(f"--yield is {yield_}; it must be above 0 and at most 1")
    registry = load_registry()
    _, found = find_task(registry, task, variant or ())
    quotas = quotas_for(found, n, preset, label or ())
    wanted = sum(quotas.values())
    spec = job_spec(
        registry,
        task,
        quotas=quotas,
        variants=tuple(variant or ()),
        backend=backend,
        backend_for=backend_for,
        options=option or (),
        correct=correct,
        corrector=corrector,
    )
    prepared = prepare(registry, spec)
    if measured is not None:
        report = read_report(measured)
        if report["task"] != prepared.manifest.task.id:
            raise UsageError(f"{measured} is a run of {report['task']}, not of {task}")
        factor = 1.0
        basis = f"the measure of {measured}"
    else:
        sample = dict.fromkeys(found.quota_names, _SAMPLE * found.unit)
        trial = run_trial(registry, rehearsal_spec(spec, sample))
        if trial.problem is not None:
            raise trial.problem
        report, factor = trial.report, 1 / yield_
        basis = f"a rehearsal, at a yield of {yield_:.0%}"
    made = sum(report["rows"].values())
    if not made:
        raise UsageError(f"{measured} has no rows to measure by")
    prices = {name: step.price for name, step in prepared.steps.items()}
    total_calls = report["usage"]["total"]["calls"] + report["usage"]["total"]["cached"]
    if measured is None:  # what ran ahead for nothing in so short a run is no measure
        factor *= 1 - report["unused_calls"] / total_calls
    rows = _scaled(report, wanted / made * factor, prices)
    total = {key: sum(row[key] for row in rows) for key in ("calls", "tokens_in", "tokens_out")}
    known = all(row["dollars"] is not None for row in rows)
    dollars = sum(row["dollars"] for row in rows) if known else None
    if json:
        print_json({"rows": wanted, "basis": basis, "steps": rows, **total, "dollars": dollars})
        return
    print(f"{wanted:,} rows of {prepared.manifest.task.id}, by {basis}\n")
    print_table(
        ["step", "calls", "tokens in", "tokens out", "dollars"],
        [
            (
                r["step"],
                f"{r['calls']:,}",
                f"{r['tokens_in']:,}",
                f"{r['tokens_out']:,}",
                _money(r["dollars"]),
            )
            for r in [*rows, {"step": "all", **total, "dollars": dollars}]
        ],
    )
    if not known:
        print("\nNo price is known for this model; add -o price_in=... -o price_out=...")


def _scaled(
    report: dict[str, Any], factor: float, prices: dict[str, Price | None]
) -> list[dict[str, Any]]:
    """Each step's usage times `factor`, priced anew."""
    from targen_core.tasks.steps import STEPS

    steps: dict[str, dict[str, float]] = {}
    for counts in report["usage"]["by_step"]:
        step = steps.setdefault(counts["step"], {"calls": 0, "tokens_in": 0, "tokens_out": 0})
        step["calls"] += counts["calls"] + counts["cached"]
        step["tokens_in"] += counts["tokens_in"] + counts["cached_in"]
        step["tokens_out"] += counts["tokens_out"] + counts["cached_out"]
    rows = []
    for name in STEPS:
        if name not in steps or name not in prices:
            continue
        row: dict[str, Any] = {"step": name}
        row.update({key: round(value * factor) for key, value in steps[name].items()})
        price = prices[name]
        row["dollars"] = (
            None if price is None else round(price.dollars(row["tokens_in"], row["tokens_out"]), 6)
        )
        rows.append(row)
    return rows


def _money(dollars: float | None) -> str:
    return "?" if dollars is None else f"{dollars:.2f}"
