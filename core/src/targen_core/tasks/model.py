"""The task model: what a task's author writes down.

TarGEN (arXiv:2310.17876, section 3) makes an instance in four steps; a `Task`
says what each is: `contexts` (step 1), `seeds` (step 2), `generators`, one for
each label (step 3), and a `corrector` (step 4).
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Generic, Protocol, TypeVar, overload

from pydantic import BaseModel

from targen_core.errors import Rejected
from targen_core.tasks.prompt import Prompt

__all__ = [
    "STEPS",
    "Check",
    "Correction",
    "CorrectionSample",
    "Corrector",
    "InverseGenerator",
    "Label",
    "ListStep",
    "Llm",
    "Rehearsal",
    "Task",
]

STEPS = ("contexts", "seeds", "generate", "correct")
"""The four steps by the names that options, reports and manifests use."""

R = TypeVar("R", bound=BaseModel)
ItemT = TypeVar("ItemT")
SeedT = TypeVar("SeedT")
InstanceT = TypeVar("InstanceT", bound=BaseModel)
SeedT_contra = TypeVar("SeedT_contra", contravariant=True)
InstanceT_co = TypeVar("InstanceT_co", covariant=True)
InstanceT_contra = TypeVar("InstanceT_contra", contravariant=True)
ItemT_co = TypeVar("ItemT_co", covariant=True)


class Llm(Protocol):
    """The language model as a stage sees it: bound to one place in the run.

    A stage has no other source of text, chance or time.
    """

    @property
    def task(self) -> Task[Any, Any]:
        """The task that is being run."""
        ...

    @property
    def batch(self) -> int:
        """Items to ask for in this list step (the step's size or the user's)."""
        ...

    @overload
    async def ask(
        self,
        prompt: Prompt | str,
        *,
        reply: type[R],
        check: Callable[[R], None] | None = None,
        **values: object,
    ) -> R: ...
    @overload
    async def ask(
        self, prompt: Prompt | str, *, reply: None = None, check: None = None, **values: object
    ) -> str: ...
    async def ask(
        self,
        prompt: Prompt | str,
        *,
        reply: type[R] | None = None,
        check: Callable[[R], None] | None = None,
        **values: object,
    ) -> R | str:
        """Fill `prompt` with `values`, send it, and read the reply.

        With `reply`, a pydantic model, the answer is an instance of it: by the
        provider's JSON schema where it has one, else parsed tolerantly; a
        reply that cannot be read gets one repair attempt, and so does one for
        which `check` raises `Rejected`. Without, it is the text, stripped.

        Raises:
            Rejected: `malformed-reply`, or what `check` raised, when the
                repair did not help either; `refusal`.
        """
        ...

    def rng(self, name: str) -> random.Random:
        """A generator seeded from (run seed, this place, `name`)."""
        ...

    def alternate(self, *choices: str) -> str:
        """One of `choices`, in equal shares over neighbouring seeds.

        Decided by the place alone, so it depends on nothing that ran before.
        """
        ...

    def note(self, **facts: str | int | float | bool) -> None:
        """Write facts about this candidate into its provenance."""
        ...


class _Grow(Protocol[ItemT_co]):
    async def __call__(
        self, llm: Llm, parent: Any, have: Sequence[Any], /
    ) -> Sequence[ItemT_co]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ListStep(Generic[ItemT]):
    """A list that a model grows in batches: contexts, or seeds below a parent.

    Attributes:
        item: the type of one item: `str`, or a pydantic model.
        grow: `grow(llm, parent, have)` gives the next batch. `parent` is the
            item of the list above (None for the first list), `have` what the
            list holds so far. It asks for `llm.batch` items.
        batch: items asked for at once, unless the user says otherwise.
        check: raises `Rejected` for an item that must not be used.
        key: what makes two items the same one; by default the text of a
            `str`, or all fields of a model, without case and outer spaces.
        summary: one line for people.
    """

    item: type[ItemT]
    grow: _Grow[ItemT]
    batch: int
    check: Callable[[ItemT], None] | None = None
    key: Callable[[ItemT], str] | None = None
    summary: str = ""


@dataclass(frozen=True, slots=True)
class Label:
    """A label: the name that people type and the value that rows hold."""

    name: str
    value: Any = None
    summary: str = ""

    @property
    def official(self) -> Any:
        """The value in the official data, by default the name itself."""
        return self.name if self.value is None else self.value


@dataclass(frozen=True, slots=True)
class Correction:
    """What step 4 found: the right label, or None and the reason to reject.

    A label equal to the claimed one confirms the instance.
    """

    label: str | None
    explanation: str = ""
    reason: str = ""

    @classmethod
    def reject(cls, reason: str, explanation: str = "") -> Correction:
        """No label can be given; `reason` is a short kebab-case word."""
        return cls(None, explanation, reason)


@dataclass(frozen=True, slots=True)
class CorrectionSample:
    """A worked sample for the meta-prompt: `output` is judged against `actual`.

    Where they are equal it shows a right output, else a wrong one (paper,
    appendix F). `actual` may also be "no_valid_instance".
    """

    input: str
    output: str
    actual: str
    explanation: str


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """One call as an offline rehearsal sees it.

    `prompt` is the prompt's name, `values` what it was filled with, `rng` a
    generator seeded by the call's key.
    """

    step: str
    label: str | None
    prompt: str
    values: Mapping[str, Any]
    rng: random.Random


class InverseGenerator(Protocol[SeedT_contra, InstanceT_co]):
    """G(label, seed): one instance, or `Task.instances_per_call` of them."""

    async def __call__(
        self, llm: Llm, seed: SeedT_contra, /
    ) -> InstanceT_co | Sequence[InstanceT_co]:
        """Write an instance whose label holds by construction."""
        ...


class Corrector(Protocol[InstanceT_contra]):
    """Step 4: says which label an instance really has."""

    def __call__(self, llm: Llm, instance: InstanceT_contra, /) -> Awaitable[Correction]:
        """Judge one instance."""
        ...


class Check(Protocol[SeedT_contra, InstanceT_contra]):
    """Raises `Rejected` where an instance breaks a rule of its task."""

    def __call__(self, instance: InstanceT_contra, seed: SeedT_contra, /) -> None:
        """Judge one instance without a model."""
        ...


def _empty() -> Mapping[str, Any]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Task(Generic[SeedT, InstanceT]):
    """A labelled-data task.

    Attributes:
        name: the bare name, as registered.
        version: changes with every change of what the task would produce.
        summary: one line for `targen list-tasks`.
        description: what a row is and what its labels mean, for people.
        source: where the task and its steps come from.
        instance: the row in its official form, without `idx`: a pydantic
            model with the label in it.
        labels: the closed label set, in the order that quotas use. Empty for
            a task whose labels are open; its one quota is then called "any".
        contexts: step 1, or None where the task has none.
        seeds: step 2, a chain of lists from the contexts down; may be empty.
        generators: step 3 by label name.
        checks: what must hold of every instance before and after step 4.
        corrector: step 4 by default: a corrector, or the name of a registered
            one.
        instructions: how to solve the task; the meta-prompt is filled with it.
        samples: worked samples for the meta-prompt, right and wrong ones.
        label_of: reads the label's name off an instance.
        relabel: gives an instance another label.
        render: an instance without its label, as text.
        distinct_on: the part of an instance that the generator wrote: rows
            that share a seed are compared on it alone.
        rows: the official rows of an instance, `unit` of them, the first
            numbered `idx`.
        unit: rows that one instance makes and that must stay together.
        instances_per_call: instances that one call of a generator gives.
        presets: target counts by name, label name -> rows.
        parameters: sampling parameters by step, under the defaults of the user.
        prompts: every prompt of the task, for the manifest and `describe`.
        rehearsal: plausible replies without a model, for estimates, dry runs
            and tests: given a `Rehearsal`, the JSON value of the reply.
    """

    name: str
    version: str
    summary: str
    description: str
    instance: type[InstanceT]
    generators: Mapping[str, InverseGenerator[SeedT, InstanceT]]
    render: Callable[[InstanceT], str]
    labels: tuple[Label, ...] = ()
    contexts: ListStep[Any] | None = None
    seeds: tuple[ListStep[Any], ...] = ()
    checks: tuple[Check[SeedT, InstanceT], ...] = ()
    corrector: Corrector[InstanceT] | str | None = "meta"
    instructions: str = ""
    samples: tuple[CorrectionSample, ...] = ()
    label_of: Callable[[InstanceT], str] | None = None
    relabel: Callable[[InstanceT, str], InstanceT] | None = None
    distinct_on: Callable[[InstanceT], str] | None = None
    rows: Callable[[InstanceT, int], Sequence[Mapping[str, Any]]] | None = None
    unit: int = 1
    instances_per_call: int = 1
    presets: Mapping[str, Mapping[str, int]] = field(default_factory=_empty)
    parameters: Mapping[str, Mapping[str, Any]] = field(default_factory=_empty)
    prompts: tuple[Prompt, ...] = ()
    rehearsal: Callable[[Rehearsal], Any] | None = None
    source: str = ""

    def __post_init__(self) -> None:
        """Refuse a task that could not run, naming what is wrong."""
        names = self.quota_names
        if len(set(names)) != len(names):
            raise ValueError(f"task {self.name}: a label is named twice")
        if set(self.generators) != set(names):
            raise ValueError(
                f"task {self.name}: generators are for {sorted(self.generators)}, "
                f"labels are {sorted(names)}"
            )
        if self.contexts is None and not self.seeds:
            raise ValueError(f"task {self.name}: it needs contexts, seeds or both")
        if self.unit < 1 or self.instances_per_call < 1:
            raise ValueError(f"task {self.name}: unit and instances_per_call are at least 1")
        if not self.labels and self.label_of is None:
            raise ValueError(f"task {self.name}: open labels need label_of")
        for step in self.parameters:
            if step not in STEPS:
                raise ValueError(f"task {self.name}: parameters for unknown step {step!r}")

    @property
    def quota_names(self) -> tuple[str, ...]:
        """What quotas are counted by: label names, or "any" for open labels."""
        return tuple(label.name for label in self.labels) or ("any",)

    @property
    def chain(self) -> tuple[ListStep[Any], ...]:
        """Steps 1 and 2 as one chain of lists, outermost first."""
        return (*((self.contexts,) if self.contexts else ()), *self.seeds)

    def replace(self, **changes: Any) -> Task[SeedT, InstanceT]:
        """A derived task with some parts swapped; this one stays as it is."""
        return replace(self, **changes)

    def label(self, name: str) -> Label:
        """The label of that name.

        Raises:
            KeyError: the label set has no such label.
        """
        for label in self.labels:
            if label.name == name:
                return label
        raise KeyError(name)

    def quota_of(self, instance: InstanceT) -> str:
        """The quota that an instance counts for: its label's name, or "any"."""
        return self.read_label(instance) if self.labels else "any"

    def read_label(self, instance: InstanceT) -> str:
        """The name of an instance's label."""
        if self.label_of is not None:
            return self.label_of(instance)
        value = getattr(instance, "label")  # noqa: B009 - the field is the task's own
        for label in self.labels:
            if label.official == value and type(label.official) is type(value):
                return label.name
        raise Rejected("illegal-label", f"{value!r} is not a label of {self.name}")

    def write_label(self, instance: InstanceT, name: str) -> InstanceT:
        """`instance` with the label `name`, validated by the instance's schema.

        Raises:
            Rejected: `illegal-label`, where the label set has no such label.
        """
        if self.relabel is not None:
            return self.relabel(instance, name)
        try:
            value = self.label(name).official
        except KeyError:
            raise Rejected("illegal-label", f"{name!r} is not a label of {self.name}") from None
        return self.instance.model_validate({**instance.model_dump(), "label": value})

    def official_rows(self, instance: InstanceT, idx: int) -> Sequence[Mapping[str, Any]]:
        """The rows of an instance as the dataset holds them."""
        if self.rows is not None:
            return self.rows(instance, idx)
        return [{**instance.model_dump(mode="json"), "idx": idx}]

    def written(self, instance: InstanceT) -> str:
        """What the generator wrote, to compare rows of one seed by."""
        return (self.distinct_on or self.render)(instance)
