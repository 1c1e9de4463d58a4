"""Options of CoDa."""

from __future__ import annotations

from pydantic import Field

from targen_standard.methods.model import MethodOptions

__all__ = ["Options"]


class Options(MethodOptions):
    """Options of CoDa; the defaults are those of its authors, except for the embedder."""

    solo: int = Field(3, ge=0, le=100, description="new rows from each given row alone")
    mix: int = Field(
        2,
        ge=0,
        le=100,
        description="new rows on its subject under the constraints of the nearest rows of its "
        "label, one of each; pairs are not mixed",
    )
    keep: float = Field(
        0.3,
        ge=0,
        le=1,
        description="share of a text's words that are kept, three at least, of pairs half at most",
    )
    alternatives: bool = Field(
        True, description="the model names other words for those kept: one call per given row"
    )
    replace: float = Field(
        0.5,
        ge=0,
        le=1,
        description="how often such a word may replace its own; otherwise it is excluded",
    )
    exclude: float = Field(
        0.3, ge=0, le=1, description="share of the excluded words that prompts name"
    )
    exemplars: int = Field(3, ge=0, le=20, description="given rows of the same label to be shown")
    longer: float = Field(
        1.5, ge=1, le=10, description="how much longer than the given one a text may be"
    )
    # One that is there everywhere: what is installed later must not change a run's words.
    embedder: str = Field(
        "words",
        min_length=1,
        description="tells which words are near to a label, and rows to each other: words, or "
        "minilm",
    )
    syntax: str = Field(
        "", description="a spaCy pipeline; the new text follows the given one's parts of speech"
    )
