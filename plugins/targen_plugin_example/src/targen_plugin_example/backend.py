"""A backend of one's own: options, and a model that implements `ChatModel`.

`create` may also return any LangChain chat model: it is adapted.
"""

from __future__ import annotations

import json
import random

from pydantic import Field

from targen_core import Backend, BackendOptions, ChatReply, Price
from targen_core.calls.model import ChatRequest


class CannedOptions(BackendOptions):
    """Options for `-o` with `--backend canned`."""

    tone: str = Field("polite", description="polite or brisk")


class CannedModel:
    """Return the task's dry-run replies in a chosen tone."""

    structured = True
    seeded = True
    max_concurrency: int | None = None
    price: Price | None = Price(0.0, 0.0)

    def __init__(self, options: CannedOptions) -> None:
        self.tone = options.tone
        self.identity = f"canned:{options.tone}"

    async def complete(self, request: ChatRequest) -> ChatReply:
        """Answer only by the call's key, so that a run can be repeated."""
        value = request.dry_run() if request.dry_run is not None else {"text": "Hello there."}
        if "text" in value and self.tone == "brisk":
            value["text"] += random.Random(request.key).choice([" Hurry up.", " Answer me."])
        text = json.dumps(value)
        return ChatReply(text, input_tokens=self.count_tokens(request), output_tokens=len(text))

    def count_tokens(self, request: ChatRequest) -> int:
        """Return an upper bound: one token per byte."""
        return sum(len(message.content.encode()) for message in request.messages)

    async def aclose(self) -> None:
        """Do nothing: it holds no resources."""


BACKEND = Backend(
    summary="canned ticket texts, as an example of a backend",
    options=CannedOptions,
    create=CannedModel,
    cacheable=False,
    made_up=True,  # no model writes the rows, so reports and cards say that
)
