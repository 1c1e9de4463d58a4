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

from ...files import lines


@pytest.fixture
def run(finished):
    return finished("rte", "-n", 8, out="runs/rte-0")


def test_official_rows_are_the_default(targen, run, rows):
    result = targen("export", run)
    assert (result.code, result.err) == (0, "")
    path = Path("runs/rte-0/exports/rte-0.jsonl")
    assert lines(path) == rows(run)
    assert result.out.splitlines() == [
        "8 rows of rte as jsonl: runs/rte-0/exports/rte-0.jsonl",
        "",
        f"file{' ' * 28}bytes",
        f"runs/rte-0/exports/rte-0.jsonl  {path.stat().st_size:,}",
    ]


@pytest.fixture
def weighed(run):
    rows = read_dataset(run)
    weights = [at / 4 for at in range(8)]
    records = [{"idx": row["idx"]} for row in rows]
    return write_weighed(
        Path("w"), replace(rows, weights=weights), records, task="rte", made={}, report={}
    )


def test_weights_are_a_column_where_they_are_asked_for(targen, run, weighed, rows, works):
    plain = works("export", weighed, "--split", "0.5/0.5", "--out", "plain")
    assert plain.err == (
        "note: the rows' weights are left out; use --weights to add them as a column\n"
    )
    for form in ("jsonl", "csv", "parquet", "hf"):
        done = targen("export", weighed, "--as", form, "--weights", "--out", f"out.{form}")
        assert (done.code, done.err) == (0, "")
    expected = {at: at / 4 for at in range(8)}
    read = lines("out.jsonl")
    assert {row.pop("idx"): row.pop("weight") for row in read} == expected
    assert read == [{k: v for k, v in row.items() if k != "idx"} for row in rows(run)]
    with open("out.csv", encoding="utf-8", newline="") as file:
        table = list(csv.DictReader(file))
    assert {int(row["idx"]): float(row["weight"]) for row in table} == expected
    for path in (Path("out.parquet"), Path("out.hf/data/train-00000-of-00001.parquet")):
        table = pq.read_table(path)
        assert str(table.schema.field("weight").type) == "double"
        assert {row["idx"]: row["weight"] for row in table.to_pylist()} == expected
    # The same rows are in each split, whether their weights are beside them or not.
    works("export", weighed, "--weights", "--split", "0.5/0.5", "--out", "parts")
    for name in ("train", "test"):
        part = lines(f"parts/{name}.jsonl")
        assert {row["idx"]: row.pop("weight") for row in part}.items() <= expected.items()
        assert part == lines(f"plain/{name}.jsonl")


# --- what is refused ---


def test_weights_that_have_no_place(targen, run, weighed):
    talks = targen("export", weighed, "--weights", "--as", "openai")
    assert talks.code == 2 and "the format openai cannot store weights" in talks.err
    plain = targen("export", weighed, "--as", "openai")
    assert (plain.code, plain.err) == (0, "note: the rows' weights are left out\n")
    merged = targen("merge", run, weighed, "--out", "merged")
    assert merged.code == 2 and not Path("merged").exists()
    assert "w contains selected or weighted rows, not a run" in merged.err


def test_splits_of_a_form_are_files_in_a_folder(targen, run, rows):
    done = targen("export", run, "--split", "train=0.5/dev=0.5", "--shuffle", "--seed", 3)
    folder = Path("runs/rte-0/exports/rte-0.jsonl.splits")
    assert done.out.startswith(f"8 rows (train 4, dev 4) of rte as jsonl: {folder}\n")
    parts = [lines(folder / f"{name}.jsonl") for name in ("train", "dev")]
    assert sorted(row["idx"] for part in parts for row in part) == list(range(8))
    assert [Counter(row["label"] for row in part) for part in parts] == [
        {"entailment": 2, "not_entailment": 2}
    ] * 2


