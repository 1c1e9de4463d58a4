"""Before `targen generate` sends anything: what would run, and whether it may cost so much."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from targen_core.cli.choosing import Choice, can_ask
from targen_core.cli.tables import print_json

if TYPE_CHECKING:
    from targen_core.api.request import Request

__all__ = ["Ahead", "confirm", "print_dry_run", "tell_of_shortage"]

Ahead = Sequence[tuple[Path, "Request"]]
"""What is asked for, each with the run directory that it goes to."""


def print_dry_run(runs: Ahead, *, suite: bool, json: bool) -> None:
    """Print what would run, and for how much; nothing is written, nothing is sent."""
    from targen_core.api.estimating import estimated
    from targen_core.cli.estimate import print_estimates
    from targen_core.runs.plan import prepare

    estimates = [estimated(request) for _, request in runs]
    facts: list[dict[str, Any]] = []
    for (out, request), one in zip(runs, estimates, strict=True):
        steps = prepare(request.registry, request.spec).steps
        models = {name: step.model.identity for name, step in steps.items()}
        about = {"out": str(out), "labels": dict(request.spec.target.quotas), "models": models}
        facts.append({**about, **one.facts})
    if json:
        print_json(facts if suite else facts[0])
        return
    for run in facts:
        labels = ", ".join(f"{name} {rows:,}" for name, rows in run["labels"].items())
        print(f"{run['task']} would go to {run['out']}: {labels}")
    by_model: dict[str, list[str]] = {}
    for step, model in facts[0]["models"].items():
        by_model.setdefault(model, []).append(step)
    for model, steps_of in by_model.items():
        print(f"{model} would be asked" + (f": {', '.join(steps_of)}" if len(by_model) > 1 else ""))
    print()
    print_estimates(estimates)
    print("\nDry run: nothing was sent or written.")


def tell_of_shortage(request: Request) -> None:
    """Say of which labels more rows are wanted than the task can make."""
    most = {} if request.task.most is None else request.task.most()
    for label, wanted in request.spec.quotas.items():
        if wanted > most.get(label, wanted):
            print(
                f"note: {wanted:,} rows of {label} are wanted, and what is given makes "
                f"{most[label]:,} at most: give more rows, or the run ends short of them",
                file=sys.stderr,
            )


def confirm(runs: Ahead, choice: Choice, *, yes: bool) -> None:
    """Ask a person first where it may cost more than she wants to be asked about.

    Without a terminal nobody is asked: `--max-cost` is what holds there.

    Raises:
        Exit: she says no.
    """
    cap = choice.limits.get("max_cost") or math.inf
    if yes or cap <= choice.ask_above or not can_ask():
        return
    dollars = _dollars(runs)
    if dollars is None or min(dollars, cap) <= choice.ask_above:
        return
    rows = sum(request.spec.target.quotas.total for _, request in runs)
    capped = f", and at most ${cap:,.2f} (--max-cost)" if cap < math.inf else ""
    print(
        f"{rows:,} rows would cost about ${dollars:,.2f}{capped}. It is an estimate; "
        "--dry-run shows it, and --max-cost is a cap.",
        file=sys.stderr,
    )
    if not typer.confirm("Go on?", err=True):
        print("Nothing was sent.", file=sys.stderr)
        raise typer.Exit(1)


def _dollars(runs: Ahead) -> float | None:
    """What all of it would cost; None where that is free, or nobody knows."""
    from targen_core.api.estimating import estimated
    from targen_core.errors import TargenError
    from targen_core.runs.plan import prepare

    total = 0.0
    for _, request in runs:
        prices = [step.price for step in prepare(request.registry, request.spec).steps.values()]
        if all(price is None or not (price.input or price.output) for price in prices):
            continue
        try:
            dollars = estimated(request).total["dollars"]
        except TargenError:
            return None  # what its dry run cannot do, the run itself may
        total += dollars or 0.0
    return total or None
