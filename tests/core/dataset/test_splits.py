"""Splits: stratified, of whole units and seeds, and decided by content and seed alone."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from targen_core.dataset.model import Dataset
from targen_core.errors import UsageError
from targen_standard.splitting import split


@pytest.fixture(scope="module")
def made(lab):
    """Make a dataset of rows with these labels; `size` rows a unit."""

    def make(labels, size=1, seeds=()):
        def read(rows):
            return [lab.Row(seed="-", text=rows[0]["text"], label=rows[0]["label"])]

        task = lab.World(rows_per_instance=size).task(
            rows={"from_rows": read, "label_of": lambda row: row.label}
        )
        rows = [
            {"text": f"{number}.{part}", "label": label, "idx": number * size + part}
            for number, label in enumerate(labels)
            for part in range(size)
        ]
        records = [{"idx": at * size, "seed": {"text": seed}} for at, seed in enumerate(seeds)]
        return Dataset("mine", task, rows, provenance=records)

    return make


def labels(dataset):
    return Counter(row["label"] for row in dataset)


def test_each_label_has_the_same_shares(made):
    parts = split(made(["yes"] * 80 + ["no"] * 20), "0.8/0.1/0.1")
    assert [(name, dict(labels(part))) for name, part in parts.items()] == [
        ("train", {"yes": 64, "no": 16}),
        ("validation", {"yes": 8, "no": 2}),
        ("test", {"yes": 8, "no": 2}),
    ]


@given(
    st.lists(st.sampled_from("abc"), min_size=4, max_size=60),
    st.sampled_from([1, 2, 3]),
    st.floats(0.1, 0.9),
    st.integers(0, 3),
)
def test_every_row_is_in_one_part_and_no_unit_is_parted(made, names, size, share, seed):
    dataset = made(names, size)
    try:
        parts = split(dataset, (share, 1 - share), seed=seed)
    except UsageError:
        assert min(share, 1 - share) * len(names) < 1
        return
    held = [[row["idx"] // size for row in part] for part in parts.values()]
    assert sorted(held[0] + held[1]) == sorted(row["idx"] // size for row in dataset)
    assert not set(held[0]) & set(held[1])
    assert abs(len(parts["train"]) - share * len(dataset)) <= size
    assert all(idx == sorted(idx) for idx in held)


def test_rows_of_one_seed_stay_together(made):
    seeds = [f"premise {number // 2}" for number in range(40)]
    dataset = made(["yes", "no"] * 20, seeds=seeds)
    parts = split(dataset, "0.5/0.5", seed=4)
    texts = [{seeds[row["idx"]] for row in part} for part in parts.values()]
    assert not texts[0] & texts[1]
    assert [dict(labels(part)) for part in parts.values()] == [{"yes": 10, "no": 10}] * 2


def test_nearly_the_same_rows_stay_together_whatever_their_labels_and_order(made):
    dataset = made(["yes", "no"] * 20)
    words = [f"{at // 2 * 7919 + 10**6:x} {at // 2 * 104729 + 10**8:x}" for at in range(40)]
    ends = ("on Monday", "on Friday")
    rows = [
        {**row, "text": f"Parcel {word} {word[::-1]} reached the shop in Elmstead {ends[at % 2]}."}
        for at, (row, word) in enumerate(zip(dataset, words, strict=True))
    ]
    rows[0]["text"], rows[2]["text"] = "!!!", "???"  # without words, and so not alike
    parts = split(replace(dataset, rows=rows), "0.5/0.5")
    held = [{row["idx"] // 2 for row in part if row["idx"] > 3} for part in parts.values()]
    assert not held[0] & held[1]
    assert [len(part) for part in parts.values()] == [20, 20]
    turned = split(replace(dataset, rows=rows[::2] + rows[1::2]), "0.5/0.5")
    pairs = [{row["idx"] // 2 for row in part if row["idx"] > 3} for part in turned.values()]
    assert not pairs[0] & pairs[1]


def test_content_and_seed_decide_and_the_order_of_rows_does_not(made):
    dataset = made(["yes", "no"] * 20)
    turned = replace(dataset, rows=list(reversed(dataset.rows)))
    halves = [
        {row["text"] for row in split(each, "0.5/0.5", seed=seed)["test"]}
        for each, seed in ((dataset, 0), (turned, 0), (dataset, 1))
    ]
    assert halves[0] == halves[1] != halves[2]
