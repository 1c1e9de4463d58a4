"""From a run or a file to a dataset: what is read, and what is refused in which words."""

from __future__ import annotations

import json
import shutil

import pytest

from targen_core.dataset.reading import read_dataset
from targen_core.errors import RunDirectoryError, UsageError
from targen_core.plugins.register import Registration
from targen_core.plugins.registry import Registry
from targen_standard.task_files.model import Declaration

from .tasks import make_task

ROW = b'{"first": "a", "second": "b", "label": "same", "idx": 0}'


def registered(name="pairs", **changes):
    return Registration("task", name, make_task(**changes), "", "acme", "1", "acme")


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
