"""A model that tests make others of, by saying what differs; and a task as users declare one."""

from __future__ import annotations

from targen_core import ChatReply, Price
from targen_core.calls.model import ChatRequest
from targen_standard.task_files.model import Declaration

PORTER = Declaration(
    name="porter",
    description="Notes that a night porter leaves for the morning.",
    labels={"calm": "nothing happened", "alarm": "something must be done at once"},
    contexts="moments of a night",  # one row per call
)


class Silent:
    """A `ChatModel` that is not asked for anything."""

    identity = "silent"
    structured = True
    seeded = False
    max_concurrency: int | None = None
    price: Price | None = None

    async def complete(self, request: ChatRequest) -> ChatReply:
        raise AssertionError("it is asked nothing")

    def count_tokens(self, request: ChatRequest) -> int:
        return 1

    async def aclose(self) -> None:
        pass
