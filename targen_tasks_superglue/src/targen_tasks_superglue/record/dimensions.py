"""Traits in which ReCoRD's queries differ.

Half of the original queries name another entity of the passage. Many repeat the passage in the
words of a caption or of a quoted person. Models left to themselves write the background of an
event, in the past perfect and without a name.
"""

from __future__ import annotations

from targen_core.tasks.dimensions import Dimension

DIMENSIONS = (
    Dimension(
        name="build",
        values={
            "the chosen name opens the statement": 2,
            "the chosen name in the middle": 2,
            "the chosen name after a preposition such as of, by, with or for": 3,
            "the chosen name after a conjunction such as that, when, because or but": 2,
            "the chosen name with 's behind it": 1,
        },
        summary="the position of the answer in a query",
    ),
    Dimension(
        name="beside it",
        values=("no other name", "one other name of the passage"),
        summary="whether a query names another entity, as half of the original queries do",
    ),
    Dimension(
        name="tells",
        values={
            "the event itself in other words, with a new detail": 3,
            "what somebody said": 2,
            "what somebody said, with a number": 1,
            "a reaction or a feeling": 1,
            "a result, or how things stand now": 2,
            "what comes next": 1,
            "what a picture of it shows": 1,
            "what somebody or something is known for": 1,
        },
        summary="what a query says",
    ),
)
