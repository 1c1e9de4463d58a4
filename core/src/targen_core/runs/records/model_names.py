"""Names of models and backends for people."""

from __future__ import annotations

import re

from targen_core.plugins.adapters import IN_FILE
from targen_core.runs.records.lock import StepPlan

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
