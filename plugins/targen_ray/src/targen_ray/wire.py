"""Messages to and from workers: bytes that both sides read, over any transport.

A worker is sent how to make its models, and then calls in batches; it sends back what became of
each. It never raises: an error is a value, with the words that it would have had in the process of
the run.
"""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from targen_core import ChatReply
from targen_core.calls.model import ChatRequest
from targen_core.errors import TargenError


@dataclass(frozen=True, slots=True)
class ModelRecipe:
    """The way a worker gets a model.

    Attributes:
        identity: what it must be.
        pickled: itself, or b"" if it does not pickle.
        backend_id: the backend that makes it otherwise, or "".
        options: what that makes it with, pickled: their class and what was said of them.
    """

    identity: str
    pickled: bytes = field(repr=False)  # a key may be in both
    backend_id: str
    options: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Setup:
    """The first message to a worker: its models and cores, and the versions that it must have."""

    recipes: tuple[ModelRecipe, ...]
    cores: int
    versions: dict[str, str]


@dataclass(frozen=True, slots=True)
class Hello:
    """A worker's facts about itself.

    Attributes:
        limits: calls at once that each model can use, or None.
        process: its number on its machine.
        machine: the name of that.
        problem: why it cannot work, or None.
    """

    limits: tuple[int | None, ...] = ()
    process: int = 0
    machine: str = ""
    problem: TargenError | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """A call for a worker; `request` None takes it back.

    `dry_run` is what the task says offline, in a tuple, once that is known; `plays` says whether
    the task says anything.
    """

    number: int
    model: int
    request: ChatRequest | None
    dry_run: Any = None
    plays: bool = False


@dataclass(frozen=True, slots=True)
class Bug:
    """An exception that no model should raise: its type and its words."""

    kind: str
    words: str


@dataclass(frozen=True, slots=True)
class Answer:
    """The outcome of a call: a reply, an error, or None if its dry run is needed."""

    number: int
    outcome: ChatReply | TargenError | Bug | None


def dump(values: Sequence[Any]) -> bytes:
    """Values as bytes; one that does not pickle is replaced by words about it."""
    try:
        return pickle.dumps(tuple(values), protocol=5)
    except Exception:
        return pickle.dumps(tuple(map(_plain, values)), protocol=5)


def _plain(value: Any) -> Any:
    try:
        pickle.dumps(value, protocol=5)
    except Exception as error:
        if isinstance(value, Answer):
            words = f"{type(value.outcome).__name__} cannot be pickled: {error}"
            return Answer(value.number, Bug("TypeError", words))
        if isinstance(value, Order) and value.request is not None:
            return replace(value, request=_without_objects(value.request))
        raise
    return value


def load(payload: bytes) -> tuple[Any, ...]:
    """Load dumped values."""
    values: tuple[Any, ...] = pickle.loads(payload)  # noqa: S301 - the other side is this run's
    return values


def sendable(request: ChatRequest) -> ChatRequest:
    """A request without what stays in the process of the run: its functions."""
    return replace(
        request,
        dry_run=None,
        read=None,
        params=dict(request.params),
        schema=_dict(request.schema),
    )


def _dict(value: Any) -> dict[str, Any] | None:
    return None if value is None else dict(value)


def _without_objects(request: ChatRequest) -> ChatRequest:
    """Texts in place of what a prompt was filled with."""
    origin = request.origin
    if origin is None:
        return request
    values = {name: str(value) for name, value in origin.values.items()}
    return replace(request, origin=replace(origin, values=values))
