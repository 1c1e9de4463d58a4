"""The prompts of one candidate, made again and proven.

A journal holds replies and not prompts, which are most of what is sent and follow from the rest.
Here the lists that lead to a candidate are requested and its steps run again, with the replies of
the journal. A reply's key is a digest of what was sent. So a prompt that finds its reply is, to the
letter, the one that it answered. A call without one was not sent: it is the task's present call,
and marked as such.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import Any, cast

from pydantic import BaseModel, ValidationError

from targen_core.calls.call import BoundModel, Call, Scope
from targen_core.calls.journal import Journal
from targen_core.calls.model import ChatReply, Message
from targen_core.calls.usage import Usage
from targen_core.cli.tracing import Traced, find_records
from targen_core.engine.commits import Ledger
from targen_core.engine.executor import Generation, Judgement
from targen_core.engine.growing import GrowingList
from targen_core.engine.guard import Guard
from targen_core.engine.judging import judge
from targen_core.engine.local import LocalExecutor
from targen_core.engine.order import SeedOrder
from targen_core.engine.seeds import ListSpec, Seed
from targen_core.engine.stage_llm import StageLlm
from targen_core.errors import PluginError, Rejected, RunConflict
from targen_core.origin import TASK_FILE
from targen_core.plugins.registry import Registry
from targen_core.runs.preparing.lists import chain_of
from targen_core.runs.preparing.parts import Parts
from targen_core.runs.preparing.tasks import (
    corrected_by,
    find_corrector,
    find_task,
    judged_by,
    task_of,
)
from targen_core.runs.preparing.trust import require_known_paths
from targen_core.runs.records.lock import PartPlan, StepPlan
from targen_core.runs.records.manifest import Manifest, copy_of
from targen_core.runs.records.options import settled
from targen_core.tasks.model import Task
from targen_core.tasks.steps import Corrector
from targen_standard.recorded import RecordedLayer, recorded_models

_LAST = 1 << 30  # a position that no list reaches
_MAX_SAMPLES = 10_000  # of a seed, that are made again


@dataclass(frozen=True, slots=True)
class AskedCall:
    """The prompt of one call.

    Attributes:
        messages: the conversation.
        exact: whether the key of the reply proves that this was sent; else it is what the task
            asks today.
        attempt: 1, or 2 if the first reply could not be used.
    """

    messages: Sequence[Message]
    exact: bool
    attempt: int


@dataclass(frozen=True, slots=True)
class Asked:
    """The prompts of the calls behind a candidate, by their keys.

    Attributes:
        calls: of each call whose prompt could be made again.
        problem: why some are missing or not exact, or "".
    """

    calls: Mapping[str, AskedCall]
    problem: str = ""


class _Ahead(Ledger):
    """Keeps lists from asking for more than their limits."""

    @property
    def pending(self) -> bool:
        return True


class _Watch:
    """A journal of a few calls, which records the calls as they are made again."""

    def __init__(self, records: Mapping[str, dict[str, Any]]) -> None:
        self.asked: dict[str, AskedCall] = {}
        self._records = records
        self._instead: dict[str, str] = {}  # today's keys, and the keys of the records used instead
        self._attempts: Counter[Call] = Counter()
        self._by_place: dict[tuple[str, str], deque[dict[str, Any]]] = {}
        for record in records.values():
            self._by_place.setdefault((record["place"], record["prompt"]), deque()).append(record)

    def get(self, key: bytes) -> dict[str, Any] | None:
        return self._records.get(key.hex())

    def nearest(self, call: Call, key: bytes) -> dict[str, Any] | None:
        """The reply to what was asked at this place then."""
        left = self._by_place.get((call.place, call.prompt))
        if not left:
            return None
        record = left.popleft()
        self._instead[key.hex()] = record["key"]
        return record

    def observe(self, call: Call, sent: tuple[Message, ...], reply: ChatReply, key: str) -> None:
        self._attempts[call] += 1
        known = self._instead.get(key)
        self.asked[known or key] = AskedCall(sent, known is None, self._attempts[call])

    def layer(self, models: Mapping[str, BoundModel], seed: int) -> RecordedLayer:
        layer = RecordedLayer(
            models,
            seed=seed,
            journal=cast("Journal", self),
            usage=Usage(),
            nearest=self.nearest,
        )
        layer.observer = self.observe
        return layer


async def asked_for(registry: Registry, traced: Traced) -> Asked:
    """Return the prompts of the calls behind one candidate.

    Raises:
        UsageError: the task is code, and neither own nor trusted.
        UnknownName: the task or its corrector is not installed.
        RunDirectoryError: manifest or journal do not read.
    """
    keys = set(traced.keys)
    if traced.correction is not None:
        return await _of_correction(registry, traced, keys)
    manifest, traced = _begun(Manifest.load(traced.run / "manifest.json"), traced)
    require_known_paths(manifest, traced.run)
    spec = manifest.asked(traced.run)
    with manifest.telling_what_to_install():
        registered, task = task_of(registry, spec)
        _, corrector = _corrector_of(registry, task, manifest.lock.corrector, spec.options)
    task = corrected_by(task, corrector)
    if {*task.branches} != {*manifest.task.aims}:  # a merge of two tasks keeps one task file
        made = traced.record["run"]
        return Asked({}, f"the prompts are those of the run {made}: use targen trace there")
    options = {step.name: spec.options_of(step.name) for step in task.steps}
    specs, _ = chain_of(task, spec, options)
    try:
        path = _path_of(traced, task)
    except ValueError:
        return Asked({}, f"{traced.id} is not the id of a candidate")
    mine, prefix = _lists_of_part(task, specs, path)
    places = [_below(part.step, path[len(prefix) :][:n]) for n, part in enumerate(mine)]
    if "seed" in traced.record:
        places.append(f"generate/{traced.id.rpartition('/')[0]}/")
    watch = _Watch(find_records(traced.run / "journal", keys, places=places))
    candidates = {name: spec.options_of(name).candidates for name in manifest.steps}
    layer = watch.layer(_models(manifest.steps, task, corrector, candidates), spec.seed)
    guard = Guard(task.name, registered.distribution)
    problem = ""
    try:
        order = SeedOrder(
            mine,
            layer,
            task,
            guard,
            lambda done: None,
            settled=_settled,
            replays=lambda: False,
            row_count=lambda: 1,
            rows=_no_rows,
            needed=_none_known,
            at_once=spec.lists_at_once,
            ledger=_Ahead(),
            prefix=prefix,
            shard=spec.shard,
        )
        items = await _items_on(order, path, traced.record.get("above", ()))
        if "seed" in traced.record:
            if len(items) < len(path) - len(prefix):  # they cannot be made again
                values = [*traced.record.get("above", ()), traced.record["seed"]]
                items = _values(task, traced.id.split("/")[1], values)
            await _execute(registry, manifest, task, layer, traced, items, guard.distribution)
    except (RunConflict, PluginError, ValidationError, ValueError, LookupError) as error:
        problem = str(error)
    asked = {key: call for key, call in watch.asked.items() if key in keys}
    return Asked(asked, problem or _apart(manifest.task.prompts, task, asked, keys))


async def _items_on(order: SeedOrder, path: Sequence[int], above: Sequence[Any]) -> list[Any]:
    """Ask for the lists down to the seed at a path: the items on the way to it, and itself.

    A list that learned from rows cannot be asked again: its item is that of the record, `above`.
    """
    node, items = order.root, []
    for position in path[len(order.prefix) :]:
        if node.spec.source.told_rows and node.depth < len(above):
            items.append(_value(node.spec.source.item, above[node.depth]))
            node = GrowingList(order, node.depth + 1, (*node.path, position), tuple(items))
            continue
        if node.shard is not None:
            position = (position - node.shard.at(0)) // node.shard.count
        for index in count():
            if len(node.items) > position or await node.prefetch(index) is None:
                break
        items += node.items[position : position + 1]
        if node.is_leaf or len(node.nodes) <= position:
            break
        node = node.nodes[position]
    return items


def _corrector_of(
    registry: Registry, task: Task[Any, Any], locked: str | None, options: Mapping[str, Any]
) -> tuple[str | None, Corrector[Any] | None]:
    """Step 4 as a lock names it, with its options: its id and itself."""
    parts = Parts(registry, options, task)
    return find_corrector(parts, task, "" if locked == "task" else locked)


def _models(
    steps: Mapping[str, StepPlan],
    task: Task[Any, Any],
    corrector: Corrector[Any] | None,
    candidates: Mapping[str, int],
) -> dict[str, BoundModel]:
    """Return stand-ins for the models of the steps."""
    known = {step.name: step for step in judged_by(task, corrector).steps}
    return recorded_models(
        {
            name: (
                plan.identity,
                plan.params,
                settled(known[name], plan.params, candidates.get(name, 1))
                if name in known
                else frozenset(),
            )
            for name, plan in steps.items()
        }
    )


def _begun(manifest: Manifest, traced: Traced) -> tuple[Manifest, Traced]:
    """The manifest by which a candidate was made, and the candidate as that run had it."""
    run = manifest.run_of(traced.record)
    if run is None:
        return manifest, traced
    record = dict(traced.record)
    if "id" in record:
        record["id"] = str(record["id"]).removeprefix(run.prefix)
    return run.manifest, replace(traced, record=record)


def _lists_of_part(
    task: Task[Any, Any], specs: Sequence[ListSpec], path: Sequence[int]
) -> tuple[Sequence[ListSpec], tuple[int, ...]]:
    """The lists that a seed is from, and what its path begins with."""
    if not task.parts:
        return specs, ()
    counts = [len(part.lists) for part in task.parts.values()]
    first = sum(counts[: path[0]])
    return specs[first : first + counts[path[0]]], (path[0],)


def _below(step: str, path: Sequence[int]) -> str:
    """Return the prefix of the places of a list below a path."""
    return "/".join([step, *([".".join(map(str, path))] if path else []), ""])


async def _settled() -> None:
    """Do nothing, since lists that were on trial are walked as before."""


def _no_rows(count: int) -> Sequence[Any]:
    """Return no rows: a list that learned from rows cannot grow again; its items are on record."""
    if not count:
        return ()
    raise Rejected("no-rows", "the rows that there were then are not known")


def _none_known() -> Mapping[str, int]:
    """Return no numbers: a list that depends on them cannot grow again, as with `_no_rows`."""
    raise Rejected("no-rows", "how many rows were missing then is not known")


def _path_of(traced: Traced, task: Task[Any, Any]) -> tuple[int, ...]:
    """Where a candidate's seed is; of a list item, where its batch is."""
    text = traced.id.partition("/")[0] if "seed" in traced.record else ""
    if text:
        return tuple(map(int, text.split(".")))
    step, *parts = traced.id.split("/")  # STEP/PATH/BATCH
    above = tuple(map(int, parts[0].split("."))) if len(parts) > 1 else ()
    of = [n for n, p in enumerate(task.parts.values()) if step in [one.name for one in p.lists]]
    return (*of[:1], *above, _LAST)


