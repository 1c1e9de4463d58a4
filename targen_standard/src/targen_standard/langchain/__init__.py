"""langchain's chat models for targen, and targen's for langchain."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from targen_standard.langchain.chat import TargenChat
    from targen_standard.langchain.model import LangChainModel

__all__ = ["LangChainModel", "TargenChat"]

if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        if name == "LangChainModel":
            from targen_standard.langchain.model import LangChainModel as made
        elif name == "TargenChat":
            from targen_standard.langchain.chat import TargenChat as made
        else:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return made
