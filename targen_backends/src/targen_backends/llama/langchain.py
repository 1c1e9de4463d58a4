"""The `llama` backend for people who work with LangChain."""

from __future__ import annotations

from typing import Any

from targen_backends.llama.backend import LlamaOptions, create
from targen_standard.langchain.chat import TargenChat


class ChatLlama(TargenChat):
    """A LangChain chat model for any OpenAI-compatible server.

    Args:
        params: sampling parameters of every call, as `TargenChat` takes them.
        **options: what `-o` takes for the backend (see `LlamaOptions`):
            `base_url`, `model`, `api_key`, ...

    Example:
        ```python
        chat = ChatLlama(base_url="http://127.0.0.1:8000/v1", model="llama-3.1-8b-instruct")
        chat.invoke("Name a river.").text
        ```
    """

    def __init__(self, *, params: dict[str, Any] | None = None, **options: Any) -> None:
        super().__init__(model=create(LlamaOptions(**options)), params=params or {})
