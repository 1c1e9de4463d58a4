"""`targen estimate`: calls, tokens and dollars before anything is paid."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from targen_core.cli.request import (
    BackendArg,
    BackendForArg,
    BaseUrlArg,
    BatchArg,
    ContextsArg,
    CorrectArg,
    CorrectorArg,
    KeyFileArg,
    ModelArg,
    OptionsArg,
    PriceInArg,
    PriceOutArg,
    ProfileArg,
    SeedsArg,
    SomeTaskArg,
    SuiteArg,
    VariantArg,
    labels_of,
)
from targen_core.cli.tables import print_json, print_table
from targen_core.errors import QuotaNotMet, UsageError

if TYPE_CHECKING:
    from targen_core.api.request import Request
    from targen_core.calls.model import Price
    from targen_core.engine.quotas import Quotas
    from targen_core.tasks.model import Task

_HEADS = {
    "calls": "calls",
    "input_tokens": "input tokens",
    "output_tokens": "output tokens",
    "reasoning_tokens": "reasoning tokens",
    "dollars": "dollars",
}
_COUNTS = ("calls", "input_tokens", "output_tokens", "reasoning_tokens")
YIELD = 0.7
"""Share of candidates that become rows, where nothing was measured."""
_SAMPLE = 60  # rows that a dry run makes, at least; lists are whole batches in it
_LONGEST = 500  # and at most, to see where lists end


@dataclass(frozen=True, slots=True)
class Estimate:
    """What one task will take: a line for each step."""

    task: str
    rows: int
    basis: str
    steps: list[dict[str, Any]]
    uncounted_reasoning: list[str]  # steps whose model thinks, nobody says how much
    prices: dict[str, Any]  # what a step's tokens are counted at, as reports have it
    too_few: str = ""  # why the seeds that are there make fewer rows, and what to add

    @property
    def facts(self) -> dict[str, Any]:
        """All of it, for programs."""
        return {
            "task": self.task,
            "rows": self.rows,
            "basis": self.basis,
            "steps": self.steps,
            "uncounted_reasoning": self.uncounted_reasoning,
            "prices": self.prices,
            **({"too_few_seeds": self.too_few} if self.too_few else {}),
            **self.total,
        }

    @property
    def total(self) -> dict[str, Any]:
        """All steps together; dollars are None where a price is unknown."""
        return _sum(self.steps)


def estimate(
    task: SomeTaskArg = None,
    suite: SuiteArg = None,
    n: Annotated[int | None, typer.Option("-n", "--number", help="Rows, split evenly.")] = None,
    preset: Annotated[str | None, typer.Option("--preset", help="A named set of counts.")] = None,
    label: Annotated[
        list[str] | None, typer.Option("--label", metavar="LABEL=ROWS", help="Rows of one label.")
    ] = None,
    variant: VariantArg = None,
    contexts: ContextsArg = None,
    seeds: SeedsArg = None,
    backend: BackendArg = None,
    model: ModelArg = None,
    base_url: BaseUrlArg = None,
    price_in: PriceInArg = None,
    price_out: PriceOutArg = None,
    backend_for: BackendForArg = None,
    option: OptionsArg = None,
    key_file: KeyFileArg = None,
    profile: ProfileArg = None,
    correct: CorrectArg = True,
    corrector: CorrectorArg = "",
    measured: Annotated[
        Path | None,
        typer.Option("--from", metavar="RUN", help="Scale what a run of this task really took."),
    ] = None,
    yield_: Annotated[
        float, typer.Option("--yield", help="Share of candidates that become rows, without --from.")
    ] = YIELD,
    reasoning_tokens: Annotated[
        list[str] | None,
        typer.Option(
            "--reasoning-tokens",
            metavar="[STEP=]TOKENS",
            help="Tokens of reasoning in a call, without --from.",
        ),
    ] = None,
    batch: BatchArg = False,
    batch_lists: Annotated[
        bool, typer.Option("--batch-lists", help="With --batch: lists in batches too.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Say what a run will take: calls, tokens and, where a price is known, dollars.

    Counts the prompts of a dry run, which costs nothing, at four characters a token; with --from
    it scales the measured tokens of a run, rejects and reasoning included. With --suite, for each
    task of a plugin; lists that several of them share are counted for each.

    Examples:
    - targen estimate rte -n 1000 -b llama --model m --price-in 0.15 --price-out 0.60
    - targen estimate rte --preset paper --from runs/rte-0
    - targen estimate --suite superglue --preset paper -b llama --model m
    - targen estimate rte -n 1000 -b chatgpt --model gpt-6-luna --batch --reasoning-tokens 400
    """
    from targen_core.api.request import asked
    from targen_core.cli.choosing import choice
    from targen_core.plugins.loader import load_registry
    from targen_core.runs.suite import suite_tasks

    if not 0 < yield_ <= 1:
        raise UsageError(f"--yield is {yield_}; it must be above 0 and at most 1")
    if (task is None) == (suite is None):
        raise UsageError(
            "say what to estimate: one task, or all tasks of a plugin",
            hint="targen estimate rte -n 10, or targen estimate --suite superglue --preset paper",
        )
    if batch_lists and not batch:
        raise UsageError("--batch-lists says how --batch asks for lists", hint="add --batch")
    if reasoning_tokens and measured is not None:
        raise UsageError("--from has measured the reasoning: leave --reasoning-tokens out")
    if suite is not None and measured is not None:
        raise UsageError("--from is a run of one task, and --suite is of several")
    registry = load_registry()
    chosen = choice(
        registry,
        backend=backend,
        model=model,
        base_url=base_url,
        price_in=price_in,
        price_out=price_out,
        option=option,
        key_file=key_file,
        backend_for=backend_for,
        profile=profile,
    )
    names = [item.id for item in suite_tasks(registry, suite)] if suite else [task or ""]
    estimates = []
    for name in names:
        with (
            chosen.explained(),
            asked(
                registry,
                name,
                n=n,
                preset=preset,
                labels=labels_of(label),
                variants=variant,
                contexts=contexts,
                seeds=seeds,
                correct=correct,
                corrector=corrector,
                batch=batch,
                batch_lists=batch_lists,
                **chosen.keywords,
            ) as request,
        ):
            estimates.append(estimated(request, measured, yield_, reasoning_tokens or ()))
    if json:
        facts = [one.facts for one in estimates]
        print_json(facts if suite else facts[0])
    else:
        print_estimates(estimates)


