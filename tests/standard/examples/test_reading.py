"""A file of a user's own: every form is read, labels are matched, and bad rows are named."""

from __future__ import annotations

import csv
import json
import logging
from pathlib import Path

import pytest

from targen_core.errors import UsageError
from targen_core.plugins.loader import load_registry
from targen_standard.examples.reading import read_examples
from targen_standard.task_files.model import Declaration


@pytest.fixture
def porter():
    return Declaration.from_file("porter.yaml").task(name="porter")


def lines_of(name, rows):
    path = Path(name)
    path.write_text("".join(f"{row}\n" for row in rows), encoding="utf-8")
    return path


def test_each_form_gives_the_same_rows(porter, texts):
    rows = [{"text": text, "label": label} for label in texts for text in texts[label]]
    expected = [(row["text"], row["label"]) for row in rows]
    lines_of("rows.jsonl", map(json.dumps, rows))
    Path("rows.json").write_text(json.dumps(rows), encoding="utf-8")
    for name, mark in (("rows.csv", ","), ("rows.tsv", "\t")):
        with open(name, "w", encoding="utf-8", newline="") as file:
            csv.writer(file, delimiter=mark).writerows([("text", "label"), *expected])
    for name in ("rows.jsonl", "rows.json", "rows.csv", "rows.tsv"):
        read = read_examples(Path(name), porter)
        assert [(row.text, row.label) for row in read.rows] == expected, name
    lines_of("fast.txt", (f"__label__{row['label']} {row['text']}" for row in rows))
    lines_of("tabs.txt", (f"{row['label']}\t{row['text']}" for row in rows))
    with open("bare.csv", "w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(expected)
    for name in ("fast.txt", "tabs.txt", "bare.csv"):
        read = read_examples(Path(name), porter)
        assert [(row.text, row.label) for row in read.rows] == expected, name
    plain = read_examples(Path("notes.txt"), porter)
    assert [(row.text, row.label) for row in plain.rows] == [(text, None) for text, _ in expected]
    for encoding in ("utf-8-sig", "utf-16", "utf-32"):
        Path("marked.txt").write_text("\n".join(text for text, _ in expected), encoding)
        assert read_examples(Path("marked.txt"), porter).rows == plain.rows, encoding


def test_bad_rows_are_left_out_named_and_counted(porter, texts, caplog):
    rows = [{"text": text, "label": "calm"} for text in texts["calm"]]
    bad = [{"text": " ", "label": "calm"}, {"text": 7}, {"text": "Fine.", "label": "festive"}]
    made = [*map(json.dumps, [*rows[:4], *bad, *rows[4:]]), "{broken", json.dumps({"text": ""})]
    made[0] = json.dumps({**rows[0], "label": ""})  # an empty label is none
    path = lines_of("rows.jsonl", made)
    with caplog.at_level(logging.WARNING, "targen.run"):
        read = read_examples(path, porter)
    assert [row.text for row in read.rows] == texts["calm"]
    assert read.labelled == 9
    assert read.left_out == {
        "empty": [5, 15],
        "not text": [6],
        "with an unknown label, 'festive'": [7],
        "not a row": [14],
    }
    (said,) = caplog.messages
    assert said.startswith("rows.jsonl: 10 of 15 rows are used as examples; skipped: ")
    assert "2 empty (lines 5, 15)" in said
    assert "1 with an unknown label, 'festive' (line 7)" in said


def test_too_few_say_what_was_wrong_with_the_others(porter, texts):
    rows = [{"text": text, "label": "joy"} for text in texts["calm"]]
    rows[:4] = [{"text": text, "label": "calm"} for text in texts["calm"][:4]]
    with pytest.raises(UsageError) as error:
        read_examples(lines_of("rows.jsonl", map(json.dumps, rows)), porter)
    assert "has 4 rows that can serve as examples, but at least 5 are needed" in str(error.value)
    assert "6 with an unknown label, 'joy' (lines 5, 6, 7, …)" in str(error.value)
    assert "calm, alarm" in str(error.value.hint)


@pytest.mark.parametrize(
    ("name", "content", "problem", "hint"),
    [
        ("old.txt", "Café\n".encode("cp1252") * 9, "line 1: byte 0xe9 is not valid UTF-8", "iconv"),
        ("tab.txt", "text\tlabel\nFine.\tcalm\n".encode("utf-16"), "tab-separated", "tab.tsv"),
    ],
)
def test_a_file_of_no_texts_is_refused_with_what_to_do(porter, name, content, problem, hint):
    Path(name).write_bytes(content)
    with pytest.raises(UsageError) as error:
        read_examples(Path(name), porter)
    assert problem in str(error.value)
    assert hint in str(error.value.hint)


@pytest.mark.whole
def test_rows_of_several_texts_need_their_columns(texts):
    rte = load_registry().get("task", "rte")
    rows = [
        {"premise": f"The tower has {at} steps.", "hypothesis": f"It has {at}.", "label": label}
        for at, label in enumerate(
            ["entailment", "Not Entailment", "entailment", "not-entailment", ""], 11
        )
    ]
    read = read_examples(lines_of("rows.jsonl", map(json.dumps, rows)), rte)
    assert [row.label for row in read.rows] == [
        *("entailment", "not_entailment", "entailment", "not_entailment", None)
    ]
    assert read.rows[0].text == "It has 11."  # what a model would write of it
    assert read.rows[0].texts == ("The tower has 11 steps.", "It has 11.")
    plain = lines_of("rows.txt", texts["calm"])
    with pytest.raises(UsageError, match="there is no column premise; the columns are text"):
        read_examples(plain, rte)
    few = lines_of("few.jsonl", (json.dumps({"premise": row["premise"]}) for row in rows))
    with pytest.raises(UsageError, match="there is no column hypothesis; the columns are premise"):
        read_examples(few, rte)
