"""BoolQ on replies as models write them: what is readable is read, the rest is no row."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from targen_tasks_superglue.boolq import BoolqRow
from targen_tasks_superglue.boolq.checks import (
    official,
)

# --- questions ----------------------------------------------------------------


def test_the_same_question_for_both_labels_is_a_row_once(run, at):
    """The judge finds both true: the second repeats the first."""

    def bend(step, good, repair):
        if step == "generate":
            return {"question": "Is the story of the place told with a year and with some names?"}
        if step == "correct" and good["actual"] == "false":
            return {**good, "actual": "true", "verdict": "incorrect"}
        return good

    bent = run(bend, task="boolq", quotas={"true": 4, "false": 0})
    assert len({row["passage"] for row in bent.rows}) == len(bent.rows)


@pytest.mark.parametrize(
    ("passage", "title"),
    [
        ("Kora Bridge. It was opened in 1912.", "Kora Bridge"),
        ("Kora Bridge: It was opened in 1912.", "Kora Bridge"),
        ("The Kora Bridge was opened in 1912.", "Kora Bridge"),
        ("In 1912 the Kora Bridge was opened.", "Kora Bridge"),
        ("Chamomile (or camomile) is a daisy.", "Chamomile"),
        ("Dr. Mbeki opened the bridge in 1912.", "Mbeki"),
        ("everyone knew what had happened there.", "Everyone knew what"),
        ("1912年开通。", "1912年开通。"),
    ],
)
def test_plain_texts_become_a_row(passage, title):
    made = official({"passage": passage, "question": "Was the bridge opened in 1912?"})
    assert made["passage"].partition(" -- ")[0] == title
    assert made["question"] == "was the bridge opened in 1912"
    row = BoolqRow(label=True, **made)
    assert official(row.model_dump(exclude={"label"})) == made


@given(st.text(min_size=1), st.text(min_size=1))
def test_plain_texts_become_a_row_once(passage, question):
    made = official({"passage": passage, "question": question})
    assert official(made) == made
