"""What stands for the model of a step that is not asked again."""

from __future__ import annotations

import sys
from dataclasses import dataclass

from targen_core.calls.model import ChatReply, ChatRequest, Price

__all__ = ["RecordedModel"]


@dataclass(slots=True)
class RecordedModel:
    """Stands for a step's model, which nobody asks.

    Whether the model was held to a schema is not on record: a call that is found only with the
    schema in words says that it was not.
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
        raise AssertionError("a recorded call would have been sent")

    def count_tokens(self, request: ChatRequest) -> int:
        """Nothing is sent, so nothing is reserved."""
        return 0

    async def aclose(self) -> None:
        """Nothing is open."""
