"""A user's request as one value: made once, and kept in the run's manifest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from targen_core.calls.sampling import SAMPLING
from targen_core.engine.commits import Target
from targen_core.engine.quotas import Quotas
from targen_core.engine.shards import Shard
from targen_core.options import MAX_COUNT, Limits, ListOptions, RowOptions
from targen_core.origin import Named
from targen_core.runs.records.options import StepOptions, step_options
from targen_core.runs.records.shortcuts import spelled_out


class ManifestPart(BaseModel):
    """A part of a file that describes a past run: frozen, without unknown fields."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class RunSpec(RowOptions, ListOptions):
    """A user's request: the options of `targen generate`, as values.

    `task` is a name or a file; the variants are applied to it in order. `corrector` is a registered
    name, "" for the task's own, or None for no step 4. `backend_for` sets different backends for
    some steps. `options` are those of `-o`, by `KEY` or `STEP.KEY`. `dimensions` maps `NAME` or
    `STEP.NAME` to the values to draw from: texts, weights, `@NAME` for a vocabulary, or () for
    none. `lists_at_once` calls of a list do not see each other's items. With a `shard`, `quotas`
    are the shard's. `seats` is as in `Task`: in a run for different labels, those that took turns
    before. `untyped` names the options that are defaults: those of unused parts do no harm. A
    manifest lacks it. See `RowOptions` and `ListOptions` for the other fields. Shortcuts such as
    `max_cosine` mean a filter with options.

    Raises:
        UsageError: a value is invalid; the error states its option.
    """

    task: Named
    quotas: Annotated[Mapping[str, int], Quotas]
    backend: Named = "local"
    backend_for: Mapping[str, Named] = {}
    options: Mapping[str, Any] = Field(default={}, repr=False)  # a key may be among them
    lists_at_once: Annotated[int, Field(ge=1, le=MAX_COUNT)] = 1
    shard: Shard | None = None
    seats: tuple[str, ...] = ()
    limits: Limits = Limits()
    untyped: frozenset[str] = Field(default=frozenset(), repr=False, exclude=True)

    @model_validator(mode="before")
    @classmethod
    def _spelled_out(cls, asked: Any) -> Any:
        return spelled_out(asked, cls.model_fields) if isinstance(asked, Mapping) else asked

    def replace(self, **changes: Any) -> RunSpec:
        """The spec with some fields changed.

        Raises:
            UsageError: an invalid value.
        """
        return RunSpec(**{**dict(self), **changes})

    @property
    def target(self) -> Target:
        """Return the run's target."""
        return Target(Quotas(self.quotas), self.balance, self.give_up_after)

    def backend_of(self, step: str) -> str:
        """The name of a step's backend."""
        return self.backend_for.get(step, self.backend)

    @property
    def elsewhere(self) -> list[str]:
        """Steps with a different backend than the rest."""
        return [step for step, name in self.backend_for.items() if name != self.backend]

    def options_of(self, step: str) -> StepOptions:
        """A step's options.

        Raises:
            UsageError: an invalid option.
        """
        return step_options(self.options, step, elsewhere=step in self.elsewhere)

    def also(self, options: Mapping[str, Any]) -> RunSpec:
        """The spec with additional `options`.

        Options without a step apply to every step that has them. A part's option may be given with
        its name or its full id.
        """
        spelt = {name.rpartition(":")[2]: name for name in options}

        def stays(name: str) -> bool:
            other = spelt.get(name.rpartition(":")[2], name)
            if other != name and not (":" in other and ":" in name):
                return False
            step, dot, key = name.partition(".")
            about = key in SAMPLING or step not in self.elsewhere
            return not (dot and key in options and about)

        kept = {name: value for name, value in self.options.items() if stays(name)}
        return self.replace(options={**kept, **options})


def references(spec: RunSpec) -> Iterator[tuple[str, str, str]]:
    """Yield the field, the kind and the name of each part that a spec names except its task."""
    yield "backend", "backend", spec.backend
    yield from ((f"backend_for.{step}", "backend", n) for step, n in spec.backend_for.items())
    yield "contexts_from", "contexts", spec.contexts_from
    yield "seeds_from", "seeds", spec.seeds_from
    named = spec.generators_from.items()
    yield from ((f"generators_from.{branch}", "generator", name) for branch, name in named)
    yield from ((f"checks.{at}", "check", name) for at, name in enumerate(spec.checks))
    yield from ((f"filters.{at}", "filter", name) for at, name in enumerate(spec.filters))
    yield "corrector", "corrector", spec.corrector or ""
