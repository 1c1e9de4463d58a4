"""Items of CoDa's lists, and replies of a model."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class _Item(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Row(_Item):
    """A row that the user gave.

    Attributes:
        number: which one it is among all that were given, from 0.
        values: its texts and choices, by column.
    """

    number: int
    values: dict[str, str]


class Group(_Item):
    """A given row of each label: lists know no labels, so an item holds something for each.

    Attributes:
        number: which group it is, from 0.
        of_label: a row, by the label's name. A label with fewer rows than others gives them again,
            each in as many groups at most as it makes new rows.
    """

    number: int
    of_label: dict[str, Row]


class Reading(_Item):
    """A model's reading of the rows of a group, by label.

    Attributes:
        summaries: what each text is about; "" if the model did not say.
        alternatives: words of each text, each with another that fits in its place.
    """

    summaries: dict[str, str]
    alternatives: dict[str, dict[str, str]]


class Recipe(_Item):
    """The plan of one row.

    Attributes:
        form: "solo", or "mix 1" for constraints of the nearest row, and so on.
        given: the given row that it is written in place of.
        source: the given row that the constraints are from; the same, unless two are mixed.
        kept: columns that are taken over from `source` as they are.
        words: words that the new text has.
        alternatives: for some of these another word that may stand for it.
        excluded: words that it does not have.
        low: the fewest words of the row.
        high: the most.
        exemplars: given rows of the same label, as text.
        syntax: parts of speech, one after the other; "" says nothing of them.
        summary: what the row is about, or "" if that is open.
    """

    form: str
    given: int
    source: int
    kept: dict[str, str]
    words: tuple[str, ...]
    alternatives: dict[str, str]
    excluded: tuple[str, ...]
    low: int
    high: int
    exemplars: tuple[str, ...]
    syntax: str = ""
    summary: str = ""


class Recipes(_Item):
    """A recipe for each label whose row there makes another: a seed.

    Attributes:
        number: which seed of its group it is, from 0.
        of_label: recipes, by the label's name.
    """

    number: int
    of_label: dict[str, Recipe]


class Alternative(BaseModel):
    """A word, and another for it."""

    word: str
    other: str


class Alternatives(BaseModel):
    """Words that could stand for others."""

    alternatives: list[Alternative]


class Summary(BaseModel):
    """What a text is about."""

    summary: str
