"""(1) How an object of a library becomes a model of targen's.

`client.py` takes the place of the library. Replace it with yours, and put its name
into `__init__.py`.
"""

from __future__ import annotations

from typing import Any

from targen_core import ChatReply
from targen_core.calls.model import ChatModel, ChatRequest
from targen_core.plugins.adapters import Adapter

from my_demo.client import Client


class _Adapted:
    """A client as a model."""

    structured = False  # whether it follows a JSON schema itself
    seeded = False  # whether it takes a seed
    max_concurrency = None
    price = None

    def __init__(self, client: Client) -> None:
        # What decides its replies besides the request, without keys: part of each call's key.
        self.identity = f"my-demo:{client.name}"
        self._client = client

    async def complete(self, request: ChatRequest) -> ChatReply:
        """Answer one call; raise a `ServiceError` whose class says whether retrying can help."""
        asked = [{"role": each.role, "content": each.content} for each in request.messages]
        said = await self._client.chat(asked, max_tokens=request.params["max_tokens"])
        return ChatReply(said.text, input_tokens=said.read, output_tokens=said.written)

    def count_tokens(self, request: ChatRequest) -> int:
        """Return an upper bound of the input tokens."""
        return sum(len(each.content.encode()) + 8 for each in request.messages)

    async def aclose(self) -> None:
        """Close what this class opened, but not the client, which the program closes."""


def adapt(thing: Any) -> ChatModel | None:
    """Return a client as a model; None for any other object."""
    return _Adapted(thing) if isinstance(thing, Client) else None


ADAPTER = Adapter(adapt=adapt)
