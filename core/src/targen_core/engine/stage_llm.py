"""`StageLlm`: the language model bound to one stage at one place of the run."""

from __future__ import annotations

import hashlib
import json
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import copy
from dataclasses import replace
from functools import lru_cache, partial
from types import MappingProxyType
from typing import Any, Protocol, TypeVar

from pydantic import BaseModel

from targen_core.calls.call import BoundModel, Call, Observer, Scope, with_schema
from targen_core.calls.model import ChatReply, Message
from targen_core.calls.sampling import check_own
from targen_core.calls.scores import Scored, most_top, tells
from targen_core.engine.reply_json import read_reply
from targen_core.errors import BadReply, PluginError, Rejected, TargenError, UsageError
from targen_core.tasks.dimensions import Dimension, draws_text, seeded_rng
from targen_core.tasks.model import Task
from targen_core.tasks.parts import DryRunCall
from targen_core.tasks.prompt import Prompt, texts_in, with_paragraph
from targen_core.tasks.words import normalized
from targen_core.text import plural

R = TypeVar("R", bound=BaseModel)
T = TypeVar("T")


class Answers(Protocol):
    """Answer the calls of a stage, as the call layer does."""

    @property
    def models(self) -> Mapping[str, BoundModel]:
        """The models by step."""

    @property
    def seed(self) -> int:
        """The run's seed."""

    @property
    def observer(self) -> Observer | None:
        """The observer of each call, if anyone wants to see them."""

    @property
    def working(self) -> dict[object, float]:
        """The passes over a stage's code that do not wait for a reply, and since when."""

    async def ask(self, call: Call, scope: Scope, read: Callable[[str], T]) -> tuple[T, ChatReply]:
        """See `targen_core.calls.calls.Calls.ask`."""


def _required(properties: Mapping[str, str]) -> str:
    """Return the paragraph of a prompt that says what all texts have in common."""
    each = (f"{name.replace('_', ' ')}: {value}" for name, value in properties.items())
    return f"Required of every text: {'; '.join(each)}"


@lru_cache(maxsize=256)
def reply_schema(model: type[BaseModel]) -> tuple[Mapping[str, Any], str]:
    """A reply model's JSON schema and its digest."""
    schema = model.model_json_schema()
    text = json.dumps(schema, sort_keys=True)
    return schema, hashlib.sha256(text.encode()).hexdigest()


def is_json(value: object) -> bool:
    """Return whether a value can be written as JSON; infinity and NaN cannot."""
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError):
        return False
    return True


