"""The registered adapter for langchain's chat models."""

from __future__ import annotations

from targen_core.plugins.adapters import Adapter
from targen_standard.langchain.classes import backend
from targen_standard.langchain.model import adapted

__all__ = ["LANGCHAIN"]

LANGCHAIN = Adapter(adapt=adapted, backend=backend, example="langchain_openai.ChatOpenAI")
