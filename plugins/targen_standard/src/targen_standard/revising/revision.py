"""Revisions: replays for a changed task, whose missing calls are then made.

An unchanged call is answered from the old journal by its key, as in any replay. For a call in other
words, a revision may keep the old reply. That is the case for texts of labels with changed
definitions, or judgements that the change does not touch. To find that reply, the old task makes
the same call for the same candidate, on the old journal. The reply is then recorded under the key
of the new call, together with the old key. So later code need not know about it.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import ValidationError

from targen_core import folders
from targen_core.calls.cache import ReplyCache
from targen_core.calls.call import BoundModel, Call, Scope
from targen_core.calls.journal import Journal
from targen_core.calls.layer import CallLayer
from targen_core.calls.model import ChatReply, Message
from targen_core.calls.usage import Usage
from targen_core.engine.executor import Executor, Generated, Generation, Judgement, Outcome
from targen_core.engine.local import LocalExecutor
from targen_core.engine.quota_tracker import UNREADABLE
from targen_core.errors import Rejected
from targen_core.plugins.registry import Registry
from targen_core.runs.jobs.job import executor_of
from targen_core.runs.preparing.plan import Prepared, prepare
from targen_core.runs.records.manifest import Manifest
from targen_core.tasks.model import Task
from targen_standard.recorded import RecordedLayer, stand_ins
from targen_standard.replaying.replay import COPIED, Replay, known_sources, reply_of
from targen_standard.revising.rehearsing import Rehearsal
from targen_standard.task_files.prompt_text import without_others

R = TypeVar("R")

Old = Callable[[Call], Awaitable[list[Mapping[str, Any]] | None]]

Judged = Literal["all", "changed"]
"""The rows that step 4 judges again: all, or those that a changed label may concern."""


class Revision(Replay):
    """A replay that may take over replies to what is now asked in other words; it judges all rows.

    Attributes:
        judged: see `Judged`.
        rewrites: whether the texts of changed labels are written again, or judged unchanged.
        touched: the labels that have changed, with those of samples that have.
        spared: how many judgements `judged` "changed" takes over, or would.
        rehearsal: makes up answers beyond the journal; None if it is lacking.
        taken: the records that it has taken over.
    """

    act, done = "revise", "revised"
    keeps_others = True
    changes_models = True
    judged: Judged = "all"
    rewrites = True
    spared = 0
    rehearsal: Rehearsal | None = None
    taken: list[dict[str, Any]]
    _past: _Past
    _carrying: _Carrying

    def look_back(
        self, registry: Registry, *, rewrites: bool, taken: Sequence[dict[str, Any]] = ()
    ) -> None:
        """Say what may be taken over, before it runs.

        `taken` has the records that its rehearsal took over. This one ends where it would have to
        guess; the rehearsal continued, and the calls after that point are made later.

        Raises:
            TargenError: the task as it was cannot be read any more.
        """
        self.rewrites = rewrites
        self.taken = []
        for record in taken:
            self._keep(record)
        was = self.before
        before = prepare(
            registry,
            was.asked(self.of),
            admit=known_sources(was, self.of),
            recorded=was.lock,
            making=stand_ins(was.lock.steps),
        )
        self._past = _Past(self.of, before, was.spec.seed)
        self._closing.callback(self._past.journal.close)

    @cached_property
    def touched(self) -> frozenset[str]:
        """See above."""
        return touched_labels(self._past.task, self.task)

    @cached_property
    def renamed(self) -> Mapping[str, str]:
        """Return labels with a new name and the old definition, if a `value` could do the same."""
        schema = self.task.schema.model_fields
        if not self.manifest.task_file.endswith(".json") or "label" not in schema:
            return {}
        was, now = (
            {label.name: label.summary for label in task.labels}
            for task in (self._past.task, self.task)
        )
        found = {
            old: [new for new in now if new not in was and now[new] == was[old]]
            for old in was
            if old not in now and was[old]
        }
        return {old: new[0] for old, new in found.items() if len(new) == 1}

    @cached_property
    def judges_alike(self) -> bool:
        """Return whether step 4 asks as before, except for labels and samples."""
        was, now = self.before.lock, self.manifest.lock
        return (
            was.corrector == now.corrector
            and was.parts.get("corrector") == now.parts.get("corrector")
            and was.steps.get("correct") == now.steps.get("correct")
            and _asked_alike(self._past.task, self.task)
        )

    @cached_property
    def told_alike(self) -> frozenset[str]:
        """Return the names of prompts that are unchanged, except for the names of other labels."""
        was, now = (
            {(prompt.name, without_others(prompt.text)) for prompt in task.prompts}
            for task in (self._past.task, self.task)
        )
        return frozenset(name for name, _ in was & now)

    def rehearse(self, *, cache: bool | None = None) -> Rehearsal:
        """Make up lacking replies before it runs, and count them.

        `cache` is whether the cache of other runs answers; None for the run's setting.
        """
        shares = self.manifest.spec.limits.cache if cache is None else cache
        self.rehearsal = Rehearsal(ReplyCache(folders.replies_folder()) if shares else None)
        if self.rehearsal.cache is not None:
            self._closing.callback(self.rehearsal.cache.close)
        return self.rehearsal

    # --- in place of what a replay does ---

    def _tell(self, note: str) -> None:
        pass  # it is rehearsed, begun and resumed; only the last of these has all rows

    def _takes_carried(self, manifest: Manifest) -> bool:
        return False  # what an earlier revision took over is judged, too

    def _executor(self, layer: CallLayer) -> Executor:
        assert isinstance(layer, _Standing)
        made = executor_of(self.prepared, layer, _Carrying)
        made.revision, made.standing, made.past = self, layer, self._past
        self._carrying = made
        return made

    def _layer(self, models: Mapping[str, BoundModel]) -> RecordedLayer:
        self._past.open(models)
        layer = _Standing(
            models, seed=self.manifest.spec.seed, journal=self.journal, usage=self.usage
        )
        if self.rehearsal is not None:
            layer.rehearsal, layer.cache = self.rehearsal, self.rehearsal.cache
            for step in self.task.steps:  # as in `bind_models`
                if step.name in models and step.lists is not None:
                    models[step.name].shared_by = self.manifest.lock.task.id
        return layer

    async def take_ahead(self) -> None:
        """Carry over the texts that the run wrote ahead, which a rehearsal may not reach.

        The revision's judgements decide which of them it needs. They only serve a task whose texts
        do not show earlier ones.
        """
        if self.rewrites or self.engine is None or self.task.samples_per_seed > 1:
            return
        seeds = {seed.id: seed for seed in self.engine.known_seeds()}
        for place, branch in self._past.written:
            if place in seeds and branch in self.task.generators:
                await self._carrying.take(Generation(seeds[place], branch))

    def take_over(self, record: Mapping[str, Any], call: Call, key: bytes) -> None:
        """Write the reply of an old record down as that to a call."""
        mine = {"key": key.hex(), "step": call.step, "label": call.label, "place": call.place}
        given = record.get("carried", record["key"])  # to that call, by whatever way it came here
        taken = {**reply_of(record), **mine, "prompt": call.prompt, "carried": given}
        taken |= COPIED
        self._keep(taken)

    def _keep(self, record: dict[str, Any]) -> None:
        self.taken.append(record)
        self.journal.append(record)
        self.usage.record(record)
        self.carried += 1


class RevisionOfTouched(Revision):
    """A revision that judges what a change may concern, and takes all other judgements over."""

    judged: Judged = "changed"

    def _takes_carried(self, manifest: Manifest) -> bool:
        # If prompts have changed again, it is carried over again, and the former is not used.
        names = ("task", "steps", "corrector", "parts")
        was, now = self.before.lock, manifest.lock
        return all(getattr(was, name) == getattr(now, name) for name in names)


def touched_labels(was: Task[Any, Any], now: Task[Any, Any]) -> frozenset[str]:
    """Return the labels that are new, removed or redefined, and those of changed samples."""
    before, after = ({label.name: label for label in task.labels} for task in (was, now))
    touched = {name for name in {*before, *after} if before.get(name) != after.get(name)}
    for sample in {*was.judging.samples} ^ {*now.judging.samples}:
        for answer in (sample.output, sample.actual):
            touched.update([answer] if isinstance(answer, str) else answer)
    return frozenset(touched)


def _asked_alike(was: Task[Any, Any], now: Task[Any, Any]) -> bool:
    """Return whether the instructions of step 4 differ only in lines about labels."""
    names = {label.name for task in (was, now) for label in task.labels}
    about = re.compile(
        rf"(?m)^(?:{'|'.join(map(re.escape, names))}): .*(?:\n|$)" if names else "$^"
    )
    said = [about.sub("", task.judging.instructions).strip() for task in (was, now)]
    return said[0] == said[1]


def _items(task: Task[Any, Any], branch: str) -> list[tuple[str, str]]:
    """Return the names of the item types in a branch's lists.

    If a task's module is imported twice, its types have equal names but are not equal.
    """
    return [(step.item.__module__, step.item.__qualname__) for step in task.chain_of(branch)]


class _Standing(RecordedLayer):
    """A recorded layer in which records of other calls may replace missing ones."""

    rehearsal: Rehearsal | None = None

    def __init__(self, models: Mapping[str, BoundModel], **more: Any) -> None:
        super().__init__(models, nearest=self._standing, **more)
        self.standing: dict[bytes, Mapping[str, Any]] = {}
        self.keys: dict[Call, bytes] = {}  # of what was asked for and is lacking

    def _standing(self, call: Call, key: bytes) -> dict[str, Any] | None:
        record = self.standing.get(key)
        if record is None:
            self.keys[call] = key
            return None
        return dict(record)

    def _recall(
        self, bound: BoundModel, key: bytes, call: Call, read: Callable[[str], Any]
    ) -> ChatReply | None:
        reply = super()._recall(bound, key, call, read)
        if reply is None and self.rehearsal is not None and self.rehearsal.answers(call):
            reply = CallLayer._recall(self, bound, key, call, read)
            self.rehearsal.cached[call.step] += reply is not None
        return reply

    async def _send(
        self,
        bound: BoundModel,
        call: Call,
        messages: tuple[Message, ...],
        key: bytes,
        scope: Scope,
    ) -> ChatReply:
        if self.rehearsal is not None and self.rehearsal.answers(call):
            return self.rehearsal.reply(call, key)
        return await super()._send(bound, call, messages, key, scope)


class _Past:
    """The run as it was: its task, and its journal in front of its models.

    Attributes:
        written: the seed's place and the branch of each answered call of step 3, in order.
    """

    def __init__(self, run: Path, prepared: Prepared, seed: int) -> None:
        self.task = prepared.task
        self.written: dict[tuple[str, str], None] = {}
        self._prepared, self._seed = prepared, seed
        self.journal = Journal(run / "journal", on_record=self._note, read_only=True)

    def _note(self, record: Mapping[str, Any]) -> None:
        step, *place = str(record.get("place", "")).split("/")
        if step == "generate" and len(place) == 3:
            self.written[place[0], place[1]] = None

    def open(self, models: Mapping[str, BoundModel]) -> None:
        """Stand the same models for its own: what is found out about them holds for both."""
        steps = self._prepared.steps
        bound = {
            name: replace(models[name], params=step.params, settled=step.settled)
            for name, step in steps.items()
            if name in models
        }
        layer = RecordedLayer(bound, seed=self._seed, journal=self.journal, usage=Usage())
        self._executor = executor_of(self._prepared, layer, LocalExecutor)

    def draws(self, work: Generation) -> Sequence[Mapping[str, str]]:
        """Return the draws that the run made for a candidate; empty for a new label."""
        return self._executor.draws(work) if work.branch in self.task.generators else ()

    async def generate(
        self, work: Generation, task: Task[Any, Any]
    ) -> list[Mapping[str, Any]] | None:
        """The records that answered the calls of a candidate's step 3; None if one is lacking.

        So it is if the seeds of the present task are of other types, such as no places of examples.
        """
        if work.branch not in self.task.generators:
            return None
        if _items(self.task, work.branch) != _items(task, work.branch):
            return None
        scope = Scope()
        await self._executor.generate(work, scope)
        return self._records(scope)

    async def judge(self, work: Judgement) -> tuple[Outcome, list[Mapping[str, Any]] | None]:
        """Return step 4's outcome for a candidate, and the records that answered its calls."""
        outcome, scope = Outcome(), Scope()
        if work.branch not in self.task.generators or isinstance(work.instance, Rejected):
            return outcome, None
        try:
            own = self.task.instance.model_validate(work.instance.model_dump())
        except ValidationError:  # of a label or with a field that it did not have
            return outcome, None
        outcome = await self._executor.judge(replace(work, instance=own), scope)
        return outcome, self._records(scope, failed=outcome.reason == UNREADABLE)

    def _records(self, scope: Scope, *, failed: bool = False) -> list[Mapping[str, Any]] | None:
        if scope.lacking:
            return None
        # Of a call that was repaired, the reply that was used; of one that failed, all of them.
        used = slice(None) if failed else slice(-1, None)
        keys = [key for attempts in scope.attempts for key in attempts[used]]
        found = [self.journal.get(bytes.fromhex(key)) for key in keys]
        return [record for record in found if record is not None]


