"""The manifest: all that decides what a run produces, and what it may take."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from targen_core.engine.commits import Target
from targen_core.errors import RunConflict, RunDirectoryError, UsageError
from targen_core.runs.files import write_atomically

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


class Limits(ManifestPart):
    """What a run may take; changes nothing of what it produces."""

    max_cost: float | None = None
    max_tokens: int | None = None
    concurrency: int = 32
    rpm: float | None = None
    tpm: float | None = None
    patience: float = 600.0
    batch: bool = False
    rounds: int = 4


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
        """Read a manifest.

        Raises:
            UsageError: there is no such directory.
            RunDirectoryError: it holds no manifest, or one that does not read.
        """
        if not path.parent.exists():
            raise UsageError(f"there is no run directory {path.parent}")
        try:
            text = path.read_bytes()
        except OSError as error:
            raise RunDirectoryError(
                f"{path.parent} is no run directory: {path.name}: {error.strerror}",
                hint="a run directory is what targen generate --out makes",
            ) from error
        try:
            raw = json.loads(text)
            if isinstance(raw, dict) and raw.get("format", FORMAT) != FORMAT:
                raise RunConflict(
                    f"{path}: written in format {raw['format']}, this targen reads {FORMAT}",
                    hint="use the targen-core version that made it",
                )
            return cls.model_validate(raw)
        except (ValueError, ValidationError) as error:
            first = str(error).splitlines()[0]
            raise RunDirectoryError(f"{path} does not read: {first}") from error

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
