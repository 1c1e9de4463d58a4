"""`estimate`: calls, tokens and dollars before anything is paid."""

from __future__ import annotations

import itertools
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from targen_core.api.kinds import exported
from targen_core.api.models import ModelLike
from targen_core.api.request import (
    ItemsLike,
    PathText,
    Request,
    SourcesLike,
    StepLike,
    TaskLike,
    as_path,
    asked,
    keywords_of,
)
from targen_core.api.run import Run
from targen_core.calls.model import Message, Price
from targen_core.calls.usage import answered
from targen_core.cli.account import off_the_books
from targen_core.cli.tokens import estimate as token_estimate
from targen_core.cli.trial import Trial, dry_run_spec, run_trial
from targen_core.engine.filters import USUAL
from targen_core.engine.quotas import Quotas
from targen_core.engine.seeds import ListSpec, seeds_at_most
from targen_core.errors import QuotaNotMet, UsageError
from targen_core.plugins.blame import blaming
from targen_core.plugins.registry import Registry
from targen_core.runs.config import RunConfig
from targen_core.runs.plan import Prepared
from targen_core.runs.report import read_report, reported_prices
from targen_core.runs.settings import YIELD
from targen_core.tasks.model import Task
from targen_core.tasks.prompt import last_question
from targen_core.tasks.steps import ListStep, RegisteredCheck
from targen_core.text import plural

_CACHED = ("cache_read_tokens", "cache_write_tokens")
_COUNTS = ("calls", "input_tokens", *_CACHED, "output_tokens", "reasoning_tokens")
SAMPLE = 60  # rows of a label that a dry run makes, about; lists are whole batches in it
_LONGEST = 500  # and at most, to see where lists end


@dataclass(frozen=True, slots=True, repr=False)
class CostEstimate:
    """The likely usage of a run.

    Attributes:
        task: the task's id.
        rows: the rows that were asked for.
        basis: what it rests on: a dry run at a yield, or the measure of a run.
        steps: a mapping for each step that asks a model: "step", "calls", "input_tokens",
            "output_tokens", "reasoning_tokens" and "dollars". "cache_read_tokens" and
            "cache_write_tokens" are the input tokens of the service's prompt cache. "dollars" is
            None if no price is known.
        uncounted_reasoning: steps whose model reasons before it answers, which is paid as output,
            by an unknown amount.
        prices: what each step's tokens are counted at, as in a run's report.
        notes: what to know before a run.
        too_few: why the given seeds make fewer rows than that, and what to add; or "".
    """

    task: str
    rows: int
    basis: str
    steps: Sequence[Mapping[str, Any]]
    uncounted_reasoning: Sequence[str]
    prices: Mapping[str, Any]
    notes: Sequence[str] = ()
    too_few: str = ""

    def __repr__(self) -> str:
        return f"<CostEstimate of {self._title}>"

    def _repr_html_(self) -> str:
        from targen_core.pages import table

        heads = ("step", "calls", "input tokens", "output tokens", "dollars")
        keys = ("step", "calls", "input_tokens", "output_tokens", "dollars")
        rows = [
            tuple(_cell(each[key]) for key in keys)
            for each in (*self.steps, {"step": "all", **self.total})
        ]
        return table(self._title, heads, rows)

    @property
    def _title(self) -> str:
        cost = "at an unknown price" if self.dollars is None else f"${self.dollars:,.2f}"
        rows, calls = plural(self.rows, "row"), plural(self.calls, "call")
        return f"{self.task}: {rows} in {calls}, {cost}; based on {self.basis}"

    @property
    def calls(self) -> int:
        """Calls of all steps."""
        return int(self.total["calls"])

    @property
    def dollars(self) -> float | None:
        """Return the dollars of all steps; None if a price is unknown."""
        known: float | None = self.total["dollars"]
        return known

    @property
    def facts(self) -> dict[str, Any]:
        """Return all figures, as `targen estimate --json` prints them."""
        return {
            "task": self.task,
            "rows": self.rows,
            "basis": self.basis,
            "steps": [dict(step) for step in self.steps],
            "uncounted_reasoning": list(self.uncounted_reasoning),
            "prices": dict(self.prices),
            **({"notes": [*self.notes]} if self.notes else {}),
            **({"too_few_seeds": self.too_few} if self.too_few else {}),
            **self.total,
        }

    @property
    def total(self) -> dict[str, Any]:
        """All steps together; dollars are None if a price is unknown."""
        return summed(self.steps)


