"""The task model: what a task's author writes down.

TarGEN (arXiv:2310.17876, section 3) makes an instance in four steps. A `Task` has `contexts` (step
1), `seeds` (step 2), `generators`, one per label (step 3), and a `corrector` (step 4).
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from itertools import chain, count
from types import MappingProxyType
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, create_model

from targen_core.errors import Rejected, UsageError
from targen_core.hints import did_you_mean
from targen_core.tasks.dimensions import Dimension, Late
from targen_core.tasks.fields import as_lines, text_fields
from targen_core.tasks.groups import About, CallSettings, Judging, Rows, Seeding, Texts, Uses
from targen_core.tasks.judging import (
    NO_VALID_INSTANCE,
    UNSURE,
    Correction,
    JudgeAnswer,
    JudgeQuestion,
)
from targen_core.tasks.parts import DryRunCall, Keywords, Label, Variant, unwrapped
from targen_core.tasks.prompt import Prompt
from targen_core.tasks.shares import with_column
from targen_core.tasks.steps import PARAMETERS, Check, InverseGenerator, ListStep, Part, Step
from targen_core.tasks.validation import validate
from targen_core.text import composed

_GOLDEN = 0.618  # of a turn: shifts by it are far from each other, however many there are

SeedT = TypeVar("SeedT")
InstanceT = TypeVar("InstanceT", bound=BaseModel)


@lru_cache(maxsize=64)
def _official_form(instance: type[BaseModel]) -> type[BaseModel]:
    """The official row of an instance that is one: with `idx`, its label optional."""
    columns: dict[str, Any] = {"idx": (int, ...)}
    if "label" in instance.model_fields:
        columns["label"] = (instance.model_fields["label"].annotation, None)
    return create_model(f"Official{instance.__name__}", __base__=instance, **columns)


def _empty() -> Mapping[str, Any]:
    return MappingProxyType({})


def _from(turn: int, branches: tuple[str, ...]) -> tuple[str, ...]:
    """The branches from that turn on, those before it last."""
    turn %= len(branches)
    return branches[turn:] + branches[:turn]


@dataclass(frozen=True, kw_only=True, repr=False)
class Task(Keywords, Generic[SeedT, InstanceT]):
    """A labelled-data task.

    Attributes:
        name: the bare name, as registered.
        version: the version; change it whenever the task's output changes.
        summary: one line for `targen list-tasks`.
        description: what a row is and what its labels mean, for people.
        instance: the type of one labelled instance: a pydantic model that contains the label. By
            default, an official row is an instance with `idx`.
        generators: step 3, by branch: a label's name, or a name that the task chooses.
        labels: the closed label set, in the order of the quotas. Empty for a task with open labels,
            which has a single quota, "any".
        contexts: step 1, or None if the task has none.
        seeds: step 2, a chain of lists below the contexts; may be empty.
        dimensions: properties that vary between rows. Each instance in step 3 has its own draw, the
            same for all labels of a seed. Lists have their own dimensions.
        checks: rules for every instance, before and after step 4.
        judging: step 4: the corrector, with the instructions and questions for the judge.
        rows: the official rows, if they differ from the instances, and named target counts.
        texts: how instances are written as text.
        seeding: which seeds step 3 uses for which label, and how often.
        calls: the parameters of the steps' calls, and replies without a model.
        uses: registered parts that the task uses by name.
        variants: variants of the task to apply, by name.
        prompts: every prompt of the task, for the manifest and `describe`; you may leave out a
            list's own prompts.
        about: the sources of the task, for reports and dataset cards.
    """

    name: str
    version: str
    summary: str
    description: str
    instance: type[InstanceT]
    generators: Mapping[str, InverseGenerator[SeedT, InstanceT]]
    labels: tuple[Label, ...] = ()
    contexts: ListStep[Any] | None = None
    seeds: tuple[ListStep[Any], ...] = ()
    dimensions: tuple[Dimension, ...] = ()
    checks: tuple[Check[SeedT, InstanceT], ...] = ()
    judging: Judging[InstanceT] = field(default_factory=Judging)
    rows: Rows[InstanceT] = field(default_factory=Rows)
    texts: Texts[InstanceT] = field(default_factory=Texts)
    seeding: Seeding = field(default_factory=Seeding)
    calls: CallSettings = field(default_factory=CallSettings)
    uses: Uses = field(default_factory=Uses)
    variants: Mapping[str, Variant] = field(default_factory=_empty)
    prompts: tuple[Prompt, ...] = ()
    about: About = field(default_factory=About)

    def __post_init__(self) -> None:
        """Refuse a task that could not run, naming what is wrong."""
        validate(self)

    def __repr__(self) -> str:
        return f"<Task {self.name!r}, version {self.version}: labels {', '.join(self.quota_names)}>"

    @cached_property
    def quota_names(self) -> tuple[str, ...]:
        """The names that quotas count by: label names, or "any" for open labels."""
        return tuple(label.name for label in self.labels) or ("any",)

    @cached_property
    def branches(self) -> Mapping[str, str | None]:
        """Return the target of each branch, in the order in which a seed visits them.

        That is a label's name, "any" for open labels, or None if step 4
        finds the label. Branches named as labels come first, in their order.
        """
        names = self.quota_names
        own = map(unwrapped, self.generators)
        mine = sorted(own, key=lambda b: names.index(b) if b in names else len(names))
        aims = {branch: branch if self.labels else "any" for branch in mine}
        labels = self.seeding.branch_labels
        return {**aims, **{b: unwrapped(labels[b]) for b in mine if b in labels}}

    @property
    def chain(self) -> tuple[ListStep[Any], ...]:
        """Return steps 1 and 2 as one chain of lists, outermost first."""
        if self.seeding.parts:
            return tuple(step for part in self.seeding.parts.values() for step in part.lists)
        return (*((self.contexts,) if self.contexts else ()), *self.seeds)

    def chain_of(self, branch: str) -> tuple[ListStep[Any], ...]:
        """The chain of lists that the seeds of a branch come from."""
        return next(
            (p.lists for p in self.seeding.parts.values() if branch in p.branches), self.chain
        )

    @cached_property
    def has_shares(self) -> bool:
        """Return whether its parts are the exact shares of properties: see `Part.properties`."""
        return any(part.properties for part in self.seeding.parts.values())

    @cached_property
    def _part_of(self) -> Mapping[str, tuple[str, Part]]:
        return {b: (name, part) for name, part in self.seeding.parts.items() for b in part.branches}

    def properties_of(self, branch: str | None) -> Mapping[str, str]:
        """Return what all rows of a branch have in common: see `Part.properties`."""
        found = self._part_of.get(branch or "")
        return {} if found is None else found[1].properties

    def plain_branch(self, branch: str) -> str:
        """Return a branch as its generator knows it, without the name of its share."""
        if not self.has_shares or not self.properties_of(branch):
            return branch
        return branch.removesuffix(f" ({self._part_of[branch][0]})")

    def branch_at(self, path: Sequence[int], branch: str) -> str:
        """Return the branch of a seed at a path, in whose part it may have another name."""
        return f"{branch} ({[*self.seeding.parts][path[0]]})" if self.has_shares else branch

    @property
    def steps(self) -> tuple[Step, ...]:
        """Return the steps that options, backends and reports distinguish; by default four.

        A list may have the name `generate` or `correct`: it writes or judges many rows in a call.
        """
        steps: list[Step] = []
        contexts: tuple[ListStep[Any], ...] = (self.contexts,) if self.contexts else ()
        seeds = self.chain if self.seeding.parts else self.seeds
        if self.has_shares:  # each part has its own
            contexts = tuple(each for each in seeds if each.name == "contexts")
            seeds = tuple(each for each in seeds if each.name != "contexts")
        lists = {"contexts": contexts, "seeds": seeds}
        for kind in PARAMETERS:
            if kind not in lists and kind in {step.name for step in steps}:  # lists do its work
                continue
            parts = lists.get(kind)
            for name in dict.fromkeys(part.name or kind for part in parts or ()) or (kind,):
                known = name if name in PARAMETERS and name not in lists else kind
                mine = {**PARAMETERS[known], **self.calls.parameters.get(name, {})}
                grown = parts and tuple(part for part in parts if (part.name or kind) == name)
                steps.append(Step(name, known, mine, grown))
        return tuple(steps)

    @property
    def dimensions_by_step(self) -> tuple[tuple[str, Dimension], ...]:
        """Every dimension with the name of its step; those of the rows belong to step 3."""
        lists = [
            (step.name, mine)
            for step in self.steps
            for part in step.lists or ()
            for mine in part.dimensions
        ]
        return (*lists, *(("generate", mine) for mine in self.dimensions))

    @property
    def every_prompt(self) -> tuple[Prompt, ...]:
        """The task's prompts, and those of its lists, with their worked examples."""
        own = {prompt.name for prompt in self.prompts}
        brought = {p.name: p for step in self.chain for p in step.prompts if p.name not in own}
        return (*self.prompts, *brought.values())

    @property
    def prompt_versions(self) -> dict[str, str]:
        """Return the version of each prompt."""
        return {one.name: one.version for one in self.every_prompt}

    def dry_run_of(self, prompt: str) -> Callable[[DryRunCall], Any] | None:
        """Return the replies to the prompt of that name: those of its part, or the task's."""
        if prompt not in self._dry_runs:
            self._dry_runs[prompt] = self._dry_run_of(prompt)
        return self._dry_runs[prompt]

    @cached_property
    def _dry_runs(self) -> dict[str, Callable[[DryRunCall], Any] | None]:
        """Those that were looked up."""
        return {}

    def _dry_run_of(self, prompt: str) -> Callable[[DryRunCall], Any] | None:
        parts: tuple[Any, ...] = (self.judging.corrector, *self.generators.values())
        for part in parts:
            asked = getattr(part, "prompts", ()) if hasattr(part, "dry_run") else ()
            if any(own.name == prompt for own in asked):
                replies: Callable[[DryRunCall], Any] | None = part.dry_run
                return replies
        if all(mine.name != prompt for mine in self.prompts):
            for step in self.chain:
                if step.dry_run is not None and any(p.name == prompt for p in step.prompts):
                    return step.dry_run
        judge = self.judging.corrector
        if any(own.name == prompt for own in getattr(judge, "prompts", ())):
            return self.calls.dry_run or getattr(judge, "agreeing", None)
        listed = prompt == "inline" or any(own.name == prompt for own in self.every_prompt)
        return self.calls.dry_run if listed else None  # a part's own, which has no replies

    def turns(self, path: Sequence[int], sample: int) -> tuple[str, ...]:
        """Return the branches of the seed at that path, in order.

        If each seed is for one label, the branches take turns being first. Neighbours along each
        list start with different branches, so that no context belongs to only one label.
        """
        mine, seats = self._by_part[path[0] if self.seeding.parts else 0]
        if self.seeding.labels_per_seed is None:
            return mine
        turn = self._turn(path) + sample
        if seats is mine:
            return _from(turn, mine)
        stay = tuple(branch for branch in seats if branch in mine)
        if seats[turn % len(seats)] in mine:
            first = tuple(branch for branch in _from(turn, seats) if branch in mine)
        else:
            first = _from((sum(path) + sample) // len(seats), stay)
        return (*first, *(branch for branch in mine if branch not in stay))

    @cached_property
    def _by_part(self) -> Sequence[tuple[tuple[str, ...], tuple[str, ...]]]:
        """The branches of each part, or of the whole task, and those of them that take turns."""
        branches = tuple(self.branches)
        takes_turns = bool(self.seeding.seats) and not {*self.seeding.seats}.isdisjoint(branches)
        parts = [tuple(part.branches) for part in self.seeding.parts.values()]
        return [(each, each) for each in parts] or [
            (branches, self.seeding.seats if takes_turns else branches)
        ]

    def _turn(self, path: Sequence[int]) -> int:
        """Return whose turn a seed is: a number that counts modulo the seats there."""
        if not self.seeding.balanced_draws:
            return sum(path)
        return sum(self._turns_along(path))

    def _turns_along(self, path: Sequence[int]) -> list[int]:
        """Return the turn that each index of a path adds; the number of a part counts as it is.

        The few seeds of a context are not for a few neighbouring labels.
        """
        first, seats = self._first, self.seats_at(path)
        batches = self._batches_by_part[path[0] if self.seeding.parts else 0]
        return [*path[:first], *_turns_in(tuple(path[first:]), batches, seats)]

    @cached_property
    def _first(self) -> int:
        """Return where the first list's index is in a path: behind the number of a part."""
        return 1 if self.seeding.parts else 0

    @cached_property
    def _batches_by_part(self) -> Sequence[tuple[int, ...]]:
        lists = [part.lists for part in self.seeding.parts.values()] or [self.chain]
        return [tuple(part.batch for part in each) for each in lists]

    def seats_at(self, path: Sequence[int]) -> int:
        """Return the number of neighbouring seeds after which a branch has its turn again."""
        return len(self._by_part[path[0] if self.seeding.parts else 0][1])

    def samples_before(self, path: Sequence[int], sample: int, branch: str) -> Sequence[int]:
        """Earlier samples of the seed at that place that were also for this branch."""
        if self.seeding.labels_per_seed is None:
            return range(sample)
        return [one for one in range(sample) if self.turns(path, one)[0] == branch]

    def draw_path(self, path: Sequence[int]) -> tuple[int, ...]:
        """Return the place whose draws step 3 uses for the seed at a path.

        Labels that share a seed share its draws. If a seed is for one label, neighbours in the
        first list that start with different branches share theirs. So draws do not reveal a label.
        """
        if self.seeding.labels_per_seed is None:
            return tuple(path)
        first = self._first
        shared = path[first] // self.seats_at(path)
        return (*path[:first], shared, *path[first + 1 :])

    def item_path(self, path: Sequence[int]) -> tuple[int, ...]:
        """Return the place whose draws the item of a list at a path uses.

        Neighbours do not share draws, as rows do: items that serve a label alone would be alike.
        """
        if self.seeding.labels_per_seed is None or not self.seeding.balanced_draws:
            return tuple(path)
        return self._split(path)

    def _split(self, path: Sequence[int]) -> tuple[int, ...]:
        """Return a path with each index as its block of neighbours and its turn there.

        So a label goes through the values along the blocks, and meets each as often as any other.
        """
        first, seats = self._first, self.seats_at(path)
        each = zip(path[first:], self._turns_along(path)[first:], strict=True)
        parts = ((index // seats, turn % seats) for index, turn in each)
        return (*path[:first], *chain.from_iterable(parts))

    def late(self, branch: str, path: Sequence[int], sample: int) -> Late | None:
        """Return which of its own seeds a branch repeats; None if it uses its own draws."""
        if self.seeding.labels_per_seed is None or not self.seeding.balanced_draws:
            return None
        first = self._first
        seats, own = self._seat_of(branch, path)
        # The place of its own seed, of these.
        at = (own - self._turn(path) + path[first] - sample) % len(seats)
        return Late(first, path[first] % len(seats) - at, len(seats))

    def alternation(self, branch: str | None, path: Sequence[int], sample: int, size: int) -> int:
        """Return the turn of a seed in what alternates between `size` choices, for a branch."""
        turn = sum(path) + sample
        if branch is None or self.seeding.labels_per_seed is None:
            return turn
        seats, own = self._seat_of(branch, path)
        if not self.seeding.balanced_draws:
            return turn // len(seats)  # neighbours are for other labels
        turn = sum(index // len(seats) for index in path[self._first :]) + sample
        late = Late(0, (self._turn(path) + sample) % len(seats) - own, len(seats))
        return turn + late.steps(size)

    def _seat_of(self, branch: str, path: Sequence[int]) -> tuple[tuple[str, ...], int]:
        """Return the branches that take turns at a seed, and the position of one, 0 by default."""
        _, seats = self._by_part[path[0] if self.seeding.parts else 0]
        return seats, seats.index(branch) if branch in seats else 0

    def replace(self, **changes: Any) -> Task[SeedT, InstanceT]:
        """Return a copy of the task with some parts replaced.

        For a group, such as `judging`, a mapping contains the fields to replace:
        `task.replace(judging={"samples": mine})`.
        """
        for name in ("judging", "rows", "texts", "seeding", "calls", "uses", "about"):
            if isinstance(changes.get(name), Mapping):
                changes[name] = replace(getattr(self, name), **changes[name])
        return replace(self, **changes)

    def __deepcopy__(self, memo: object) -> Task[SeedT, InstanceT]:
        """Itself: a task never changes, and its functions have no copies."""
        return self

    def varied(self, names: Sequence[str]) -> Task[SeedT, InstanceT]:
        """The task with variants applied, in order.

        Raises:
            UsageError: the task has no such variant.
        """
        task = self
        for name in names:
            if "=" in name:  # the column of a property: see `tasks.shares`
                task = with_column(task, name)
                continue
            if name not in self.variants:
                raise UsageError(
                    f"task {self.name} has no "
                    + (f"variant {name!r}" if self.variants else "variants"),
                    hint=did_you_mean(name, self.variants, "variants") or "omit --variant",
                )
            task = task.replace(**self.variants[name].changes)
        return task

    def label_named(self, name: str) -> str:
        """Return the label that a person means by a name; the name itself if no label matches.

        It may be composed otherwise than the label, as `ä` may be typed.

        Raises:
            UsageError: rows cannot have the label, and the task knows why.
        """
        if name in self.quota_names:
            return name
        name = {composed(each): each for each in self.quota_names}.get(composed(name), name)
        meant = self.rows.label_named
        return name if name in self.quota_names or meant is None else meant(name)

    def allows(self, name: str) -> bool:
        """Return whether rows may have a label, whether or not `labels` lists it."""
        other = self.rows.other_label
        return name in self.quota_names or (other is not None and other(name) is not None)

    def including(self, names: Iterable[str]) -> Task[SeedT, InstanceT]:
        """The task with those of these labels that rows may have, but `labels` does not list.

        They follow the others, in alphabetical order: a run does not depend on the order of a
        request. Other names are ignored.
        """
        other = self.rows.other_label
        if other is None:
            return self
        wanted: set[str] = set()
        for name in {*names} - {*self.quota_names}:
            with suppress(UsageError):  # quotas report it
                wanted.add(self.label_named(name))
        found = map(other, sorted(wanted - {*self.quota_names}))
        more = [each for each in found if each is not None]
        if not more:
            return self
        return self.replace(
            labels=(*self.labels, *(label for label, _ in more)),
            generators={**self.generators, **{label.name: write for label, write in more}},
        )

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
        return self.label_of(instance) if self.labels else "any"

    # --- what is in the groups, or its default ---

    @property
    def schema(self) -> type[BaseModel]:
        """The official row's schema: the label may be absent, as in test files."""
        return self.rows.schema or _official_form(self.instance)

    @property
    def fields(self) -> tuple[str, ...]:
        """Where an official row's texts are, as paths."""
        return self.rows.fields or text_fields(self.schema)

    @cached_property
    def rows_per_instance(self) -> int:
        """Return the number of rows per instance, which must stay together."""
        return self.rows.rows_per_instance

    def to_rows(self, instance: InstanceT, idx: int) -> Sequence[Mapping[str, Any]]:
        """The official rows of an instance, the first numbered `idx`."""
        if self.rows.to_rows is not None:
            return self.rows.to_rows(instance, idx)
        return [{**instance.model_dump(mode="json"), "idx": idx}]

    def from_rows(self, rows: Sequence[Mapping[str, Any]]) -> Sequence[InstanceT]:
        """The instances of `rows_per_instance` official rows; rows without a label give none."""
        if self.rows.from_rows is not None:
            return self.rows.from_rows(rows)
        kept, own = self.instance.model_fields.keys(), self.rows.label_of
        elsewhere = own is not None and "label" not in kept
        labeled = [row for row in rows if elsewhere or row.get("label") is not None]
        made = [self.instance.model_validate({k: row[k] for k in kept & row}) for row in labeled]
        return [one for one in made if own(one) is not None] if own and elsewhere else made

    def pack(self, rows: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
        """The official file of a dataset's rows."""
        return rows if self.rows.pack is None else self.rows.pack(rows)

    def label_of(self, instance: InstanceT) -> str:
        """The name of an instance's label.

        Raises:
            Rejected: `illegal-label`, if it has no label, or one that is not in the label set.
        """
        name = self.claimed_label(instance)
        if name is None:
            raise Rejected("illegal-label", f"an instance of {self.name} has no label")
        return name

    @cached_property
    def _official(self) -> Sequence[tuple[Any, str]]:
        """The official values of the labels, with their names."""
        return [(label.official, label.name) for label in self.labels]

    def claimed_label(self, instance: InstanceT) -> str | None:
        """Return the name of the label that an instance has before step 4, or None.

        Raises:
            Rejected: `illegal-label`, if it is not in the label set.
        """
        if self.rows.label_of is not None:
            name: str | None = unwrapped(self.rows.label_of(instance))
            return name
        value = unwrapped(getattr(instance, "label"))  # noqa: B009 - the field is the task's own
        if value is None:
            return None
        for official, name in self._official:
            if official == value and type(official) is type(value):
                return name
        raise Rejected("illegal-label", f"{value!r} is not a label of {self.name}")

    def with_label(self, instance: InstanceT, name: str) -> InstanceT:
        """`instance` with the label `name`, validated by the instance's schema.

        Raises:
            Rejected: `illegal-label`, if the label set has no such label.
        """
        try:
            value = self.label(name).official if self.labels else None
        except KeyError:
            raise Rejected("illegal-label", f"{name!r} is not a label of {self.name}") from None
        if self.rows.with_label is not None:
            return self.rows.with_label(instance, name)
        return self.instance.model_validate({**instance.model_dump(), "label": value})

    def render(self, instance: InstanceT) -> str:
        """The text of an instance without its label."""
        if self.texts.render is not None:
            return self.texts.render(instance)
        return as_lines(instance.model_dump(exclude={"label"}))

    def answer(self, instance: InstanceT) -> str:
        """An instance's label as text."""
        return (self.texts.answer or self.label_of)(instance)

    def dedup_text(self, instance: InstanceT) -> str:
        """Return the generated text, for comparing rows of one seed."""
        return (self.texts.dedup_text or self.render)(instance)

    def dedup_among(self, instance: InstanceT, seed: str) -> str:
        """Return which rows an instance of a seed is compared with by `dedup_text` only.

        Rows with the same value are compared: the seed's id, or a digest of what they share by
            design.
        """
        if self.texts.dedup_among is None:
            return seed
        shared = self.texts.dedup_among(instance).encode("utf-8", "surrogatepass")
        return hashlib.blake2b(shared, digest_size=16).hexdigest()

    def questions(self, instance: InstanceT) -> Sequence[JudgeQuestion]:
        """Return step 4's questions about an instance."""
        if self.judging.questions is not None:
            return self.judging.questions(instance)
        names = tuple(label.name for label in self.labels)
        options = (*names, *self.judging.rejecting) if names else ()
        claimed = self.claimed_label(instance)
        output = None if claimed is None else (claimed,)
        return [JudgeQuestion(self.render(instance), output, options)]

    def _unsure(self, instance: InstanceT, answer: JudgeAnswer) -> Correction:
        claimed = self.claimed_label(instance)
        if claimed is None or self.judging.unsure == "drop":
            return Correction.reject(UNSURE, answer.explanation)
        return Correction(claimed, answer.explanation, UNSURE)

    def aggregate(self, instance: InstanceT, answers: Sequence[JudgeAnswer]) -> Correction:
        """The correction that follows from the answers to an instance's questions.

        If an answer rejects the instance, the task's own `aggregate` is not called.
        """
        for answer in answers:
            for option in answer.answers:
                if option == NO_VALID_INSTANCE:
                    return Correction.reject("no-valid-instance", answer.explanation)
                if option in self.judging.rejecting:
                    return Correction.reject(self.judging.rejecting[option], answer.explanation)
        if any(UNSURE in answer.answers for answer in answers):
            for question, answer in zip(self.questions(instance), answers, strict=True):
                if UNSURE in answer.answers and UNSURE not in question.options:
                    return self._unsure(instance, answer)
        if self.judging.aggregate is not None:
            return self.judging.aggregate(instance, answers)
        return Correction(answers[0].answers[0], answers[0].explanation)


@lru_cache(maxsize=1024)
def _shift(seats: int) -> int:
    """Return the shift of turns after which all seats have come once each was shifted to."""
    return next(step for step in count(round(_GOLDEN * seats)) if math.gcd(step, seats) == 1)


@lru_cache(maxsize=1024)
def _turns_in(path: tuple[int, ...], batches: tuple[int, ...], seats: int) -> Sequence[int]:
    """Return the turns that the indices of a path add, in lists that are requested in batches.

    Neighbours take turns. If the batch and the seats share a factor, a place in the batch would
    only ever have some of the turns. So these are shifted after each of their common periods.
    """
    shift, turns = _shift(seats), []
    for depth, (index, batch) in enumerate(zip(path, batches, strict=False)):
        turn = index + shift * (index // math.lcm(batch, seats))
        turns.append(shift * turn if depth else turn)
    return turns
