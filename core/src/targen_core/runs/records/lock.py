"""The meaning of a config when its run started; `comparing` compares it with the later one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from targen_core.plugins.adapters import IN_FILE

COPY = re.compile(r"given-[A-Za-z0-9][\w.-]{0,199}")
"""The name of a run's copy of a file that an option of a part names."""


class ManifestPart(BaseModel):
    """A part of a file that describes a past run: frozen, without unknown fields."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class TaskPlan(ManifestPart):
    """The task: its full id and version, its variants, each prompt's version.

    `dimensions` holds digests by `STEP.NAME`, `definitions` those of the labels' definitions, and
    `instructions` that of the judge's instructions.

    `branches` lists the aim of each branch, unless these are the labels.
    """

    id: str
    version: str
    variants: tuple[str, ...] = ()
    labels: tuple[str, ...]
    branches: Mapping[str, str | None] = {}
    lists: Mapping[str, tuple[str, ...]] = {}
    unit: int
    prompts: dict[str, str]
    dimensions: Mapping[str, str] = {}
    definitions: Mapping[str, str] = {}
    instructions: str = ""

    @property
    def aims(self) -> dict[str, str | None]:
        """Return the aim of each branch: a label, or None if step 4 finds it."""
        return dict(self.branches) or {label: label for label in self.labels}


class StepPlan(ManifestPart):
    """One step's model: backend id, options without secrets, parameters."""

    backend: str
    identity: str
    options: dict[str, Any]
    params: dict[str, Any]


class SourcePlan(ManifestPart):
    """A dataset that an option of a part names: its digest is of the texts in `columns`."""

    source: str
    rows: Annotated[int, Field(gt=0, le=10**12)]
    digest: str
    columns: tuple[str, ...]


class PartPlan(ManifestPart):
    """A registered part in use: its full id, all of its options, its own prompts' versions.

    `files` are its options that are paths, each with the digest of the file, or "" if it does not
    exist. The option then is the name of the run's copy, or an absolute path. `sources` are the
    datasets that its options name, in the order of their digests; these options are not here.
    """

    id: str
    options: Mapping[str, Any] = {}
    prompts: Mapping[str, str] = {}
    files: Mapping[str, str] = {}
    sources: tuple[SourcePlan, ...] = ()

    @property
    def copies(self) -> dict[str, str]:
        """The names of the run's copies of files, by the option that each is for."""
        named = {option: str(self.options.get(option)) for option in self.files}
        return {option: name for option, name in named.items() if COPY.fullmatch(name)}

    @property
    def names(self) -> tuple[str, str]:
        """Return the names by which its options may be typed: its full id, and its name."""
        return self.id, self.id.partition(":")[2]

    @property
    def typed(self) -> dict[str, Any]:
        """Return its options as in a config, by the full id."""
        return {f"{self.id}.{name}": value for name, value in self.options.items()}


class Lock(ManifestPart):
    """The parts that a config's names refer to.

    `batches` holds items a batch for each list of the chain; `given` the
    digests of the user's own contexts or seeds.
    `parts` are by their place in the run, such as "corrector".
    """

    task: TaskPlan
    steps: dict[str, StepPlan]
    corrector: str | None
    batches: tuple[int, ...]
    given: dict[str, str]
    distributions: dict[str, str]
    parts: Mapping[str, PartPlan]


# Backends' names for the option that contains the model; classes of other libraries have several.
_OPTIONS = (
    "model",
    "model_name",
    "model_id",
    "azure_deployment",
    "deployment_name",
    "repo_id",
    "endpoint",
)
_DIGEST = re.compile(r"[0-9a-f]{8,}")
ADAPTED = re.compile(r"[^:]+:[A-Za-z_]\w*(\.\w+)+:[^:]*:")
"""The start of an adapted model's identity: ADAPTER:package.module.Class:NAME:DIGEST."""
_FILE = re.compile(r"\.(gguf|bin|safetensors|pt|pth|onnx|py)$", re.IGNORECASE)
_ADDRESS = re.compile(r"://|^[\w.-]+:\d+(/|$)")


def model_name(plan: StepPlan) -> str:
    """The name of a step's model: neither where it is served nor where its file lies.

    "" if the backend gives none.
    """
    for option in _OPTIONS:
        value = plan.options.get(option)
        if isinstance(value, str) and value:
            return _bare(value)
    # KIND:NAME:DIGEST, as for an embedded model; do not guess if an address may be part of it.
    if "/" in plan.identity or "\\" in plan.identity:
        return ""
    if ADAPTED.match(plan.identity):
        _, kind, name, *_ = plan.identity.split(":")
        return name or kind.rpartition(".")[2]
    parts = [part for part in plan.identity.split(":") if part and not _DIGEST.fullmatch(part)]
    return _bare(parts[1] if len(parts) > 1 else parts[0]) if parts else ""


def backend_name(plan: StepPlan) -> str:
    """The name of a step's backend."""
    distribution, _, name = plan.backend.partition(":")
    return f"{distribution} {name}" if "." in name else name or distribution  # a class


def _bare(name: str) -> str:
    """The last part of a path or an address; OWNER/NAME as on a hub stays."""
    parts = [part for part in re.split(r"[/\\]", name) if part]
    if not parts:
        return ""
    looks_hub = len(parts) == 2 and "\\" not in name and name[0] not in "/.~"
    if looks_hub and not _FILE.search(name) and not _ADDRESS.search(name):
        return name
    return parts[-1]


def is_in_file(plan: StepPlan) -> bool:
    """Return whether a step's model is of a class in a file, which a run does not keep."""
    return bool(ADAPTED.match(plan.identity)) and f":{IN_FILE}" in plan.identity
