"""Traits of texts that code cannot measure, from a model in one call: register, channel, writer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, Field

from targen_core.calls.layer import CallLayer
from targen_core.calls.usage import Counts
from targen_core.errors import JobFailed, Rejected
from targen_core.plugins.registry import Registry
from targen_core.runs.records.spec import RunSpec
from targen_core.tasks.model import Task
from targen_core.tasks.parts import DryRunCall
from targen_core.tasks.prompt import Prompt
from targen_standard.examples.measuring import varied
from targen_standard.examples.reading import Example
from targen_standard.single import ask_once, cost_of_one
from targen_standard.task_files.model import Declaration

DESCRIBE = Prompt("describe", package="targen_standard.profiling")

# A choice, not a draw: which of them a text has may depend on its label.
_TURNS = "some of them have one of these turns; choose one that suits the row, if any does: {}"
_SHOWN, _LONGEST = 40, 1_000  # texts that a model reads, and characters of each


class _Reply(BaseModel):
    """What holds of all the texts."""

    register_: str = Field(alias="register", min_length=3, max_length=200)
    channel: str = Field(min_length=3, max_length=200)
    writer: str = Field(min_length=3, max_length=200)
    purpose: str = Field(min_length=3, max_length=200)
    usual: list[str] = Field(max_length=8)
    never: list[str] = Field(max_length=8)
    turns: list[str] = Field(max_length=12)

    @property
    def lines(self) -> tuple[str, ...]:
        """As a profile has it, a line each."""
        named = {
            "register": self.register_,
            "channel": self.channel,
            "writer": self.writer,
            "purpose": self.purpose,
        }
        said = [f"{name}: {_line(text)}" for name, text in named.items()]
        said += [_line(text) for text in self.usual if text.strip()]
        said += [f"never: {_line(text)}" for text in self.never if text.strip()]
        if turns := [_line(text) for text in self.turns if text.strip()]:
            said.append(_TURNS.format("; ".join(turns))[:500])
        return tuple(said)


def _line(text: str) -> str:
    return " ".join(text.split())[:300].rstrip(". ")


def described(
    registry: Registry,
    rows: Sequence[Example],
    spec: RunSpec,
    *,
    cache: Path | None = None,
    folder: Path | None = None,
    on_layer: Callable[[CallLayer], None] = lambda layer: None,
) -> tuple[tuple[str, ...], Counts]:
    """Return what holds of all the texts, a line each, as a model says it, and what that took.

    It reads up to 40 of them, of all lengths. See `ask_once` for the rest.

    Raises:
        JobFailed: the model's replies are of no use; or budget or service stopped it.
    """
    try:
        reply, usage = ask_once(
            registry,
            describing_task(),
            spec,
            DESCRIBE,
            reply=_Reply,
            place="profile",
            cache=cache,
            folder=folder,
            on_layer=on_layer,
            texts=_texts(rows),
        )
    except Rejected as error:
        raise JobFailed(f"the model's description is unusable: {error}") from error
    return reply.lines, usage


def description_cost(registry: Registry, rows: Sequence[Example], spec: RunSpec) -> float | None:
    """Return the most that a description may cost, in dollars; None if no price is known.

    Raises:
        UsageError: anything wrong with the backend or its options.
    """
    return cost_of_one(registry, describing_task(), spec, len(DESCRIBE.text) + len(_texts(rows)))


def _texts(rows: Sequence[Example]) -> str:
    cut = (row.text[:_LONGEST].replace("\n", "\n  ") for row in varied(rows, _SHOWN))
    return "\n".join(f"- {text}" for text in cut)


def describing_task() -> Task[Any, Any]:
    """Return the task of the call: its parameters, and its dry-run replies."""
    task = Declaration(description="Profiles of texts.", labels={"profile": "a profile"})
    return task.task(name="profile").replace(
        parameters={"generate": {"temperature": 0.3, "max_tokens": 1500}},
        prompts=(DESCRIBE,),
        dry_run=_dry_run,
    )


def _dry_run(call: DryRunCall) -> Any:
    return {
        "register": "casual, in plain words",
        "channel": "typed in haste",
        "writer": "somebody who does not know the technical terms",
        "purpose": "to get an answer",
        "usual": ["they name the thing and stop"],
        "never": ["explain why they ask", "thank in advance"],
        "turns": ["any idea why …?", "it says …"],
    }
