"""Before a command sends anything: what would run, and whether it may cost so much."""

from __future__ import annotations

import math
import shlex
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from targen_core.cli.asking import can_ask, confirmed
from targen_core.cli.choosing import Choice
from targen_core.cli.status import note
from targen_core.cli.tables import print_json
from targen_core.engine.quota_tracker import QuotaTracker
from targen_core.engine.seeds import seeds_at_most
from targen_core.errors import TargenError, UsageError
from targen_core.origin import is_file
from targen_core.runs import settings
from targen_core.text import plural

if TYPE_CHECKING:
    from targen_core.api.request import Request
    from targen_core.cli.estimating import CostEstimate

_NAMED = 5  # labels in a note

Ahead = Sequence[tuple[Path, "Request"]]
"""Requests, each with the run directory that it goes to."""


def _rows_by_share(request: Request) -> dict[str, int]:
    """Return the rows of each combination of properties that have exact shares."""
    task = request.prepared.task
    counts = QuotaTracker(task.quota_names, task.branches, task.seeding.parts, request.config.shard)
    counts.aim(request.config.target.quotas, by_intended=False)
    return {name: part["requested"] for name, part in counts.by_part().items()}


def print_dry_run(runs: Ahead, *, price_from: str, suite: bool, json: bool) -> None:
    """Print what would run, and its price, without writing or sending."""
    from targen_core.cli.commands.estimate import print_estimates
    from targen_core.cli.estimating import estimated

    estimates = [estimated(request) for _, request in runs]
    facts: list[dict[str, Any]] = []
    for (out, request), one in zip(runs, estimates, strict=True):
        steps = request.prepared.steps
        models = {name: step.model.identity for name, step in steps.items()}
        about = {"out": str(out), "labels": dict(request.config.target.quotas), "models": models}
        if request.task.has_shares:
            about["shares"] = _rows_by_share(request)
        if files := [str(file) for file in request.prepared.part_files.values()]:
            about["files"] = files
        facts.append({**about, **one.facts})
    if json:
        print_json(facts if suite else facts[0])
        return
    for run in facts:
        labels = ", ".join(f"{name} {rows:,}" for name, rows in run["labels"].items())
        shares = "".join(f"; {name} {rows:,}" for name, rows in run.get("shares", {}).items())
        print(f"{run['task']} would be written to {run['out']}: {labels}{shares}")
        for file in run.get("files", ()):
            print(f"{file} would be used and copied into the run directory")
    by_model: dict[str, list[str]] = {}
    for step, model in facts[0]["models"].items():
        by_model.setdefault(model, []).append(step)
    for model, steps_of in by_model.items():
        print(
            f"{model} would be called" + (f": {', '.join(steps_of)}" if len(by_model) > 1 else "")
        )
    for words in _shown(runs):
        print(words)
    print()
    print_estimates(estimates, price_from)
    cap = runs[0][1].config.max_cost
    if cap is not None and cap < (dollars := sum(one.dollars or 0.0 for one in estimates)):
        print(f"\n${dollars:,.2f} exceeds --max-cost {cap:g}: generation would stop early.")
    print("\nDry run: targen made no calls and wrote no files.")


def _shown(runs: Ahead) -> Sequence[str]:
    """Return what filters say of texts of the user that prompts contain, each sentence once."""
    parts = (each.part for _, request in runs for each in request.prepared.filters)
    return [*dict.fromkeys(filter(None, (getattr(part, "shows", "") for part in parts)))]


def tell_of_examples(request: Request) -> None:
    """Name the user's texts in prompts, and the services to which they go."""
    identities = (step.model.identity for step in request.prepared.steps.values())
    services = dict.fromkeys(name for name in identities if "://" in name)
    for words in _shown([(Path(), request)]) if services else ():
        note(f"{words[:1].lower()}{words[1:].rstrip('.')}, which go to {', '.join(services)}")


def tell_of_presets(request: Request) -> None:
    """Point to the presets of a user's own file that divide rows unevenly."""
    if not is_file(request.config.task):
        return
    for name, rows in request.task.rows.presets.items():
        if len({*rows.values()}) > 1:
            note(
                "rows are divided evenly among the labels. To divide them as in a preset: "
                f"--preset {shlex.quote(name)}"
            )
            return


def tell_of_shortage(request: Request, n: int | None = None) -> None:
    """Warn about labels with more rows than the task can make, or fewer than one each."""
    names = request.task.quota_names
    none = [name for name, rows in request.config.quotas.items() if not rows]
    if n is not None and n < len(names):
        few = f"{plural(n, 'row')} for {plural(len(names), 'label')}"
        left = ", ".join(f'"{name}"' for name in none[:_NAMED])
        left += f" and {len(none) - _NAMED} more" if len(none) > _NAMED else ""
        gets = "label {} gets" if len(none) == 1 else "labels {} get"
        note(f"{few}: {gets.format(left)} no rows")
    known = request.task.seeding.most
    most = {} if known is None else known()
    for label, wanted in request.config.quotas.items():
        if wanted > most.get(label, wanted):
            note(
                f"the given rows yield at most {most[label]:,} of the {wanted:,} requested rows of "
                f"{label}. Give more rows, or the run will fall short"
            )


