"""What is in AttrPrompt's lists, and what a model replies."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

__all__ = [
    "Attribute",
    "Attributes",
    "Draw",
    "Labels",
    "Values",
    "ValuesReply",
]


class _Item(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Attribute(BaseModel):
    """A way in which rows differ.

    Attributes:
        name: what it is called.
        question: what its values answer.
        depends_on_label: whether each label has values of its own.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    question: str = ""
    depends_on_label: bool = False

    @property
    def shown(self) -> str:
        """How a prompt says it."""
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


class Draw(_Item):
    """What one row is to be like: a seed.

    Attributes:
        number: which draw it is, from 0.
        shared: a value of each attribute, whatever the label.
        of_label: values of the attributes that depend on the label, by its name.
        words: the fewest words of the first text; 0 where nothing is said of its length.
    """

    number: int
    shared: dict[str, str]
    of_label: dict[str, dict[str, str]]
    words: int = 0

    def traits(self, label: str) -> dict[str, str]:
        """The values for a row of that label, by attribute."""
        return self.shared | self.of_label.get(label, {})


class ValuesReply(BaseModel):
    """Values that a model lists."""

    values: list[str]


class Labels(BaseModel):
    """Labels that a model names."""

    labels: list[str]
