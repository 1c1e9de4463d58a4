"""A file of a user's own: every form is read, labels are matched, and bad rows are named."""

from __future__ import annotations

import csv
import json
import logging
import subprocess
import sys
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
        "not JSON": [14],
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


def test_a_system_without_iconv_converts_a_file_with_python(porter, monkeypatch):
    Path("old.txt").write_bytes("Café\n".encode("cp1252") * 9)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(UsageError) as error:
        read_examples(Path("old.txt"), porter)
    program = str(error.value.hint).partition('run: python -c "')[2].partition('"; NAME is')[0]
    subprocess.run([sys.executable, "-c", program.replace("NAME", "cp1252")], check=True)
    assert Path("utf-8-old.txt").read_text() == "Café\n" * 9


@pytest.mark.parametrize(
    ("name", "content", "problem", "hint"),
    [
        ("old.txt", "Café\n".encode("cp1252") * 9, "9 not UTF-8 (lines 1, 2, 3, …)", "iconv"),
        ("book.xlsx", b"PK\n" * 9, "it is a spreadsheet", "save the sheet as CSV"),
        ("notes.txt.gz", b"\x1f\x8b\n" * 9, "it is compressed", "decompress it"),
        ("tab.txt", "text\tlabel\nFine.\tcalm\n".encode("utf-16"), "tab-separated", "tab.tsv"),
    ],
)
def test_a_file_of_no_texts_is_refused_with_what_to_do(porter, name, content, problem, hint):
    Path(name).write_bytes(content)
    with pytest.raises(UsageError) as error:
        read_examples(Path(name), porter)
    assert problem in str(error.value)
    assert hint in str(error.value.hint)


def test_rows_of_many_unknown_labels_have_one_reason(porter, texts, caplog):
    rows = [{"text": text, "label": "calm"} for text in texts["calm"]]
    rows += [{"text": "Fine.", "label": f"l{at}"} for at in range(500)]
    with caplog.at_level(logging.WARNING, "targen.run"):
        read = read_examples(lines_of("rows.jsonl", map(json.dumps, rows)), porter)
    assert read.left_out == {"with an unknown label, 'l0', 'l1', 'l2', …": [*range(11, 511)]}
    assert len(caplog.text) < 500


def test_a_column_of_few_labels_is_named(porter, texts, caplog):
    calm = [{"text": text, "kind": "calm"} for text in texts["calm"][:4]]
    rows = [*calm, *({"text": text, "kind": "to do"} for text in texts["alarm"])]
    with caplog.at_level(logging.WARNING, "targen.run"):
        read = read_examples(lines_of("rows.jsonl", map(json.dumps, rows)), porter)
    assert (len(read.rows), read.labelled) == (14, 0)
    (said,) = caplog.messages
    assert "only 4 of 14 values in kind are labels of porter; of the others, 'to do' is" in said
    assert "frequent (10)" in said


def test_lines_end_as_editors_end_them(porter, texts):
    whole = [*texts["calm"][:5], "", "a\u2028b\x0cc\x85d"]
    for end in ("\n", "\r\n", "\r"):
        Path(f"rows{len(end)}{ord(end[0])}.txt").write_bytes(end.join(whole).encode())
        read = read_examples(Path(f"rows{len(end)}{ord(end[0])}.txt"), porter)
        assert [row.text for row in read.rows] == [*whole[:5], whole[6]]
        assert read.left_out == {"empty": [6]}


def test_columns_that_could_both_hold_the_text_are_named_as_far_as_there_is_room(porter):
    few = [{"a": f"one {at}", "b": f"two {at}"} for at in range(9)]
    many = [{f"c{at}": "Fine." for at in range(5_000)}] * 9
    for rows, said in ((few, "are a, b"), (many, r"are c0, .*, c19, …\n")):
        with pytest.raises(UsageError, match=f"no column text; the columns {said}") as error:
            read_examples(lines_of("rows.jsonl", map(json.dumps, rows)), porter)
        assert len(str(error.value)) < 500


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
    with pytest.raises(UsageError, match="texts premise, hypothesis, but line 1 is a single text"):
        read_examples(plain, rte)
    few = lines_of("few.jsonl", (json.dumps({"premise": row["premise"]}) for row in rows))
    with pytest.raises(UsageError, match="there is no column hypothesis; the columns are premise"):
        read_examples(few, rte)


