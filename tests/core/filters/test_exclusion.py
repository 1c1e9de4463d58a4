"""What an index of excluded rows finds: by each of its tests, of edited rows, and of no others."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from targen_standard.filters.excluded.index import ExclusionIndex, Match

PREMISE = (
    "The museum of Arden was closed in 1987, and the architect Clara Ibsen bought its glass roof "
    "for a station that she was building at the harbour of Montbrun."
)
SPACED = PREMISE.replace(" ", "\n ").replace("glass", "g\u200blass")
RETOLD = (
    "The theatre of Arden was closed in 1988, and the architect Clara Ibsen bought its lead roof "
    "for a station she was building at the haven of Montbrun."
)
HYPOTHESIS = "Clara Ibsen never built anything near the sea."
QUESTION = "Who bought the roof of the museum in Arden?"


def index_of(rows):
    """An index of rows, each a list of texts."""
    index = ExclusionIndex()
    for row in rows:
        index.add(row)
    return index


@pytest.fixture(scope="module")
def others(made_up):
    """Rows in which nothing of the rows of a test stands."""
    rng = random.Random(5)
    return [[made_up(rng, rng.randint(10, 50)), made_up(rng, 8)] for _ in range(300)]


@pytest.fixture(scope="module")
def index(others):
    return index_of([*others[:150], [PREMISE, HYPOTHESIS], *others[150:]])


class TestTheTests:
    @pytest.mark.parametrize(
        ("texts", "test", "whole"),
        [
            ([PREMISE, HYPOTHESIS], "exact", True),
            ([PREMISE, "She did."], "exact", False),
            (["She did.", PREMISE], "exact", False),
            ([f" {PREMISE.upper()}", HYPOTHESIS.replace(".", "!")], "normalized", True),
            ([SPACED, "No."], "normalized", False),
            ([f"A guide says: {PREMISE[:100]}…", "It says nothing of a roof."], "8-gram", False),
            ([f"We heard that {HYPOTHESIS.lower()[:-1]} at all.", "They sang."], "8-gram", False),
            ([RETOLD, HYPOTHESIS.replace("Clara", "Klara")], "similar", True),
        ],
    )
    def test_find_what_they_say(self, index, texts, test, whole):
        assert index.find(texts) == Match(test, 151, whole)

    @pytest.mark.parametrize(
        "texts",
        [
            ["Clara Ibsen", "yes"],
            ["The museum of Arden was closed in 1987 for repairs.", HYPOTHESIS[:20]],
            ["It was one of those days on which at the end of the day nobody knew.", "cause"],
            [QUESTION, "Clara Ibsen"],
            ["", "!?"],
            [],
        ],
    )
    def test_find_nothing_in_what_is_short_or_only_a_phrase(self, index, texts):
        assert index.find(texts) is None

    def test_short_rows_count_as_a_whole(self):
        index = index_of([["Great food!"], ["bank", "yes"]])
        assert index.find(["great food"]) == Match("normalized", 1, True)
        assert index.find(["bank", "yes"]) == Match("exact", 2, True)
        assert index.find(["bank", "no"]) is None
        # Where the candidate has other texts, which the source has not, a short one says nothing.
        assert index.find(["bank", "yes"], complete=False) is None


@pytest.fixture(scope="module")
def corpus(made_up):
    rng = random.Random(8)
    rows = [[made_up(rng, rng.randint(8, 60))] for _ in range(400)]
    return rows, index_of(rows)


class TestRowsThatWereEdited:
    def test_are_found(self, corpus, edited, edits):
        """Half of the edits hit single letters, which is the most that is promised nothing of."""
        rows, index = corpus
        hits = 0
        for row in range(400):
            match = index.find([edited(random.Random(row), rows[row][0], edits.any, 91)])
            hits += match is not None and match.row == row + 1
        assert hits >= 380

    @settings(max_examples=100)
    @given(seed=st.integers(0, 10**6), words=st.integers(5, 60))
    def test_others_are_not(self, corpus, made_up, seed, words):
        assert corpus[1].find([made_up(random.Random(f"other {seed}"), words)]) is None
