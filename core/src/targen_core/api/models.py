"""Model objects of a program as backends: by a name inside, lent and not owned."""

from __future__ import annotations

import re
from collections.abc import Coroutine, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from targen_core.calls.backend import Backend, BackendOptions
from targen_core.calls.model import ChatModel, ChatReply, ChatRequest, Price
from targen_core.calls.scores import continues, most_top, scores_given
from targen_core.errors import UsageError
from targen_core.origin import split_model
from targen_core.plugins.registry import NotAModel

if TYPE_CHECKING:
    from targen_core.plugins.registry import Registry

ModelLike: TypeAlias = "str | ChatModel | Any"
"""A backend's name, with a model's behind it or not, or a model object: ours or a library's."""


def named(model: str) -> tuple[str, dict[str, Any]]:
    """The backend of `BACKEND` or `BACKEND/MODEL`, and the option that names the model."""
    backend, name = split_model(model)
    return backend, {} if name is None else {"model": name}


def name_of(model: object, taken: Mapping[str, object]) -> str:
    """Return a model object's name in a run: its class, and a number if that name is taken."""
    name = re.sub(r"[^a-z0-9]+", "-", type(model).__name__.lower()).strip("-") or "model"
    number, called = 1, name
    while taken.get(called, model) is not model:
        number += 1
        called = f"{name}-{number}"
    return called


def backend_of(registry: Registry, model: object) -> Backend:
    """A backend that gives this one object.

    Raises:
        UsageError: it is not a model.
        MissingDependency: the adapter of its library is not installed.
    """
    try:
        chat = registry.chat_model(model)
    except TypeError as error:
        usual = 'pass the name of a backend, such as "llama", or a model object; '
        usual += "an object of your own class must have all members of ChatModel"
        # Other errors show what to pass.
        hint = usual if isinstance(error, NotAModel) else ""
        raise UsageError(f"model: {error}", hint=hint) from error
    if not isinstance(chat.identity, str) or not chat.identity.strip():
        given = "a method" if callable(chat.identity) else repr(chat.identity)[:80]
        raise UsageError(
            f"model: the identity of {type(model).__qualname__} is {given}, not a name",
            hint="set `identity` to a text that tells your model from others, without secrets: its "
            "name, and its file or URL",
        )
    if not isinstance(chat.price, Price | None):
        raise UsageError(
            f"model: the price of {type(model).__qualname__} is {repr(chat.price)[:80]}",
            hint="set `price` to Price(input=…, output=…), in dollars per million tokens, or None",
        )
    return Backend(
        summary=f"the model object {type(model).__qualname__}",
        options=BackendOptions,
        create=lambda options: _Lent(chat, is_ours=chat is not model),
        # The code of an object may change from one program to the next.
        cacheable=getattr(model, "cacheable", getattr(model, "targen_cacheable", False)) is True,
    )


class _Lent:
    """A model that the program passed and closes; or an adapter of one, which is ours to close."""

    def __init__(self, model: ChatModel, *, is_ours: bool) -> None:
        self._model = model
        self._is_ours = is_ours
        self.identity = model.identity
        self.structured = model.structured
        self.seeded = model.seeded
        self.max_concurrency = model.max_concurrency
        self.price = model.price
        self.secrets = getattr(model, "secrets", ())
        self.top_logprobs = most_top(model)
        self.scores_given = scores_given(model)
        self.continues = continues(model)

    def complete(self, request: ChatRequest) -> Coroutine[Any, Any, ChatReply]:
        return self._model.complete(request)

    def count_tokens(self, request: ChatRequest) -> int:
        return self._model.count_tokens(request)

    async def aclose(self) -> None:
        # A program may be using its model elsewhere, or use it again.
        if self._is_ours:
            await self._model.aclose()
