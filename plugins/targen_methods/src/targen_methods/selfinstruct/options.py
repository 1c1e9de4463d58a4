"""Options of Self-Instruct."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from pydantic import Field

from targen_standard.methods.model import MethodOptions

__all__ = ["PAPER", "Options", "TaskOptions"]


class Options(MethodOptions):
    """Options of Self-Instruct; the defaults are those of its authors, for tasks of any kind."""

    instruction: tuple[str, ...] = Field(
        (), description="instructions of one's own to start from, beside those of the task"
    )
    told: int = Field(8, ge=1, le=100, description="instructions shown in a call for new ones")
    told_new: int = Field(2, ge=0, le=100, description="of these, how many the model wrote")
    asked: int = Field(8, ge=1, le=100, description="new instructions that a call asks for")
    similar: float = Field(
        0.7, ge=0, le=1, description="ROUGE-L with another above which an instruction is dropped"
    )
    shortest: int = Field(4, ge=1, description="fewest words of an instruction")
    longest: int = Field(150, ge=1, description="most words of an instruction")
    unfit_words: tuple[str, ...] = Field(
        (
            *("image", "images", "graph", "graphs", "picture", "pictures", "file", "files"),
            *("map", "maps", "draw", "plot", "go to"),
        ),
        description="an instruction with one of these words is dropped",
    )
    unfit_beginnings: tuple[str, ...] = Field(
        ("Write a program",), description="an instruction that begins so is dropped"
    )
    instances: int = Field(
        5, ge=1, le=20, description="rows of a label that a call writes for an instruction, at most"
    )
    temperature: float = Field(0.0, ge=0, le=2, description="at which rows are written")


class TaskOptions(Options):
    """Options of Self-Instruct for a fixed task; instructions are for kinds of its texts."""

    told: int = Field(40, ge=1, le=100, description="instructions shown in a call for new ones")
    told_new: int = Field(36, ge=0, le=100, description="of these, how many the model wrote")
    similar: float = Field(
        0.5, ge=0, le=1, description="ROUGE-L with another above which an instruction is dropped"
    )
    unfit_words: tuple[str, ...] = Field(
        (), description="an instruction with one of these words is dropped"
    )
    instances: int = Field(
        2, ge=1, le=20, description="rows of a label that a call writes for an instruction, at most"
    )
    # Without chance a model writes the same row for each label, and a small one nothing else.
    temperature: float = Field(0.7, ge=0, le=2, description="at which rows are written")


PAPER: Mapping[str, Any] = MappingProxyType(
    {name: getattr(Options.model_validate({}), name) for name in TaskOptions.__annotations__}
)
"""The authors' options that differ from those of `TaskOptions`."""
