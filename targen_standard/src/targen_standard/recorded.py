"""A call layer that answers from a journal and sends no calls.

A key is a digest of everything that determines a reply. So an unchanged call finds its reply, and a
changed one does not. Such a call is reported as lacking, and no model is called instead.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Protocol, TypeVar

from targen_core.calls.budget import Budget
from targen_core.calls.call import BoundModel, Call, Scope, call_key, with_schema
from targen_core.calls.journal import Journal
from targen_core.calls.layer import CallLayer
from targen_core.calls.model import ChatReply, Message
from targen_core.calls.rate import RateLimiter
from targen_core.calls.recorded import RecordedModel
from targen_core.calls.replies import recorded_reply
from targen_core.calls.usage import Usage
from targen_core.errors import Rejected

__all__ = ["NOT_RECORDED", "RecordedLayer", "Records", "recorded_models"]

T = TypeVar("T")

NOT_RECORDED = "not-recorded"
"""The reason that is given to code which asks for what no journal holds."""

_AT_ONCE = 64  # no call waits for another here; it bounds how far a run looks ahead


class Records(Protocol):
    """Replies by key: a run's journal, or a part of one."""

    def get(self, key: bytes) -> dict[str, Any] | None:
        """The record of a call, or None."""


def recorded_models(
    steps: Mapping[str, tuple[str, Mapping[str, Any], frozenset[str]]],
) -> dict[str, BoundModel]:
    """Return, for each step, the model's stand-in, by the model's identity and parameters.

    The third of each are the parameters that are settled; see `BoundModel`.
    """
    limiter = RateLimiter(_AT_ONCE)
    return {
        name: BoundModel(RecordedModel(identity), limiter, params, None, settled=settled)
        for name, (identity, params, settled) in steps.items()
    }


class RecordedLayer(CallLayer):
    """Answers calls only from the journal.

    Args:
        models: see `recorded_models`.
        seed: the run's seed.
        journal: what is known.
        usage: what the calls of the journal took.
        nearest: returns the record that replaces the reply to a call with an unknown key, given the
            call and the key, or None.
    """

    def __init__(
        self,
        models: Mapping[str, BoundModel],
        *,
        seed: int,
        journal: Journal,
        usage: Usage,
        nearest: Callable[[Call, bytes], dict[str, Any] | None] = lambda call, key: None,
    ) -> None:
        super().__init__(
            models, seed=seed, journal=journal, cache=None, budget=Budget(), usage=usage
        )
        self._nearest = nearest

    async def answer(
        self, call: Call, scope: Scope, read: Callable[[str], T]
    ) -> tuple[T, ChatReply]:
        """See `CallLayer.answer`."""
        model = self.models[call.step].model
        if call.schema is not None and isinstance(model, RecordedModel) and model.structured:
            in_words = replace(call, messages=with_schema(call.messages, call.schema))
            if not self._knows(call) and self._knows(in_words):
                model.structured = False
                call = in_words
        return await super().answer(call, scope, read)

    def _knows(self, call: Call) -> bool:
        key = call_key(self.models[call.step], call, call.messages, self.seed, 0)
        return self.journal.get(key) is not None

    def _recall(
        self, bound: BoundModel, key: bytes, call: Call, read: Callable[[str], Any]
    ) -> ChatReply | None:
        record = self.journal.get(key) or self._nearest(call, key)
        return None if record is None else recorded_reply(record)

    async def _send(
        self,
        bound: BoundModel,
        call: Call,
        messages: tuple[Message, ...],
        key: bytes,
        scope: Scope,
    ) -> ChatReply:
        """Note that the call is lacking, without sending it.

        Raises:
            Rejected: always; even if code catches it, its results are not used.
        """
        scope.lacking = (*scope.lacking, call)
        raise Rejected(NOT_RECORDED, f"the journal holds no reply to {call.prompt} at {call.place}")