def test_splits_for_hubs(targen, run, works):
    works("export", run, "--as", "hf", "--split", "0.5/0.5", "--license", "CC-BY-4.0")
    folder = Path("runs/rte-0/exports/rte-0.hf")
    tables = [pq.read_table(path) for path in sorted(folder.glob("data/*.parquet"))]
    assert [table.num_rows for table in tables] == [4, 4]
    assert tables[0].schema.equals(tables[1].schema, check_metadata=True)
    front, _, body = (
        (folder / "README.md").read_text("utf-8").removeprefix("---\n").partition("---")
    )
    card = yaml.safe_load(front)
    assert card["license"] == "cc-by-4.0"
    assert [(s["name"], s["num_examples"]) for s in card["dataset_info"]["splits"]] == [
        ("train", 4),
        ("test", 4),
    ]
    assert "| train | 4 | 2 | 2 |" in body
    assert "cc-by-4.0, chosen by the publisher of the dataset." in body
    assert targen("validate", folder, "--task", "rte").code == 2  # it contains several: name one
    works("validate", folder / "data/test-00000-of-00001.parquet", "--task", "rte")


def test_a_link_in_place_of_the_folder_of_exports(refuses, run, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (run / "exports").symlink_to(tmp_path / "elsewhere")
    refuses(f"export {run}", "runs/rte-0/exports is a link")
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_run_that_fell_short_is_exported_with_a_word(works, rte, rows):
    assert rte("-n", 60, "-o", "garbage_rate=0.6", "--give-up-after", 4, "--out", "short").code == 1
    made = len(rows("short"))
    assert 0 < made < 60
    result = works("export", "short")
    assert result.err.startswith(
        "note: exporting only the rows generated so far, because this run is short: label "
    )
    assert len(lines("short/exports/short.jsonl")) == made


def test_csv_keeps_formulas_as_they_are_and_warns_of_them(targen, works):
    lines = [{"text": text, "label": "a"} for text in ("=1+1", "@SUM(A1)", "-1", "plain", "+1.5")]
    Path("rows.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    task = {"description": "Texts.", "labels": {"a": "one", "b": "two"}, "contexts": ["x"]}
    Path("t.yaml").write_text(
        json.dumps({**task, "fields": {"text": {"description": "it", "form": "any"}}})
    )
    done = works("export", "rows.jsonl", "--task", "t.yaml", "--as", "csv", "--out", "rows.csv")
    assert "as formulas (2 here). Use -o csv.formulas=quote" in done.err
    with open("rows.csv", newline="") as file:
        assert [line["text"] for line in csv.DictReader(file)] == [line["text"] for line in lines]
    assert "-o csv.formulas=quote" in done.err
    asked = ("--as", "csv", "-o", "csv.formulas=quote", "-o", "csv.delimiter=tab")
    quoted = targen("export", "rows.jsonl", "--task", "t.yaml", *asked, "--out", "quoted.csv")
    assert quoted.code == 0 and "formulas" not in quoted.err
    with open("quoted.csv", newline="") as file:
        texts = [line["text"] for line in csv.DictReader(file, delimiter="\t")]
    assert texts == ["'=1+1", "'@SUM(A1)", "-1", "plain", "+1.5"]
    again = works("export", "rows.csv", "--task", "t.yaml", "--as", "jsonl", "--out", "b.jsonl")
    assert "formulas" not in again.err
    back = [json.loads(line) for line in Path("b.jsonl").read_text().splitlines()]
    assert [line["text"] for line in back] == [line["text"] for line in lines]


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
    run = ("generate", "t.yaml", "-n", "4", "-b", "scripted", "--out", "run", "-q")
    works(*run)
    works("export", "run", "--as", "hf", "--out", "hf")
    for card in ("run/README.md", "hf/README.md"):
        text = re.sub(r"\A---\n.*?^---\n", "", Path(card).read_text(), flags=re.S | re.M)
        tokens = markdown_it.MarkdownIt("commonmark").enable("table").parse(text)
        parts = [part for token in tokens for part in (token, *(token.children or ()))]
        assert {"link_open", "image", "html_inline", "html_block"}.isdisjoint(
            part.type for part in parts
        ), card
        headings = [part.map for part in parts if part.type == "heading_open"]
        assert len(headings) == text.count("\n#") + text.startswith("#"), "=== makes none"
        prose = "".join(part.content for part in tokens if part.type == "inline")
        assert "javascript:" in prose
        assert not re.search(r"http://|www\.", prose), "GitHub links bare addresses"
        assert "code" in [part.content for part in parts if part.type == "code_inline"]