class _Carrying(LocalExecutor):
    """Executes candidates, and takes old replies over if the revision says so."""

    revision: Revision
    standing: _Standing
    past: _Past

    async def generate(self, work: Generation, scope: Scope) -> Generated:
        """See `Executor.generate`."""
        made, lacked = await self._with(super().generate, work, scope, self._texts(work))
        if lacked and self.revision.rehearsal is not None:
            self.revision.rehearsal.wrote(work)
        return made

    async def take(self, work: Generation) -> None:
        """Take over the text of a candidate, given under another prompt, if there is one."""
        await self._with(super().generate, work, Scope(), self._texts(work), makes_up=False)

    def _texts(self, work: Generation) -> Old:
        async def old(call: Call) -> list[Mapping[str, Any]] | None:
            if self.revision.rewrites and (
                call.prompt not in self.revision.told_alike
                or self.draws(work) != self.past.draws(work)
            ):
                return None
            return await self.past.generate(work, self.revision.task)

        return old

    async def judge(self, work: Judgement, scope: Scope) -> Outcome:
        """See `Executor.judge`."""
        revision = self.revision

        async def old(call: Call) -> list[Mapping[str, Any]] | None:
            if not revision.judges_alike:
                return None
            outcome, records = await self.past.judge(work)
            if not records or {outcome.claimed, outcome.corrected} & revision.touched:
                return None
            revision.spared += 1
            return records if revision.judged == "changed" else None

        made, lacked = await self._with(super().judge, work, scope, old)
        if revision.rehearsal is not None:
            was_judged = lacked and await self._expect(made, work)
            revision.rehearsal.saw(work, lacked=lacked, was_judged=was_judged)
        return made

    async def _expect(self, made: Outcome, work: Judgement) -> bool:
        """Put the old judgement in place of one that is made up, or consent; whether there is one.

        A run without a corrector also judged its candidates.
        """
        outcome, records = await self.past.judge(work)
        if records and outcome.stage == "correct":
            made.stage, made.reason, made.detail = outcome.stage, outcome.reason, outcome.detail
            made.final = made.corrected = None
        elif made.instance is not None and made.stage in ("", "correct"):
            final, label = made.instance, made.claimed
            if records and outcome.final is not None:
                with suppress(ValidationError):
                    final = self._task.instance.model_validate(outcome.final.model_dump())
                    label = outcome.corrected
            if label is not None:
                made.stage = made.reason = made.detail = ""
                made.final, made.corrected = final, label
        return records is not None

    async def _with(
        self,
        do: Callable[[Any, Scope], Awaitable[R]],
        work: Any,
        scope: Scope,
        old: Old,
        *,
        makes_up: bool = True,
    ) -> tuple[R, bool]:
        """Do a piece of work; where calls are lacking, with old replies in their places.

        The second value is whether calls are lacking nevertheless, or had to be made up.
        """
        first = Scope(parent=scope)
        value = await do(work, first)
        records = await old(first.lacking[0]) if first.lacking else None
        if records:
            standing, stood = self.standing.standing, list[tuple[Call, bytes]]()
            for record in (*records, None):
                # Also for the first one: the old calls may have shown that the schema
                # stood in words, and the key is another then.
                probe = Scope(parent=scope)
                again = await do(work, probe)
                if not probe.lacking:
                    for call, key in stood:
                        self.revision.take_over(standing[key], call, key)
                    scope.take(probe)
                    return again, False
                if record is not None:
                    call = probe.lacking[0]
                    stood.append((call, self.standing.keys[call]))
                    standing[stood[-1][1]] = record
            for _, key in stood:  # an old reply that cannot be read as one to the new call
                standing.pop(key, None)
        lacked = bool(first.lacking)
        if lacked and makes_up and self.revision.rehearsal is not None:
            first = Scope(parent=scope)
            with self.revision.rehearsal.making_up(self._branches[work.branch]):
                value = await do(work, first)
        scope.take(first)
        return value, lacked
