"""The notebooks of the documentation run as in a kernel: cell by cell, in a loop that runs."""

from __future__ import annotations

import ast
import asyncio
import inspect
import json
import runpy
import shutil
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage
from langchain_core.outputs import ChatGeneration, ChatResult

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
NOTEBOOKS = sorted(DOCS.rglob("*.ipynb"))


def cells(notebook: Path) -> list[dict[str, Any]]:
    """The cells with code."""
    found = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    return [cell for cell in found if cell["cell_type"] == "code"]


async def shown(source: str, namespace: dict[str, Any]) -> Any:
    """Run a cell; the value of its last line, as a notebook shows it."""
    tree = ast.parse(source)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    await _run(compile(tree, "cell", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT), namespace)
    if not isinstance(last, ast.Expr):
        return None
    value = ast.Expression(last.value)
    return await _run(compile(value, "cell", "eval", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT), namespace)


async def _run(code: Any, namespace: dict[str, Any]) -> Any:
    value = eval(code, namespace)
    return await value if inspect.iscoroutine(value) else value


class ChatOpenAI(BaseChatModel):
    """In place of langchain-openai's: it replies what a large model wrote for `examples/mail`."""

    model: str
    max_retries: int

    @property
    def _llm_type(self) -> str:
        return "openai-chat"

    def _generate(self, messages: Any, *_: Any, **__: Any) -> ChatResult:
        reply = runpy.run_path(str(ROOT / "examples" / "mail" / "service.py"))["reply"]
        text = reply([message.content for message in messages])
        return ChatResult(generations=[ChatGeneration(message=AIMessage(content=text))])


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.name)
def test_every_cell_runs_and_shows_itself(
    notebook: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TARGEN_CACHE_DIR", str(tmp_path / "cache"))
    openai = ModuleType("langchain_openai")
    monkeypatch.setattr(openai, "ChatOpenAI", ChatOpenAI, raising=False)
    monkeypatch.setitem(sys.modules, "langchain_openai", openai)
    shutil.copy(ROOT / "examples" / "mail" / "own.csv", tmp_path)

    async def kernel() -> list[Any]:
        namespace: dict[str, Any] = {"__name__": "__main__"}
        sources = ("".join(cell["source"]) for cell in cells(notebook))
        return [await shown(source, namespace) for source in sources]

    values = asyncio.run(kernel())
    tables = [value._repr_html_() for value in values if hasattr(value, "_repr_html_")]
    assert len(tables) >= 4
    assert all("<table" in table for table in tables)


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.name)
def test_no_output_is_kept(notebook: Path) -> None:
    assert not any(cell["outputs"] or cell["execution_count"] for cell in cells(notebook))