def estimated(
    request: Request,
    measured: Path | None = None,
    yield_: float = YIELD,
    reasoning_tokens: Sequence[str] = (),
) -> Estimate:
    """What `spec` will take, by a run that was, or by a dry run at a yield."""
    from targen_core.calls.batch import batch_price
    from targen_core.engine.lists import NEW, SPARE, seeds_at_most
    from targen_core.runs.batches import batched_steps
    from targen_core.runs.manifest import Manifest
    from targen_core.runs.plan import prepare
    from targen_core.runs.report import read_report, reported_prices
    from targen_core.runs.trial import dry_run_spec, run_trial

    registry, spec, task = request.registry, request.spec, request.task
    reasoning = _reasoning(reasoning_tokens, [step.name for step in task.steps])
    too_few, ended = "", False
    prepared = prepare(registry, spec)
    rows = spec.target.quotas.total
    # Calls that are not told of each other repeat each other, and some are for a refill.
    more = {
        step.name: SPARE / NEW if task.contexts in step.lists else SPARE
        for step in task.steps
        if step.lists and spec.lists_at_once > 1
    }
    if measured is not None:
        report = read_report(measured)
        if report["task"] != prepared.lock.task.id:
            raise UsageError(f"{measured} is a run of {report['task']}, not of {spec.task}")
        if Manifest.load(measured / "manifest.json").spec.lists_at_once > 1:
            more = {}
        factor = 1.0
        basis = f"the measure of {measured}"
    else:
        per_seed = task.samples_per_seed * task.instances_per_call
        seeds = seeds_at_most(prepared.specs)
        enough = _SAMPLE if seeds is None else min(_LONGEST, max(_SAMPLE, seeds * per_seed + 1))
        sample = dict.fromkeys(task.quota_names, enough * task.rows_per_instance)
        # A dry run has few words: that it repeats itself is no measure of a model. Its replies
        # fit its own lists: what is given in place of them is not asked for, and not priced.
        dry_run = dry_run_spec(spec, sample).replace(
            near_duplicates=0, contexts=None, contexts_fraction=1.0, seeds=None
        )
        trial = run_trial(registry, dry_run)
        report, factor = trial.report, 1 / yield_
        judged = max((flow["judged"] for flow in report.get("flow", {}).values()), default=0)
        ended = isinstance(trial.problem, QuotaNotMet) and not report["given_up"] and judged > 0
        if trial.problem is not None and not ended:
            raise trial.problem
        if spec.seeds is None and spec.contexts is None:
            if ended:
                seeds = judged // per_seed
            elif seeds is not None and judged > seeds * per_seed:
                seeds = None  # its first batch is larger than it says
        if seeds is not None:
            source = spec.seeds or spec.contexts or spec.task
            too_few = _too_few(task, spec.target.quotas, f"{source}", seeds, yield_)
        basis = f"a dry run, at a yield of {yield_:.0%}"
    made = sum(report["rows"].values())
    if not made:
        raise UsageError(f"{measured} has no rows to measure by")
    prices = {name: step.price for name, step in prepared.steps.items()}
    if spec.limits.batch:
        basis += ", in batches"
        for name in {*batched_steps(task.steps, spec.lists_at_once)} & prices.keys():
            prices[name] = batch_price(prices[name])
    silent = [
        name
        for name, step in prepared.steps.items()
        if measured is None
        and not reasoning[name]
        and step.backend.thinks is not None
        and step.backend.thinks(step.options)
    ]
    total_calls = report["usage"]["total"]["calls"] + report["usage"]["total"]["cached"]
    if measured is None:  # what ran ahead for nothing in so short a run is no measure
        factor *= 1 - report["unused_calls"] / total_calls
    factors = {name: rows / made * factor * more.get(name, 1.0) for name in prices}
    if ended:  # lists that are there already are asked for once, whatever is wanted of them
        factors.update((step.name, 1.0) for step in task.steps if step.lists)
    steps = _scaled(report, factors, prices, reasoning)
    asked = {row["step"]: prices[row["step"]] for row in steps}
    prices_said = reported_prices(asked)
    return Estimate(prepared.lock.task.id, rows, basis, steps, silent, prices_said, too_few)