def _apart(
    then: Mapping[str, str], task: Task[Any, Any], asked: Mapping[str, AskedCall], keys: set[str]
) -> str:
    """Why what was asked cannot be shown, or not as it was; "" if it can."""
    if keys <= asked.keys() and all(call.exact for call in asked.values()):
        return ""
    now = task.prompt_versions
    changed = [name for name in {**then, **now} if then.get(name) != now.get(name)]
    what = "the task, a plugin or targen has"
    if changed:
        what = (
            f"prompt {changed[0]} has"
            if len(changed) == 1
            else f"prompts {', '.join(changed)} have"
        )
    return (
        f"{what} changed since this run; prompts not marked as sent are shown as they would be "
        "sent today"
    )


async def _of_correction(registry: Registry, traced: Traced, keys: set[str]) -> Asked:
    plan = traced.correction
    assert plan is not None
    if plan.step is None:
        return Asked({}, "people judged this row; no model was called")
    file = plan.task_file
    of = copy_of(traced.run, file) if TASK_FILE.fullmatch(file) else plan.task.id
    registered, task = find_task(registry, of, plan.task.variants)
    name = plan.corrector
    part = plan.part or PartPlan(id=name)
    options = {f"{part.id}.{option}": value for option, value in part.options.items()}
    _, corrector = _corrector_of(registry, task, name, options)
    if corrector is None or not traced.rows:
        return Asked({}, "the judged row is not in this directory, so its prompts cannot be shown")
    watch = _Watch(find_records(traced.run / "journal", keys))
    layer = watch.layer(_models({"correct": plan.step}, task, corrector, {}), plan.seed)
    guard = Guard(task.name, registered.distribution).of("corrector", name)
    claimed, problem = str(traced.record["intended"]), ""
    try:
        number = int(traced.id.rpartition("/")[2])
        (instance,) = task.from_rows(traced.rows)
        if task.label_of(instance) != claimed:
            instance = task.with_label(instance, claimed)
        llm = StageLlm(
            layer,
            task,
            step="correct",
            place=traced.id,
            indices=(number,),
            label=claimed if task.labels else None,
            scope=Scope(),
        )
        await judge(corrector, llm, guard, instance, claimed)
    except Rejected:
        pass
    except (RunConflict, PluginError, ValidationError, ValueError, LookupError) as error:
        problem = str(error)
    return Asked(watch.asked, problem or _apart(plan.task.prompts, task, watch.asked, keys))


