"""Replays: a run made again from the journal of another, with a change and without calls.

A new directory begins with the old journal. An unchanged call finds its reply by its key, and a
changed one is lacking. Its candidate gets no verdict, and is written down with the missing call and
the reason. With these calls `targen resume` finishes the run.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from targen_core.calls.call import BoundModel, Call
from targen_core.calls.journal import Journal
from targen_core.calls.layer import CallLayer
from targen_core.calls.model import Price
from targen_core.calls.sampling import SAMPLING
from targen_core.calls.usage import check_record
from targen_core.engine.run import Engine
from targen_core.errors import AnswersAwaited, RunConflict, TargenError, UsageError
from targen_core.options import Datasets
from targen_core.outputs import remove
from targen_core.plugins.register import MEMORY
from targen_core.plugins.registry import Registry
from targen_core.runs.folder.directory import RunDirectory
from targen_core.runs.folder.place import is_fresh
from targen_core.runs.jobs.job import Job
from targen_core.runs.preparing.models import models_of
from targen_core.runs.preparing.parts import Admit
from targen_core.runs.preparing.plan import Prepared, named, prepare
from targen_core.runs.preparing.sources import (
    UnreadSource,
    refuse_sources,
    require_same_sources,
)
from targen_core.runs.preparing.tasks import find_task, task_of
from targen_core.runs.preparing.trust import (
    is_permitted,
    require_known,
    require_known_limits,
    require_known_paths,
)
from targen_core.runs.records.lock import Lock
from targen_core.runs.records.manifest import Carried, Manifest
from targen_core.runs.records.reading import read_json
from targen_core.runs.records.spec import RunSpec
from targen_core.runs.records.writing import write_atomically
from targen_core.tasks.steps import PARAMETERS
from targen_core.text import plural
from targen_standard.batches.ledger import BatchLedgerFile
from targen_standard.recorded import RecordedLayer, recorded_models, stand_ins

COPIED: Mapping[str, Any] = {"cost": 0.0, "cached": True, "copied": True}
"""Fields of a record whose reply is another run's."""


@dataclass(frozen=True, slots=True)
class Needed:
    """Calls of one kind that a replay lacks.

    Attributes:
        step: the step that makes them.
        prompt: the name of their prompt.
        why: what has changed, in words.
        calls: how many; those that follow from their answers are not known yet.
        candidates: how many candidates wait for them; 0 of lists.
    """

    step: str
    prompt: str
    why: str
    calls: int
    candidates: int


