"""Items of the lists: conditions, and samples of each."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class _Item(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Condition(_Item):
    """The context that a text is written after.

    Attributes:
        about: what the text is about; "" if it follows from rows that were given.
        values: of pairs, the columns before the last, by name.
    """

    about: str = ""
    values: dict[str, str] = {}


class Sample(_Item):
    """One text for each label, after the condition above it.

    Attributes:
        number: which sample it is, from 0.
    """

    number: int