def _cell(value: object) -> object:
    if value is None:
        return ""
    return f"{value:.2f}" if isinstance(value, float) else value


@exported
def estimate(
    task: TaskLike,
    *,
    n: int | None = None,
    labels: Mapping[str, int] | None = None,
    preset: str | None = None,
    variants: str | Iterable[str] | None = None,
    model: ModelLike | None = None,
    options: Mapping[str, Any] | None = None,
    steps: Mapping[str, StepLike] | None = None,
    correct: bool = True,
    corrector: str | None = None,
    contexts: ItemsLike | None = None,
    seeds: ItemsLike | None = None,
    contexts_from: str | None = None,
    seeds_from: str | None = None,
    generators_from: str | Mapping[str, str] | None = None,
    checks: str | Iterable[str] | None = None,
    filters: str | Iterable[str] | None = None,
    contexts_limit: int | None = None,
    dimensions: Mapping[str, Any] | None = None,
    shares: Mapping[str, Mapping[str, int]] | None = None,
    task_dimensions: bool | None = None,
    examples: SourcesLike | None = None,
    batch: bool | None = None,
    delivery: str | None = None,
    shard: str | tuple[int, int] | None = None,
    measured: PathText | Run | None = None,
    yield_: float = YIELD,
    reasoning_tokens: int | Mapping[str, int] = 0,
    registry: Registry | None = None,
    **model_options: Any,
) -> CostEstimate:
    """Estimate the usage of `generate`: calls, tokens and, if the price is known, dollars.

    targen makes no calls. The prompts of a dry run are counted, at four characters per token. With
    `measured`, the usage of a real run is scaled, rejects and reasoning included.

    The other keywords are the options of `targen estimate`, with the same ranges and defaults.

    Args:
        task: as of `generate`, like all that is not named below.
        model: the model that is to be asked.
        options: backend options and sampling parameters whose names clash with a keyword here.
        steps: another model for one step, by the step's name.
        contexts: your own contexts, instead of step 1.
        seeds: your own seeds, instead of steps 1 and 2.
        checks: registered checks, by name: the dry run leaves them out.
        filters: registered filters, by name; an estimate counts only the share that a filter says
            it refuses.
        dimensions: in what items and rows are made to differ, by name.
        shares: exact shares of properties of rows, as of `generate`.
        task_dimensions: whether the task's own dimensions that prompts say are kept.
        examples: real rows or texts that rows read like, which prompts contain.
        measured: a run of the task to scale, or its directory; without a `model`, also what its
            calls cost.
        yield_: share of candidates that become rows, without `measured`; above 0, at most 1.
        reasoning_tokens: tokens of reasoning in a call, without `measured`: of all steps, or by
            step.
        registry: resolves names; by default among all that is installed.
        **model_options: backend options, such as `price_in` and `price_out`, dollars for a
            million tokens.

    Returns:
        The estimate; `estimate.dollars` is None if no price is known.

    Raises:
        UsageError: the request is invalid.
    """
    passed = locals()
    keywords = keywords_of(passed, "measured", "yield_", "reasoning_tokens")
    if not 0 < yield_ <= 1:
        raise UsageError(f"yield_ is {yield_}; it must be above 0 and at most 1")
    thought = {"": reasoning_tokens} if isinstance(reasoning_tokens, int) else reasoning_tokens
    folder = measured.path if isinstance(measured, Run) else measured
    with blaming(registry), asked(**keywords) as request:
        measure = None if folder is None else as_path(folder)
        return estimated(request, measure, yield_, thought)


