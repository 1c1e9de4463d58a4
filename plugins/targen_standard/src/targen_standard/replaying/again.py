"""A run's request, with a change: the common part of replays and revisions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from targen_core.calls.model import Price
from targen_core.calls.sampling import SAMPLING
from targen_core.errors import TargenError, UsageError
from targen_core.options import Datasets
from targen_core.plugins.register import MEMORY
from targen_core.plugins.registry import Registry
from targen_core.runs.config import RunConfig
from targen_core.runs.files import read_json
from targen_core.runs.manifest import Manifest
from targen_core.runs.models import models_of
from targen_core.runs.parts import Admit
from targen_core.runs.permissions import (
    UnreadSource,
    refuse_sources,
    require_known,
    require_known_limits,
    require_known_paths,
    require_same_sources,
)
from targen_core.runs.plan import Prepared, named, prepare
from targen_core.runs.tasks import find_task, task_of
from targen_core.tasks.steps import PARAMETERS
from targen_core.text import plural
from targen_standard.recorded import stand_ins


@dataclass(frozen=True, slots=True)
class Again:
    """A run and what it would be now.

    Attributes:
        run: the run directory.
        there: its manifest.
        prepared: what it would be.
        is_extended: whether its former targets stay.
        registry: what finds its parts.
    """

    run: Path
    there: Manifest
    prepared: Prepared
    is_extended: bool
    registry: Registry

    def manifest(self, **fields: Any) -> Manifest:
        """Return the manifest of a new run."""
        return Manifest(
            config=self.prepared.config,
            lock=self.prepared.lock,
            extensions=self.there.extensions if self.is_extended else (),
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            replay_of=self.run.resolve().name,
            **fields,
        )


def again(
    registry: Registry,
    run: Path,
    *,
    revises: bool,
    task: str | None = None,
    quotas: Mapping[str, int] | None = None,
    options: Mapping[str, Any] | None = None,
    **changes: Any,
) -> Again:
    """Return what a run would be, with changes; it is only read.

    Args:
        registry: finds the parts of the run.
        run: the run directory.
        revises: whether calls are made, so that steps may have other models.
        task: the name or the file of the current task; None for the run's own.
        quotas: rows by label; None for those of the run's targets.
        options: options of parts, as `NAME.KEY`, that differ from those of the run.
        **changes: fields of `RunConfig` that differ from those of the run.

    Raises:
        UsageError: what cannot be.
    """
    there = Manifest.load(run / "manifest.json")
    if there.merged:
        raise UsageError(
            f"{run} was merged from {plural(len(there.merged), 'run')}, which must be "
            f"{'revised' if revises else 'replayed'} one by one",
            hint="merge the results with targen merge afterwards",
        )
    name = there.task_name(run) if task is None else task
    require_known_paths(there, run)
    config = there.located(run, typed=task is not None).replace(task=name)
    if task is not None:
        config = _as_the_task_says(registry, there, run, config)
        if (
            not revises
            and not config.seats
            and [*there.task.aims] != [*task_of(registry, config)[1].branches]
        ):
            config = config.replace(seats=tuple(there.task.aims))
    if quotas is not None:
        if config.shard is not None:
            raise UsageError(
                f"{run} is shard {config.shard} of a run, so its row counts cannot be changed",
                hint="leave -n and --label out",
            )
        config = config.replace(quotas=quotas)
    options = options or {}
    of_models = {name for name in options if _is_of_a_model(there, name)}
    if of_models and not revises:
        raise UsageError(
            f"option {min(of_models)}: a replay does not call any model, so it only accepts "
            "options of parts such as correctors",
            hint="for example --corrector vote -o vote.votes=5",
        )
    config = _with_options(there, config.replace(**changes), options, changes)
    others = bool(of_models or {"backend", "backend_for"} & changes.keys())
    # An object that is passed again may be another one; no name tells.
    used = (config.backend, *config.backend_for.values())
    passed = revises and any(name.startswith(f"{MEMORY}:") for name in used)
    if others:  # a stranger's claims about models are not used for others either
        before = named(registry, there.asked(run))
        permitted = there.is_permitted(run)
        require_known(registry, before, there.steps, typed=options, permitted=permitted)
        if not permitted:
            require_known_limits(there.config, ())
    if revises:  # it calls models in the end
        for step in there.steps:
            registry.find("backend", config.backend_of(step))
    try:
        prepared = prepare(
            registry,
            config,
            admit=known_sources(there, run),
            begun=there.lock,
            recorded=None if others or passed else there.lock,
            making=models_of if others or passed else stand_ins(there.lock.steps),
        )
    except UnreadSource as error:
        error.ask_where(run, f"; then {'revise' if revises else 'replay'}")
        raise
    require_same_sources(there.lock, prepared.lock, run)
    _keep_prices(prepared, run)
    return Again(run, there, prepared, quotas is None, registry)


def known_sources(there: Manifest, run: Path) -> Admit:
    """Return a function that admits the datasets that a run's own options name."""
    permitted = there.is_permitted(run)

    def admit(option: str, words: Datasets, sources: Sequence[str]) -> None:
        if not permitted:
            refuse_sources(option, words, sources, run)

    return admit


def _is_of_a_model(there: Manifest, name: str) -> bool:
    about = name.rpartition(".")[0]
    return not about or about in {*PARAMETERS, *there.steps}


def _with_options(
    there: Manifest, config: RunConfig, options: Mapping[str, Any], changes: Mapping[str, Any]
) -> RunConfig:
    """The config with other options, and without those of a part or backend that was changed."""
    left = [
        name
        for place, part in there.lock.parts.items()
        if place in changes and changes[place] not in part.names
        for name in part.names
    ]
    others = {""} if "backend" in changes else set()
    kept = {
        name: value
        for name, value in config.options.items()
        if (about := name.rpartition(".")[0]) not in left
        and (name in SAMPLING or about not in others)
    }
    return config.replace(options=kept).also(options)


def _as_the_task_says(
    registry: Registry, there: Manifest, run: Path, config: RunConfig
) -> RunConfig:
    """The config without what a manifest took from the old task, where a new one may differ."""
    with suppress(TargenError):
        _, old = find_task(registry, there.task_name(run), there.task.variants)
        changes: dict[str, Any] = {}
        if config.unsure == old.judging.unsure:
            changes["unsure"] = None
        return config.replace(**changes)
    return config


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