def _too_few(task: Task[Any, Any], quotas: Quotas, source: str, seeds: int, yield_: float) -> str:
    """What to say where so many seeds make fewer rows than are wanted, or ""."""
    unit, per_seed = task.rows_per_instance, task.samples_per_seed * task.instances_per_call
    aims = list(task.branches.values())
    worst = ("", 0.0, 0.0)  # a label, its rows for each seed, and the seeds that it lacks
    for label, wanted in quotas.items():
        branches = aims.count(label) + aims.count(None) / len(task.quota_names)
        each = branches * per_seed * unit * yield_
        worst = max(worst, (label, each, wanted / each - seeds), key=lambda short: short[2])
    label, each, lacking = worst
    if lacking <= 0:
        return ""
    samples = math.ceil(quotas[label] / (seeds * each / task.samples_per_seed))
    asked = "once" if task.samples_per_seed == 1 else f"{task.samples_per_seed} times"
    return (
        f"Too few seeds: {source} gives {seeds:,}, each asked {asked} for a label, which makes "
        f"about {math.floor(seeds * each):,} rows of {label} at a yield of {yield_:.0%}; "
        f"{quotas[label]:,} are asked for.\n"
        f"Add {math.ceil(lacking):,} or more, or take more samples of each: "
        f"samples_per_seed {samples}"
    )


def print_estimates(estimates: Sequence[Estimate]) -> None:
    """Print one task's steps, or several tasks with a line each."""
    if len(estimates) == 1:
        _print(estimates[0])
    else:
        _print_all(estimates)


def _print(estimated: Estimate) -> None:
    print(f"{estimated.rows:,} rows of {estimated.task}, by {estimated.basis}\n")
    lines = [*estimated.steps, {"step": "all", **estimated.total}]
    shown = _shown(estimated.total)
    heads = ["step", *(_HEADS[key] for key in shown)]
    print_table(heads, [(line["step"], *_figures(line, shown)) for line in lines])
    _say_prices(estimated.prices)
    _say_too_few([estimated])
    _say_unknown(estimated.total["dollars"], estimated.uncounted_reasoning)


def _print_all(estimates: Sequence[Estimate]) -> None:
    everything = _sum([one.total for one in estimates])
    shown = _shown(everything)
    print(f"{sum(one.rows for one in estimates):,} rows, by {estimates[0].basis}\n")
    lines = [(one.task, f"{one.rows:,}", *_figures(one.total, shown)) for one in estimates]
    lines.append(("all", f"{sum(one.rows for one in estimates):,}", *_figures(everything, shown)))
    print_table(["task", "rows", *(_HEADS[key] for key in shown)], lines)
    _say_prices(estimates[0].prices)
    _say_too_few(estimates)
    _say_unknown(everything["dollars"], estimates[0].uncounted_reasoning)


