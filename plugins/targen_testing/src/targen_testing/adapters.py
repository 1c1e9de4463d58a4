"""`AdapterSuite`: the checks that every adapter must pass.

from targen_testing.adapters import AdapterSuite as Suite

class TestAcme(Suite):
    adapter = "acme"

    def object(self):
        return acme.Client(FakeTransport())
"""

from __future__ import annotations

from typing import Any, ClassVar

import pytest

from targen_core.calls.model import ChatModel, ChatReply
from targen_core.errors import UsageError
from targen_core.plugins.adapters import Adapter
from targen_core.plugins.register import Registration
from targen_core.plugins.registry import Registry
from targen_testing.exchange import answered, request_of, using
from targen_testing.suite import ObjectSuite, fail


class AdapterSuite(ObjectSuite[Adapter]):
    """Checks of an adapter; set `adapter` to its registered name, and write `object`.

    Attributes:
        adapter: the registered name.
    """

    adapter: ClassVar[str]
    kind = "adapter"

    @classmethod
    def defaults(cls, registry: Registry, item: Registration[Any], task: str) -> dict[str, Any]:
        """Refuse: only its author has an object of the library."""
        raise UsageError("write an AdapterSuite whose object() returns one of the library's models")

    def object(self) -> Any:
        """Return a model of the library that answers without a network."""
        pytest.skip("this suite's `object()` does not return one of the library's models")

    def model(self) -> ChatModel:
        """The library's model as a run gets it."""
        try:
            return self.registry().chat_model(self.object())
        except TypeError as error:
            fail(
                f"a run does not accept the object: {error}; is its package one of the adapter's "
                "names?"
            )

    # --- what must hold ---

    def test_described(self) -> None:
        """The adapter's summary names such objects in errors: "a LangChain BaseChatModel"."""
        assert self.item().summary.strip(), "register it with a summary"

    def test_leaves_other_objects(self) -> None:
        """It returns None for an object that is not a model, and raises no exception."""
        for thing in (None, 3, "a text", [], {}, object(), type(self.object())):
            if self.target().adapt(thing) is not None:
                fail(f"adapt({thing!r}) returned a model")

    def test_is_a_model(self) -> None:
        """The result is a `ChatModel`, and an object always gets the same identity."""
        first, again = self.model(), self.model()
        assert isinstance(first.identity, str) and first.identity, (
            "identity must be a non-empty string"
        )
        assert first.identity == again.identity, (
            "two models with equal settings have different identities, so a resumed run would "
            "repeat calls"
        )
        for name in ("structured", "seeded"):
            assert isinstance(getattr(first, name), bool), f"{name} must be True or False"

    def test_answers(self) -> None:
        """A call returns the object's text; `count_tokens` is never below the tokens used."""
        model, request = self.model(), request_of()
        counted = model.count_tokens(request)
        assert isinstance(counted, int) and counted > 0, "count_tokens must return a number above 0"
        reply = answered(model, request)
        assert isinstance(reply, ChatReply) and isinstance(reply.text, str), (
            f"complete() returned {type(reply).__name__}, not a ChatReply"
        )
        assert reply.input_tokens is None or reply.input_tokens <= counted, (
            "count_tokens must not be lower than the reply's input tokens, because budgets "
            "depend on it"
        )

    def test_closes_twice(self) -> None:
        """`aclose` may be called twice."""
        using(self.model(), lambda model: model.aclose())