def estimated(
    request: Request,
    measured: Path | None = None,
    yield_: float = YIELD,
    reasoning_tokens: Mapping[str, int] | None = None,
) -> CostEstimate:
    """Estimate a request's usage, by an earlier run, or by a dry run at a yield.

    If the request names no model, an earlier run's calls cost what they did.
    Tokens of reasoning are those of a call by step; under "", of all steps that are not named.

    Raises:
        UsageError: no such step, or a run of another task.
    """
    as_paid = (
        measured is not None
        and request.is_usual
        and not request.config.options
        and not request.config.delivery
    )
    if as_paid:  # any model fits: only its price would count
        config = dry_run_spec(request.config, request.config.target.quotas)
        request = replace(request, config=config, is_usual=False)
    prepared, task = request.prepared, request.task
    config = request.config
    thought = reasoning_tokens or {}
    names = [step.name for step in task.steps]
    if odd := [step for step in thought if step not in ("", *names)]:
        raise UsageError(
            f"reasoning tokens for {odd[0]!r}: {task.name} has no such step",
            hint=f"steps: {', '.join(names)}",
        )
    reasoning = {step: thought.get(step, thought.get("", 0)) for step in names}
    if measured is None:
        base = _by_dry_run(request.registry, prepared, config, yield_)
    else:
        base = _by_run(measured, prepared, config)
    basis, report, trial = base.basis, base.report, base.trial
    prices = {name: step.price for name, step in prepared.steps.items()}
    if prepared.delivery is not None:
        basis += prepared.delivery.basis
        for name in prepared.delivered:
            prices[name] = prepared.delivery.price(prices[name])
    factors = _factors(base, task, config.target.quotas.total, prices)

    opening = {}
    if trial is not None:
        opening = openings([(call.step, call.messages) for call in trial.calls], prices)
    steps = scaled(report, factors, prices, reasoning, opening, as_paid=as_paid and trial is None)
    asked = {row["step"]: prices[row["step"]] for row in steps}
    return CostEstimate(
        prepared.lock.task.id,
        config.target.quotas.total,
        basis,
        steps,
        [] if trial is None else _silent(prepared, reasoning),
        report["prices"] if as_paid else reported_prices(asked),
        [*prepared.notes, *(_left_out(prepared) if measured is None else ())],
        base.too_few,
    )


@dataclass(frozen=True)
class _Base:
    """What an estimate scales.

    Attributes:
        report: of a run, or of a dry run.
        basis: what it is, in words.
        factor: candidates of the run that is estimated, for one of the same rows of this one.
        lists: calls of the run that is estimated for one of this one, by step, if these differ.
        trial: the dry run; None for a run.
        has_all_lists: whether its lists ended, so that more rows need no more calls for them.
        too_few: see `CostEstimate`.
    """

    report: dict[str, Any]
    basis: str
    factor: float
    lists: Mapping[str, float]
    trial: Trial | None = None
    has_all_lists: bool = False
    too_few: str = ""


def _by_run(folder: Path, prepared: Prepared, config: RunConfig) -> _Base:
    report = read_report(folder)
    if report["task"] != prepared.lock.task.id:
        raise UsageError(f"{folder} is a run of {report['task']}, not of {config.task}")
    if not sum(report["rows"].values()):
        raise UsageError(f"{folder} has no rows to base an estimate on")
    return _Base(report, f"the run {folder}", 1.0, {})


