"""A BoolQ row."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, StrictBool, field_validator

SEPARATOR = " -- "
"""The mark between the title and the text of a passage."""


class BoolqRow(BaseModel):
    """A row in its official form, without `idx`: true if the answer is yes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    passage: str
    question: str
    label: StrictBool

    @field_validator("passage")
    @classmethod
    def _opens_with_its_title(cls, passage: str) -> str:
        title, separator, text = passage.partition(SEPARATOR)
        if not separator or not title.strip() or not text.strip():
            raise ValueError(f"the passage does not open with its title and {SEPARATOR.strip()}")
        return passage

    @field_validator("question")
    @classmethod
    def _typed_as_searched(cls, question: str) -> str:
        if not question.strip():
            raise ValueError("the question is empty")
        if question != question.lower():
            raise ValueError("the question is not wholly in lower case")
        if question.rstrip().endswith("?"):
            raise ValueError("the question ends with a question mark")
        return question
