"""Traits of texts that code cannot measure, from a model in one call: register, channel, writer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, Field

from targen_core.tasks.parts import DryRunCall
from targen_core.tasks.prompt import Prompt
from targen_core.wording import Either, Option
from targen_standard.examples.measuring import varied
from targen_standard.examples.reading import Example
from targen_standard.single import Question

# A choice, not a draw: which of them a text has may depend on its label.
_TURNS = "some of them have one of these turns; choose one that suits the row, if any does: {}"
_SHOWN, _LONGEST = 40, 1_000  # texts that a model reads, and characters of each


class Description(BaseModel):
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


def describing(rows: Sequence[Example]) -> Question[Description]:
    """Return the call that describes texts; the model reads up to 40 of them, of all lengths."""
    cut = (row.text[:_LONGEST].replace("\n", "\n  ") for row in varied(rows, _SHOWN))
    return Question(
        name="profile",
        prompt=Prompt("describe", package="targen_standard.profiling"),
        values={"texts": "\n".join(f"- {text}" for text in cut)},
        reply=Description,
        parameters={"temperature": 0.3, "max_tokens": 1500},
        dry_run=_dry_run,
        unusable="the model's description is unusable",
        instead="omit " + Either(Option("backend"), Option("model")),
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