@pytest.mark.parametrize(
    ("columns", "hint"),
    [
        ("premise,claim", "--map hypothesis=claim"),
        ("one,other", "--map premise=one,hypothesis=other"),
        ("premise", "add a column hypothesis"),
    ],
)
def test_a_hint_names_the_columns_that_may_be_meant(columns, hint):
    keys = {"labels": {"yes": "it follows", "no": "it does not"}, "description": "Pairs."}
    task = Declaration(**keys, fields={"premise": "a text", "hypothesis": "a text"}).task()
    row = ",".join("a text" for _ in columns.split(","))
    with pytest.raises(UsageError) as raised:
        read_examples(lines_of("rows.csv", [f"{columns},label", *[f"{row},yes"] * 6]), task)
    assert hint in str(raised.value.hint)


def test_an_empty_column_is_named(caplog):
    keys = {"labels": {"yes": "it follows", "no": "it does not"}, "description": "Pairs."}
    task = Declaration(**keys, fields={"premise": "a text", "hypothesis": "a text"}).task()
    lines = [f"A text {n}, ," for n in range(6)]
    read_examples(lines_of("rows.csv", ["premise,hypothesis,label", *lines]), task)
    assert "empty in every row: hypothesis, label" in caplog.text


def test_what_seeds_give_may_be_left_out(texts):
    task = Declaration.model_validate(
        {
            "description": "Does a note say what a claim says?",
            "labels": {"yes": "it does", "no": "it does not"},
            "fields": {"note": "a note", "claim": "a statement"},
            "seeds": {"field": "claim"},
        }
    ).task()
    notes = texts["calm"]
    rows = lines_of("rows.jsonl", (json.dumps({"note": note}) for note in notes))
    for path in (rows, lines_of("rows.txt", notes)):
        assert [row.text for row in read_examples(path, task).rows] == notes


@pytest.mark.whole
def test_each_query_of_a_nested_row_is_an_example(caplog):
    text = "Ada Brenner met Jon Weld. Weld lost."
    places = [{"start": 0, "end": 10}, {"start": 16, "end": 23}, {"start": 26, "end": 29}]
    ada = [{"start": 0, "end": 10, "text": "Ada Brenner"}]

    def row(*queries, answers=ada):
        qas = [{"query": each, "answers": answers, "idx": at} for at, each in enumerate(queries)]
        return {"source": "x", "passage": {"text": text, "entities": places}, "qas": qas, "idx": 3}

    record = load_registry().get("task", "record")
    queries = [f"@placeholder won in {year}." for year in range(1990, 1996)]
    rows = [row(*queries[:2]), row(*queries[2:]), row("Who?", answers=None)]
    with caplog.at_level(logging.WARNING, "targen.run"):
        read = read_examples(lines_of("rows.jsonl", map(json.dumps, rows)), record)
    assert [each.text for each in read.rows] == queries
    assert read.rows[2].texts == (text, queries[2], "Ada Brenner")
    assert read.left_out == {"not in the format of record, or without answers": [3]}
    assert "2 of 3 rows are used as examples; skipped: 1 not in the format of" in caplog.text


def test_a_row_of_a_table_is_at_its_first_line(porter):
    with open("rows.csv", "w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerows([("text", "label"), *[(f"One\r\ntwo\n{at}", "calm") for at in range(6)]])
    lines = [row.line for row in read_examples(Path("rows.csv"), porter).rows]
    assert lines == [*range(2, 20, 3)]
