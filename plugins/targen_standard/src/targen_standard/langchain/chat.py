"""Any `ChatModel` as a LangChain chat model.

Importing this module imports langchain, whose class is the base of `TargenChat`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from pydantic import ConfigDict, Field

from targen_core.calls.model import ChatRequest, Message, Role
from targen_standard.langchain.loop import submit


def _from_langchain(messages: Iterable[BaseMessage]) -> tuple[Message, ...]:
    roles: dict[str, Role] = {"system": "system", "human": "user", "ai": "assistant"}
    turns = []
    for message in messages:
        if message.type not in roles:
            raise ValueError(f"a targen model does not accept {message.type!r} messages")
        turns.append(Message(roles[message.type], str(message.text)))
    return tuple(turns)


class TargenChat(BaseChatModel):
    """Any `ChatModel` as a LangChain chat model.

    `model` is the `ChatModel`, `params` the sampling parameters of every
    call; keyword arguments of a call win over them.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    model: Any
    params: dict[str, Any] = Field(default_factory=lambda: {"max_tokens": 1024})

    @property
    def _llm_type(self) -> str:
        return "targen"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        return {"model": self.model.identity, **self.params}

    async def _agenerate(
        self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> ChatResult:
        params = {"max_tokens": 1024, **self.params, **kwargs}
        if stop is not None:
            params["stop"] = stop
        reply = await self.model.complete(ChatRequest(_from_langchain(messages), params))
        finish = "content_filter" if reply.finish == "content-filter" else reply.finish
        message = AIMessage(
            content=reply.text,
            usage_metadata={
                "input_tokens": reply.input_tokens,
                "output_tokens": reply.output_tokens,
                "total_tokens": reply.input_tokens + reply.output_tokens,
            },
            response_metadata={"finish_reason": finish, "model_name": self.model.identity},
        )
        return ChatResult(generations=[ChatGeneration(message=message)])

    def _generate(
        self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> ChatResult:
        return submit(self._agenerate(messages, stop, None, **kwargs)).result()

    def close(self) -> None:
        """Release what the synchronous calls opened; `model.aclose` does the rest."""
        submit(self.model.aclose()).result()
