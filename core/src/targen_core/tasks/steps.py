"""The four steps as their authors write them: lists, generators, checks, correctors.

Each is an object of a plain shape; `Llm` is what it is given to work with.
"""

from __future__ import annotations

import inspect
import random
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import wraps
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar, overload

from pydantic import BaseModel, create_model

from targen_core.calls.scores import Scored
from targen_core.errors import Rejected
from targen_core.tasks.dimensions import Dimension
from targen_core.tasks.judging import Correction
from targen_core.tasks.parts import Keywords
from targen_core.tasks.prompt import Prompt
from targen_core.tasks.replies import line, list_of
from targen_core.tasks.words import words as words_of

if TYPE_CHECKING:
    from targen_core.tasks.model import Task
    from targen_core.tasks.parts import Credit, DryRunCall

PARAMETERS: Mapping[str, Mapping[str, Any]] = {
    # Lists want variety, and a batch of items is long; a judgement wants neither.
    "contexts": {"temperature": 1.0, "max_tokens": 1024},
    "seeds": {"temperature": 1.0, "max_tokens": 2048},
    "generate": {"temperature": 0.7, "max_tokens": 512},
    "correct": {"temperature": 0.0, "max_tokens": 512},
}
"""The four kinds of step, with the parameters that a task starts from."""

R = TypeVar("R", bound=BaseModel)
ItemT = TypeVar("ItemT")
SeedT_contra = TypeVar("SeedT_contra", contravariant=True)
InstanceT_co = TypeVar("InstanceT_co", covariant=True)
InstanceT_contra = TypeVar("InstanceT_contra", contravariant=True)
ItemT_co = TypeVar("ItemT_co", covariant=True)


