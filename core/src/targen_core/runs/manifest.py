"""The manifest: all that decides what a run produces, and what it may take."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from targen_core.engine.commits import Target
from targen_core.errors import RunConflict, RunDirectoryError, UsageError
from targen_core.plugins.register import is_file
from targen_core.runs.files import write_atomically
from targen_core.runs.gate import check_members, read_json, said
from targen_core.runs.options import SAMPLING, check_sampling
from targen_core.tasks.steps import STEPS

__all__ = [
    "FORMAT",
    "Limits",
    "Manifest",
    "ManifestPart",
    "StepPlan",
    "TargetPlan",
    "TaskPlan",
    "flat",
]

FORMAT = 1

_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]*"
_TASK_ID = re.compile(rf"{_NAME}:{_NAME}")
_ID = re.compile(rf"({_NAME}:)?{_NAME}|langchain:[A-Za-z_][\w.]*(:[A-Za-z_]\w*)?")
_TASK_FILE = re.compile(r"task\.json|task\.py(:[A-Za-z_]\w*)?")
_OPTION = re.compile(r"[A-Za-z_]\w*")
_MOST = 10**9  # rows, items, tokens at a time: whatever a run counts one by one


class ManifestPart(BaseModel):
    """A part of a file that says what was run: frozen, with no unknown field."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class TaskPlan(ManifestPart):
    """The task: its full id and version, its variants, and each prompt's version."""

    id: str
    version: str
    variants: tuple[str, ...] = ()
    labels: tuple[str, ...]
    unit: int
    prompts: dict[str, str]


class StepPlan(ManifestPart):
    """One step's model: backend id, options without secrets, parameters."""

    backend: str
    identity: str
    options: dict[str, Any]
    params: dict[str, Any]


class TargetPlan(ManifestPart):
    """One target; a run that is extended has several, one after the other."""

    quotas: dict[str, int]
    balance: Literal["final", "intended"]
    give_up_after: int

    def target(self) -> Target:
        """The engine's form."""
        return Target(self.quotas, self.balance, self.give_up_after)


_Amount = Annotated[float, Field(ge=0, le=1e12, allow_inf_nan=False)]
_Rate = Annotated[float, Field(ge=0.001, le=1e12, allow_inf_nan=False)]


class Limits(ManifestPart):
    """What a run may take; changes nothing of what it produces."""

    max_cost: _Amount | None = None
    max_tokens: Annotated[int, Field(ge=0, le=10**15)] | None = None
    concurrency: Annotated[int, Field(ge=1, le=100_000)] = 32
    rpm: _Rate | None = None
    tpm: _Rate | None = None
    patience: _Amount | None = None
    batch: bool = False
    cache: bool = True
    rounds: Annotated[int, Field(ge=0, le=10_000)] = 4