def _by_dry_run(registry: Registry, prepared: Prepared, config: RunConfig, yield_: float) -> _Base:
    task = prepared.task
    per_seed = _per_seed(task)
    seeds = seeds_at_most(prepared.specs)
    if seeds is None:
        enough = _whole_batches(task, prepared.specs)
    else:
        enough = max(SAMPLE, seeds * per_seed + 1)
    first = prepared.specs[0] if prepared.specs and config.seeds is None else None
    contexts = first and (first.limit if first.fixed is None else len(first.fixed))
    if contexts is not None and not task.seeding.parts:
        # The more rows, the more seeds of a context are shown when others are requested.
        units = config.target.quotas.total / len(task.quota_names) / task.rows_per_instance
        enough = max(enough, math.ceil(units / yield_))
    enough = min(_LONGEST, enough)
    unit = task.rows_per_instance
    kept = math.prod(1 - each.part.share for each in prepared.filters)
    factor = 1 / yield_ / kept
    sample = {
        name: math.ceil(count * factor / unit) * unit
        for name, count in config.target.quotas.items()
    }
    entire = sum(sample.values()) <= enough * unit * len(task.quota_names)
    if not entire:
        sample = dict.fromkeys(task.quota_names, enough * unit)
    # A dry run has few words: its repetition says nothing about a model. Its replies fit its
    # own lists: given lists are not requested, and not priced.
    dry_run = dry_run_spec(config, sample, prepared.lock.parts.values()).replace(
        contexts=None, contexts_limit=contexts, seeds=None
    )
    with off_the_books():
        trial = run_trial(registry, dry_run, unfiltered=True)
    report = trial.report
    by_label = [flow["judged"] for flow in report.get("flow", {}).values()]
    # A seed that is for one label is judged once, any other once for each label.
    judged = max(by_label, default=0) if task.seeding.labels_per_seed is None else sum(by_label)
    ended = isinstance(trial.problem, QuotaNotMet) and not report["given_up"] and judged > 0
    if trial.problem is not None and not ended:
        raise trial.problem
    if not sum(report["rows"].values()):
        raise UsageError("the dry run has no rows to base an estimate on")
    if config.seeds is None and config.contexts is None:
        if ended:
            seeds = judged // per_seed
        elif seeds is not None and judged > seeds * per_seed:
            seeds = None  # its first batch is larger than it says
    too_few = ""
    if seeds is not None and not task.seeding.parts:
        source = config.seeds or config.contexts or config.task
        too_few = too_few_seeds(task, config.target.quotas, f"{source}", seeds, yield_)
    basis = f"a dry run, at a yield of {yield_:.0%}"
    if kept < 1:
        basis += f" with {1 - kept:.0%} rejected by filters"
    lists = {}
    if not entire:
        # Lists are asked for ahead, which so short a run does more than in proportion.
        names = {step.name for step in task.steps if step.lists}
        listed = sum(answered(line) for line in report["usage"]["by_step"] if line["step"] in names)
        ahead = report["unused_calls"] / max(1, listed)
        lists = dict.fromkeys(names, max(0.0, 1 - ahead))
    return _Base(report, basis, factor, lists, trial, ended and not task.seeding.parts, too_few)


def _factors(
    base: _Base, task: Task[Any, Any], rows: int, steps: Iterable[str]
) -> dict[str, float]:
    """Return by how much to multiply the calls of each step for so many rows."""
    made = sum(base.report["rows"].values())
    factors = {name: rows / made * base.factor * base.lists.get(name, 1.0) for name in steps}
    for name, part in task.seeding.parts.items():  # one may have run out
        scale = base.factor * rows * part.share / max(1, base.report["parts"][name]["rows"])
        factors |= {step.name: scale * base.lists.get(step.name, 1.0) for step in part.lists}
    if base.has_all_lists:  # they are requested once, whatever their use
        factors |= {step.name: 1.0 for step in task.steps if step.lists}
    return {**factors, **dict.fromkeys(_asked_once(task), 1.0)}


def _silent(prepared: Prepared, reasoning: Mapping[str, int]) -> list[str]:
    """Return the steps whose model reasons, and whose reasoning tokens were not given."""
    return [
        name
        for name, step in prepared.steps.items()
        if not reasoning[name]
        and step.backend.thinks is not None
        and step.backend.thinks(step.options)
    ]


