"""The instructions of a task, as its package holds them."""

from __future__ import annotations

from importlib.resources import files


def load_instructions(package: str, name: str = "instructions") -> str:
    """The text of `prompts/{name}.md` in a package, without outer white space."""
    file = files(package) / "prompts" / f"{name}.md"
    return file.read_text(encoding="utf-8").strip()
