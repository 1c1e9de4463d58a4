"""From a run or a file to a dataset: what is read, and what is refused in which words."""

from __future__ import annotations

import json
import re
import shutil
from unicodedata import normalize

import pytest

from targen_core import generate
from targen_core.dataset.reading import read_dataset
from targen_core.dataset.source import open_source
from targen_core.errors import RunDirectoryError, UnknownName, UsageError
from targen_core.plugins.register import Registration
from targen_core.plugins.registry import Registry
from targen_standard.datasets.readers import TEXTS
from targen_standard.task_files.model import Declaration

from .tasks import make_task

ROW = b'{"first": "a", "second": "b", "label": "same", "idx": 0}'
DIGITS = Declaration(description="Replies.", labels={"0": "a no", "1": "a yes"}).task(name="digits")


def registered(name="pairs", **changes):
    return Registration("task", name, make_task(**changes), "", "acme", "1", "acme")


def test_a_run_says_itself_what_it_is(registry, run, rows):
    for task in (None, "pairs"):
        dataset = read_dataset(run, task, registry=registry)
        assert (dataset.name, dataset.task.name) == ("pairs-0", "pairs")
        assert (dataset.card, dataset.rows) == ("# The card\n", rows)
    with open(run / "dataset.jsonl", "ab") as file:
        file.write(b'{"first": "to')  # one that is going on may end in a torn line
    assert read_dataset(run, registry=registry).rows == rows


@pytest.mark.parametrize(
    "data",
    [
        ROW + b"\n",
        ROW,  # as official test files end
        b"\xef\xbb\xbf" + ROW + b"\n",
        b"\n" + ROW + b"\r\n\n",
        ROW.replace(b'"a"', b'"a\xe2\x80\xa8b"') + b"\n",  # a line separator that ends no line
    ],
)
def test_files_as_editors_and_others_leave_them(data, registry, tmp_path):
    path = tmp_path / "mine.jsonl"
    path.write_bytes(data)
    dataset = read_dataset(path, "pairs", registry=registry)
    assert (dataset.name, dataset.card) == ("mine", "")
    assert dataset.rows == [json.loads(data.decode("utf-8-sig"))]


@pytest.mark.parametrize(
    ("columns", "taken"),
    [
        (("First", "SECOND"), True),
        (("first ", "se-co_nd"), True),
        (("FIRST", "first", "second"), True),  # the exact name counts
        (("First", "FIRST", "second"), False),
        (("1st", "second"), False),
    ],
)
def test_names_of_columns_may_differ_in_case_and_signs(columns, taken, registry, tmp_path):
    path = tmp_path / "mine.jsonl"
    path.write_text(json.dumps({**{name: name for name in columns}, "label": "same"}))
    if not taken:
        with pytest.raises(UsageError, match="first: no such column; "):
            read_dataset(path, "pairs", registry=registry)
        return
    (row,) = read_dataset(path, "pairs", registry=registry).rows
    assert [row["first"], row["second"]] == list(columns[-2:])


@pytest.mark.parametrize("of_file", ["NFC", "NFD"])
@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
def test_letters_of_names_may_be_composed_or_not(of_file, suffix, tmp_path):
    """As macOS writes them: a and two dots, in place of one letter."""
    data, typed = tmp_path / f"mine{suffix}", {"NFC": "NFD", "NFD": "NFC"}[of_file]
    task = "description: Mails.\nlabels: {Zähler: x, Umzug: x}\nfields: {größe: {}}\n"
    (tmp_path / "mine.yaml").write_text(normalize(of_file, task))
    text = normalize("NFD", "Ein Zähler, aber ein großer für alle")
    rows = [{normalize(typed, "größe"): f"{text} {n}", "label": "Zähler"} for n in range(6)]
    rows = [{**row, "label": normalize(typed, row["label"])} for row in rows]
    cells = [[*rows[0]], *([f'"{row_text}"', label] for row_text, label in map(dict.values, rows))]
    lines = map(",".join, cells) if suffix == ".csv" else map(json.dumps, rows)
    data.write_text("\n".join(lines))
    label = normalize("NFC", "Zähler")
    declaration = Declaration.from_file(tmp_path / "mine.yaml")
    assert [*declaration.labels] == [label, "Umzug"]
    dataset = read_dataset(data, declaration.task())
    assert dataset.rows[0] == {normalize("NFC", "größe"): f"{text} 0", "label": label, "idx": 0}
    mine = {normalize(typed, label): 2}
    out = tmp_path / "run"
    made = generate(declaration, labels=mine, model="scripted", progress=False, out=out)
    assert made.dataset.labels == {label: 2}


@pytest.mark.parametrize(
    ("part", "wrong", "why"),
    [
        (b"0}", b'"0"}', "idx: it must be a whole number"),
        (b"0}", b"0.5}", "idx: it must be a whole number"),
        (b'"a"', b"null", "first: it must be text"),
        (b'"a"', b'"\\ud800"', "it is not JSON: "),
        (b"0}", b'0, "x": NaN}', "NaN is not valid JSON"),
        (b'"a"', b'"\xff"', "byte 0xff is not valid UTF-8"),
    ],
)
def test_a_row_that_is_none_is_named_with_its_line_and_column(part, wrong, why, registry, tmp_path):
    path = tmp_path / "mine.jsonl"
    path.write_bytes(ROW + b"\n\n" + ROW.replace(part, wrong) + b"\n")
    with pytest.raises(UsageError) as caught:
        read_dataset(path, "pairs", registry=registry)
    assert str(caught.value).startswith(f"{path}, line 3 does not fit the task pairs: {why}")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("mine.csv", "text,label\nyes,it,1\nyes,1\nno,0\n"),
        ("mine.jsonl", '{"text"\n{"text": "yes", "label": "1"}\n{"text": "no", "label": "0"}\n'),
    ],
)
def test_rows_after_a_bad_first_one_are_numbered_too(name, text, tmp_path):
    (tmp_path / name).write_text(text)
    dataset = read_dataset(tmp_path / name, DIGITS, strict=False)
    assert len(dataset.problems) == 1
    assert [(row["text"], row["idx"]) for row in dataset.rows] == [("yes", 1), ("no", 2)]