def _left_out(prepared: Prepared) -> Iterator[str]:
    """Yield a note about the chosen checks and filters whose rejections no dry run shows."""
    parts = [f"check {each.part}" for each in prepared.task.checks if type(each) is RegisteredCheck]
    parts += [
        f"filter {each.id}"
        for each in prepared.filters
        if not each.part.share and each.id.rpartition(":")[2] not in USUAL
    ]
    if parts:
        small = "--from RUN"
        yield (
            f"rejections by these parts are not included: {', '.join(parts)}. To include them, "
            f"base the estimate on a small run with {small}"
        )


def _whole_batches(task: Task[Any, Any], specs: Sequence[ListSpec]) -> int:
    """Rows of a label, about `SAMPLE`, by which whole batches of the task's lists are used up."""
    if task.seeding.seed_branch is not None:  # the last list contains rows
        return specs[-1].batch * math.ceil(SAMPLE / specs[-1].batch)
    if not task.seeding.parts:
        labels = 1 if task.seeding.labels_per_seed is None else len(task.quota_names)
        rows = math.prod(part.batch for part in specs) * _per_seed(task) / labels
        return math.floor(rows * max(1, round(SAMPLE / rows)))
    rest = iter(specs)
    each = (
        math.prod(each.batch for each in itertools.islice(rest, len(part.lists))) / part.share
        for part in task.seeding.parts.values()
    )
    return max(SAMPLE, math.ceil(max(each)))


def _per_seed(task: Task[Any, Any]) -> int:
    return task.seeding.samples_per_seed * task.seeding.instances_per_call


def _asked_once(task: Task[Any, Any]) -> set[str]:
    """The steps of lists that do not grow with the rows: they are whole, as those above them."""
    chains = [part.lists for part in task.seeding.parts.values()] or [task.chain]
    whole = {id(step) for chain in chains for step in _whole_lists(chain)}
    return {step.name for step in task.steps if step.lists and {*map(id, step.lists)} <= whole}


def _whole_lists(chain: Sequence[ListStep[Any]]) -> Iterator[ListStep[Any]]:
    """Yield the lists at the start of a chain that do not grow with the rows.

    With `told_rows`, the first list has one item for each round, and there are few rounds.
    """
    for step in chain:
        many = chain[0].told_rows and step.batch > 1
        if not step.told_rows and (many or not step.once):
            return
        yield step


def too_few_seeds(
    task: Task[Any, Any], quotas: Quotas, source: str, seeds: int, yield_: float = 1.0
) -> str:
    """Return a warning if the seeds make fewer rows than wanted, or ""."""
    if_so = f"at a yield of {yield_:.0%}" if yield_ < 1 else "if none is rejected"
    unit, per_seed = task.rows_per_instance, _per_seed(task)
    if task.seeding.labels_per_seed is not None:
        each = per_seed * unit * yield_
        if (lacking := quotas.total / each - seeds) <= 0:
            return ""
        return (
            f"Too few seeds: {source} provides {seeds:,}, each for one label, which is enough for "
            f"about {plural(math.floor(seeds * each), 'row')} {if_so}; "
            f"{quotas.total:,} are requested.\n"
            f"Add {math.ceil(lacking):,} or more"
        )
    aims = list(task.branches.values())
    worst = ("", 0.0, 0.0)  # a label, its rows for each seed, and the seeds that it lacks
    for label, rows in quotas.items():
        branches = aims.count(label) + aims.count(None) / len(task.quota_names)
        each = branches * per_seed * unit * yield_
        worst = max(worst, (label, each, rows / each - seeds), key=lambda short: short[2])
    label, each, lacking = worst
    if lacking <= 0:
        return ""
    samples = math.ceil(quotas[label] / (seeds * each / task.seeding.samples_per_seed))
    times = task.seeding.samples_per_seed
    asked = "once" if times == 1 else f"{times} times"
    return (
        f"Too few seeds: {source} provides {seeds:,}, each used {asked} per label. This is enough "
        f"for about {plural(math.floor(seeds * each), 'row')} of {label} {if_so}; "
        f"{quotas[label]:,} are requested.\n"
        f"Add {math.ceil(lacking):,} or more, or set the task's samples_per_seed to {samples}"
    )