async def _execute(
    registry: Registry,
    manifest: Manifest,
    task: Task[Any, Any],
    layer: RecordedLayer,
    traced: Traced,
    items: Sequence[Any],
    distribution: str,
) -> None:
    """Do steps 3 and 4 of a candidate again."""
    stem, _, last = traced.id.rpartition("/")
    path, _, branch = stem.partition("/")
    *above, value = items
    lock = manifest.lock
    corrector_id, corrector = _corrector_of(registry, task, lock.corrector, manifest.spec.options)
    parts = {place: part.id for place, part in lock.parts.items()} | {"corrector": corrector_id}
    executor = LocalExecutor(task, layer, corrector, distribution=distribution, parts=parts)
    scope = Scope()
    sample, place = divmod(int(last), task.instances_per_call)
    if not 0 <= sample <= _MAX_SAMPLES:
        raise LookupError(f"{traced.id}: too many earlier samples of the same seed")
    at = tuple(map(int, path.split(".")))
    seed = Seed(value, at, tuple(above))
    earlier: list[Any] = []
    for number in (*task.samples_before(at, sample, branch), sample):
        work = Generation(_sampled(seed, number), branch, tuple(earlier))
        made = await executor.generate(work, scope)
        earlier += [one for one in made.instances if not isinstance(one, Rejected)]
    ordinal = Judgement(_sampled(seed, sample), branch, int(last), made.at(place), made.notes)
    await executor.judge(ordinal, scope)


def _sampled(seed: Seed, number: int) -> Seed:
    return Seed(seed.value, seed.path, seed.above, seed.calls, number)


def _values(task: Task[Any, Any], branch: str, values: Sequence[Any]) -> list[Any]:
    """Return a seed and its parents in the task's types; a user's seeds have no parents."""
    kinds = [part.item for part in task.chain_of(branch)][-len(values) :]
    return [_value(kind, value) for kind, value in zip(kinds, values, strict=True)]


def _value(kind: Any, value: Any) -> Any:
    """Return an item of a list from its record."""
    is_model = isinstance(kind, type) and issubclass(kind, BaseModel)
    return kind.model_validate(value) if is_model else value
