"""`targen export`: a run in each form, and what is refused."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path

import markdown_it
import pyarrow.parquet as pq
import pytest

from targen_core import read_dataset
from targen_standard.splitting import shuffle, split

from ...files import lines, write_lines


@pytest.fixture
def run(finished):
    return finished("rte", "-n", 8, out="runs/rte-0")


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