class Llm(Protocol):
    """The language model as a stage sees it: bound to one place in the run.

    A stage has no other source of text, randomness or time.
    """

    @property
    def task(self) -> Task[Any, Any]:
        """The task that is being run."""
        ...

    @property
    def branch(self) -> str | None:
        """The branch of the task that a candidate is for: its label's name, or its own.

        It is None in a list step. With it, one generator can write for every label of any task.
        """
        ...

    @property
    def above(self) -> Sequence[Any]:
        """Return the list items above this path, contexts first; empty for a user's own seeds."""
        ...

    @property
    def batch(self) -> int:
        """Return how many items to request in this list step (the step's size or the user's)."""
        ...

    @property
    def earlier(self) -> Sequence[Any]:
        """Instances from earlier samples of this seed and label: see `Seeding.samples_per_seed`."""
        ...

    @property
    def rows(self) -> Sequence[Any]:
        """The instances of all rows so far, in a further batch of a list with `told_rows`.

        A list below one of its items has the same rows; all other steps have none.
        """
        ...

    @property
    def needed(self) -> Mapping[str, int]:
        """The number of rows that each label still lacks, by name, in a list with `told_rows`.

        It is empty in all other steps, and in a task with parts, whose rows come side by side.
        """
        ...

    @property
    def draws(self) -> Sequence[Mapping[str, str]]:
        """Return the draws for this call, by dimension: see `Dimension`.

        In a list step there is one mapping for each of the `batch` items, in the order in which it
        returns them. In step 3 there is one for each of `Seeding.instances_per_call`. They are
        empty without dimensions, and in step 4.
        """
        ...

    @overload
    async def ask(
        self,
        prompt: Prompt | str,
        *,
        reply: type[R],
        check: Callable[[R], None] | None = None,
        draws: Sequence[Mapping[str, str]] | None = None,
        sampling: Mapping[str, Any] | None = None,
        may_be_cut: bool = False,
        **values: object,
    ) -> R: ...
    @overload
    async def ask(
        self,
        prompt: Prompt | str,
        *,
        reply: None = None,
        check: None = None,
        draws: Sequence[Mapping[str, str]] | None = None,
        sampling: Mapping[str, Any] | None = None,
        may_be_cut: bool = False,
        **values: object,
    ) -> str: ...
    async def ask(
        self,
        prompt: Prompt | str,
        *,
        reply: type[R] | None = None,
        check: Callable[[R], None] | None = None,
        draws: Sequence[Mapping[str, str]] | None = None,
        sampling: Mapping[str, Any] | None = None,
        may_be_cut: bool = False,
        **values: object,
    ) -> R | str:
        """Fill `prompt` with `values`, send it, and read the reply.

        The draws appear at `$draws` in the prompt, or otherwise below its last user turn. These are
        all of `self.draws`, or those in `draws` if a step requests only some of its items at a
        time. `draws=()` omits them.

        With `reply`, a pydantic model, the answer is an instance. The provider's JSON schema
        enforces it if there is one; otherwise it is parsed leniently. A reply that cannot be
        parsed, or for which `check` raises `Rejected`, gets one repair attempt. Without `reply`,
        the answer is the stripped text.

        Independent calls may be made concurrently, with `asyncio.gather(*calls,
        return_exceptions=True)` or a `TaskGroup`. The step is then called again with the same
        replies, so that results do not depend on which came first.

        `sampling` sets parameters for this call only, as in `{"temperature": 0.0}`: any of a step's
        (`CallSettings.parameters`) except the seed. Parameters set by the user or the backend take
        precedence. With `may_be_cut`, a reply that reaches `max_tokens` is used unchanged;
        otherwise it is unusable.

        Raises:
            Rejected: `malformed-reply`, or what `check` raised, when the
                repair did not help either; `refusal`.
        """
        ...

    @overload
    async def ask_scored(
        self,
        prompt: Prompt | str,
        *,
        reply: type[R],
        top_logprobs: int = 0,
        check: Callable[[R], None] | None = None,
        draws: Sequence[Mapping[str, str]] | None = None,
        sampling: Mapping[str, Any] | None = None,
        may_be_cut: bool = False,
        **values: object,
    ) -> Scored[R]: ...
    @overload
    async def ask_scored(
        self,
        prompt: Prompt | str,
        *,
        reply: None = None,
        top_logprobs: int = 0,
        check: None = None,
        draws: Sequence[Mapping[str, str]] | None = None,
        sampling: Mapping[str, Any] | None = None,
        may_be_cut: bool = False,
        **values: object,
    ) -> Scored[str]: ...
    async def ask_scored(
        self,
        prompt: Prompt | str,
        *,
        reply: type[R] | None = None,
        top_logprobs: int = 0,
        check: Callable[[R], None] | None = None,
        draws: Sequence[Mapping[str, str]] | None = None,
        sampling: Mapping[str, Any] | None = None,
        may_be_cut: bool = False,
        **values: object,
    ) -> Scored[R] | Scored[str]:
        """Send a prompt as `ask` does, and also return the probability of each token of the reply.

        Each token comes with up to `top_logprobs` of the likeliest tokens at its position. Not
        every backend reports this. A task lists such steps in `CallSettings.scored`, and a run
        whose model does not report it is refused before its first call.

        Raises:
            Rejected: as `ask` does.
            UsageError: the step's model does not report this, or not for that many tokens.
        """
        ...

    async def score(
        self,
        prompt: Prompt | str,
        reply: str,
        *,
        top_logprobs: int = 0,
        draws: Sequence[Mapping[str, str]] | None = None,
        **values: object,
    ) -> Scored[str]:
        """Return how likely the model would have found `reply` as its reply to the filled `prompt`.

        Few backends can report this; a task lists such steps in `Task.scores_given`.

        Raises:
            Rejected: `unscored-text`, if the model cannot score this text.
            UsageError: the step's model does not score given texts.
        """
        ...

    async def next_tokens(
        self,
        prompt: Prompt | str,
        so_far: str = "",
        *,
        top_logprobs: int,
        draws: Sequence[Mapping[str, str]] | None = None,
        **values: object,
    ) -> Sequence[tuple[str, float]]:
        """Return the likeliest next tokens in a reply to the filled `prompt`.

        With `so_far` the reply starts with that text. There are up to `top_logprobs` of them, each
        with its log-probability, the likeliest first; the end of the reply is "". Several may have
        the same text, and if a character takes several tokens, a part of one contains U+FFFD. The
        probabilities are the model's own, before temperature and similar settings; the step chooses
        the next token, with `rng` and according to `sampling`.

        Few backends can report this; a task lists such steps in `Task.continues`.

        Raises:
            Rejected: `refusal`.
            UsageError: the step's model does not report this, or not for that many tokens.
        """
        ...

    @property
    def sampling(self) -> Mapping[str, Any]:
        """The sampling parameters of this step: the task's, the backend's or the user's."""
        ...

    def rng(self, name: str) -> random.Random:
        """A generator seeded from (run seed, this place, `name`)."""
        ...

    def alternate(self, *choices: str) -> str:
        """One of `choices`, in equal shares over neighbouring seeds.

        It depends only on the position in the run, not on what ran before.
        """
        ...

    def note(self, **facts: str | int | float | bool) -> None:
        """Record facts about this candidate in its provenance.

        Raises:
            TypeError: JSON cannot hold a value, such as NaN or a number of numpy's.
        """
        ...


