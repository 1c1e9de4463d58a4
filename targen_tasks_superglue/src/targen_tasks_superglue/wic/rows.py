"""A WiC seed and row."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, field_validator, model_validator

from targen_tasks_superglue.wic.forms import is_form

VERSION = 1.1
"""The version of the official file format, in every row."""


class Definition(BaseModel):
    """One meaning of a word; `part_of_speech` is "noun" or "verb".

    Meanings of a word that lie close together have one `family`; 0 if that is not known.
    """

    model_config = ConfigDict(frozen=True)

    part_of_speech: str
    definition: str
    family: int = 0


class Sense(BaseModel):
    """An instance seed: one meaning of a word among its others.

    `number` is its place in `definitions`, which all seeds of a word share.
    """

    model_config = ConfigDict(frozen=True)

    word: str
    number: int
    definitions: tuple[Definition, ...]

    @model_validator(mode="after")
    def _is_there(self) -> Sense:
        if not 0 <= self.number < len(self.definitions):
            raise ValueError(
                f"no definition {self.number}: the list has {len(self.definitions)}, counted from 0"
            )
        return self

    @property
    def chosen(self) -> Definition:
        """The seed's own definition."""
        return self.definitions[self.number]


class Entry(BaseModel):
    """The instance seed of the variant `paper`: a word and its definitions, without a choice."""

    model_config = ConfigDict(frozen=True)

    word: str
    definitions: tuple[Definition, ...]


class WicRow(BaseModel):
    """A row in its official form, without `idx`.

    Offsets count characters, the end is exclusive, and the span is the word as the sentence has it,
    inflected or not.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    word: str
    sentence1: str
    sentence2: str
    start1: int
    end1: int
    start2: int
    end2: int
    version: float = VERSION
    label: bool

    @field_validator("version")
    @classmethod
    def _known(cls, version: float) -> float:
        if version != VERSION:
            raise ValueError(f"version is {version}; the official files have version {VERSION}")
        return version

    @model_validator(mode="after")
    def _spans(self) -> Any:
        if not self.word.strip():
            raise ValueError("word is empty")
        for number, sentence, start, end in (
            (1, self.sentence1, self.start1, self.end1),
            (2, self.sentence2, self.start2, self.end2),
        ):
            if not 0 <= start < end <= len(sentence):
                raise ValueError(
                    f"start{number} {start} and end{number} {end} are not a span of "
                    f"sentence{number}, which has {len(sentence)} characters"
                )
            surface = sentence[start:end]
            if not is_form(surface, self.word):
                raise ValueError(
                    f"sentence{number} has {surface!r} at {start}, not a form of {self.word!r}"
                )
        return self
