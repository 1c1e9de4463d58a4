"""The backend `agent`: no model; an agent, a person or a program answers the prompts."""

from __future__ import annotations

import json
from collections.abc import Mapping

from pydantic import Field

from targen_core import Backend, BackendOptions, Price
from targen_core.calls.backend import BatchAnswer
from targen_core.calls.model import ChatReply, ChatRequest
from targen_core.cli.tokens import estimate
from targen_core.errors import UsageError
from targen_standard.answering.replies import shape_of


class AgentOptions(BackendOptions):
    """Options for `-o KEY=VALUE` with `--backend agent`."""

    model: str = Field(
        "agent",
        min_length=1,
        description="The name of who answers; dataset cards list it as the author",
    )


class Agent:
    """A `ChatModel` that is never asked, and the `BatchCodec` of its calls as lines."""

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

    def encode(self, request: ChatRequest) -> bytes:
        """The call as a line."""
        messages = [{"role": each.role, "content": each.content} for each in request.messages]
        reply = "a text" if request.schema is None else shape_of(request.schema)
        line = {"custom_id": request.key, "messages": messages, "reply": reply}
        return json.dumps(line, ensure_ascii=False).encode("utf-8", "backslashreplace")

    def decode(self, line: bytes, requests: Mapping[str, ChatRequest]) -> tuple[str, BatchAnswer]:
        """Refuse a line in the format of a service.

        Raises:
            ValueError: always; an answer has `content`, which is read before.
        """
        raise ValueError("no content")

    async def aclose(self) -> None:
        """Do nothing, since it has no connection."""


BACKEND = Backend(
    summary="no model: an agent, a person or a program answers, by targen next and targen answer",
    options=AgentOptions,
    create=Agent,
    batch_codec=Agent,
    cacheable=False,
    delivery="files",
)
