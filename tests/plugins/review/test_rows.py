"""What a person sees of a row, and what the task says of what they made of it."""

from __future__ import annotations

import pytest

from targen_core.errors import UsageError
from targen_review.rows import open_data
from targen_review.rubric import named_rubric
from tests.files import write_lines

from ...tables import table


def test_rows_of_a_run_have_their_origin(run):
    data = open_data(run)
    rows = list(data.rows())
    first, second = ((row.before, row.label, row.is_corrected) for row in rows[:2])
    assert first == ("positive", "positive", False)
    assert second == ("negative", "positive", True)
    assert rows[1].explanation == "The guest would come back."
    assert rows[0].above == ()
    assert isinstance(rows[0].seed, str)
    assert [each.reason for each in data.rejects()] == [
        "no-valid-instance: It is about a bus.",
        "too-short: 2 words",
    ]
    rejected = next(data.rejects())
    assert (rejected.label, rejected.before, rejected.number) == (None, "negative", None)
    assert dict(rejected.fields) == {"text": "The bus was late again today."}


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


# --- rubrics in files ---

_GRADES = "grades: [{letter: A, title: x, acceptable: true}, {letter: B, title: y, acceptable: no}]"
WRONG = r"""
    grades: [ | line 1: expected the node
    - a | is not a rubric
    name: x\ngrades: [] | grades
    name: x\n{twice} | its own letter
"""


@pytest.mark.parametrize(("text", "words"), table(WRONG, 2))
def test_what_is_no_rubric_is_refused_in_words(tmp_path, text, words):
    path = tmp_path / "mine.yaml"
    twice = _GRADES.replace("letter: B", "letter: a")
    path.write_text(text.replace("{grades}", _GRADES).replace("{twice}", twice))
    with pytest.raises(UsageError, match=words):
        named_rubric(str(path))
