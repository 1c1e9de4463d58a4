"""The backend `agent`: no model; an agent, a person or a program answers the prompts."""

from __future__ import annotations

from pydantic import Field

from targen_core import Backend, BackendOptions, Price
from targen_core.calls.model import ChatReply, ChatRequest
from targen_core.cli.tokens import estimate
from targen_core.errors import UsageError


class AgentOptions(BackendOptions):
    """Options for `-o KEY=VALUE` with `--backend agent`."""

    model: str = Field(
        "agent",
        min_length=1,
        description="The name of who answers; dataset cards list it as the author",
    )


class Agent:
    """A `ChatModel` that is never asked."""

    structured = True  # an answer is checked when it is imported
    seeded = False
    max_concurrency: int | None = None
    price: Price | None = Price(0.0, 0.0, source="an agent or a person answers")

    def __init__(self, options: AgentOptions) -> None:
        self.identity = f"agent:{options.model}"

    async def complete(self, request: ChatRequest) -> ChatReply:
        """Refuse a single call.

        Raises:
            UsageError: always.
        """
        raise UsageError(
            "the backend agent answers prompts of a run, not single calls",
            hint="targen generate TASK -n 20 -b agent --out RUN, then targen next RUN",
        )

    def count_tokens(self, request: ChatRequest) -> int:
        """An upper bound of the request's input tokens."""
        return estimate(message.content for message in request.messages)

    async def aclose(self) -> None:
        """Do nothing, since it has no connection."""


BACKEND = Backend(
    summary="no model: an agent, a person or a program answers, by targen next and targen answer",
    options=AgentOptions,
    create=Agent,
    cacheable=False,
    delivery="files",
)
