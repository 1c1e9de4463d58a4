"""What a `Dataset` is: rows, units, instances, texts, labels, a digest, and how it is shown."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from targen_core.dataset.model import Dataset
from targen_core.errors import UsageError
from targen_standard.filters.near_duplicates.index import repeats
from targen_testing.sample import PAIRS, SAMPLE


def reviews(count):
    return [
        {"text": f"review {at}", "label": ("bad", "good")[at % 2], "idx": at} for at in range(count)
    ]


def pairs(count):
    return [
        {"text": f"{side} {at}", "label": "good", "idx": 2 * at + place}
        for at in range(count)
        for place, side in enumerate(("one", "other"))
    ]


def test_it_is_the_sequence_of_its_rows():
    rows = reviews(5)
    dataset = Dataset("mine", SAMPLE, rows, "# A card")
    assert len(dataset) == 5
    assert list(dataset) == rows
    assert (dataset[0], dataset[-1]) == (rows[0], rows[4])
    part = dataset[1:3]
    assert isinstance(part, Dataset)
    assert (part.name, part.card, part.rows) == ("mine", "# A card", rows[1:3])
    assert part == Dataset("other", SAMPLE, rows[1:3])
    assert list(dataset[::2]) == rows[::2]


def test_units_are_groups_that_nothing_breaks():
    dataset = Dataset("mine", PAIRS, pairs(3))
    assert [(unit.number, unit.idx) for unit in dataset.units()] == [(1, 0), (3, 2), (5, 4)]
    assert next(dataset.instances).texts == ("one 0", "other 0")
    assert dataset.labels == {"good": 6}
    assert dataset[2:].rows == pairs(3)[2:]
    for broken in (slice(1, None), slice(0, 3), slice(0, 6, 2)):
        with pytest.raises(UsageError, match="rows of sample-pairs come in groups of 2"):
            dataset[broken]


def test_rows_that_are_no_unit_are_named():
    half = Dataset("mine", PAIRS, pairs(2)[:3])
    with pytest.raises(
        UsageError, match="mine ends with an incomplete group: rows of sample-pairs"
    ):
        list(half.instances)
    bad = Dataset("mine", SAMPLE, [*reviews(1), {"text": 5, "label": "good"}])
    with pytest.raises(UsageError, match="mine, row 1 is not a labelled row of sample: text: "):
        list(bad.instances)
    assert repr(bad) == "<Dataset mine: 2 rows of sample>"


@given(
    rows=st.lists(st.dictionaries(st.text(), st.none() | st.text() | st.floats() | st.integers()))
)
def test_its_digest_is_of_what_the_rows_say(rows):
    rng = random.Random(0)
    shuffled = [dict(rng.sample(list(row.items()), len(row))) for row in rows]
    bare = [{name: value for name, value in row.items() if value is not None} for row in rows]
    known = Dataset("mine", SAMPLE, rows).digest
    assert Dataset("other", SAMPLE, shuffled).digest == known
    assert Dataset("other", SAMPLE, bare).digest == known
    assert Dataset("mine", SAMPLE, [*rows, {"text": "more"}]).digest != known


def test_rows_of_another_dataset_are_found_again_whatever_their_labels():
    words = "the tram to the harbour was late because of the heavy snow that fell at night"
    mine = [
        {"text": words.upper() + "!", "label": "bad", "idx": 0},
        {"text": words.replace("late", "early"), "label": "good", "idx": 1},
        {"text": "nobody at the station knew when the next one would leave", "idx": 2},
    ]
    theirs = [{"text": "something else altogether", "label": "good", "idx": 0}]
    theirs.append({"text": words, "label": "good", "idx": 1})
    one, other = Dataset("one", SAMPLE, mine), Dataset("other", SAMPLE, theirs)
    assert repeats(one, other) == {0: 1, 1: 1}
    assert repeats(one, other, 100) == {0: 1}
    assert repeats(one, other, 50)[0] == 1
