"""Traits in which the premises of CommitmentBank differ.

Those of `commitment` have the shares of the original training set (250 rows) by a heuristic that
looks at the last sentence. There, 65% have a negation, 18% a modal, 10% ask, and 5% have an
"if". Above the clause, 45% have a verb of thinking, 28% of knowing and 19% of saying.
Conversations are 49%. Half have 48 words or fewer, and a tenth 96 or more; 37% hold the
hypothesis word for word. There these shares differ by label (a contradiction is a negation in 111
of 119 rows), so that the operator tells the label. Here all labels of a setting have the same
draws. The verb above the clause depends on the label: a verb of knowing below a negation makes a
clause true, whatever the request.
"""

from __future__ import annotations

from targen_core.tasks.dimensions import Dimension
from targen_core.tasks.vocabularies import vocabulary

_WORD = Dimension(
    name="word", values=vocabulary("words"), summary="the word that a pair starts from"
)

OF_PAIRS = (
    Dimension(
        name="register",
        values={"story": 4, "conversation": 3, "newspaper article": 2, "letter": 1},
        summary="kind of text that a premise is an excerpt from",
    ),
    Dimension(
        name="length",
        values={"about 15 words": 2, "about 25 words": 3, "about 40 words": 3, "about 70 words": 2},
        summary="number of words in a premise",
    ),
    _WORD,
)

OF_COMMITMENTS = (
    Dimension(
        name="under",
        values={"negation": 13, "modal": 4, "question": 2, "conditional": 1, "attitude": 1},
        summary="the operator over the clause, distributed as in the original",
    ),
    Dimension(
        name="register",
        values={
            "conversation": 5,
            "talk of strangers": 5,
            "novel of family life": 1,
            "love story": 1,
            "crime novel": 1,
            "historical novel": 1,
            "novel of war or adventure": 1,
            "fantasy or science fiction": 1,
            "memoir": 1,
            "essay": 1,
            "newspaper article": 2,
        },
        summary="kind of text that a premise is from: talk, books or newspapers, distributed as in "
        "the original",
    ),
    Dimension(
        name="length",
        values={
            "about 25 words": 3,
            "about 35 words": 3,
            "about 50 words": 3,
            "about 70 words": 2,
            "about 100 words": 1,
        },
        summary="number of words in a premise, distributed as in the original",
    ),
    Dimension(
        name="clause",
        values={"word for word": 2, "names for pronouns": 3},
        summary="how closely a hypothesis follows its clause, distributed as in the original",
    ),
    Dimension(
        name="claim",
        values={
            "an opinion or a judgement": 4,
            "what somebody does or did": 4,
            "what somebody is, has or knows": 3,
            "what happens to somebody or something": 3,
            "how things stand": 4,
            "what will or should happen": 2,
        },
        summary="what a hypothesis claims, under all labels",
    ),
    Dimension(
        name="clause_length",
        values={"3 to 5 words": 3, "6 to 8 words": 4, "9 to 14 words": 3},
        summary="number of words in a hypothesis, distributed as in the original",
    ),
)