def summed(lines: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Lines added up; dollars are None if a price is unknown."""
    known = all(line["dollars"] is not None for line in lines)
    return {
        **{key: sum(line[key] for line in lines) for key in _COUNTS},
        "dollars": sum(line["dollars"] for line in lines) if known else None,
    }


def openings(
    asked: Iterable[tuple[str, Sequence[Message]]], prices: Mapping[str, Price | None]
) -> dict[str, tuple[int, int]]:
    """Return two counts of tokens in a service's prompt cache by step, for calls with their steps.

    The first counts all openings that are long enough to be cached. The second counts each
    different one once, for the call that writes it. An opening is all before the last question.
    Steps whose price has no `cache_from` are left out.
    """
    times = Counter((step, tuple(talk[: last_question(talk)])) for step, talk in asked)
    found: dict[str, tuple[int, int]] = {}
    for (step, opening), count in times.items():
        price = prices.get(step)  # a dry run makes lists that are given, too
        tokens = token_estimate(message.content for message in opening)
        if price is None or price.cache_from is None or price.cache_read is None:
            continue
        if tokens >= price.cache_from:
            shared, written = found.get(step, (0, 0))
            found[step] = shared + count * tokens, written + tokens
    return found


def scaled(
    report: dict[str, Any],
    factors: Mapping[str, float],
    prices: Mapping[str, Price | None],
    reasoning: Mapping[str, int],
    opening: Mapping[str, tuple[int, int]] = MappingProxyType({}),
    *,
    as_paid: bool = False,
) -> list[dict[str, Any]]:
    """Return each step's usage times its factor, with `reasoning` per call, at current prices.

    `opening` is as `openings` returns it; without it the report's own cache reads are scaled. With
    `as_paid`, its calls cost what they did.
    """
    steps: dict[str, dict[str, float]] = {}
    paid: dict[str, float] = defaultdict(float)
    for counts in report["usage"]["by_step"]:
        step = steps.setdefault(counts["step"], dict.fromkeys(_COUNTS, 0))
        calls = answered(counts)
        assumed = calls * reasoning.get(counts["step"], 0)
        step["calls"] += calls
        step["input_tokens"] += counts["input_tokens"] + counts["saved_input_tokens"]
        step["output_tokens"] += counts["output_tokens"] + counts["saved_output_tokens"] + assumed
        # The cache does not record which of its tokens were reasoning: assume the share in other
        # calls.
        share = calls / max(1, counts["calls"])
        known = counts["calls"] and counts["dollars"] is not None
        paid[counts["step"]] += counts["dollars"] * share if known else math.nan
        step["reasoning_tokens"] += assumed or counts.get("reasoning_tokens", 0) * share
        for name in _CACHED:
            step[name] += counts.get(name, 0) * share
    rows = []
    for name in prices:
        if name not in steps:
            continue
        row: dict[str, Any] = {"step": name}
        # However few rows are wanted, a list's first call asks for a whole batch.
        factor = max(factors[name], 1 / max(1, steps[name]["calls"]))
        row.update({key: round(value * factor) for key, value in steps[name].items()})
        if name in opening:
            shared, written = opening[name]
            row["cache_read_tokens"] = max(0, round(shared * factor) - written)
            row["cache_write_tokens"] = written
        if not as_paid:
            row["dollars"] = _dollars(prices[name], row)
        else:
            row["dollars"] = None if math.isnan(paid[name]) else round(paid[name] * factor, 6)
        rows.append(row)
    return rows


def _dollars(price: Price | None, row: Mapping[str, Any]) -> float | None:
    """Return the cost of a step's calls; the long-prompt price applies per call."""
    if price is None:
        return None
    if price.long_from is not None and row["input_tokens"] <= price.long_from * row["calls"]:
        price = replace(price, long_from=None)
    cached = {"cache_read": row["cache_read_tokens"], "cache_write": row["cache_write_tokens"]}
    return round(price.dollars(row["input_tokens"], row["output_tokens"], **cached), 6)
