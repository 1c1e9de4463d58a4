"""What a person sees of a row, and what the task says of what they made of it."""

from __future__ import annotations

import pytest

from targen_core.errors import UsageError
from targen_review.rows import fix, open_data
from tests.files import write_lines


def test_rows_of_nobody_s_task_are_shown_as_they_are(tmp_path):
    given = {"say": "hello", "tags": ["a", "b"], "n": 1.5, "label": 3}
    (row,) = open_data(write_lines(tmp_path / "any.jsonl", [given])).rows()
    assert dict(row.fields) == {"say": "hello", "tags": "a\nb", "n": "1.5"}
    assert (row.label, row.editable) == ("3", ())
    assert fix(None, row, None, "x").unchecked


def test_rows_of_a_run_have_their_origin(run):
    data = open_data(run)
    rows = list(data.rows())
    assert len(rows) == 6
    assert (rows[1].before, rows[1].label, rows[1].is_corrected) == ("negative", "positive", True)
    assert (rows[0].before, rows[0].label, rows[0].is_corrected) == ("positive", "positive", False)
    assert rows[1].explanation == "The guest would come back."
    assert rows[0].above == ("lunch",)
    assert isinstance(rows[0].seed, str)
    assert [each.reason for each in data.rejects()] == [
        "no-valid-instance: It is about a bus.",
        "too-short: 2 words",
    ]
    (rejected,) = data.rejects(stage="correct")
    assert (rejected.label, rejected.before, rejected.number) == (None, "negative", None)
    assert dict(rejected.fields) == {"text": "The bus was late again today."}


def test_rows_of_others_have_what_their_file_said_of_them(rows_file, task_file, tmp_path):
    folder = tmp_path / "imported"
    records = [
        {"id": str(at), "idx": at, "label": "x", "line": at + 1, "score": -at} for at in (0, 1)
    ]
    write_lines(folder / "provenance.jsonl", records)
    write_lines(folder / "import.json", [{}])
    rows_file(2).rename(folder / "dataset.jsonl")
    rows = list(open_data(folder, str(task_file)).rows())
    assert [dict(row.notes) for row in rows] == [{"line": 1, "score": 0}, {"line": 2, "score": -1}]


def test_an_edit_is_put_to_the_task_s_own_checks(run):
    data = open_data(run)
    row = next(data.rows())
    good = fix(data.task, row, {"text": "The soup was cold and nobody came to us."}, "negative")
    assert not good.problems
    assert good.rows[0]["text"] == "The soup was cold and nobody came to us."
    assert good.rows[0]["label"] == "negative"
    short = fix(data.task, row, {"text": "Cold."}, None)
    assert any("word" in problem for problem in short.problems)
    assert fix(data.task, row, None, "neutral").problems
    with pytest.raises(UsageError, match="no text 'label'"):
        fix(data.task, row, {"label": "x"}, None)


@pytest.mark.whole
def test_a_pair_of_rows_is_one_row_to_a_person(tmp_path):
    both = {"hypothesis": "The nurse would leave.", "label": "entailment", "pair_id": 0}
    rows = [
        {"premise": f"The nurse told the patient that {pronoun} left.", "idx": at, **both}
        for at, pronoun in enumerate(("she", "he"))
    ]
    (row,) = open_data(write_lines(tmp_path / "pairs.jsonl", rows), "axg").rows()
    assert list(row.fields) == ["premise1", "premise2", "hypothesis"]
    assert len(row.official) == 2