class StageLlm:
    """Implements `targen_core.tasks.steps.Llm` for one stage at one place."""

    def __init__(
        self,
        layer: Answers,
        task: Task[Any, Any],
        *,
        step: str,
        place: str,
        indices: tuple[int, ...],
        label: str | None,
        scope: Scope,
        above: Sequence[Any] = (),
        batch: int = 0,
        earlier: Sequence[Any] = (),
        rows: Callable[[], Sequence[Any]] = tuple,
        needed: Callable[[], Mapping[str, int]] = dict,
        dimensions: Sequence[Dimension] = (),
        draws: Sequence[Mapping[str, str]] = (),
        properties: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self._layer = layer
        self._step = step
        self._place = place
        self._indices = indices
        self._label = label  # as the generator knows it
        self._branch = label
        if label is not None:
            self._label = task.plain_branch(label)
        self._seen: dict[tuple[Message, ...], int] = {}
        self._runs = False  # whether this pass has begun, and not ended
        self._asking = 0  # its calls that are under way
        self.task = task
        self.above = above
        self.batch = batch
        self.earlier = earlier
        self._rows: Callable[[], Sequence[Any]] | Sequence[Any] = rows
        self._needed = needed
        self._dimensions = dimensions
        self._properties = properties
        self.draws = draws
        self.notes: dict[str, str | int | float | bool] = {}
        self.scope = scope
        self.fault: Callable[[str], TargenError] = partial(PluginError, distribution="")

    def begin(self, known: dict[bytes, ChatReply]) -> StageLlm:
        """Return this model for one pass over the step's code, as if it had not sent calls yet.

        It must be called in the asyncio task that awaits the step. `known` is as in `Scope.begin`.
        """
        own = copy(self)
        own._seen, own.notes, own.scope = {}, {}, self.scope.begin(known)
        own._runs, own._asking = False, 0
        return own

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Run the code of this pass, which is working whenever it does not wait for a reply."""
        self._runs = True
        self._layer.working[self] = time.monotonic()
        try:
            yield
        finally:
            self._runs = False  # calls that it left behind do not set it to work again
            self._layer.working.pop(self, None)

    def take(self, over: StageLlm) -> None:
        """Take the calls and the notes of a pass that has ended."""
        self.scope.take(over.scope)
        self.notes.update(over.notes)
        over.show()

    def show(self) -> None:
        """Show the calls of this pass to the observer."""
        if self._layer.observer is not None:
            for seen in self.scope.observed:
                self._layer.observer(*seen)

    async def ask(
        self,
        prompt: Prompt | str,
        *,
        reply: type[BaseModel] | None = None,
        check: Callable[[Any], None] | None = None,
        draws: Sequence[Mapping[str, str]] | None = None,
        sampling: Mapping[str, Any] | None = None,
        may_be_cut: bool = False,
        **values: object,
    ) -> Any:
        """See `targen_core.tasks.steps.Llm.ask`."""
        value, _ = await self._answer(
            prompt, values, draws, reply, check, sampling, may_be_cut=may_be_cut
        )
        return value

    async def ask_scored(
        self,
        prompt: Prompt | str,
        *,
        reply: type[BaseModel] | None = None,
        top_logprobs: int = 0,
        check: Callable[[Any], None] | None = None,
        draws: Sequence[Mapping[str, str]] | None = None,
        sampling: Mapping[str, Any] | None = None,
        may_be_cut: bool = False,
        **values: object,
    ) -> Scored[Any]:
        """See `targen_core.tasks.steps.Llm.ask_scored`."""
        self._require_scores(top_logprobs)
        value, answer = await self._answer(
            prompt,
            values,
            draws,
            reply,
            check,
            sampling,
            may_be_cut=may_be_cut,
            top_logprobs=top_logprobs,
        )
        return Scored(value, answer.text, answer.tokens)

    async def score(
        self,
        prompt: Prompt | str,
        reply: str,
        *,
        top_logprobs: int = 0,
        draws: Sequence[Mapping[str, str]] | None = None,
        **values: object,
    ) -> Scored[str]:
        """See `targen_core.tasks.steps.Llm.score`."""
        if not reply.strip():
            raise ValueError("score: the text to score is empty")
        self._require_scores(top_logprobs, given=True)
        _, answer = await self._answer(
            prompt, values, draws, top_logprobs=top_logprobs, given=reply
        )
        return Scored(reply, answer.text, answer.tokens)

    async def next_tokens(
        self,
        prompt: Prompt | str,
        so_far: str = "",
        *,
        top_logprobs: int,
        draws: Sequence[Mapping[str, str]] | None = None,
        **values: object,
    ) -> Sequence[tuple[str, float]]:
        """See `targen_core.tasks.steps.Llm.next_tokens`."""
        self._require_scores(top_logprobs, next_token=True)
        _, answer = await self._answer(
            prompt, values, draws, may_be_cut=True, top_logprobs=top_logprobs, so_far=so_far
        )
        return answer.tokens[0].top

    @property
    def sampling(self) -> Mapping[str, Any]:
        """See `targen_core.tasks.steps.Llm.sampling`."""
        return dict(self._layer.models[self._step].params)

    def _require_scores(
        self, wanted: int, *, given: bool = False, next_token: bool = False
    ) -> None:
        """Check that this step's model provides token probabilities.

        Raises:
            UsageError: it does not, or not of so many tokens or of such a text.
        """
        bound = self._layer.models[self._step]
        most = most_top(bound.model)
        able = tells(bound.model, given=given, next_token=next_token)
        if most is not None and most >= wanted and able:
            return
        has = (
            "none"
            if most is None or most >= wanted
            else f"only the {plural(most, 'likeliest token')}"
        )
        raise UsageError(
            f"in step {self._step}, the task {self.task.name} requests token probabilities"
            + (" for a text that it supplies" if given else "")
            + (" for the next token of a reply" if next_token else "")
            + (f" with the {plural(wanted, 'likeliest token')}" if wanted else "")
            + f", but the {bound.backend.rpartition(':')[2]} backend provides {has}",
            hint="declare this in the task's `scored`: a run then checks it before the first call",
        )

    async def _answer(
        self,
        prompt: Prompt | str,
        values: Mapping[str, Any],
        draws: Sequence[Mapping[str, str]] | None,
        reply: type[BaseModel] | None = None,
        check: Callable[[Any], None] | None = None,
        sampling: Mapping[str, Any] | None = None,
        *,
        may_be_cut: bool = False,
        top_logprobs: int | None = None,
        given: str | None = None,
        so_far: str | None = None,
    ) -> tuple[Any, ChatReply]:
        """Return the value read from the reply, and the reply."""
        if isinstance(prompt, str):
            prompt = Prompt("inline", prompt)
        draws = self.draws if draws is None else draws
        messages = _filled(prompt, values, draws_text(draws, self._dimensions))
        if self._properties:
            messages = with_paragraph(messages, _required(self._properties))
        schema: Mapping[str, Any] | None = None
        schema_name = digest = ""
        sampling = dict(sampling or {})
        check_own(sampling)
        if reply is not None:
            schema, digest = reply_schema(reply)
            schema_name = reply.__name__
            if not self._layer.models[self._step].model.structured:
                messages = with_schema(messages, schema)
        if so_far:
            messages = (*messages, Message("assistant", so_far))
        occurrence = self._seen.get(messages, 0)
        self._seen[messages] = occurrence + 1
        call = Call(
            self._step,
            self._label,
            self._place,
            occurrence,
            prompt.name,
            messages,
            schema,
            schema_name,
            digest,
            self._dry_run(prompt.name, values, draws, so_far),
            values,
            sampling,
            top_logprobs,
            may_be_cut,
            given,
            so_far is not None,
        )
        if reply is None:
            return await self._answered(call, str.strip)

        def read(text: str) -> BaseModel:
            value: BaseModel = read_reply(text, reply)
            if self._step == "generate" and prompt.answers:
                _no_worked_answer(value, prompt)
            if check is not None:
                try:
                    check(value)
                except Rejected as error:
                    raise BadReply(str(error), reason=error.reason) from None
            return value

        return await self._answered(replace(call, read=read), read)

    async def _answered(self, call: Call, read: Callable[[str], T]) -> tuple[T, ChatReply]:
        """Wait for the answer to a call, which this pass does in place of working."""
        self._asking += 1
        self._layer.working.pop(self, None)
        try:
            return await self._layer.ask(call, self.scope, read)
        finally:
            self._asking -= 1
            if self._runs and not self._asking:
                self._layer.working[self] = time.monotonic()

    @property
    def branch(self) -> str | None:
        """See `targen_core.tasks.steps.Llm.branch`."""
        return self._label

    @property
    def rows(self) -> Sequence[Any]:
        """See `targen_core.tasks.steps.Llm.rows`."""
        if callable(self._rows):  # reads them back from the dataset
            self._rows = self._rows()
        return self._rows

    @property
    def needed(self) -> Mapping[str, int]:
        """See `targen_core.tasks.steps.Llm.needed`."""
        return self._needed()

    def rng(self, name: str) -> random.Random:
        """See `targen_core.tasks.steps.Llm.rng`."""
        return seeded_rng(self._layer.seed, self._place, name)

    def alternate(self, *choices: str) -> str:
        """See `targen_core.tasks.steps.Llm.alternate`."""
        *path, sample = self._indices
        turn = self.task.alternation(self._branch, path, sample, len(choices))
        return choices[turn % len(choices)]

    def note(self, **facts: str | int | float | bool) -> None:
        """See `targen_core.tasks.steps.Llm.note`."""
        for name, value in facts.items():
            if not is_json(value):
                raise TypeError(
                    f"llm.note: {name} is {repr(value)[:80]}, which JSON cannot hold; note a text, "
                    "a finite number or a bool"
                )
        self.notes.update(facts)

    def _dry_run(
        self,
        prompt: str,
        values: Mapping[str, Any],
        draws: Sequence[Mapping[str, str]],
        so_far: str | None,
    ) -> Any:
        """Return a function that makes the task's offline reply to this call, given its key."""
        dry_run = self.task.dry_run_of(prompt)
        if dry_run is None:
            return None

        def reply(key: bytes) -> Any:
            rng = random.Random(int.from_bytes(key, "big"))
            asked = DryRunCall(self._step, self._label, prompt, values, rng, draws, so_far)
            try:
                made = dry_run(asked)
                if not isinstance(made, ChatReply):
                    json.dumps(made)
            except Exception as error:
                words = f"{type(error).__name__}: {error}"
                raise self.fault(f"dry_run failed for the prompt {prompt}: {words}") from error
            return made

        return reply


def _filled(prompt: Prompt, values: Mapping[str, object], draws: str) -> tuple[Message, ...]:
    """Return the conversation with the drawn values: at `$draws`, or below its last user turn."""
    if "draws" in prompt.variables:
        return prompt.fill({**values, "draws": draws})
    messages = prompt.fill(values)
    return with_paragraph(messages, draws) if draws else messages


def _no_worked_answer(reply: BaseModel, prompt: Prompt) -> None:
    """Refuse a reply that repeats a worked one of its prompt, as weak models do."""
    for text in texts_in(reply.model_dump()):
        if normalized(text) in prompt.answers:
            raise BadReply(
                f"{text!r} is taken from a worked example: write a new one",
                reason="copy-of-example",
            )
