"""Step 4 on a dataset that exists already: ours, the original, anyone's.

With labels flipped on purpose, it tests a corrector. It counts how many of the wrong labels the
corrector finds, and how many right ones it takes for wrong.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import random
import re
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from pydantic import ValidationError

from targen_core.calls.call import CallCancelled, Scope
from targen_core.calls.calls import Calls
from targen_core.calls.journal import Journal
from targen_core.calls.usage import Usage
from targen_core.engine.executor import judge
from targen_core.engine.guard import Guard
from targen_core.engine.seeds import item_value
from targen_core.engine.stage_llm import Answers, StageLlm
from targen_core.errors import Rejected, TargenError, UsageError
from targen_core.plugins.registry import Registry
from targen_core.runs.config import RunConfig
from targen_core.runs.correction_plan import CorrectionPlan
from targen_core.runs.event_loops import stoppable, synchronous
from targen_core.runs.models import Elsewhere, bind_models, delivered
from targen_core.runs.place import Place
from targen_core.runs.session import ALLOWANCE, open_layer
from targen_core.tasks.dimensions import seeded_rng
from targen_core.tasks.judging import JudgeAnswer
from targen_core.tasks.model import Task
from targen_core.text import plural
from targen_standard.batches.ledger import BatchLedgerFile
from targen_standard.correction.outcome import (
    UNJUDGED,
    Judged,
    calls_in_vain,
    report_of,
    write_judged,
)
from targen_standard.correction.place import open_correction
from targen_standard.correction.preparing import PreparedCorrection, prepare_correction
from targen_standard.correction.together import Together

if TYPE_CHECKING:  # datasets know runs, and not the other way
    from targen_core.dataset.model import Dataset, Unit

_log = logging.getLogger("targen.run")

MOST_PER_CALL = 100
"""Most instances that one call may judge."""

NOT_ASKED = "not-asked"
"""The reason for which an instance is unjudged that came after too many others in a row."""

GIVE_UP_AFTER = 50
"""Unjudged instances in a row after which no more are judged, as `generate` gives a label up."""

_Held: TypeAlias = "tuple[Unit, Any]"
"""A labelled instance, and the rows that hold it."""


async def acorrect_dataset(
    registry: Registry,
    config: RunConfig,
    dataset: Dataset,
    out: Path,
    *,
    place: Place = "exact",
    flip_fraction: float = 0.0,
    limit: int | None = None,
    rows_per_call: int = 1,
    cache: Path | None = None,
    elsewhere: Elsewhere | None = None,
    on_judged: Callable[[int, int], None] = lambda done, of: None,
    on_layer: Callable[[Calls], None] = lambda layer: None,
) -> tuple[Path, dict[str, Any]]:
    """Judge a dataset's instances with `config`'s corrector, and write the result to `out`.

    The directory gets `dataset.jsonl` (the rows with their final labels), `changes.jsonl` (every
    instance's verdict), `report.json`, and the journal. The same command continues where it was
    stopped. Once it has ended, it tries those again that it could not judge.
    It ends early after `GIVE_UP_AFTER` instances in a row that it could not judge.

    Args:
        registry: finds task, corrector and backend.
        config: whose task, variants, corrector, backend, options, seed and
            limits are used.
        dataset: what to judge; rows without labels are left out.
        out: the directory.
        place: what may become of something else in `out`; see `Place`.
        flip_fraction: fraction of labels that are flipped before they are judged.
        limit: judge so many instances, drawn by the seed.
        rows_per_call: the number of instances to judge in one call. The seed draws which of them
            share one, since neighbours in a file are often alike.
        cache: the folder of the reply cache.
        elsewhere: where the model works, if not in this process.
        on_judged: called with how many are judged, and of how many.
        on_layer: called with the call layer, once, before the first call.

    Returns:
        The directory, and the report.

    Raises:
        UsageError: an option that cannot be, or no labelled instance.
        RunConflict: `out` holds something else.
        JobFailed: budget, service or Ctrl-C stopped it; paid answers are kept.
    """
    if not 0 <= flip_fraction <= 1:
        raise UsageError(f"--flip is {flip_fraction}; it must be from 0 to 1")
    if limit is not None and limit < 1:
        raise UsageError(f"-n is {limit}; it must be at least 1")
    if not 1 <= rows_per_call <= MOST_PER_CALL:
        raise UsageError(
            f"--rows-per-call is {rows_per_call}; it must be from 1 to {MOST_PER_CALL}"
        )
    units = list(dataset.units())
    instances = [(unit, each) for unit in units for each in unit.instances]
    if not instances:
        columns = ", ".join(dataset.task.schema.model_fields)
        raise UsageError(
            "there are no labelled rows to correct", hint=f"each row needs the columns {columns}"
        )
    if unlabelled := sum(len(unit.rows) for unit in units if not unit.instances):
        omitted = plural(unlabelled, "row")
        _log.warning("%s: the output omits %s without a label", dataset.name, omitted)
    config = ALLOWANCE.get().limits(out, config)
    prepared = prepare_correction(registry, config)
    if prepared.steps["correct"].backend.delivery:
        raise UsageError(
            "people answer through a file, but a correction sends its calls one by one",
            hint="choose a model with -b; to grade rows by hand: targen review",
        )
    chosen = _sample(instances, limit, config.seed)
    shown = _flipped(prepared.task, chosen, flip_fraction, config.seed)

    plan = CorrectionPlan(
        task=prepared.plan,
        corrector=prepared.corrector_id,
        step=prepared.steps["correct"].plan,
        part=prepared.part,
        seed=config.seed,
        flip=flip_fraction,
        rows_per_call=rows_per_call,
        data=_digest(chosen),
    )
    directory = open_correction(out, plan, config.task, place)
    out, came_to_nothing = directory.path, False
    started = {"journal", *(path.name for path in out.iterdir())}
    try:
        usage = Usage()
        journal = Journal(directory.journal, on_record=usage.recall)
        try:
            judged = await _judge_all(
                *(prepared, config, shown, rows_per_call, journal, usage, cache, elsewhere),
                *(out, calls_in_vain(out), on_judged, on_layer),
            )
        finally:
            journal.close()
        report = report_of(plan, prepared.task, judged, usage)
        write_judged(out, dataset, prepared.task, judged, report)
        # Otherwise the next try would fetch the same replies from their batch.
        BatchLedgerFile(out).drop(calls_in_vain(out))
    except TargenError as error:  # what says "resume" speaks of runs
        error.hint = re.sub(r"^resume( the run)?", "run the same command again", error.hint)
        # A batch that was submitted is paid for, and so is in a file of its own.
        only_started = started.issuperset(path.name for path in out.iterdir())
        came_to_nothing = only_started and not usage.total.sent
        raise
    finally:
        directory.close()
        if came_to_nothing and directory.made:
            directory.remove_made()
    return out, report


correct_dataset = synchronous(acorrect_dataset)
"""The same for ordinary code."""


def flip(task: Task[Any, Any], instance: Any, rng: random.Random) -> Any:
    """The instance with a wrong label, drawn at random.

    Raises:
        UsageError: no other label was found that it could have.
    """
    claimed = task.label_of(instance)
    for name in _other_labels(task, instance, claimed, rng):
        try:
            return task.with_label(instance, name)
        except (Rejected, ValidationError):
            continue  # this one the instance cannot have
    raise UsageError(
        f"--flip: {task.name} has no other label to give {task.render(instance)[:80]!r}"
    )


def _other_labels(
    task: Task[Any, Any], instance: Any, claimed: str, rng: random.Random
) -> Iterator[str]:
    """Labels that the instance does not have, in an order drawn at random.

    For open labels: the results of single answers, then sets of answers.
    """
    if task.labels:
        names = [label.name for label in task.labels if label.name != claimed]
        yield from rng.sample(names, len(names))
        return
    questions = task.questions(instance)
    options = questions[0].options
    guesses: list[tuple[str, ...]] = [(o,) for o in rng.sample(options, len(options))]
    if questions[0].several:
        some = (rng.sample(options, rng.randint(1, len(options))) for _ in range(50))
        sets = [tuple(o for o in options if o in drawn) for drawn in some]
        # A set label is flipped to any other set, a single one to any other answer.
        guesses = sets + guesses if len(questions[0].output or ()) > 1 else guesses + sets
    for guess in guesses:
        name = task.aggregate(instance, [JudgeAnswer(guess)] * len(questions)).label
        if name is not None and name != claimed:
            yield name


def _resume(out: Path) -> str:
    """Return what continues with a correction, in words."""
    return f"run the same command again to continue in {shlex.quote(str(out))}"


def _sample(instances: Sequence[_Held], limit: int | None, seed: int) -> Sequence[_Held]:
    """At most so many instances, drawn by the seed, in their order."""
    if limit is None or limit >= len(instances):
        return instances
    drawn = seeded_rng(seed, "correct", "sample").sample(range(len(instances)), limit)
    return [instances[index] for index in sorted(drawn)]


def _flipped(
    task: Task[Any, Any], instances: Sequence[_Held], fraction: float, seed: int
) -> list[Judged]:
    """The instances as step 4 will see them: that fraction of them with wrong labels."""
    rng = seeded_rng(seed, "correct", "flip")
    wrong = set(rng.sample(range(len(instances)), round(fraction * len(instances))))
    held = []
    for number, (unit, gold) in enumerate(instances):
        shown = flip(task, gold, rng) if number in wrong else gold
        held.append(Judged(unit, gold, shown, shown, "confirmed", "", "", ()))
    return held


async def _judge_all(
    prepared: PreparedCorrection,
    config: RunConfig,
    items: Sequence[Judged],
    rows_per_call: int,
    journal: Journal,
    usage: Usage,
    cache: Path | None,
    elsewhere: Elsewhere | None,
    out: Path,
    again: Set[str],
    on_judged: Callable[[int, int], None],
    on_layer: Callable[[Calls], None],
) -> list[Judged]:
    """Every instance's verdict, in order; unusable replies to the calls `again` do not count."""
    guard = Guard(prepared.task.name, prepared.distribution).of("corrector", prepared.corrector_id)
    groups = _groups(len(items), rows_per_call, config.seed)
    queue = iter(enumerate(groups))
    results: dict[int, Judged] = {}
    steps = prepared.steps
    at_once = 2 * config.concurrency
    delivery = prepared.delivery
    if elsewhere is not None:
        if delivery is not None:
            elsewhere.refuse(delivery)
        steps = await elsewhere.place(steps, config)
    elif delivery is not None:
        at_once = len(groups)
        # A row may be requested twice together with others, and then twice by itself.
        per_round = 2 if rows_per_call == 1 else 4
        steps = delivered(steps, delivery, out, config, names=["correct"], per_round=per_round)
    models = bind_models(steps, config)
    if rows_per_call > 1:  # a call for several sets its own
        models = {
            n: replace(each, settled=each.settled - {"max_tokens"}) for n, each in models.items()
        }
    async with open_layer(
        models,
        seed=config.seed,
        limits=config,
        journal=journal,
        usage=usage,
        cache=cache,
    ) as layer:
        on_layer(layer)
        layer.asks_again = again
        in_vain = 0  # instances in a row

        async def work() -> None:
            nonlocal in_vain
            for place, group in queue:
                held = {number: items[number] for number in group}
                judged = await _judge_group(prepared, layer, guard, held, place)
                results.update(judged)
                on_judged(len(results), len(items))
                lost = all(each.verdict == UNJUDGED for each in judged.values())
                in_vain = in_vain + len(judged) if lost else 0
                if in_vain >= GIVE_UP_AFTER:
                    return

        async def guarded() -> None:
            try:
                await work()
            except TargenError as error:
                layer.halt(error)  # let the calls in flight finish: they are paid for
            except CallCancelled:
                pass

        everyone = asyncio.gather(*(guarded() for _ in range(at_once)))
        await stoppable(layer, everyone, _resume(out))
        if layer.halt_reason is not None:
            raise layer.halt_reason
        if any(each.verdict == UNJUDGED for each in results.values()):
            layer.forget_unusable()
    return [results.get(number) or _not_asked(item) for number, item in enumerate(items)]


def _not_asked(item: Judged) -> Judged:
    return replace(item, verdict=UNJUDGED, reason=NOT_ASKED)


def _groups(count: int, size: int, seed: int) -> list[list[int]]:
    """Return which instances share a call, by their numbers."""
    numbers = list(range(count))
    if size > 1:
        seeded_rng(seed, "correct", "together").shuffle(numbers)
    return [numbers[at : at + size] for at in range(0, count, size)]


async def _judge_group(
    prepared: PreparedCorrection,
    layer: Calls,
    guard: Guard,
    items: Mapping[int, Judged],
    group: int,
) -> dict[int, Judged]:
    """Verdicts by number; `group` is the number of the instances' call."""
    if len(items) == 1:
        ((number, item),) = items.items()
        return {number: await _judge(prepared, layer, guard, item, number)}
    room = prepared.steps["correct"].step.parameters.get("max_tokens")
    together = Together(layer, f"correct/group/{group}", room)

    async def judged(number: int) -> Judged:
        try:
            return await _judge(prepared, together, guard, items[number], number)
        except TargenError as error:
            layer.halt(error)  # the others need not ask
            raise

    return dict(zip(items, await together.run([*map(judged, items)]), strict=True))


async def _judge(
    prepared: PreparedCorrection, layer: Answers, guard: Guard, item: Judged, number: int
) -> Judged:
    task, scope = prepared.task, Scope()
    claimed = guard.call(task.label_of, item.shown)
    llm = StageLlm(
        layer,
        task,
        step="correct",
        place=f"correct/{number}",
        indices=(number,),
        label=claimed if task.labels else None,
        scope=scope,
    )
    try:
        final, correction = await judge(prepared.corrector, llm, guard, item.shown, claimed)
        same = correction.label == claimed and final == item.shown
        if not same:
            for row in guard.call(task.to_rows, final, 0):
                guard.call(task.schema.model_validate, row)
    except Rejected as error:
        return replace(
            item,
            final=item.final if error.unjudged else None,
            verdict=UNJUDGED if error.unjudged else "rejected",
            reason=error.reason,
            explanation=str(error),
            calls=scope.keys,
        )
    return replace(
        item,
        final=final,
        verdict="confirmed" if same else "relabelled",
        explanation=correction.explanation,
        calls=scope.keys,
    )


def _digest(instances: Sequence[_Held]) -> str:
    text = json.dumps([[unit.idx, item_value(instance)] for unit, instance in instances])
    return hashlib.sha256(text.encode()).hexdigest()[:16]
