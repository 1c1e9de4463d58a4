"""Several rows judged in one call.

A corrector judges one row. `Together` takes the place of the call layer for the correctors of some
rows. When each of them waits for an answer, it sends their questions in one call and gives each its
part of the reply. A part that its corrector cannot use is requested again by itself, in exactly the
words in which a single row is judged.

Only the rows and earlier replies decide which questions share a call, never time.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from pydantic import BaseModel

from targen_core.calls.call import BoundModel, Call, Observer, Scope, with_schema
from targen_core.calls.calls import Calls
from targen_core.calls.model import ChatReply, Message
from targen_core.engine.reply_json import read_reply
from targen_core.errors import BadReply, Rejected

T = TypeVar("T")

_TOLD = """\
This time there are {count} inputs, each below its number. Treat each by itself, as if it were the \
only one: no answer says anything about another, and all may be alike. Reply with one JSON object \
with the key "replies": a list of {count} objects of the form described above, in the order of the \
inputs. Each begins with the key "number"."""


@dataclass(slots=True)
class _Question:
    """A call that waits for others, and its object of their reply, if there is one."""

    call: Call
    answer: asyncio.Future[_Answer | None]


@dataclass(frozen=True, slots=True)
class _Answer:
    """One object of a reply, and the keys of the calls that it took."""

    text: str
    reply: ChatReply
    keys: Sequence[str]


class _Replies(BaseModel):
    replies: list[Any]


class Together:
    """Answers the calls of several correctors, as a call layer does.

    Args:
        layer: answers the calls.
        place: of these rows in the work.
        room: tokens of each further answer; by default, those of a reply. A model that reasons
            needs its room for that only once.
    """

    def __init__(self, layer: Calls, place: str, room: int | None = None) -> None:
        self._layer = layer
        self._place = place
        self._room = room
        self._tasks: list[asyncio.Task[Any]] = []
        self._waiting: dict[asyncio.Task[Any] | None, _Question] = {}
        self._due = asyncio.Event()  # each corrector waits for an answer, or is done
        # A corrector may be called again, and then asks again: see `Guard.wait`.
        self._known: dict[tuple[Any, ...], _Answer | None] = {}
        self._aside: set[str] = set()  # places of correctors that ask from several tasks

    @property
    def models(self) -> Mapping[str, BoundModel]:
        """The models by step."""
        return self._layer.models

    @property
    def seed(self) -> int:
        """The seed of the work."""
        return self._layer.seed

    @property
    def observer(self) -> Observer | None:
        """See `Answers.observer`."""
        return self._layer.observer

    @property
    def working(self) -> dict[object, float]:
        """See `Answers.working`."""
        return self._layer.working

    async def run(self, judging: Sequence[Coroutine[Any, Any, T]]) -> list[T]:
        """Await correctors whose calls reach `ask`, and return their results.

        Raises:
            TargenError, CallCancelled: the first of them that one of them raised.
        """
        self._tasks = [asyncio.ensure_future(one) for one in judging]
        for task in self._tasks:
            task.add_done_callback(self._on_done)
        try:
            while any(not task.done() for task in self._tasks):
                await self._due.wait()
                self._due.clear()
                await self._ask()
            return [await task for task in self._tasks]
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def ask(self, call: Call, scope: Scope, read: Callable[[str], T]) -> tuple[T, ChatReply]:
        """Answer a call as `Calls.ask` does, together with others if it can be."""
        task = asyncio.current_task()
        asked = (call.place, call.occurrence, call.messages)
        if task not in self._tasks:  # which of its calls comes first may be a matter of chance
            self._aside.add(call.place)
        elif call.place not in self._aside and _can_share(call) and asked not in self._known:
            self._waiting[task] = question = _Question(call, asyncio.Future())
            self._look()
            try:
                self._known[asked] = await question.answer
            except Exception as error:
                scope.fail(error)  # a corrector may catch it, but must not turn it into a verdict
                raise
        if answer := self._known.get(asked):
            scope.made().extend(answer.keys)
            try:
                return read(answer.text), answer.reply
            except BadReply:
                pass
        return await self._layer.ask(call, scope, read)

    def _on_done(self, task: asyncio.Task[Any]) -> None:
        self._look()

    def _look(self) -> None:
        """See whether all that are at work wait."""
        if all(task.done() or task in self._waiting for task in self._tasks):
            self._due.set()

    async def _ask(self) -> None:
        """Send what waits: questions that differ only in their last turn share a call."""
        questions, self._waiting = self._waiting.values(), {}
        alike: dict[tuple[Any, ...], list[_Question]] = {}
        for each in questions:
            call = each.call
            like = (call.step, call.messages[:-1], call.schema_digest, call.occurrence)
            alike.setdefault((*like, str(call.sampling)), []).append(each)
        await asyncio.gather(*map(self._ask_alike, alike.values()))

    async def _ask_alike(self, questions: Sequence[_Question]) -> None:
        """Give each question its object of one reply."""
        answers: Mapping[int, _Answer] = {}
        if len(questions) > 1:
            try:
                answers = await self._answers([each.call for each in questions])
            except Rejected:
                pass  # one of them may be the cause: each is sent by itself
            except Exception as error:
                for each in questions:
                    if not each.answer.done():
                        each.answer.set_exception(error)
                return
        for number, each in enumerate(questions, 1):
            if not each.answer.done():  # as that of a corrector that was cancelled
                each.answer.set_result(answers.get(number))

    async def _answers(self, calls: Sequence[Call]) -> dict[int, _Answer]:
        """The objects of one reply to all calls, by number, from 1.

        Raises:
            Rejected: the reply has no such object.
        """
        scope = Scope()
        bound = self._layer.models[calls[0].step]
        most = bound.params_of(calls[0])["max_tokens"]
        most += (len(calls) - 1) * min(most, self._room or most)
        call = _together(calls, self._place, most, structured=bound.model.structured)

        def read(text: str) -> dict[int, str]:
            found: dict[int, Any] = {}
            for reply in read_reply(text, _Replies).replies:
                number = reply.pop("number", None) if isinstance(reply, dict) else None
                if type(number) is int and 1 <= number <= len(calls):
                    found[number] = None if number in found else reply
            found = {number: reply for number, reply in found.items() if reply is not None}
            if not found:
                raise BadReply(f"replies: number them from 1 to {len(calls)}, each once")
            return {number: json.dumps(reply) for number, reply in found.items()}

        texts, reply = await self._layer.ask(call, scope, read)
        return {
            number: _Answer(text, replace(reply, text=text), scope.keys)
            for number, text in texts.items()
        }


def _can_share(call: Call) -> bool:
    """Return whether a call is a question in words whose reply is an object."""
    asks_scores = call.top_logprobs is not None or call.given is not None or call.next_token
    return call.schema is not None and not asks_scores and call.messages[-1].role == "user"


def _together(calls: Sequence[Call], place: str, max_tokens: int, *, structured: bool) -> Call:
    """One call that asks all of these, which differ only in their last turn."""
    first = calls[0]
    assert first.schema is not None
    schema, digest = _schema(first.schema, len(calls))
    turns = [call.messages[-1].content for call in calls]
    if not structured:  # each ends in the schema of its own reply
        (own,) = with_schema((Message("user", ""),), first.schema)
        turns = [turn.removesuffix(own.content) for turn in turns]
    numbered = [f"[{number}]\n{turn}" for number, turn in enumerate(turns, 1)]
    told = _TOLD.format(count=len(calls))
    messages = (*first.messages[:-1], Message("user", "\n\n".join([told, *numbered])))
    if not structured:
        messages = with_schema(messages, schema)
    return replace(
        first,
        label=None,
        place=place,
        messages=messages,
        schema=schema,
        schema_name="Replies",
        schema_digest=digest,
        dry_run=_dry_run(calls),
        values={"together": [call.values for call in calls]},
        sampling={**first.sampling, "max_tokens": max_tokens},
    )


def _schema(one: Mapping[str, Any], count: int) -> tuple[Mapping[str, Any], str]:
    """The schema of so many replies, each with its number, and its digest."""
    item = {
        **{key: value for key, value in one.items() if key != "$defs"},
        "properties": {"number": {"type": "integer"}, **one["properties"]},
        "required": ["number", *one.get("required", ())],
    }
    replies = {"type": "array", "items": item, "minItems": count, "maxItems": count}
    schema = {
        "type": "object",
        "title": "Replies",
        "properties": {"replies": replies},
        "required": ["replies"],
        **{key: value for key, value in one.items() if key == "$defs"},
    }
    text = json.dumps(schema, sort_keys=True)
    return schema, hashlib.sha256(text.encode()).hexdigest()


def _dry_run(calls: Sequence[Call]) -> Callable[[bytes], Any] | None:
    """Return one offline reply to all calls, composed of theirs, if each has one."""
    each = [call.dry_run for call in calls]
    if None in each:
        return None

    def reply(key: bytes) -> Any:
        made = [
            one(hashlib.sha256(b"%d %s" % (number, key)).digest()[:16])
            for number, one in enumerate(each, 1)
            if one is not None
        ]
        numbered = [
            {"number": number, **one} if isinstance(one, dict) else one
            for number, one in enumerate(made, 1)
        ]
        return {"replies": numbered}

    return reply
