"""What a `Dataset` is: rows, units, instances, texts, labels, a digest, and how it is shown."""

from __future__ import annotations

import random
from collections.abc import Hashable
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from targen_core.dataset.model import Dataset
from targen_core.errors import UsageError
from targen_standard.filters.near_duplicates.index import repeats
from targen_standard.task_files.model import Declaration
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


def test_the_rows_that_it_gives_are_copies():
    rows = [{"text": "so", "label": "good", "idx": 0, "spans": [{"start": 1}]}]
    dataset = Dataset("mine", SAMPLE, rows)
    before = dataset.digest
    for row in (*dataset, dataset[0]):
        row["score"] = 1
        row["spans"][0]["start"] = 2
    assert (
        list(dataset)
        == rows
        == [{"text": "so", "label": "good", "idx": 0, "spans": [{"start": 1}]}]
    )
    assert Dataset("mine", SAMPLE, rows).digest == before


def test_texts_and_labels():
    dataset = Dataset("mine", SAMPLE, [*reviews(3), {"text": "bare", "idx": 3}])
    assert list(dataset.texts) == [("review 0",), ("review 1",), ("review 2",), ("bare",)]
    assert list(dataset.labels.items()) == [("good", 1), ("bad", 2)]  # as the task has them
    assert [each.text for each in dataset.instances] == ["review 0", "review 1", "review 2"]


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


class _Table(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.text = [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)

    def handle_data(self, data):
        self.text.append(data)


@given(text=st.text(), name=st.text(min_size=1))
def test_a_notebook_shows_a_table_and_runs_nothing(text, name):
    rows = [{"text": f"<script>{text}</script>", name: {"a": [1]}, "idx": 0}] * 20
    table = _Table()
    shown = Dataset(f"<b>{name}", SAMPLE, rows)._repr_html_()
    table.feed(shown)
    assert set(table.tags) == {"table", "caption", "thead", "tbody", "tr", "th", "td"}
    assert table.tags.count("tr") == 1 + 8 + 1
    assert "… and 12 more" in table.text
    assert "\x1b" not in shown
    long = [{"text": "long " * 10_000, "label": "good"}]
    assert len(Dataset("mine", SAMPLE, long)._repr_html_()) < 1000


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


@pytest.mark.parametrize("task", ["porter", None, Declaration(description="x", labels={"a": "b"})])
def test_a_dataset_takes_no_other_task(task):
    with pytest.raises(UsageError, match="not a Task") as caught:
        Dataset("mine", task, [{"text": "a"}])
    assert "read_dataset(ROWS, task=TASK)" in caught.value.hint


def test_a_dataset_says_that_it_has_no_hash():
    assert not isinstance(Dataset("mine", SAMPLE, []), Hashable)
