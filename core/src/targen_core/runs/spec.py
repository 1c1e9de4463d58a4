"""What a user asks for, as one value: made once, and kept in the run's manifest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    ValidationError,
    model_validator,
)

from targen_core.calls.sampling import SAMPLING
from targen_core.engine.commits import Target
from targen_core.engine.quotas import MAX_COUNT, Quotas
from targen_core.engine.shards import Shard
from targen_core.errors import UsageError
from targen_core.origin import Named
from targen_core.runs.options import StepOptions, step_options

__all__ = ["Limits", "ManifestPart", "RunSpec"]

_Amount = Annotated[float, Field(gt=0, le=1e12, allow_inf_nan=False)]
_Rate = Annotated[float, Field(ge=0.001, le=1e12, allow_inf_nan=False)]
_Count = Annotated[int, Field(ge=1, le=MAX_COUNT)]


class ManifestPart(BaseModel):
    """A part of a file that says what was run: frozen, with no unknown field."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class _Asked(ManifestPart):
    """What options and keywords say; one that cannot be is a `UsageError` by its name."""

    @model_validator(mode="wrap")
    @classmethod
    def _said(cls, asked: Any, read: ModelWrapValidatorHandler[Self]) -> Self:
        try:
            return read(asked)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            field = str(first["loc"][-1]) if first["loc"] else ""
            why = first["msg"].replace("Input should be", "it must be")
            why = why.replace("greater than or equal to", "at least")
            why = why.replace("less than or equal to", "at most").replace("greater than", "above")
            # A text may be a key.
            value = f" is {first['input']};" if isinstance(first["input"], int | float) else ":"
            wrong = UsageError(f"{field or 'spec'}{value} {why}")
            wrong.field = field
            raise wrong from None


def _number_of(text: object) -> object:
    """A number as it is typed."""
    return int(text) if isinstance(text, str) and text.isdecimal() else text


class Limits(_Asked):
    """Limits on what a run may use; they never change what it produces."""

    max_cost: _Amount | None = None
    max_tokens: Annotated[int, Field(gt=0, le=10**15)] | None = None
    concurrency: Annotated[int, Field(gt=0, le=100_000)] = 32
    rpm: _Rate | None = None
    tpm: _Rate | None = None
    max_outage: _Amount | None = None
    batch: bool = False
    cache: bool = True
    rounds: Annotated[int, Field(ge=0, le=10_000)] = 4

    @property
    def reaching(self) -> dict[str, Any]:
        """What lets a run spend more, or faster, than it would by default."""
        usual = type(self).model_fields
        asked = {name: getattr(self, name) for name in ("max_cost", "max_tokens")}
        faster = {
            name: value
            for name in ("concurrency", "rounds")
            if (value := getattr(self, name)) > usual[name].default
        }
        return {**{name: value for name, value in asked.items() if value is not None}, **faster}


class RunSpec(_Asked):
    """What a user asks for: the options of `targen generate`, as values.

    `task` is a name or a file. `variants` are applied to the task in order.
    `corrector` is a registered name, "" for the task's own, or None for no
    step 4; `unsure` is what becomes of a row whose judge is, None for what the task says.
    `backend_for` names other backends for some steps. `options` are
    those of `-o`, by `KEY` or `STEP.KEY`. `contexts_from` and `seeds_from` name
    lists that plugins register, in place of the task's. `labels_per_seed` is None for what the
    task says, or "all" where the seeds are the user's. `contexts_fraction` keeps that part of
    the given contexts, or of the limit. `dimensions` hold by `NAME` or `STEP.NAME` what is drawn
    from: texts, weights, `@NAME` of a vocabulary, or () for nothing; without `task_dimensions` the
    task keeps none of its own that prompts say. `lists_at_once` calls of a list are
    not told of each other. What an `embedder` finds nearer than `max_cosine` to a row is refused,
    up to the share `max_refused` of each branch's candidates. No row equals or nearly equals one of
    the datasets in `exclude`. Of a `shard`, `quotas` are its own.

    Raises:
        UsageError: an invalid value; names its option.
    """

    task: Named
    quotas: Annotated[Mapping[str, int], Quotas]
    variants: Annotated[Sequence[str], AfterValidator(tuple)] = ()
    backend: Named = "local"
    backend_for: Mapping[str, Named] = {}
    options: Mapping[str, Any] = Field(default={}, repr=False)  # a key may be among them
    seed: int = 0
    balance: Literal["final", "intended"] = "final"
    give_up_after: _Count = 50
    corrector: str | None = ""
    unsure: Literal["drop", "keep"] | None = None
    contexts: Path | None = None
    seeds: Path | None = None
    contexts_from: str = ""
    seeds_from: str = ""
    labels_per_seed: Annotated[Literal[1, "all"] | None, BeforeValidator(_number_of)] = None
    dimensions: Mapping[str, str | tuple[str, ...] | dict[str, int]] = {}
    task_dimensions: bool = True
    contexts_limit: _Count | None = None
    contexts_fraction: Annotated[float, Field(gt=0, le=1)] = 1.0
    lists_at_once: _Count = 1
    near_duplicates: Annotated[float, Field(ge=0, le=100)] = 90.0
    max_cosine: Annotated[float, Field(gt=0, lt=1)] | None = None
    max_refused: Annotated[float, Field(gt=0, le=0.9)] | None = None
    embedder: str = ""
    exclude: Annotated[Sequence[str], AfterValidator(tuple)] = ()
    shard: Shard | None = None
    limits: Limits = Limits()

    def replace(self, **changes: Any) -> RunSpec:
        """The spec with some fields changed.

        Raises:
            UsageError: an invalid value.
        """
        return RunSpec(**{**dict(self), **changes})

    @property
    def target(self) -> Target:
        """What the run wants."""
        return Target(Quotas(self.quotas), self.balance, self.give_up_after)

    def backend_of(self, step: str) -> str:
        """The name of a step's backend."""
        return self.backend_for.get(step, self.backend)

    @property
    def elsewhere(self) -> list[str]:
        """Steps on another backend than the rest."""
        return [step for step, name in self.backend_for.items() if name != self.backend]

    def options_of(self, step: str) -> StepOptions:
        """A step's options.

        Raises:
            UsageError: an invalid option.
        """
        return step_options(self.options, step, elsewhere=step in self.elsewhere)

    def also(self, options: Mapping[str, Any]) -> RunSpec:
        """The spec with `options` on top.

        Options without a step apply to every step that they concern.
        """

        def stays(name: str) -> bool:
            step, dot, key = name.partition(".")
            about = key in SAMPLING or step not in self.elsewhere
            return not (dot and key in options and about)

        kept = {name: value for name, value in self.options.items() if stays(name)}
        return self.replace(options={**kept, **options})