class Replay(Job):
    """A job that makes a run from the journal of another.

    Attributes:
        needed: what it lacks, by step, prompt and reason; set by `run`.
        waiting: how many candidates have a reply but lack another; set by `run`.
        of: the run that it is made from.
        before: the manifest of that.
        carried: replies that were taken over although their prompts had changed.
    """

    sends_nothing = True
    act, done = "replay", "replayed"
    """The verb for messages, and its participle."""
    keeps_others = False
    """True if labels that are not named keep their numbers of rows; otherwise they get none."""
    changes_models = False
    """True if steps may have other models than those that answered."""

    def __init__(
        self, directory: RunDirectory, manifest: Manifest, prepared: Prepared, *, of: Path
    ) -> None:
        self.of = of
        self.needed: list[Needed] = []
        self.waiting = 0
        self.before = Manifest.load(of / "manifest.json")
        self.carried = 0
        self._places: set[str] = set()
        self._copy_journal(directory, manifest)
        write_atomically(directory.pending, "")  # until it is known that no call is lacking
        super().__init__(directory, manifest, prepared, cache=None)

    @classmethod
    def begin(
        cls,
        registry: Registry,
        run: Path,
        out: Path,
        *,
        task: str | None = None,
        quotas: Mapping[str, int] | None = None,
        options: Mapping[str, Any] | None = None,
        may_carry: tuple[Carried, ...] = (),
        **changes: Any,
    ) -> Self:
        """Make `out`, which repeats `run`; `run` is only read.

        Args:
            registry: finds the parts of the run.
            run: the run directory.
            out: the new one.
            task: the name or the file of the current task; None for the run's own.
            quotas: rows by label; None for those of the run's targets.
            options: options of parts, as `NAME.KEY`, that differ from those of the run.
            may_carry: as in `Manifest`.
            **changes: fields of `RunSpec` that differ from those of the run.

        Raises:
            UsageError: what cannot be.
            RunConflict: `out` holds something.
        """
        there = Manifest.load(run / "manifest.json")
        if there.merged:
            raise UsageError(
                f"{run} was merged from {plural(len(there.merged), 'run')}, which must be "
                f"{cls.done} one by one",
                hint="merge the results with targen merge afterwards",
            )
        name = there.task_name(run) if task is None else task
        require_known_paths(there, run)
        spec = there.located(run, typed=task is not None).replace(task=name)
        if task is not None:
            spec = _as_the_task_says(registry, there, run, spec)
            if not spec.seats and [*there.task.aims] != [*task_of(registry, spec)[1].branches]:
                spec = spec.replace(seats=tuple(there.task.aims))
        if quotas is not None:
            if spec.shard is not None:
                raise UsageError(
                    f"{run} is shard {spec.shard} of a run, so its row counts cannot be changed",
                    hint="leave -n and --label out",
                )
            spec = spec.replace(quotas=quotas)
        options = options or {}
        of_models = {name for name in options if _is_of_a_model(there, name)}
        if of_models and not cls.changes_models:
            raise UsageError(
                f"option {min(of_models)}: a replay does not call any model, so it only accepts "
                "options of parts such as correctors",
                hint="for example --corrector vote -o vote.votes=5",
            )
        spec = _with_options(there, spec.replace(**changes), options, changes)
        others = bool(of_models or {"backend", "backend_for"} & changes.keys())
        # An object that is passed again may be another one; no name tells.
        used = (spec.backend, *spec.backend_for.values())
        passed = cls.changes_models and any(name.startswith(f"{MEMORY}:") for name in used)
        if others:  # a stranger's claims about models are not used for others either
            before = named(registry, there.asked(run))
            permitted = is_permitted(there, run)
            require_known(registry, before, there.steps, typed=options, permitted=permitted)
            if not permitted:
                require_known_limits(there.spec.limits, ())
        if cls.changes_models:  # it calls models in the end
            for step in there.steps:
                registry.find("backend", spec.backend_of(step))
        try:
            prepared = prepare(
                registry,
                spec,
                admit=known_sources(there, run),
                begun=there.lock,
                recorded=None if others or passed else there.lock,
                making=models_of if others or passed else stand_ins(there.lock.steps),
            )
        except UnreadSource as error:
            error.ask_where(run, f"; then {cls.act}")
            raise
        require_same_sources(there.lock, prepared.lock, run)
        _keep_prices(prepared, run)
        manifest = Manifest(
            spec=prepared.spec,
            lock=prepared.lock,
            extensions=there.extensions if quotas is None else (),
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            replay_of=run.resolve().name,
            may_carry=may_carry,
        )
        if out.exists() and not is_fresh(out):
            raise RunConflict(
                f"{out} exists", hint="choose a different --out: a replay creates a new run"
            )
        directory = RunDirectory(out)
        try:
            prepared.keep_in(out)
            manifest.save(directory.manifest)
            return cls(directory, manifest, prepared, of=run)
        except BaseException:
            directory.close()
            raise

    def _copy_journal(self, directory: RunDirectory, manifest: Manifest) -> None:
        """Begin the journal with the old one's replies: another run has paid for them."""
        takes_carried = self._takes_carried(manifest)
        records = Journal(directory.journal, on_record=lambda record: None)

        def copy(record: dict[str, Any]) -> None:
            if "key" in record:
                check_record(record)
                carried = {"carried": record["carried"]} if "carried" in record else {}
                if carried and not takes_carried:
                    return
                self.carried += len(carried)
                self._places.add(str(record.get("place")))
                records.append({**reply_of(record), **carried, **COPIED})

        try:
            source = self.of / "journal"
            if source.exists():
                Journal(source, on_record=copy, read_only=True, indexed=False).close()
        finally:
            records.close()
        if BatchLedgerFile(self.of).imported:
            BatchLedgerFile(directory.path).bring(0, {})  # the card says who answered

    def _takes_carried(self, manifest: Manifest) -> bool:
        """Return whether it keeps replies that a revision kept although prompts had changed."""
        return True

    # --- in place of what a job does ---

    @asynccontextmanager
    async def _open_layer(self) -> AsyncIterator[CallLayer]:
        yield self._layer(await self._bind())

    def _layer(self, models: Mapping[str, BoundModel]) -> RecordedLayer:
        """Return the layer that answers from the journal."""
        return RecordedLayer(
            models, seed=self.manifest.spec.seed, journal=self.journal, usage=self.usage
        )

    async def _bind(self) -> dict[str, BoundModel]:
        steps = self.prepared.steps
        bound = recorded_models(
            {n: (s.model.identity, s.params, s.settled) for n, s in steps.items()}
        )
        for name, step in steps.items():
            bound[name].price = step.price
        return bound

    def _lacking(self, engine: Engine) -> Exception | None:
        """Write down the missing calls; without any, outputs are final."""
        if self.carried:
            self.manifest = self.manifest.model_copy(update={"carried": self.carried})
            self.manifest.save(self._directory.manifest)
        waiting = [
            (call, {"id": slot.id, "branch": slot.branch})
            for slot in engine.lacking
            for call in slot.calls
        ]
        waiting += [(call, {}) for call in engine.lacking_lists]
        if not waiting:
            remove(self._directory.pending)
            return None
        records = [
            {**who, "step": call.step, "place": call.place, "prompt": call.prompt}
            | {"why": self._why(call)}
            for call, who in waiting
        ]
        text = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)
        write_atomically(self._directory.pending, text)
        if self._ledger is not None:
            self._ledger.forget()
        self.needed = _summed(waiting, records)
        self.waiting = sum(bool(slot.keys) for slot in engine.lacking)
        count = sum(one.calls for one in self.needed)
        return AnswersAwaited(
            f"the replay needs {plural(count, 'call')}, because the journal of {self.of} has no "
            f"{'answer to it' if count == 1 else 'answers to them'}",
            hint=self.again,
        )

    def _also_reported(self) -> dict[str, Any]:
        needed = [asdict(one) for one in self.needed]
        found = {"changed": self.changed, "needed": needed, "waiting": self.waiting}
        return {"replay": {"of": str(self.of), **found}}

    @property
    def changed(self) -> list[str]:
        """Return differences from the old run that decide the rows, as `field: old -> new`."""
        return self.before.differences(self.manifest)

    def _why(self, call: Call) -> str:
        """Why the journal does not answer a call."""
        was, now = self.before.lock, self.manifest.lock
        if call.step == "correct" and was.corrector != now.corrector:
            return f"the corrector is {now.corrector}; it was {was.corrector or 'none'}"
        before = was.parts.get("corrector")
        if call.step == "correct" and before and before != now.parts.get("corrector"):
            return f"the options of the corrector {before.id} have changed"
        prompts = was.task.prompts.get(call.prompt), now.task.prompts.get(call.prompt)
        if prompts[0] != prompts[1]:
            word = "is new" if prompts[0] is None else "has changed"
            return f"prompt {call.prompt} {word}"
        if parameters := _parameters_apart(was, now, call.step):
            return f"parameter {parameters}"
        if call.place in self._places:
            return (
                f"prompt {call.prompt} is filled in differently, or its reply has a different "
                "format"
            )
        return "the run did not make this call"


