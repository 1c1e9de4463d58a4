"""Items of the lists and rows of the task, and replies of a model."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class InstructionRow(BaseModel):
    """A row: what is to be done, with what, and what comes of it.

    Attributes:
        instruction: what is to be done.
        input: with what; "" if the instruction says all.
        output: a right answer.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    instruction: str = Field(min_length=1)
    input: str = ""
    output: str = Field(min_length=1)


class FreeInstruction(BaseModel):
    """An instruction that the model wrote.

    Attributes:
        text: what it says.
        answers: the answers that it leaves to choose from, where they are few; else none.
        nearest: ROUGE-L with the nearest one known before it, from 0 to 1.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: str
    answers: tuple[str, ...] = ()
    nearest: float


class _Instruction(BaseModel):
    instruction: str
    answers: list[str] = []


class InstructionsReply(BaseModel):
    """Instructions that a model lists, each with the few answers to choose from, if any."""

    instructions: list[_Instruction]


class _Answered(BaseModel):
    input: str = ""
    output: str


class AnswersReply(BaseModel):
    """Inputs with answers."""

    rows: list[_Answered]


class _Input(BaseModel):
    input: str


class InputsReply(BaseModel):
    """Inputs whose answer was given."""

    rows: list[_Input]
