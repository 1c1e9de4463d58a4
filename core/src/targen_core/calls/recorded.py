"""A stand-in for the model of a step that is not called again."""

from __future__ import annotations

import sys
from dataclasses import dataclass

from targen_core.calls.model import ChatReply, ChatRequest, Price


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
