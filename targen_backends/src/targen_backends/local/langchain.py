"""The `local` backend for people who work with LangChain."""

from __future__ import annotations

from typing import Any

from targen_backends.local.backend import LocalOptions, create
from targen_standard.langchain.chat import TargenChat


class ChatLocal(TargenChat):
    """A LangChain chat model that runs in this process, without key or server.

    Args:
        params: sampling parameters of every call, as `TargenChat` takes them.
        **options: what `-o` takes for the backend (see `LocalOptions`):
            `model`, `n_ctx`, `parallel`, ...

    Example:
        ```python
        ChatLocal().invoke("Name a river.").text
        ```
    """

    def __init__(self, *, params: dict[str, Any] | None = None, **options: Any) -> None:
        super().__init__(model=create(LocalOptions(**options)), params=params or {})