def tell_of_few_seeds(request: Request) -> None:
    """Warn if the user's seeds are too few even if every candidate becomes a row."""
    config, prepared = request.config, request.prepared
    seeds = None if config.seeds is None else seeds_at_most(prepared.specs)
    if seeds is None or prepared.task.seeding.parts:
        return
    from targen_core.cli.estimating import too_few_seeds  # rarely needed, and loads much

    if few := too_few_seeds(prepared.task, config.target.quotas, f"{config.seeds}", seeds):
        print(f"note: {few[:1].lower()}{few[1:]}", file=sys.stderr)  # it has two lines


@dataclass(frozen=True, slots=True)
class Expected:
    """The likely cost of a part of a command.

    Attributes:
        name: the part.
        dollars: None if its price is unknown, or its usage cannot be estimated.
        unknown: why its usage cannot be estimated although it has a price; else "".
        reasons: whether its model reasons before it answers, by an unknown number of tokens.
    """

    name: str
    dollars: float | None
    unknown: str = ""
    reasons: bool = False


def confirm(runs: Ahead, choice: Choice, *, yes: bool) -> None:
    """Ask the user before runs start that may cost more than the user's limit.

    Raises:
        Exit: she says no.
    """
    rows = sum(request.config.target.quotas.total for _, request in runs)
    ask_first(
        plural(rows, "row"),
        lambda: [expected(request.name, request) for _, request in runs],
        cap=choice.limits.get("max_cost"),
        ask_above=choice.ask_above,
        yes=yes,
        shown="--dry-run shows the details",
        notes=lambda: _shown(runs),
    )


def ask_first(
    what: str,
    parts: Callable[[], Iterable[Expected]],
    *,
    cap: float | None,
    ask_above: float,
    yes: bool = False,
    shown: str = "",
    notes: Callable[[], Sequence[str]] = tuple,
) -> None:
    """Ask a person before a command starts that may cost more than `ask_above` dollars.

    Without a terminal there is no question: `--max-cost` is the limit. If the usage of a part
    cannot be estimated, the question says so. Parts without a known price do not prompt.

    Args:
        what: what would cost so much.
        parts: estimates the parts; called only if the question may be needed.
        cap: `--max-cost`.
        ask_above: the threshold, in dollars.
        yes: whether `--yes` was passed.
        shown: which option shows the estimate.
        notes: returns further sentences for the question.

    Raises:
        Exit: the user refused.
    """
    most = math.inf if cap is None else cap
    if yes or most <= ask_above or not can_ask():
        return
    known = list(parts())
    dollars = sum(part.dollars or 0.0 for part in known)
    unknown = {part.name: part.unknown for part in known if part.unknown}
    if min(dollars, most) <= ask_above and not unknown:
        return
    words = f"{what} would cost about ${dollars:,.2f}"
    if any(part.reasons for part in known):
        words += " plus the model's reasoning, which is billed as output"
    if unknown:
        words += (
            f", not including {', '.join(unknown)} ({'; '.join(dict.fromkeys(unknown.values()))})"
        )
    if most < math.inf:
        words += f", and at most ${most:,.2f} (--max-cost)"
    tips = ([shown] if shown else []) + (["--max-cost sets a limit"] if cap is None else [])
    said = [f"{words}.", f"{'; '.join(['This is an estimate', *tips])}.", *notes()]
    print(" ".join(said), file=sys.stderr)
    if not confirmed("Continue?"):
        print("targen made no calls.", file=sys.stderr)
        raise typer.Exit(1)


def threshold() -> float:
    """The default `ask-above`, for commands that take no other defaults."""
    held = settings.merged(settings.layers(settings.read_files()), lambda one, other: one == other)
    return float(held["ask-above"].value) if "ask-above" in held else settings.ASK_ABOVE


def expected(name: str, request: Request) -> Expected:
    """Estimate the cost of a run by a dry run."""
    from targen_core.cli.estimating import estimated

    prices = [step.price for step in request.prepared.steps.values()]
    if all(price is None or not (price.input or price.output) for price in prices):
        return Expected(name, None)
    return expected_of(name, lambda: estimated(request))


def expected_of(name: str, estimate: Callable[[], CostEstimate]) -> Expected:
    """Estimate the cost of a part, which may fail as a dry run does.

    Raises:
        UsageError: the part would also refuse the request.
    """
    try:
        made = estimate()
        return Expected(name, made.dollars, reasons=bool(made.uncounted_reasoning))
    except UsageError:
        raise
    except TargenError as error:
        # The part itself may be able to do what its dry run cannot.
        return Expected(name, None, unknown=f"cannot be estimated: {error}")
