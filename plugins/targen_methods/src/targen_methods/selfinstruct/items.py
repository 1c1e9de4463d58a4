"""Items of the lists of Self-Instruct, and replies of a model."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class _Item(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Pool(_Item):
    """The instructions that the model starts from."""

    seeds: tuple[str, ...]


class Instruction(_Item):
    """An instruction that the model wrote.

    Attributes:
        text: what it says.
        nearest: ROUGE-L with the nearest one known before it, from 0 to 1.
    """

    text: str
    nearest: float


class InstructionsReply(BaseModel):
    """Instructions that a model lists."""

    instructions: list[str]
