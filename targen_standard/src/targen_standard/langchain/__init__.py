"""langchain's chat models for targen, and targen's for langchain."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from targen_standard.langchain.chat import TargenChat
    from targen_standard.langchain.model import LangChainModel

__all__ = ["LangChainModel", "TargenChat"]

_HOME = {"LangChainModel": "model", "TargenChat": "chat"}

if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        if name not in _HOME:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
