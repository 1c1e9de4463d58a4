"""Options of Self-Instruct."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from pydantic import Field

from targen_standard.methods.model import MethodOptions


class Options(MethodOptions):
    """Options of Self-Instruct; the defaults are those of its authors, for tasks of any kind."""

    instruction: tuple[str, ...] = Field(
        (), description="your own instructions to start from, in addition to the task's"
    )
    told: int = Field(
        8,
        ge=1,
        le=100,
        description="number of existing instructions shown in each call that requests new ones",
    )
    told_new: int = Field(2, ge=0, le=100, description="how many of these are the model's own")
    asked: int = Field(8, ge=1, le=100, description="number of new instructions per call")
    similar: float = Field(
        0.7, ge=0, le=1, description="maximum ROUGE-L similarity to another instruction"
    )
    shortest: int = Field(4, ge=1, description="minimum words per instruction")
    longest: int = Field(150, ge=1, description="maximum words per instruction")
    unfit_words: tuple[str, ...] = Field(
        (
            *("image", "images", "graph", "graphs", "picture", "pictures", "file", "files"),
            *("map", "maps", "draw", "plot", "go to"),
        ),
        description="words that instructions must not contain",
    )
    unfit_beginnings: tuple[str, ...] = Field(
        ("Write a program",), description="beginnings that instructions must not have"
    )
    instances: int = Field(
        5, ge=1, le=20, description="maximum rows per label in each call for an instruction"
    )
    temperature: float = Field(0.0, ge=0, le=2, description="temperature for writing rows")


class TaskOptions(Options):
    """Options of Self-Instruct for a fixed task; instructions are for kinds of its texts."""

    told: int = Field(
        40,
        ge=1,
        le=100,
        description="number of existing instructions shown in each call that requests new ones",
    )
    told_new: int = Field(36, ge=0, le=100, description="how many of these are the model's own")
    similar: float = Field(
        0.5, ge=0, le=1, description="maximum ROUGE-L similarity to another instruction"
    )
    unfit_words: tuple[str, ...] = Field((), description="words that instructions must not contain")
    instances: int = Field(
        2, ge=1, le=20, description="maximum rows per label in each call for an instruction"
    )
    # Without chance a model writes the same row for each label, and a small model only that row.
    temperature: float = Field(0.7, ge=0, le=2, description="temperature for writing rows")


PAPER: Mapping[str, Any] = MappingProxyType(
    {name: getattr(Options.model_validate({}), name) for name in TaskOptions.__annotations__}
)
"""The authors' options that differ from those of `TaskOptions`."""
