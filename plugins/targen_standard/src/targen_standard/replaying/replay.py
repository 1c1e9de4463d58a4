"""Replays: a run made again from the journal of another, with a change and without calls.

A new directory begins with the old journal. An unchanged call finds its reply by its key, and a
changed one is lacking. Its candidate gets no verdict, and is written down with the missing call and
the reason. With these calls `targen resume` finishes the run.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from targen_core.calls.call import BoundModel, Call
from targen_core.calls.calls import Calls
from targen_core.calls.journal import Journal
from targen_core.calls.usage import check_record
from targen_core.engine.run import Engine
from targen_core.errors import JobFailed, RunConflict
from targen_core.outputs import remove
from targen_core.runs.directory import RunDirectory
from targen_core.runs.files import write_atomically
from targen_core.runs.job import Job
from targen_core.runs.manifest import Lock, Manifest
from targen_core.runs.place import is_fresh
from targen_core.runs.plan import Prepared
from targen_core.text import plural
from targen_standard.batches.ledger import BatchLedgerFile
from targen_standard.recorded import RecordedCalls, recorded_models
from targen_standard.replaying.again import Again

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
    """

    sends_nothing = True

    def __init__(
        self, directory: RunDirectory, manifest: Manifest, prepared: Prepared, *, of: Path
    ) -> None:
        self.of = of
        self.needed: list[Needed] = []
        self.waiting = 0
        self.before = Manifest.load(of / "manifest.json")
        self._places: set[str] = set()
        self._copy_journal(directory)
        write_atomically(directory.pending, "")  # until it is known that no call is lacking
        super().__init__(directory, manifest, prepared, cache=None)

    @classmethod
    def begin(cls, again: Again, out: Path) -> Self:
        """Make `out`, which repeats a run; that is only read.

        Raises:
            RunConflict: `out` holds something.
        """
        manifest = again.manifest()
        if out.exists() and not is_fresh(out):
            raise RunConflict(
                f"{out} exists", hint="choose a different --out: a replay creates a new run"
            )
        directory = RunDirectory(out)
        try:
            again.prepared.keep_in(out)
            manifest.save(directory.manifest)
            return cls(directory, manifest, again.prepared, of=again.run)
        except BaseException:
            directory.close()
            raise

    def _copy_journal(self, directory: RunDirectory) -> None:
        """Begin the journal with the old one's replies: another run has paid for them."""
        records = Journal(directory.journal, on_record=lambda record: None)

        def copy(record: dict[str, Any]) -> None:
            if "key" in record:
                check_record(record)
                self._places.add(str(record.get("place")))
                records.append({**reply_of(record), **COPIED})

        try:
            source = self.of / "journal"
            if source.exists():
                Journal(source, on_record=copy, read_only=True).close()
        finally:
            records.close()
        if BatchLedgerFile(self.of).imported:
            BatchLedgerFile(directory.path).bring(0)  # the card says who answered

    # --- in place of what a job does ---

    @asynccontextmanager
    async def _open_layer(self) -> AsyncIterator[Calls]:
        yield self._layer(await self._bind())

    def _layer(self, models: Mapping[str, BoundModel]) -> RecordedCalls:
        """Return the layer that answers from the journal."""
        return RecordedCalls(
            models, seed=self.manifest.config.seed, journal=self.journal, usage=self.usage
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
        self._ledger.forget()
        self.needed = _summed(waiting, records)
        self.waiting = sum(bool(slot.keys) for slot in engine.lacking)
        count = sum(one.calls for one in self.needed)
        return JobFailed(
            f"the replay needs {plural(count, 'call')}, because the journal of {self.of} has no "
            f"{'answer to it' if count == 1 else 'answers to them'}",
            hint=self.again,
            cause="answers",
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


def reply_of(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return a record's reply, with its usage."""
    names = ("key", "step", "label", "place", "prompt", "text", "finish", "in", "out")
    scored = {name: record[name] for name in ("messages", "tokens", "unscored") if name in record}
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
