"""From a run or a file to a dataset: what is read, and what is refused in which words."""

from __future__ import annotations

import json

import pytest

from targen_core import Registry
from targen_core.errors import RunDirectoryError, UnknownName, UsageError
from targen_core.plugins.register import Registration
from targen_standard.datasets.readers import TEXTS
from targen_standard.datasets.reading import read_dataset
from targen_standard.datasets.source import open_source

ROW = b'{"first": "a", "second": "b", "label": "same", "idx": 0}'


def test_a_run_says_itself_what_it_is(registry, run, rows):
    dataset = read_dataset(run, registry=registry)
    assert (dataset.name, dataset.task.name, dataset.card) == ("pairs-0", "pairs", "# The card\n")
    assert dataset.rows == rows


def test_a_run_that_is_going_on_may_end_in_a_torn_line(registry, run, rows):
    with open(run / "dataset.jsonl", "ab") as file:
        file.write(b'{"first": "to')
    assert read_dataset(run, registry=registry).rows == rows


def test_a_file_needs_its_task(registry, tmp_path):
    path = tmp_path / "mine.jsonl"
    path.write_bytes(ROW + b"\n")
    dataset = read_dataset(path, "pairs", registry=registry)
    assert (dataset.name, dataset.card) == ("mine", "")
    assert dataset.rows == [json.loads(ROW)]
    with pytest.raises(UsageError) as caught:
        read_dataset(path, registry=registry)
    assert str(caught.value) == f"{path} does not state which task its rows belong to"
    assert caught.value.hint == 'pass task="NAME", or a task file; see targen list-tasks'


def test_a_file_of_a_run_leads_to_the_run(registry, run):
    with pytest.raises(UsageError) as caught:
        read_dataset(run / "dataset.jsonl", registry=registry)
    assert caught.value.hint == f"pass the run directory, {run}"


def test_a_run_takes_its_own_task_and_no_other(run, task, rows):
    items = [Registration("task", name, task(), "", "acme", "1", "acme") for name in ("pairs", "x")]
    assert read_dataset(run, "pairs", registry=Registry(items)).rows == rows
    with pytest.raises(UsageError, match="already states the task of its rows: acme:pairs"):
        read_dataset(run, "x", registry=Registry(items))


@pytest.mark.parametrize(
    "data",
    [
        ROW,  # as official test files end
        b"\xef\xbb\xbf" + ROW + b"\n",
        b"\n" + ROW + b"\r\n\n",
        ROW.replace(b'"a"', b'"a\xe2\x80\xa8b"') + b"\n",  # a line separator that ends no line
    ],
)
def test_files_as_editors_and_others_leave_them(data, registry, tmp_path):
    path = tmp_path / "mine.jsonl"
    path.write_bytes(data)
    assert len(read_dataset(path, "pairs", registry=registry).rows) == 1


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


def test_rows_of_another_version_of_the_task_say_so(registry, run, task):
    (run / "dataset.jsonl").write_text('{"first": "a"}\n')
    with pytest.raises(UsageError) as caught:
        read_dataset(run, registry=registry)
    assert caught.value.hint == f'to continue the run: targen_core.resume("{run}")'
    newer = Registration("task", "pairs", task(version="2"), "", "acme", "acme", "acme")
    with pytest.raises(UsageError) as caught:
        read_dataset(run, registry=Registry([newer]))
    assert (
        caught.value.hint
        == "the rows were generated with version 1 of the task, but version 2 is installed"
    )


def test_there_must_be_a_row(registry, run, tmp_path):
    empty = tmp_path / "empty.jsonl"
    empty.write_text("\n")
    with pytest.raises(UsageError) as caught:
        read_dataset(empty, "pairs", registry=registry)
    assert str(caught.value) == f"{empty} has no rows"
    (run / "dataset.jsonl").write_text("")
    with pytest.raises(UsageError, match=r"dataset\.jsonl has no rows"):
        read_dataset(run, registry=registry)


def test_there_must_be_something(registry, tmp_path, run):
    with pytest.raises(UsageError, match="there is no file"):
        read_dataset(tmp_path / "nothing", "pairs", registry=registry)
    with pytest.raises(RunDirectoryError, match="is a folder that does not contain a dataset"):
        read_dataset(tmp_path, registry=registry)
    with pytest.raises(UnknownName, match="no task named 'acme:pairs' is installed"):
        read_dataset(run, registry=Registry())


def test_a_text_file_has_a_row_per_line_and_every_iteration_the_same(tmp_path):
    """A line ends as editors end it: what looks like an end inside a text divides no row."""
    file = tmp_path / "mail.txt"
    file.write_bytes("\n one\r\n\r\ntwo\u2028\x0c\x85of\rthree\n  \n".encode())
    source = open_source(file)
    rows = [(2, {"text": "one"}), (4, {"text": "two\u2028\x0c\x85of"}), (5, {"text": "three"})]
    assert [*source.form.records()] == rows == [*source.form.records()]


def test_the_rows_of_a_text_file_are_made_as_they_are_asked_for(tmp_path):
    file = tmp_path / "mail.txt"
    file.write_text("one\n")
    form = open_source(file).form
    assert next(form.records())[1] is not next(form.records())[1], "they are not kept"


@pytest.mark.parametrize("text", ["", " \n\n", ' \n{"text": "one"}\n'])
def test_a_text_file_of_no_texts_is_none(tmp_path, text):
    (tmp_path / "mail.txt").write_text(text)
    assert TEXTS.file(tmp_path / "mail.txt", "utf-8") is None
