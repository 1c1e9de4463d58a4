"""The `chatgpt` backend for people who work with LangChain."""

from __future__ import annotations

from typing import Any

from targen_backends.chatgpt.backend import ChatGptOptions, create
from targen_standard.langchain.chat import TargenChat


class ChatGpt(TargenChat):
    """A LangChain chat model for OpenAI's service, without its SDK.

    Args:
        params: sampling parameters of every call, as `TargenChat` takes them.
        **options: what `-o` takes for the backend (see `ChatGptOptions`):
            `model`, `api_key`, ...

    Example:
        ```python
        ChatGpt(model="gpt-6-luna").invoke("Name a river.").text
        ```
    """

    def __init__(self, *, params: dict[str, Any] | None = None, **options: Any) -> None:
        super().__init__(model=create(ChatGptOptions(**options)), params=params or {})
