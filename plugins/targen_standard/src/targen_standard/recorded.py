"""A call layer that answers from a journal and sends no calls.

A key is a digest of everything that determines a reply. So an unchanged call finds its reply, and a
changed one does not. Such a call is reported as lacking, and no model is called instead.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeVar

from pydantic import ConfigDict

from targen_core.calls.backend import Backend, BackendOptions
from targen_core.calls.budget import Budget
from targen_core.calls.call import BoundModel, Call, Scope, call_key, with_schema
from targen_core.calls.calls import Calls
from targen_core.calls.delivery import Delivery
from targen_core.calls.journal import Journal
from targen_core.calls.model import ChatModel, ChatReply, ChatRequest, Message, Price
from targen_core.calls.rate import RateLimiter
from targen_core.calls.replies import recorded_reply
from targen_core.calls.usage import Usage
from targen_core.errors import MissingDependency, Rejected, UnknownName, UsageError
from targen_core.plugins.registry import Registry
from targen_core.runs.config import RunConfig
from targen_core.runs.manifest import StepPlan
from targen_core.runs.models import USER_PRICE, ModelsOf, PreparedStep
from targen_core.runs.step_options import (
    StepOptions,
    backend_options,
    public_options,
    settled,
    step_parameters,
)
from targen_core.tasks.model import Task

T = TypeVar("T")

NOT_RECORDED = "not-recorded"
"""The reason that is given to code which asks for what no journal holds."""

_AT_ONCE = 64  # no call waits for another here; it bounds how far a run looks ahead


@dataclass(slots=True)
class RecordedModel:
    """Stands for a step's model and is never called.

    The records do not say whether the model enforced a schema: if a call is found only with the
    schema in words, it did not.
    """

    identity: str
    structured: bool = True
    seeded: bool = False
    max_concurrency: int | None = None
    price: Price | None = None
    top_logprobs: int | None = sys.maxsize  # what was asked for is on record, or lacking
    scores_given: bool = True
    continues: bool = True

    async def complete(self, request: ChatRequest) -> ChatReply:
        """Never called."""
        raise AssertionError("the model of a recorded step must not be called")

    def count_tokens(self, request: ChatRequest) -> int:
        """Return 0: no call is sent, so no tokens are reserved."""
        return 0

    async def aclose(self) -> None:
        """Do nothing, since there is no connection."""


class _RecordedOptions(BackendOptions):
    """Options of a backend that is not installed, as a run recorded them."""

    model_config = ConfigDict(extra="allow", frozen=True, allow_inf_nan=False)


def stand_ins(recorded: Mapping[str, StepPlan]) -> ModelsOf:
    """Return what makes stand-ins for the models that answered the steps of an earlier run.

    Their backends need not be installed.
    """
    return partial(_stand_ins, recorded)


def _stand_ins(
    recorded: Mapping[str, StepPlan],
    registry: Registry,
    task: Task[Any, Any],
    config: RunConfig,
    options: Mapping[str, StepOptions],
    asked: Collection[str],
    delivery: Delivery | None,
) -> dict[str, PreparedStep]:
    """See `ModelsOf`.

    Raises:
        UsageError: no step had a model of a backend, with its options if it is installed.
    """
    steps = {}
    for step in task.steps:
        if step.name not in asked:
            continue
        name, user = config.backend_of(step.name), options[step.name]
        backend: Backend
        chosen: BackendOptions
        try:
            registered = registry.find("backend", name)
            backend = registry.resolve(registered)
        except (UnknownName, MissingDependency):
            plan = _plan_of(step.name, name, recorded)
            backend_id, chosen = plan.backend, _RecordedOptions(**plan.options)
            backend = Backend(summary=name, options=_RecordedOptions, create=_not_here)
            # Only the backend knows its defaults.
            params = plan.params if step.name in recorded else None
        else:
            backend_id, chosen = registered.id, backend_options(name, backend, user.backend)
            plan = _plan_of(step.name, backend_id, recorded, public_options(chosen))
            params = None
        model = RecordedModel(plan.identity)
        if params is None:
            params = step_parameters(step, backend, chosen, user)
        steps[step.name] = PreparedStep(
            step,
            model,
            params,
            Price(*user.price, source=str(USER_PRICE)) if user.price else None,
            backend,
            backend_id,
            chosen,
            settled(step, params),
        )
    return steps


def _not_here(options: BackendOptions) -> ChatModel:
    """Never called: no step gets a new model."""
    raise AssertionError("the backend of a recorded step must not make a model")


def _plan_of(
    step: str,
    backend: str,
    recorded: Mapping[str, StepPlan],
    options: Mapping[str, Any] | None = None,
) -> StepPlan:
    """Return what is on record of a step's model; a step without calls gets another step's.

    Raises:
        UsageError: no step had a model of this backend, with these options if they are given.
    """
    plan = recorded.get(step)
    for other in recorded.values():
        if plan is None and other.backend == backend and options in (None, other.options):
            plan = other
    if plan is None:
        raise UsageError(
            f"the run did not call a model in step {step}, so it did not record which model to use",
            hint="generate a new run; it reuses this run's replies from the cache",
        )
    return plan


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


class RecordedCalls(Calls):
    """Answers calls only from the journal.

    Args:
        models: see `recorded_models`.
        seed: the run's seed.
        journal: what is known.
        usage: what the calls of the journal took.
    """

    def __init__(
        self,
        models: Mapping[str, BoundModel],
        *,
        seed: int,
        journal: Journal,
        usage: Usage,
    ) -> None:
        super().__init__(
            models, seed=seed, journal=journal, cache=None, budget=Budget(usage), usage=usage
        )

    async def ask(self, call: Call, scope: Scope, read: Callable[[str], T]) -> tuple[T, ChatReply]:
        """See `Calls.ask`."""
        model = self.models[call.step].model
        if call.schema is not None and isinstance(model, RecordedModel) and model.structured:
            in_words = replace(call, messages=with_schema(call.messages, call.schema))
            if not self._knows(call) and self._knows(in_words):
                model.structured = False
                call = in_words
        return await super().ask(call, scope, read)

    def _knows(self, call: Call) -> bool:
        key = call_key(self.models[call.step], call, call.messages, self.seed, 0)
        return self.journal.get(key) is not None

    def _recall(
        self,
        bound: BoundModel,
        key: bytes,
        call: Call,
        messages: Sequence[Message],
        read: Callable[[str], Any],
    ) -> ChatReply | None:
        record = self.journal.get(key)
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
