"""A MultiRC instance: one question on one passage, with its options."""

from __future__ import annotations

from string import ascii_uppercase

from pydantic import BaseModel, ConfigDict

from targen_core import Rejected

_NONE = "none"  # the label of a question without a right option: 26 original ones


def letter(place: int) -> str:
    """Return the letter of the option at a place, from 0."""
    return ascii_uppercase[place % 26] + str(place // 26 or "")


class Option(BaseModel):
    """An answer that is offered, and whether it is right."""

    model_config = ConfigDict(frozen=True)

    text: str
    right: bool


class MultiRcQuestion(BaseModel):
    """An instance: its label is the set of its right options.

    Attributes:
        passage: the text that the question is about.
        question: the question.
        options: the options in the order in which they are offered.
        evidence: the sentences of the passage, counted from 1, that answer it
            together as the writer says; None if nobody said.
        all_right: whether every option may be right; a draw allows that to
            one question in a hundred.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    passage: str
    question: str
    options: tuple[Option, ...]
    evidence: tuple[int, ...] | None = None
    all_right: bool = False

    @property
    def letters(self) -> tuple[str, ...]:
        """Return the letters of the options: A, B, C and so on."""
        return tuple(letter(place) for place in range(len(self.options)))

    @property
    def right(self) -> tuple[str, ...]:
        """The letters of the right options."""
        pairs = zip(self.letters, self.options, strict=True)
        return tuple(letter for letter, option in pairs if option.right)

    @property
    def label(self) -> str:
        """The right options in one text: "A, C"."""
        return ", ".join(self.right) or _NONE

    def with_label(self, label: str) -> MultiRcQuestion:
        """The question with other options right.

        Raises:
            Rejected: `illegal-label`: the label names an option that there is not.
        """
        named = set() if label == _NONE else set(label.split(", "))
        if not named <= set(self.letters):
            raise Rejected("illegal-label", f"{label!r} is not a set of {', '.join(self.letters)}")
        options = tuple(
            Option(text=option.text, right=letter in named)
            for letter, option in zip(self.letters, self.options, strict=True)
        )
        return self.model_copy(update={"options": options})

    def render(self) -> str:
        """The question as text, without its label."""
        pairs = zip(self.letters, self.options, strict=True)
        options = "\n".join(f"{letter}) {option.text}" for letter, option in pairs)
        return f"Passage: {self.passage}\nQuestion: {self.question}\nOptions:\n{options}"

    def answer(self) -> str:
        """The right options as text, one a line."""
        pairs = zip(self.letters, self.options, strict=True)
        return "\n".join(f"{letter}) {option.text}" for letter, option in pairs if option.right)