@pytest.mark.parametrize(
    ("labels", "said", "label"),
    [
        (["0", "1"], 1, "1"),
        (["true", "false"], True, "true"),
        (["True", "False"], False, "False"),
        (["true", "1"], True, "true"),
        (["true", "1"], 1, "1"),
    ],
)
@pytest.mark.parametrize("in_file", [True, False])
def test_a_number_or_truth_value_is_the_label_of_that_name(labels, said, label, in_file, tmp_path):
    task = Declaration(description="Replies.", labels=dict.fromkeys(labels, "x")).task(name="mine")
    rows = [{"text": "Oh, größer", "label": said}]
    (tmp_path / "mine.jsonl").write_text(json.dumps(rows[0]))
    assert read_dataset(tmp_path / "mine.jsonl" if in_file else rows, task).labels == {label: 1}


def test_a_number_is_no_label_of_another_name(tmp_path):
    (tmp_path / "mine.jsonl").write_text('{"text": "yes", "label": 2}\n')
    (problem,) = read_dataset(tmp_path / "mine.jsonl", DIGITS, strict=False).problems
    assert problem.message == "label: 2 is not '0' or '1'"


def test_long_lists_of_labels_end_between_two_of_them(tmp_path):
    labels = [f"Störung, Nummer {number}" for number in range(1, 30)]
    made = Declaration(description="Notes.", labels=dict.fromkeys(labels, "a note"))
    (tmp_path / "mine.jsonl").write_text('{"text": "ja", "label": "Storung, Nummer 2"}\n')
    (problem,) = read_dataset(
        tmp_path / "mine.jsonl", made.task(name="notes"), strict=False
    ).problems
    assert re.search(r" 9', …; did you mean Störung, Nummer 2 ", problem.message)


REFUSED = [  # what is read, as what, the error, and its hint
    ("mine.jsonl", None, UsageError, "does not state which task its rows belong to", "see targen"),
    ("run/dataset.jsonl", None, UsageError, "does not state which", "pass the run directory, "),
    ("run", "x", UsageError, "already states the task of its rows: acme:pairs", ""),
    ("gone", "pairs", UsageError, "there is no file", ""),
    (".", None, RunDirectoryError, "is a folder that does not contain a dataset", ""),
    ("empty.jsonl", "pairs", UsageError, "empty.jsonl has no rows", ""),
    ("empty", None, UsageError, "dataset.jsonl has no rows", ""),
]


@pytest.mark.parametrize(("name", "task", "error", "words", "hint"), REFUSED)
def test_what_is_no_dataset_is_refused(name, task, error, words, hint, run, tmp_path):
    (tmp_path / "mine.jsonl").write_bytes(ROW + b"\n")
    (tmp_path / "empty.jsonl").write_text("\n")
    run.rename(tmp_path / "run")
    shutil.copytree(tmp_path / "run", tmp_path / "empty")
    (tmp_path / "empty" / "dataset.jsonl").write_text("")
    with pytest.raises(error) as caught:
        read_dataset(
            tmp_path / name, task, registry=Registry([registered("pairs"), registered("x")])
        )
    assert words in str(caught.value)
    assert hint in caught.value.hint


def test_a_run_of_a_task_that_is_not_installed_is_refused(run):
    with pytest.raises(UnknownName, match="no task named 'acme:pairs' is installed"):
        read_dataset(run, registry=Registry())


def test_rows_of_another_version_of_the_task_say_so(registry, run):
    (run / "dataset.jsonl").write_text('{"first": "a"}\n')
    with pytest.raises(UsageError) as caught:
        read_dataset(run, registry=registry)
    assert caught.value.hint == (
        "if the file was edited, correct it; or move it away, and "
        f"targen resume {run} writes it again"
    )
    with pytest.raises(UsageError) as caught:
        read_dataset(run, registry=Registry([registered(version="2")]))
    assert (
        caught.value.hint
        == "the rows were generated with version 1 of the task, but version 2 is installed"
    )


def test_a_text_file_has_a_row_per_line_and_every_iteration_the_same(tmp_path):
    """A line ends as editors end it: what looks like an end inside a text divides no row."""
    file = tmp_path / "mail.txt"
    file.write_bytes("\n one\r\n\r\ntwo\u2028\x0c\x85of\rthree\n  \n".encode())
    form = open_source(file).form
    rows = [(2, {"text": "one"}), (4, {"text": "two\u2028\x0c\x85of"}), (5, {"text": "three"})]
    assert [*form.records()] == rows == [*form.records()]
    assert next(form.records())[1] is not next(form.records())[1], "they are not kept"


@pytest.mark.parametrize("text", ["", " \n\n", ' \n{"text": "one"}\n'])
def test_a_text_file_of_no_texts_is_none(tmp_path, text):
    (tmp_path / "mail.txt").write_text(text)
    assert TEXTS.file(tmp_path / "mail.txt", "utf-8") is None
