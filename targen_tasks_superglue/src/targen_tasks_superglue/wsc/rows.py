"""A WSC row: a text, a phrase and a pronoun in it, and whether they mean the same."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, model_validator

from targen_tasks_superglue.shared.mentions import same_words


class Target(BaseModel):
    """The two spans: 1 is the phrase in question, 2 the pronoun.

    Indexes count whitespace tokens of the row's text, from 0.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    span1_text: str
    span1_index: int
    span2_text: str
    span2_index: int


class WscRow(BaseModel):
    """A row in its official form, without `idx`.

    Each span's words must be at its index, up to case, punctuation at their edges, a possessive 's
    and white space.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: str
    target: Target
    label: bool

    @model_validator(mode="after")
    def _spans_stand_in_the_text(self) -> WscRow:
        target = self.target
        _require(self.text, "span1", target.span1_text, target.span1_index)
        _require(self.text, "span2", target.span2_text, target.span2_index)
        return self


def _require(text: str, name: str, span: str, index: int) -> None:
    tokens, size = text.split(), len(span.split())
    if not size:
        raise ValueError(f"{name}_text is empty")
    if not 0 <= index <= len(tokens) - size:
        raise ValueError(f"{name}_index {index} is outside the text, which has {len(tokens)} words")
    actual = " ".join(tokens[index : index + size])
    if not same_words(actual, span):
        raise ValueError(f"{name}_text is {span!r}, but the text has {actual!r} at word {index}")


def marked(text: str, index: int, pronoun: str) -> str:
    """Return the text with its pronoun in brackets, since it may have the form several times.

    A text without such a word is returned unchanged.
    """
    tokens = text.split()
    if not 0 <= index < len(tokens):
        return text
    token = tokens[index]
    # The token may have punctuation around the pronoun, or an 's behind it.
    tokens[index] = token.replace(pronoun, f"[{pronoun}]", 1) if pronoun in token else f"[{token}]"
    return " ".join(tokens)
