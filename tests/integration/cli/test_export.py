"""`targen export`: a run in each form, and what is refused."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

import markdown_it
import pyarrow.parquet as pq
import pytest
import yaml

from targen_core import read_dataset
from targen_standard.datasets.weighing import write_weighed
from targen_standard.splitting import shuffle, split

from ...files import lines, write_lines


@pytest.fixture
def run(finished):
    return finished("rte", "-n", 8, out="runs/rte-0")


@pytest.fixture
def weighed(run):
    rows = replace(read_dataset(run), weights=[at / 4 for at in range(8)])
    records = [{"idx": row["idx"]} for row in rows]
    return write_weighed(Path("w"), rows, records, task="rte", made={}, report={})


def test_weights_are_a_column_where_they_are_asked_for(run, weighed, rows, works):
    plain = works("export w --split 0.5/0.5 --out plain")
    left_out = "note: the rows' weights are left out; use --weights to add them as a column\n"
    assert plain.err == left_out
    for form in ("jsonl", "csv", "parquet", "hf"):
        assert works(f"export w --as {form} --weights --out out.{form}").err == ""
    expected = {at: at / 4 for at in range(8)}
    read = lines("out.jsonl")
    assert {row["idx"]: row.pop("weight") for row in read} == expected
    assert read == rows(run)
    with open("out.csv", encoding="utf-8", newline="") as file:
        assert {int(r["idx"]): float(r["weight"]) for r in csv.DictReader(file)} == expected
    for path in ("out.parquet", "out.hf/data/train-00000-of-00001.parquet"):
        table = pq.read_table(path)
        assert str(table.schema.field("weight").type) == "double"
        assert {row["idx"]: row["weight"] for row in table.to_pylist()} == expected
    # The same rows are in each split, whether their weights are beside them or not.
    works("export w --weights --split 0.5/0.5 --out parts")
    for name in ("train", "test"):
        part = lines(f"parts/{name}.jsonl")
        assert {row["idx"]: row.pop("weight") for row in part}.items() <= expected.items()
        assert part == lines(f"plain/{name}.jsonl")


# --- what is refused ---


def test_splits_of_a_form_are_files_in_a_folder(works, run):
    done = works("export", run, *"--split train=0.5/dev=0.5 --shuffle --seed 3".split())
    folder = Path("runs/rte-0/exports/rte-0.jsonl.splits")
    assert done.out.startswith(f"8 rows (train 4, dev 4) of rte as jsonl: {folder}\n")
    parts = [lines(folder / f"{name}.jsonl") for name in ("train", "dev")]
    assert sorted(row["idx"] for part in parts for row in part) == list(range(8))
    for part in parts:
        assert Counter(row["label"] for row in part) == {"entailment": 2, "not_entailment": 2}


PAIRS = """\
description: A premise and a hypothesis.
labels: {entailment: it follows, neutral: it may be true}
fields:
  premise: {description: a sentence}
  hypothesis: {description: a statement about it}
seeds: {field: premise}
"""


def test_rows_of_one_seed_are_in_one_split_in_every_form_of_a_dataset(works):
    Path("pairs.yaml").write_text(PAIRS)
    works("generate", "./pairs.yaml", *"-n 24 -b scripted --quiet --out run".split())
    works("correct", "run", *"-b scripted --quiet --out corrected".split())
    copies = [dict(row) for row in lines("run/dataset.jsonl")]
    copies[1]["premise"] = copies[1]["premise"].upper() + " "
    write_lines("copies.jsonl", copies)
    given = "are rows with the same `premise`."
    seeds = "So are rows generated from the same\nseed"
    plain = ("--task", "./pairs.yaml")
    for data, said, *options in (
        ("run", seeds),
        ("corrected", seeds),
        ("run/dataset.jsonl", given, *plain),
        ("copies.jsonl", given, *plain),
    ):
        works("export", data, *options, *"--as hf --split 0.6/0.2/0.2 --out hf --force".split())
        assert said in Path("hf/README.md").read_text()
        places: dict[str, set[str]] = {}
        for path in Path("hf/data").iterdir():
            for row in pq.read_table(path).to_pylist():
                places.setdefault(row["premise"].strip().lower(), set()).add(path.name)
        assert {len(each) for each in places.values()} == {1}, data
    parts = split(shuffle(read_dataset("run"), seed=1), "0.5/0.5")
    inner = split(parts["train"], "0.5/0.5")
    assert len({row["premise"] for part in inner.values() for row in part}) == sum(
        len({row["premise"] for row in part}) for part in inner.values()
    )


def test_splits_for_hubs(refuses, run, works):
    works("export", run, *"--as hf --split 0.5/0.5 --license CC-BY-4.0".split())
    folder = Path("runs/rte-0/exports/rte-0.hf")
    tables = [pq.read_table(path) for path in sorted(folder.glob("data/*.parquet"))]
    assert [table.num_rows for table in tables] == [4, 4]
    assert tables[0].schema.equals(tables[1].schema, check_metadata=True)
    _, front, body = (folder / "README.md").read_text("utf-8").split("---\n", 2)
    card = yaml.safe_load(front)
    assert card["license"] == "cc-by-4.0"
    assert "| train | 4 | 2 | 2 |" in body
    assert "cc-by-4.0, chosen by the publisher of the dataset." in body
    refuses(f"validate {folder} --task rte", "")  # it contains several: name one
    works("validate", folder / "data/test-00000-of-00001.parquet", "--task", "rte")


def test_a_run_that_fell_short_is_exported_with_a_word(works, rte, rows):
    assert rte("-n", 60, "-o", "garbage_rate=0.6", "--give-up-after", 6, "--out", "short").code == 1
    made = len(rows("short"))
    assert 0 < made < 60
    said = "note: exporting only the rows generated so far, because this run is short: label "
    assert works("export short").err.startswith(said)
    trained = works("train short --trainer tfidf --out model")
    assert said.replace("exporting", "training on") in trained.err
    assert len(lines("short/exports/short.jsonl")) == made


EVIL = "A [link](javascript:alert(1)) ![i](http://x.y/i) <img src=x> www.x.y http://x.y `code`"


def test_a_card_gets_no_link_image_or_html_from_a_stranger_s_task(works):
    task = {
        "summary": EVIL,
        "description": f"{EVIL}\n\n{EVIL}\n===",
        "labels": {EVIL[:60]: EVIL, "b": "two"},
        "contexts": ["x"],
        "fields": {"text": {"description": EVIL}},
    }
    Path("t.yaml").write_text(json.dumps(task))
    works("generate t.yaml -n 4 -b scripted --out run -q")
    works("export run --as hf --out hf")
    for card in ("run/README.md", "hf/README.md"):
        text = re.sub(r"\A---\n.*?^---\n", "", Path(card).read_text(), flags=re.S | re.M)
        tokens = markdown_it.MarkdownIt("commonmark").enable("table").parse(text)
        parts = [part for token in tokens for part in (token, *(token.children or ()))]
        kinds = {part.type for part in parts}
        assert not kinds & {"link_open", "image", "html_inline", "html_block"}, card
        headings = [part.map for part in parts if part.type == "heading_open"]
        assert len(headings) == text.count("\n#") + text.startswith("#"), "=== makes none"
        prose = "".join(part.content for part in tokens if part.type == "inline")
        assert "javascript:" in prose
        assert not re.search(r"http://|www\.", prose), "GitHub links bare addresses"
        assert "code" in [part.content for part in parts if part.type == "code_inline"]
