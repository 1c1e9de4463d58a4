"""`targen estimate`: calls, tokens and dollars before anything is paid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from targen_core.cli.request import (
    BackendArg,
    BackendForArg,
    CorrectArg,
    CorrectorArg,
    OptionsArg,
    VariantArg,
    job_spec,
    quotas_for,
)
from targen_core.cli.tables import print_json, print_table
from targen_core.errors import UsageError

if TYPE_CHECKING:
    from targen_core.calls.model import Price
    from targen_core.plugins.registry import Registry
    from targen_core.runs.spec import JobSpec
    from targen_core.tasks.model import Task

_HEADS = ("calls", "tokens in", "tokens out", "dollars")
_SAMPLE = 60  # rows that a rehearsal makes, at least; lists are whole batches in it


@dataclass(frozen=True, slots=True)
class _Estimate:
    """What one task will take: a line for each step."""

    task: str
    rows: int
    basis: str
    steps: list[dict[str, Any]]

    @property
    def total(self) -> dict[str, Any]:
        """All steps together; dollars are None where a price is unknown."""
        keys = ("calls", "tokens_in", "tokens_out")
        known = all(step["dollars"] is not None for step in self.steps)
        return {
            **{key: sum(step[key] for step in self.steps) for key in keys},
            "dollars": sum(step["dollars"] for step in self.steps) if known else None,
        }


def estimate(
    task: Annotated[
        str | None, typer.Argument(help="A task, NAME or DISTRIBUTION:NAME.", show_default=False)
    ] = None,
    suite: Annotated[
        str | None,
        typer.Option("--suite", metavar="PLUGIN", help="All tasks of a plugin, such as superglue."),
    ] = None,
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
    it scales the measured tokens of a run, rejects included. With --suite, for each task of a
    plugin; lists that several of them share are counted for each.

    Examples:
    - targen estimate rte -n 1000 -b llama -o model=m -o price_in=0.15 -o price_out=0.60
    - targen estimate rte --preset paper --from runs/rte-0
    - targen estimate --suite superglue --preset paper -b llama -o model=m
    """
    from targen_core.plugins.loader import load_registry
    from targen_core.runs.plan import find_task
    from targen_core.runs.suite import suite_tasks

    if not 0 < yield_ <= 1:
        raise UsageError(f"--yield is {yield_}; it must be above 0 and at most 1")
    if (task is None) == (suite is None):
        raise UsageError(
            "say what to estimate: one task, or all tasks of a plugin",
            hint="targen estimate rte -n 10, or targen estimate --suite superglue --preset paper",
        )
    if suite is not None and measured is not None:
        raise UsageError("--from is a run of one task, and --suite is of several")
    registry = load_registry()
    names = [found.id for found in suite_tasks(registry, suite)] if suite else [task or ""]
    found = []
    for name in names:
        _, target = find_task(registry, name, variant or ())
        spec = job_spec(
            registry,
            name,
            quotas=quotas_for(target, n, preset, label or ()),
            variants=tuple(variant or ()),
            backend=backend,
            backend_for=backend_for,
            options=option or (),
            correct=correct,
            corrector=corrector,
        )
        found.append(_estimated(registry, target, spec, measured, yield_))
    if json:
        facts = [
            {"task": one.task, "rows": one.rows, "basis": one.basis, "steps": one.steps} | one.total
            for one in found
        ]
        print_json(facts if suite else facts[0])
    elif suite:
        _print_all(found)
    else:
        _print(found[0])


def _estimated(
    registry: Registry, task: Task[Any, Any], spec: JobSpec, measured: Path | None, yield_: float
) -> _Estimate:
    """What `spec` will take, by a run that was, or by a rehearsal at a yield."""
    from targen_core.runs.plan import prepare
    from targen_core.runs.report import read_report
    from targen_core.runs.trial import rehearsal_spec, run_trial

    prepared = prepare(registry, spec)
    wanted = sum(spec.quotas.values())
    if measured is not None:
        report = read_report(measured)
        if report["task"] != prepared.manifest.task.id:
            raise UsageError(f"{measured} is a run of {report['task']}, not of {spec.task}")
        factor = 1.0
        basis = f"the measure of {measured}"
    else:
        sample = dict.fromkeys(task.quota_names, _SAMPLE * task.unit)
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
    steps = _scaled(report, wanted / made * factor, prices)
    return _Estimate(prepared.manifest.task.id, wanted, basis, steps)


def _print(found: _Estimate) -> None:
    print(f"{found.rows:,} rows of {found.task}, by {found.basis}\n")
    print_table(
        ["step", *_HEADS],
        [
            (line["step"], *_figures(line))
            for line in [*found.steps, {"step": "all", **found.total}]
        ],
    )
    _say_price(found.total["dollars"])


def _print_all(found: Sequence[_Estimate]) -> None:
    totals = [one.total for one in found]
    known = all(total["dollars"] is not None for total in totals)
    everything = {
        key: sum(total[key] for total in totals) for key in ("calls", "tokens_in", "tokens_out")
    }
    everything["dollars"] = sum(total["dollars"] for total in totals) if known else None
    print(f"{sum(one.rows for one in found):,} rows, by {found[0].basis}\n")
    lines = [(one.task, f"{one.rows:,}", *_figures(one.total)) for one in found]
    lines.append(("all", f"{sum(one.rows for one in found):,}", *_figures(everything)))
    print_table(["task", "rows", *_HEADS], lines)
    _say_price(everything["dollars"])


def _figures(line: Mapping[str, Any]) -> tuple[str, ...]:
    dollars = line["dollars"]
    return (
        f"{line['calls']:,}",
        f"{line['tokens_in']:,}",
        f"{line['tokens_out']:,}",
        "?" if dollars is None else f"{dollars:.2f}",
    )


def _say_price(dollars: float | None) -> None:
    if dollars is None:
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