def known_sources(there: Manifest, run: Path) -> Admit:
    """Return a function that admits the datasets that a run's own options name."""
    permitted = is_permitted(there, run)

    def admit(option: str, words: Datasets, sources: Sequence[str]) -> None:
        if not permitted:
            refuse_sources(option, words, sources, run)

    return admit


def _is_of_a_model(there: Manifest, name: str) -> bool:
    about = name.rpartition(".")[0]
    return not about or about in {*PARAMETERS, *there.steps}


def _with_options(
    there: Manifest, spec: RunSpec, options: Mapping[str, Any], changes: Mapping[str, Any]
) -> RunSpec:
    """The spec with other options, and without those of a part or backend that was changed."""
    left = [
        name
        for place, part in there.lock.parts.items()
        if place in changes and changes[place] not in part.names
        for name in part.names
    ]
    others = {""} if "backend" in changes else set()
    kept = {
        name: value
        for name, value in spec.options.items()
        if (about := name.rpartition(".")[0]) not in left
        and (name in SAMPLING or about not in others)
    }
    return spec.replace(options=kept).also(options)


def _as_the_task_says(registry: Registry, there: Manifest, run: Path, spec: RunSpec) -> RunSpec:
    """The spec without what a manifest took from the old task, where a new one may differ."""
    with suppress(TargenError):
        _, old = find_task(registry, there.task_name(run), there.task.variants)
        changes: dict[str, Any] = {}
        if spec.unsure == old.judging.unsure:
            changes["unsure"] = None
        return spec.replace(**changes)
    return spec


def _keep_prices(prepared: Prepared, run: Path) -> None:
    """Count by the prices that the old report names: a price is not part of a manifest."""
    try:
        prices = read_json(run / "report.json")["prices"]
        for name, step in prepared.steps.items():
            if step.price is None and (price := prices.get(name)):
                known = Price(float(price["in"]), float(price["out"]), source=str(price["source"]))
                prepared.steps[name] = replace(step, price=known)
    except (TargenError, OSError, KeyError, TypeError, ValueError, AttributeError):
        return


def reply_of(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return a record's reply, with its usage."""
    names = ("key", "step", "label", "place", "prompt", "text", "finish", "in", "out")
    scored = {name: record[name] for name in ("tokens", "unscored") if name in record}
    return {name: record.get(name) for name in names} | scored


def _parameters_apart(was: Lock, now: Lock, step: str) -> str:
    """The parameters of a step that differ, in words; "" if none does."""
    if step not in was.steps or step not in now.steps:
        return ""
    old, new = was.steps[step].params, now.steps[step].params
    return ", ".join(
        f"{name} is {new.get(name)}; it was {old.get(name)}"
        for name in {**old, **new}
        if old.get(name) != new.get(name)
    )


def _summed(
    waiting: Sequence[tuple[Call, Mapping[str, str]]], records: Sequence[Mapping[str, str]]
) -> list[Needed]:
    """Return the lacking calls by step, prompt and reason; shared calls count once."""
    calls: dict[tuple[str, str, str], set[Call]] = {}
    ids: dict[tuple[str, str, str], set[str]] = {}
    for (call, who), record in zip(waiting, records, strict=True):
        kind = (call.step, call.prompt, record["why"])
        calls.setdefault(kind, set()).add(call)
        ids.setdefault(kind, set()).update({who["id"]} if "id" in who else ())
    return [Needed(*kind, len(calls[kind]), len(ids[kind])) for kind in calls]