def _sum(lines: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Lines added up; dollars are None where a price is unknown."""
    known = all(line["dollars"] is not None for line in lines)
    return {
        **{key: sum(line[key] for line in lines) for key in _COUNTS},
        "dollars": sum(line["dollars"] for line in lines) if known else None,
    }


def _shown(total: Mapping[str, Any]) -> list[str]:
    """The columns that say something: no reasoning where there is none."""
    return [key for key in _HEADS if key != "reasoning_tokens" or total[key]]


def _figures(line: Mapping[str, Any], shown: Sequence[str]) -> tuple[str, ...]:
    dollars = line["dollars"]
    cost = "?" if dollars is None else f"{dollars:.2f}"
    return tuple(cost if key == "dollars" else f"{line[key]:,}" for key in shown)


def _say_prices(prices: Mapping[str, Any]) -> None:
    """Say what is reckoned with, where a price is known."""
    from targen_core.runs.report import price_words

    known = {step: price for step, price in prices.items() if price is not None}
    if known:
        print()
        for line in price_words(known):
            print(line)


def _say_too_few(estimates: Sequence[Estimate]) -> None:
    for one in estimates:
        if one.too_few:
            print(f"\n{one.too_few}")


def _say_unknown(dollars: float | None, uncounted: Sequence[str]) -> None:
    if dollars is None:
        print("\nNo price is known for this model; add --price-in ... --price-out ...")
    if uncounted:
        print(
            f"\nThe model thinks before it answers ({', '.join(uncounted)}), and that is paid as "
            "output.\nIt is not counted here: add --reasoning-tokens TOKENS, or measure a small "
            "run with --from"
        )


def _reasoning(items: Sequence[str], steps: Sequence[str]) -> dict[str, int]:
    """Tokens of reasoning in a call, by step; one without a step is for all that are not named.

    Raises:
        UsageError: no step, or no number.
    """
    tokens: dict[str, int] = {}
    for item in items:
        step, equals, text = item.rpartition("=")
        if (equals and step not in steps) or not text.isdecimal():
            raise UsageError(
                f"--reasoning-tokens {item!r} is not TOKENS or STEP=TOKENS",
                hint="for example --reasoning-tokens 400, or --reasoning-tokens correct=900; "
                f"steps: {', '.join(steps)}",
            )
        tokens[step] = int(text)
    return {step: tokens.get(step, tokens.get("", 0)) for step in steps}


def _scaled(
    report: dict[str, Any],
    factors: Mapping[str, float],
    prices: Mapping[str, Price | None],
    reasoning: Mapping[str, int],
) -> list[dict[str, Any]]:
    """Each step's usage times its factor, with `reasoning` for each call, priced anew."""
    steps: dict[str, dict[str, float]] = {}
    for counts in report["usage"]["by_step"]:
        step = steps.setdefault(counts["step"], dict.fromkeys(_COUNTS, 0))
        calls = counts["calls"] + counts["cached"]
        assumed = calls * reasoning.get(counts["step"], 0)
        step["calls"] += calls
        step["input_tokens"] += counts["input_tokens"] + counts["saved_input_tokens"]
        step["output_tokens"] += counts["output_tokens"] + counts["saved_output_tokens"] + assumed
        # The cache does not say which of its tokens were reasoning: as in the other calls.
        measured = counts.get("reasoning_tokens", 0) * calls / max(1, counts["calls"])
        step["reasoning_tokens"] += assumed or measured
    rows = []
    for name in prices:
        if name not in steps:
            continue
        row: dict[str, Any] = {"step": name}
        # However few rows are wanted, a list's first call asks for a whole batch.
        factor = max(factors[name], 1 / max(1, steps[name]["calls"]))
        row.update({key: round(value * factor) for key, value in steps[name].items()})
        row["dollars"] = _dollars(prices[name], row)
        rows.append(row)
    return rows


def _dollars(price: Price | None, row: Mapping[str, Any]) -> float | None:
    """What a step's calls cost, all alike: whether a prompt is a long one is said of each."""
    if price is None:
        return None
    if price.long_from is not None and row["input_tokens"] <= price.long_from * row["calls"]:
        price = replace(price, long_from=None)
    return round(price.dollars(row["input_tokens"], row["output_tokens"]), 6)
