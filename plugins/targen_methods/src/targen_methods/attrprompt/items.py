"""Items of AttrPrompt's lists, and replies of a model."""

from __future__ import annotations

import random

from pydantic import BaseModel, ConfigDict, Field


class _Item(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Attribute(BaseModel):
    """A way in which rows differ."""

    model_config = ConfigDict(frozen=True)

    name: str = Field(description="its name")
    question: str = Field("", description="the question that its values answer")
    depends_on_label: bool = Field(False, description="whether each label has its own values")

    @property
    def shown(self) -> str:
        """Return its text in a prompt."""
        return f"{self.name}. {self.question}" if self.question else self.name


class Attributes(BaseModel):
    """Attributes, as a model proposes them."""

    model_config = ConfigDict(frozen=True)

    attributes: tuple[Attribute, ...]


class Values(_Item):
    """All values, by attribute.

    Attributes:
        shared: those that every label has.
        of_label: those of each label, by the label's name.
    """

    shared: dict[str, tuple[str, ...]]
    of_label: dict[str, dict[str, tuple[str, ...]]]

    def traits(self, draw: Draw, label: str) -> dict[str, str]:
        """Return a value of each attribute for a row of that label: dependent ones first.

        The first that are said hold where some cannot go together.

        Each label has decks of its own, so that no value is more often with one label than with
        another. Labels take turns over the draws, so each turn also has its decks. If the other
        labels are full, one label gets all turns; its values still come up evenly.
        """
        at, turn = divmod(draw.number, len(self.of_label))
        own = self.of_label[label]
        lists = own | {name: each for name, each in self.shared.items() if name not in own}
        return {
            name: _dealt(values, at, nth, f"{draw.decks}/{label}/{turn}/{name}")
            for nth, (name, values) in enumerate(lists.items())
        }


def _dealt(values: tuple[str, ...], at: int, nth: int, deck: str) -> str:
    """Return the value at a place of a deck, which has each once before any repeats.

    Each time the deck of the nth attribute moves by n places, as in a Latin square, so that other
    pairs of values meet. After all of its turns it is shuffled.
    """
    again, place = divmod(at, len(values))
    square, row = divmod(again, len(values))
    order = random.Random(f"{deck}/{square}").sample(values, len(values))
    return order[(place + row * nth) % len(values)]


class Draw(_Item):
    """A seed: a place in the decks of values, which `Values.traits` deals from.

    Attributes:
        number: which draw it is, from 0.
        decks: what the decks are shuffled by, the same for all draws of a run.
    """

    number: int
    decks: int


class ValuesReply(BaseModel):
    """Values that a model lists."""

    values: list[str]


class Labels(BaseModel):
    """Labels that a model names."""

    labels: list[str]