class Manifest(ManifestPart):
    """A run directory's `manifest.json`.

    `backend` is the one that options without a step's name are about;
    `batches` holds items a batch for each list of the chain; `lists_at_once`
    how many calls of a list are not told of each other; `given` the digest of
    the user's own contexts or seeds, which stand in `given-*.jsonl`.
    """

    format: int = FORMAT
    task: TaskPlan
    seed: int
    targets: tuple[TargetPlan, ...]
    backend: str
    steps: dict[str, StepPlan]
    corrector: str | None
    batches: tuple[int, ...]
    lists_at_once: int = 1
    contexts_limit: int | None = None
    given: dict[str, str] = {}
    task_file: str = ""
    near_duplicates: float
    distributions: dict[str, str] = {}
    limits: Limits = Limits()
    created: str = ""

    def save(self, path: Path) -> None:
        """Write the manifest atomically."""
        write_atomically(path, json.dumps(self.model_dump(mode="json"), indent=2) + "\n")

    @classmethod
    def load(cls, path: Path) -> Manifest:
        """Read the manifest of a run directory, which may come from anybody.

        Raises:
            UsageError: there is no such directory.
            RunDirectoryError: it holds no manifest, one that does not read or
                names what no run has, or links and the like in place of files.
        """
        run = path.parent
        if not run.exists():
            raise UsageError(f"there is no run directory {run}")
        check_members(run)
        try:
            raw = read_json(path)
        except OSError as error:
            raise RunDirectoryError(
                f"{run} is no run directory: {path.name}: {error.strerror}",
                hint="a run directory is what targen generate --out makes",
            ) from error
        if isinstance(raw, dict) and raw.get("format", FORMAT) != FORMAT:
            raise RunConflict(
                f"{path}: written in format {str(raw['format'])[:40]}, this targen reads {FORMAT}",
                hint="use the targen-core version that made it",
            )
        try:
            found = cls.model_validate(raw)
        except ValidationError as error:
            raise RunDirectoryError(f"{path} does not read: {said(error)}") from error
        for field, why in found.odd():
            raise RunDirectoryError(
                f"{path} does not read: {field}: {why}",
                hint="no targen wrote this; if it came from somebody else, do not trust it",
            )
        return found

    def odd(self) -> Iterator[tuple[str, str]]:
        """What no run has: the field, and why."""
        if not _TASK_ID.fullmatch(self.task.id) or (is_file(self.task.id) and not self.task_file):
            yield "task.id", f"{self.task.id[:80]!r} is no DISTRIBUTION:NAME of an installed task"
        if self.task_file and not _TASK_FILE.fullmatch(self.task_file):
            yield "task_file", f"{self.task_file[:80]!r} is no copy of a task in a run directory"
        ids = {"backend": self.backend, "corrector": self.corrector or "task"}
        ids |= {f"steps.{step}.backend": plan.backend for step, plan in self.steps.items()}
        for field, name in ids.items():
            if not _ID.fullmatch(name):
                yield field, f"{name[:80]!r} is no DISTRIBUTION:NAME"
        for step, plan in self.steps.items():
            if step not in STEPS:
                yield "steps", f"there is no step {step[:80]!r}"
            for name in plan.options:
                if not _OPTION.fullmatch(name):
                    yield f"steps.{step}.options", f"{name[:80]!r} cannot be an option"
            for name, value in plan.params.items():
                if name not in SAMPLING:
                    yield f"steps.{step}.params", f"{name[:80]!r} is no sampling parameter"
                elif value is not None:
                    try:
                        check_sampling(name, value)
                    except UsageError as error:
                        yield f"steps.{step}.params.{name}", str(error)
        if not self.targets:
            yield "targets", "there is none"
        for at, target in enumerate(self.targets):
            if unknown := set(target.quotas) - set(self.task.labels):
                yield f"targets.{at}.quotas", f"{min(unknown)[:80]!r} is no label of the task"
        if self.given.keys() - {"contexts", "seeds"}:
            yield "given", "only contexts and seeds are"
        numbers: dict[str, tuple[float, ...]] = {
            "batches": self.batches,
            "lists_at_once": (self.lists_at_once,),
            "contexts_limit": () if self.contexts_limit is None else (self.contexts_limit,),
            "task.unit": (self.task.unit,),
            "targets.give_up_after": tuple(t.give_up_after for t in self.targets),
        }
        for field, values in numbers.items():
            if not all(1 <= value <= _MOST for value in values):
                yield field, f"it must be from 1 to {_MOST:,}"
        rows = [n for target in self.targets for n in target.quotas.values()]
        if not all(0 <= n <= _MOST for n in rows):
            yield "targets.quotas", f"rows must be from 0 to {_MOST:,}"
        if not (math.isfinite(self.near_duplicates) and 0 <= self.near_duplicates <= 100):
            yield "near_duplicates", "it must be from 0 to 100"

    def task_name(self, run: Path) -> str:
        """What finds the task of the run in `run`: its id, or the copy of its file.

        Raises:
            UsageError: the copy is code that was not run on this machine before.
        """
        if not self.task_file:
            return self.task.id
        copy = run / self.task_file
        if ".py" in self.task_file:
            from targen_core.declared.files import require_known

            require_known(copy)
        return str(copy)

    def differences(self, other: Manifest) -> list[str]:
        """What decides the rows and differs, as `field: this / other`."""
        mine, theirs = flat(self._deciding()), flat(other._deciding())
        return [
            f"{name}: {mine.get(name)!r} / {theirs.get(name)!r}"
            for name in sorted({*mine, *theirs})
            if mine.get(name) != theirs.get(name)
        ]

    def digest(self) -> str:
        """All that decides the rows but how many are wanted, in 32 digits."""
        text = json.dumps({**self._deciding(), "targets": None}, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    def _deciding(self) -> dict[str, Any]:
        return self.model_dump(
            mode="json", exclude={"backend", "distributions", "limits", "created"}
        )


def flat(value: Any, path: str = "") -> dict[str, Any]:
    """Nested values by their dotted paths, to compare two manifests by."""
    if isinstance(value, dict) and value:
        found: dict[str, Any] = {}
        for name, part in value.items():
            found.update(flat(part, f"{path}.{name}" if path else name))
        return found
    return {path: value}
