"""Options of CoDa."""

from __future__ import annotations

from pydantic import Field

from targen_standard.methods.model import MethodOptions


class Options(MethodOptions):
    """Options of CoDa; the defaults are those of its authors, except for the embedder."""

    solo: int = Field(3, ge=0, le=100, description="number of new rows from each given row")
    mix: int = Field(
        2,
        ge=0,
        le=100,
        description="number of new rows that mix a given row's subject with the constraints of a "
        "similar row of the same label; not used for pairs",
    )
    keep: float = Field(
        0.3,
        ge=0,
        le=1,
        description="share of a text's words to keep: at least three words; for pairs, at most "
        "half",
    )
    alternatives: bool = Field(
        True,
        description="whether the model suggests alternatives for the kept words: one call per "
        "given row",
    )
    replace: float = Field(
        0.5,
        ge=0,
        le=1,
        description="share of the alternatives that may replace the original words; the others "
        "are excluded",
    )
    exclude: float = Field(
        0.3, ge=0, le=1, description="share of the excluded words to list in prompts"
    )
    exemplars: int = Field(
        3, ge=0, le=20, description="number of given rows with the same label to show"
    )
    longer: float = Field(
        1.5, ge=1, le=10, description="maximum length of a text relative to the given text"
    )
    # Use one that is always available: a later installation must not change a run's words.
    embedder: str = Field(
        "words",
        min_length=1,
        description="the embedder that measures how near words are to a label, and rows to each "
        "other: words or minilm",
    )
    syntax: str = Field(
        "",
        description="a spaCy pipeline, to make the new text follow the parts of speech of the "
        "given text",
    )
