"""The `claude` backend for people who work with LangChain."""

from __future__ import annotations

from typing import Any

from targen_backends.claude.backend import ClaudeOptions, create
from targen_standard.langchain.chat import TargenChat


class ChatClaude(TargenChat):
    """A LangChain chat model for Anthropic's service, without its SDK.

    Args:
        params: sampling parameters of every call, as `TargenChat` takes them.
        **options: what `-o` takes for the backend (see `ClaudeOptions`):
            `model`, `api_key`, ...

    Example:
        ```python
        ChatClaude(model="claude-haiku-5-5").invoke("Name a river.").text
        ```
    """

    def __init__(self, *, params: dict[str, Any] | None = None, **options: Any) -> None:
        super().__init__(model=create(ClaudeOptions(**options)), params=params or {})