class _Propose(Protocol[ItemT_co]):
    async def __call__(
        self, llm: Llm, parent: Any, existing: Sequence[Any], /
    ) -> Sequence[ItemT_co]: ...


def _is_plain(function: object) -> bool:
    plain = callable(function) and not inspect.iscoroutinefunction(function)
    return function is None or plain


def _is_share(value: object) -> bool:
    return isinstance(value, int | float) and 0 <= value <= 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ListStep(Keywords, Generic[ItemT]):
    """A list that a model extends in batches: contexts, or seeds of a parent.

    Attributes:
        item: the type of one item: `str`, or a pydantic model.
        propose: `propose(llm, parent, existing)` returns the next batch. `parent` is the item of
            the list above (None for the first list), and `existing` contains the items so far. It
            requests `llm.batch` items.
        batch: the number of items requested per call, unless the user sets another number.
        check: raises `Rejected` for an item that must not be used.
        once: whether the first batch is the whole list.
        key: returns the text that identifies an item. By default, this is a `str` itself, or all
            fields of a model, ignoring case and surrounding spaces.
        max_rejected: the maximum share of the first batch's candidates that may be rejected, from 0
            to 1; above it, the list is not extended. Duplicates count as rejected, but rejections
            by filters do not. Below 1, the second batch waits for these verdicts, so an unsuitable
            source costs only one batch.
        told_rows: whether later batches see the rows so far, in `llm.rows`, so that each round of
            rows can learn from earlier rounds. These batches wait until all earlier candidates have
            verdicts. Lists below this list see the same rows. Each batch also sees how many rows
            are still missing, in `llm.needed`.
        asks: whether `propose` calls a model. If it does not, for example because it reads a file,
            targen requests batches one after the other, and each batch sees all earlier batches.
        summary: a one-line summary for people.
        prompts: the prompts of `propose`, for tasks that use the list but do not list its prompts.
        dry_run: offline replies to these `prompts`, for the same tasks; see `CallSettings.dry_run`.
        origin: the id of the registered list from which a declaration made this list, if any;
            manifests record its distribution.
        name: the step to which the list's calls belong, for options, backends and reports. By
            default, this is "contexts" or "seeds", depending on the list's place in the task.
        column: for items that are texts, the column that contains them in a user's table or JSON
            file.
        credit: returns the sources to credit for rows that come from an item.
        dimensions: properties that vary between the list's items; each item has its own draw.
        check_task: raises `UsageError` for a task that does not suit a registered list. targen
            calls it before it calls a model.
    """

    item: type[ItemT]
    propose: _Propose[ItemT]
    batch: int
    once: bool = False
    check: Callable[[ItemT], None] | None = None
    key: Callable[[ItemT], str] | None = None
    max_rejected: float = 1.0
    told_rows: bool = False
    asks: bool = True
    summary: str = ""
    prompts: tuple[Prompt, ...] = ()
    dry_run: Callable[[DryRunCall], Any] | None = None
    origin: str = ""
    name: str = ""
    column: str = ""
    credit: Callable[[ItemT], Credit] | None = None
    dimensions: tuple[Dimension, ...] = ()
    check_task: Callable[[Task[Any, Any]], None] | None = None

    def __post_init__(self) -> None:
        """Refuse a list that could not be grown."""
        for part, fits, kind in (
            ("item", isinstance(self.item, type), "a type: str, or a pydantic model"),
            ("propose", callable(self.propose), "async def propose(llm, parent, existing)"),
            ("batch", isinstance(self.batch, int) and self.batch > 0, "a number, 1 or more"),
            ("check", _is_plain(self.check), "def check(item), not async"),
            ("key", _is_plain(self.key), "def key(item), not async"),
            ("check_task", _is_plain(self.check_task), "def check_task(task), not async"),
            ("max_rejected", _is_share(self.max_rejected), "a number from 0 to 1"),
            ("prompts", isinstance(self.prompts, tuple | list), "a tuple: (prompt,)"),
            (
                "dimensions",
                isinstance(self.dimensions, tuple | list)
                and all(isinstance(part, Dimension) for part in self.dimensions),
                "a tuple of Dimensions: (dimension,)",
            ),
        ):
            if not fits:
                value = repr(getattr(self, part))[:80]
                which = f"list {self.name}" if self.name else "a list"
                raise ValueError(f"{which}: {part} is {value}; pass {kind}")

    @classmethod
    def of(cls, items: Iterable[ItemT], **more: Any) -> ListStep[ItemT]:
        """Return a list of existing items, such as those in a file; no model is called.

        Args:
            items: texts, or models of one type; at least one.
            **more: further fields, such as `summary`.

        Raises:
            ValueError: `items` is empty, a single text, or of several types.
        """
        if isinstance(items, str):
            raise ValueError(f"a list of existing items is {items!r}; pass the items: [{items!r}]")
        there = tuple(items)
        if not there:
            raise ValueError("a list of existing items has no items")
        if others := [each for each in there if not isinstance(each, type(there[0]))]:
            raise ValueError(
                f"a list of existing items has a {type(there[0]).__name__} and a "
                f"{type(others[0]).__name__}; pass items of one type"
            )

        async def propose(llm: Llm, parent: Any, existing: Sequence[ItemT]) -> Sequence[ItemT]:
            return there

        fields: dict[str, Any] = {"batch": len(there), "once": True, "asks": False, **more}
        return cls(item=type(there[0]), propose=propose, **fields)

    @classmethod
    def asking(
        cls, prompt: Prompt, *, batch: int, words: tuple[int, int] = (1, 12), **more: Any
    ) -> ListStep[str]:
        """Return a list of short texts that a model writes in reply to a prompt.

        The reply is `{"NAME": ["...", ...]}`, with the name of the prompt. The prompt has `$count`,
        how many to write, and may have `$have`, those so far, and `$context`, the item above.

        Args:
            prompt: the prompt of one batch.
            batch: the number of items requested per call.
            words: the minimum and maximum number of words of an item; others are rejected.
            **more: further fields, such as `summary`.
        """

        async def propose(llm: Llm, parent: Any, existing: Sequence[str]) -> Sequence[str]:
            known = {"count": llm.batch, "have": "; ".join(existing) or "none", "context": parent}
            values = {name: known[name] for name in prompt.variables if name in known}
            model = list_of(prompt.name, line(words[0] * 2, words[1] * 8), llm.batch)
            return [item.strip() for item in (await llm.ask(prompt, reply=model, **values)).items]

        def check(item: str) -> None:
            if not words[0] <= (count := len(words_of(item))) <= words[1]:
                raise Rejected("odd-length", f"{item[:80]!r} has {count} words")

        fields: dict[str, Any] = {"check": check, "prompts": (prompt,), **more}
        return ListStep(item=str, propose=propose, batch=batch, **fields)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Rows of a task with their own lists and branches, in a fixed share.

    Attributes:
        lists: the chain of lists that provides the part's seeds, outermost first; each list has a
            `name`.
        branches: the branches that use the part's seeds.
        share: the part's share of every label's rows, between 0 and 1; all shares sum to 1.
        properties: what all rows of the part have in common, by name, which the prompts of steps 1
            to 3 require, such as `{"language": "German"}`. Such parts may have lists with the same
            names, and their branches are named "BRANCH (PART)".
    """

    lists: tuple[ListStep[Any], ...]
    branches: tuple[str, ...]
    share: float
    properties: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Step:
    """A group of calls of a task that options, backends, batches and reports treat as one.

    Attributes:
        name: as in `-o NAME.temperature=1` and `--backend-for NAME=...`.
        kind: the usual name of the step at this point, by which backends know it.
        parameters: sampling parameters; those of the backend and the user take
            precedence.
        lists: the lists that it extends; None if it is called for each
            candidate.
    """

    name: str
    kind: str
    parameters: Mapping[str, Any]
    lists: tuple[ListStep[Any], ...] | None = None


class InverseGenerator(Protocol[SeedT_contra, InstanceT_co]):
    """G(label, seed): one instance, or `Seeding.instances_per_call` of them.

    If there are several, a `Rejected` may replace one that cannot be written. A registered
    generator may have `prompts`, `dry_run` and `check_task`, like a `Corrector`.
    """

    async def __call__(
        self, llm: Llm, seed: SeedT_contra, /
    ) -> InstanceT_co | Sequence[InstanceT_co | Rejected]:
        """Write an instance whose label is right by construction.

        Raises:
            Rejected: the model's reply does not contain one.
        """
        ...


class Corrector(Protocol[InstanceT_contra]):
    """Step 4: decides which label an instance really has.

    A corrector may have these attributes. `parameters` are sampling parameters for its calls, which
    take precedence over the task's. `prompts` is a tuple of its own prompts, whose versions a run
    records. `dry_run` gives offline replies to these, as in `CallSettings.dry_run`, or is None for
    replies made from their schema. A corrector without `dry_run` may only use prompts that every
    task's `dry_run` can answer. `check_task` is called with the task before any calls, and raises
    `UsageError` for a task that the corrector does not suit.
    """

    def __call__(self, llm: Llm, instance: InstanceT_contra, /) -> Awaitable[Correction]:
        """Judge one instance."""
        ...


class Check(Protocol[SeedT_contra, InstanceT_contra]):
    """A check that raises `Rejected` if an instance breaks a rule of its task."""

    def __call__(self, instance: InstanceT_contra, seed: SeedT_contra, /) -> None:
        """Judge one instance without a model."""
        ...


@dataclass(frozen=True, slots=True)
class RegisteredCheck:
    """A check that a plugin registers, among those of a task.

    Attributes:
        part: its full id, for errors.
        check: the check.
    """

    part: str
    check: Check[Any, Any]

    def __call__(self, instance: Any, seed: Any, /) -> None:
        """See `Check`."""
        self.check(instance, seed)


def text_field(kind: type[Any]) -> str | None:
    """The one field of an item, if that is a text; "" for a text itself, None for all else."""
    if kind is str:
        return ""
    fields = kind.model_fields if issubclass(kind, BaseModel) else {}
    texts = [name for name, info in fields.items() if info.annotation is str]
    return texts[0] if len(fields) == len(texts) == 1 else None


def fits(used: type[Any], target: type[Any]) -> bool:
    """Return whether items of one type can serve as those of another."""
    both_texts = None not in (text_field(used), text_field(target))
    return used is target or both_texts or _has_more(used, target)


def _has_more(used: type[Any], target: type[Any]) -> bool:
    """Return whether a model has all fields of another, of the same types."""
    if not all(isinstance(kind, type) and issubclass(kind, BaseModel) for kind in (used, target)):
        return False
    return all(
        name in used.model_fields and used.model_fields[name].annotation == field.annotation
        for name, field in target.model_fields.items()
    )


def _widened(target: type[Any], used: type[Any]) -> type[Any]:
    """Return the target with the further fields of a model, so that its items lose no data."""
    if used is target or None not in (text_field(used), text_field(target)):
        return target
    fields = used.model_fields.items()
    more: dict[str, Any] = {
        name: (field.annotation, field) for name, field in fields if name not in target.model_fields
    }
    made: type[Any] = create_model(target.__name__, __base__=target, **more)
    return made


def stand_in(
    used: ListStep[Any],
    item: type[Any],
    *,
    origin: str,
    parents: tuple[type[Any], type[Any]] = (str, str),
    check: Callable[[Any], None] | None = None,
    name: str = "",
) -> ListStep[Any]:
    """The list `used`, as one of items of another type that it fits.

    If its items have more fields, so have those of the list that is returned. `origin` is its id.
    `parents` are the types of the items above: those it gets and those it takes. `check` applies
    after its own; `name` is the step's.
    """
    item = _widened(item, used.item)

    @wraps(used.propose)
    async def propose(llm: Llm, parent: Any, existing: Sequence[Any]) -> Any:
        above = None if parent is None else _taken(parent, *parents)
        before = [_taken(one, item, used.item) for one in existing]
        made: Any = await used.propose(llm, above, before)
        whole = isinstance(made, Sequence) and not isinstance(made, str)
        if not whole or not all(isinstance(one, used.item) for one in made):
            return made  # the engine reports the problem
        return [_taken(one, used.item, item) for one in made]

    def checked(one: Any) -> None:
        if used.check is not None:
            used.check(_taken(one, item, used.item))
        if check is not None:
            check(one)

    key = used.key
    return replace(
        used,
        item=item,
        propose=propose,
        check=checked,
        key=None if key is None else lambda one: key(_taken(one, item, used.item)),
        summary=f"{origin}: {used.summary}".removesuffix(": "),
        origin=origin,
        name=name,
    )


def _taken(value: Any, source: type[Any], target: type[Any]) -> Any:
    """An item of one type for one of another: both hold one text, or the same fields."""
    if source is target:
        return value
    field = text_field(source)
    if field is None and _has_more(source, target):
        return target(**{name: getattr(value, name) for name in target.model_fields})
    text = getattr(value, field) if field else value
    field = text_field(target)
    return target(**{field: text}) if field else text
