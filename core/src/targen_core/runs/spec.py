"""What a user asks for, as values."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from targen_core.runs.manifest import Limits, Manifest
from targen_core.runs.options import SAMPLING

__all__ = ["JobSpec", "spec_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class JobSpec:
    """What a user asks for; `targen generate`'s options, as values.

    `task` is a name or a file. `variants` are applied to the task in order.
    `corrector` is a registered name, "" for the task's own, or None for no
    step 4. `backend_for` names other backends for some steps. `contexts_share`
    keeps that part of the given contexts, or of the limit. `lists_at_once`
    calls of a list are not told of each other.
    """

    task: str
    quotas: Mapping[str, int]
    variants: Sequence[str] = ()
    backend: str = "local"
    backend_for: Mapping[str, str] = field(default_factory=dict)
    options: Sequence[str] = ()
    seed: int = 0
    balance: Literal["final", "intended"] = "final"
    give_up_after: int = 50
    corrector: str | None = ""
    contexts: Path | None = None
    seeds: Path | None = None
    contexts_limit: int | None = None
    contexts_share: float = 1.0
    lists_at_once: int = 1
    near_duplicates: float = 90.0
    limits: Limits = field(default_factory=Limits)


def spec_of(manifest: Manifest, path: Path, options: Sequence[str]) -> JobSpec:
    """The spec that a manifest was made from, with `options` on top."""
    rebuilt: list[str] = []
    # What is said anew without a step wins over the manifest, in the steps that it is about.
    anew = {item.partition("=")[0] for item in options}
    for step, plan in manifest.steps.items():
        said = anew if plan.backend == manifest.backend else anew & set(SAMPLING)
        # A parameter that is None is one that the backend leaves out, and will again.
        params = {k: v for k, v in plan.params.items() if v is not None}
        kept = {**params, **plan.options}
        rebuilt += [f"{step}.{k}={json.dumps(v)}" for k, v in kept.items() if k not in said]
    sizes = list(manifest.batches)
    has_contexts = "contexts" in manifest.steps or "contexts" in manifest.given
    if has_contexts and sizes:
        rebuilt.append(f"contexts.batch={sizes.pop(0)}")
    if sizes and "seeds" not in manifest.given:
        rebuilt.append(f"seeds.batch={','.join(map(str, sizes))}")
    given = {name: path / f"given-{name}.jsonl" for name in manifest.given}
    last = manifest.targets[-1]
    return JobSpec(
        task=manifest.task_name(path),
        quotas=last.quotas,
        variants=manifest.task.variants,
        backend=manifest.backend,
        backend_for={step: plan.backend for step, plan in manifest.steps.items()},
        options=[*rebuilt, *options],
        seed=manifest.seed,
        balance=last.balance,
        give_up_after=last.give_up_after,
        corrector=manifest.corrector,
        contexts=given.get("contexts"),
        seeds=given.get("seeds"),
        contexts_limit=manifest.contexts_limit,
        lists_at_once=manifest.lists_at_once,
        near_duplicates=manifest.near_duplicates,
        limits=manifest.limits,
    )
