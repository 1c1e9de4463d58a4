"""Traits in which BoolQ's questions differ, the same for both labels of a passage.

The shares of kinds of questions are near those of the original validation set. There, 47% of the
questions open with "is" and 92% are in the present tense.
"""

from __future__ import annotations

from targen_core.tasks.dimensions import Dimension

KINDS = ("stated", "inferred")

DIMENSIONS = (
    Dimension(
        name="asks",
        values={
            "whether something is so (is, are)": 5,
            "whether one thing is another, a kind or a part of it, or the same as it (is, are)": 4,
            "whether there is something, or something has it (is there, are there, does)": 3,
            "whether one can, may or has to (can, do)": 4,
            "what somebody or something does (does, do)": 2,
            "what happened or will happen (did, was, has, will)": 2,
        },
        summary="what a question asks about",
    ),
    Dimension(
        name="kind",
        values={"stated": 2, "inferred": 1},
        in_prompt=False,
        summary="whether the passage states the answer in one place, or the reader must infer it",
    ),
)
