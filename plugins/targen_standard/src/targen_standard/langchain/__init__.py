"""langchain's chat models for targen, and targen's for langchain."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from targen_standard.langchain.chat import TargenChat
    from targen_standard.langchain.model import LangChainModel

__all__ = ["LangChainModel", "TargenChat"]

if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        match name:
            case "LangChainModel":
                from targen_standard.langchain.model import LangChainModel

                return LangChainModel
            case "TargenChat":
                from targen_standard.langchain.chat import TargenChat

                return TargenChat
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
