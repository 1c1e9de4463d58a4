"""Folders and files as a catalogue: what is described, and what is not and why."""

from __future__ import annotations

import json

import pytest

from targen_datatune.catalogues.files import FILES
from targen_datatune.retrieval import DatasetUnavailable


@pytest.fixture
def data(tmp_path):
    """An empty folder."""
    folder = tmp_path / "data"
    folder.mkdir()
    return folder


def test_a_folder_of_several_datasets(shop, described):
    actual = described(shop)
    assert list(actual) == [
        "file:shop/questions.json",
        "file:shop/orders",
        "file:shop/talk/reviews.csv",
    ]
    reviews = actual["file:shop/talk/reviews.csv"]
    assert reviews.rows == 12
    assert reviews.columns == {"review": "string", "stars": "string"}
    assert reviews.samples[0] == {"review": "The lamp number 0 is bright.", "stars": "1"}
    assert reviews.license == "cc-by-4.0"
    assert reviews.tags == ("text-classification", "language:en")
    assert reviews.description == (
        "Shop Reviews. Reviews that customers of a shop wrote, each with the number of stars that "
        "they gave."
    )


def test_splits_are_one_dataset_whose_rows_are_those_to_train_on(shop, described):
    orders = described(shop)["file:shop/orders"]
    assert (orders.name, orders.split, orders.rows) == ("orders", "train", 6)
    assert list(FILES.rows(orders))[-1] == {"item": "lamp 5", "count": 5}


EXAMPLE = {"input": "Q", "target": "yes"}
SAID = {"canary": "GUID 1", "description": "Yes or no?", "keywords": ["a"], "examples": [EXAMPLE]}
ALONE = {
    "jokes.tsv": (
        "joke\tfunny\nWhy?\tno\n",
        {"license": "", "description": "No description. A row: joke: Why?; funny: no"},
        [{"joke": "Why?", "funny": "no"}],
    ),
    # Rows inside an object, with what it says of itself:
    "task.json": (
        json.dumps(SAID),
        {
            "description": "Yes or no?",
            "notes": ("its authors ask to keep it out of training corpora: GUID 1",),
        },
        [EXAMPLE],
    ),
    "some.csv": (
        "a,b\n1,2\n3\n4,5\n",
        {"notes": ("left out 1 unreadable row; some.csv, line 3: 1 cell, but the header has 2",)},
        [{"a": "1", "b": "2"}, {"a": "4", "b": "5"}],
    ),
    # Semicolons divide columns where there is no comma.
    "european.csv": ("q;a\nWhy?;So\n", {}, [{"q": "Why?", "a": "So"}]),
}
"""Files by their names: what is in them, and what their entries and rows are."""


@pytest.mark.parametrize("name", ALONE)
def test_a_file_alone(name, tmp_path, described):
    content, said, rows = ALONE[name]
    (tmp_path / name).write_text(content)
    (entry,) = described(tmp_path / name).values()
    assert (entry.id, entry.rows) == (f"file:{name}", len(rows))
    assert {key: getattr(entry, key) for key in said} == said
    assert list(FILES.rows(entry)) == rows


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("empty.csv", "", "has no readable rows"),
        ("header.csv", "a,b\n", "has no readable rows"),
        ("torn.jsonl", '{"a": 1', "torn.jsonl, line 1: it is not JSON"),
        ("settings.json", '{"a": 1}', "is a single JSON object that contains no list of rows"),
        ("noise.parquet", "no table", "cannot read"),
    ],
)
def test_what_cannot_be_read_is_left_out_with_the_reason(name, content, words, shop, described):
    if name.endswith(".parquet"):
        pytest.importorskip("pyarrow")
    path = shop / name
    path.write_text(content)
    actual = described(shop)
    assert words in str(actual[f"shop/{name}"])
    assert sum(isinstance(entry, DatasetUnavailable) for entry in actual.values()) == 1


@pytest.mark.whole
def test_a_run_is_one_dataset(tmp_path, described, works):
    run = tmp_path / "runs" / "mine"
    args = ["generate", "wic", "-n", "4", "-b", "scripted", "--out", str(run)]
    works(*args)
    (entry,) = described(tmp_path / "runs").values()
    assert (entry.id, entry.rows) == ("file:runs/mine", 4)
    assert "sentence1" in entry.columns
    assert "synthetic" in entry.description


def test_links_out_of_a_folder_are_noted_and_those_of_the_hubs_cache_followed(
    data, tmp_path, described
):
    secret = tmp_path / "secret.csv"
    secret.write_text("text\nhidden\n")
    (data / "mine.csv").write_text("text\nfine\n")
    (data / "theirs.csv").symlink_to(secret)
    (data / "gone.csv").symlink_to(tmp_path / "nothing.csv")
    (data / "same.csv").symlink_to(data / "mine.csv")
    (tmp_path / "diary.md").write_text("# Diary\n\nDear diary, nobody must ever read this here.\n")
    (data / "mine.md").symlink_to(tmp_path / "diary.md")
    actual = described(data)
    assert "diary" not in actual["file:data/mine.csv"].description
    assert "file:data/same.csv" in actual
    for key in ("data/theirs.csv", "data/gone.csv"):
        assert "a link that points outside the folder" in str(actual[key])
    cache = tmp_path / "datasets--a--b"
    (cache / "blobs").mkdir(parents=True)
    (cache / "blobs" / "123").write_text("text\nfine\n")
    snapshot = cache / "snapshots" / "abc"
    snapshot.mkdir(parents=True)
    (snapshot / "train.csv").symlink_to("../../blobs/123")
    (snapshot / "other.csv").symlink_to(secret)
    actual = described(snapshot)
    assert sum("points outside the folder" in str(each) for each in actual.values()) == 1
    assert any(getattr(each, "rows", 0) == 1 for each in actual.values())
