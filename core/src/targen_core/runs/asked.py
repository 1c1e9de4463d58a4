"""What was asked for one candidate: the prompts of steps 3 and 4, made again and proven.

A journal holds replies and not prompts, which are most of what is sent and follow
from the rest. Here the steps of one candidate run again with its replies from the
journal. A reply's key is a digest of what was sent, so a prompt that finds its
reply is, to the letter, the one that it answered.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from pydantic import BaseModel, ValidationError

from targen_core.calls.budget import Budget
from targen_core.calls.call import BoundModel, Call, Scope
from targen_core.calls.journal import Journal, find_records
from targen_core.calls.layer import CallLayer
from targen_core.calls.model import ChatModel, ChatReply, ChatRequest, Message
from targen_core.calls.rate import RateLimiter
from targen_core.calls.usage import Usage
from targen_core.engine.executor import Generation, Judgement
from targen_core.engine.lists import Seed
from targen_core.engine.local import LocalExecutor
from targen_core.errors import Rejected, RunConflict, StageFailed
from targen_core.plugins.registry import Registry
from targen_core.runs.manifest import Manifest
from targen_core.runs.plan import find_corrector, task_of
from targen_core.runs.spec import RunSpec
from targen_core.runs.tracing import Traced
from targen_core.tasks.model import Task

__all__ = ["Asked", "asked_for"]


class _NotAsked(RunConflict):
    """A prompt without a reply in the journal."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The messages of a candidate's calls, by key.

    Attributes:
        messages: of each call of steps 3 and 4; those of lists are not among them.
        problem: why some are missing, or "".
    """

    messages: Mapping[str, Sequence[Message]]
    problem: str = ""


class _Records:
    """A journal of one candidate."""

    def __init__(self, records: Mapping[str, dict[str, Any]]) -> None:
        self._records = records

    def get(self, key: bytes) -> dict[str, Any]:
        record = self._records.get(key.hex())
        if record is None:
            raise _NotAsked("the task, a plugin or targen has changed since this run was made")
        return record


@dataclass(frozen=True, slots=True)
class _Model:
    """Stands for a step's model: all its replies are in the journal."""

    identity: str
    structured: bool
    seeded: bool = False

    async def complete(self, request: ChatRequest) -> ChatReply:
        raise AssertionError("a recorded call would have been sent")

    async def close(self) -> None:
        """Nothing is open."""


async def asked_for(registry: Registry, traced: Traced) -> Asked:
    """The messages of the calls that one candidate rests on.

    Raises:
        UsageError: the task is code that was not run on this machine before.
        UnknownName: the task or its corrector is not installed.
        RunDirectoryError: manifest or journal do not read.
    """
    manifest = Manifest.load(traced.run / "manifest.json")
    spec = manifest.asked(traced.run)
    registered, task = task_of(registry, spec)
    if "seed" not in traced.record:
        return Asked({}, "list items have no prompts of their own")
    keys = {str(key) for key in traced.record.get("calls", ())}
    stem = traced.id.rpartition("/")[0]
    records = find_records(traced.run / "journal", keys, place=f"generate/{stem}/")
    asked = Asked({}, "")
    for structured in (True, False):  # whether the model was held to a schema is not on record
        layer = _layer(manifest, spec, records, structured=structured)
        asked = await _execute(registry, manifest, task, layer, traced, registered.distribution)
        if asked.messages:
            break
    return asked


def _layer(
    manifest: Manifest,
    spec: RunSpec,
    records: Mapping[str, dict[str, Any]],
    *,
    structured: bool,
) -> CallLayer:
    models = {
        name: BoundModel(
            cast("ChatModel", _Model(step.identity, structured)), RateLimiter(1), step.params, None
        )
        for name, step in manifest.steps.items()
    }
    return CallLayer(
        models,
        seed=spec.seed,
        journal=cast("Journal", _Records(records)),
        cache=None,
        budget=Budget(),
        usage=Usage(),
    )


async def _execute(
    registry: Registry,
    manifest: Manifest,
    task: Task[Any, Any],
    layer: CallLayer,
    traced: Traced,
    distribution: str,
) -> Asked:
    stem, _, last = traced.id.rpartition("/")
    path, _, branch = stem.partition("/")
    name = manifest.lock.corrector
    corrector_id, corrector = find_corrector(registry, task, "" if name == "task" else name)
    executor = LocalExecutor(
        task, layer, corrector, distribution=distribution, corrector_id=corrector_id
    )
    scope, messages = Scope(), {}

    def observe(call: Call, sent: tuple[Message, ...], reply: ChatReply, key: str) -> None:
        messages[key] = sent

    layer.observer = observe
    try:
        sample, place = divmod(int(last), task.instances_per_call)
        at = tuple(map(int, path.split(".")))
        above = traced.record.get("above", ())
        *values, value = _values(task, branch, [*above, traced.record["seed"]])
        seed = Seed(value, at, tuple(values))
        earlier: list[Any] = []
        for number in (*task.samples_before(at, sample, branch), sample):
            work = Generation(_sampled(seed, number), branch, tuple(earlier))
            made = await executor.generate(work, scope)
            earlier += [one for one in made.instances if not isinstance(one, Rejected)]
        ordinal = Judgement(_sampled(seed, sample), branch, int(last), made.at(place), made.notes)
        await executor.judge(ordinal, scope)
    except (RunConflict, StageFailed, ValidationError, ValueError, LookupError) as error:
        return Asked(messages, str(error))
    return Asked(messages)


def _sampled(seed: Seed, number: int) -> Seed:
    return Seed(seed.value, seed.path, seed.above, seed.calls, number)


def _values(task: Task[Any, Any], branch: str, values: Sequence[Any]) -> list[Any]:
    """A seed and what it was grown below as the task has them; seeds of the user's stand alone."""
    kinds = [part.item for part in task.chain_of(branch)][-len(values) :]
    return [
        kind.model_validate(value)
        if isinstance(kind, type) and issubclass(kind, BaseModel)
        else value
        for kind, value in zip(kinds, values, strict=True)
    ]
