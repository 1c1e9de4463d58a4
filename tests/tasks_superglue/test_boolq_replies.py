"""BoolQ on replies as models write them: what is readable is read, the rest is no row."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from targen_core import Rejected
from targen_tasks_superglue.boolq import BoolqRow
from targen_tasks_superglue.boolq.checks import (
    check_question,
    official,
    official_passage,
    official_question,
)
from targen_tasks_superglue.shared.articles import Paragraph

# --- questions ----------------------------------------------------------------

SEED = Paragraph(
    title="Marisol Ferry",
    text="The Marisol Ferry has crossed the strait between Punta Brava and Isla Honda since 1934. "
    "Its first captain, Aurelio Nunez, lost the ship in a storm in 1951 and was cleared by a court "
    "in Punta Brava. The second ship was paid for by the fishermen of Isla Honda, who had carried "
    "the mail without pay for two winters. Since 1990 the crossing has taken forty minutes.",
)

GOOD = [
    "Did the ferry's first captain lose a ship?",
    "Was Aurelio Nunez found guilty of the loss of the Marisol Ferry?",
    "did letters reach isla honda in the winters after 1951",
    "Can you get from Punta Brava to Isla Honda in less than an hour?",
    "“Was there a time before the Marisol Ferry?”",
    "Did the fishermen have any boats or carts for the mail?",
    "Are there fishermen or captains in Punta Brava?",
    "Was the author of the Isla Honda ferry guide a fisherman?",
    "Would a voyage from Isla Honda to Punta Brava have taken a day in 1995?",
    "Is the first ship of the Marisol Ferry still in use?",
    "Have the fishermen of Isla Honda ever given money for a ship?",
    "Does it take two hours to cross the strait at Punta Brava?",
    "Is Isla Honda’s ferry older than the mail service of its fishermen?",
    "Is there a court in Punta Brava?",
]

BAD = {
    "too-short": ["?", "Ferry?", "Is it old?"],
    "not-yes-no": [
        "What is the name of the first captain of the ferry?",
        "Who paid for the second ship?",
        "The ferry was paid for by the fishermen.",
        "Yes, the fishermen of Isla Honda paid for it.",
        "In which year was the ship lost, and was it 1951?",
        "Is it true that Aurelio Nunez lost a ship?",
        "Wasn't Aurelio Nunez cleared by the court?",
    ],
    "meta-text": [
        "Does the passage say that Nunez lost a ship?",
        "Is it stated in the text that Nunez lost a ship?",
        "Was Nunez cleared by a court, according to the article?",
        "Does the author mention the captain of the ferry?",
    ],
    "several-questions": [
        "Was the first ship lost? Was the second one?",
        "Was the first ship lost? (Answer: yes)",
    ],
    "absolute-word": [
        "Did Aurelio Nunez always sail from Punta Brava?",
        "Is the Marisol Ferry the only way to Isla Honda?",
        "Has the ferry never been late since 1990?",
        "Did all fishermen carry the mail?",
        "Was Aurelio Nunez not cleared by the court?",
        "Did the fishermen carry letters without pay in 1952?",
        "Did Nunez say that the ship couldn’t be saved?",
    ],
    "either-or": [
        "Was Aurelio Nunez a captain or a fisherman?",
        "Was the first ship lost in 1934 or in 1951?",
        "Was the ship lost in 1934 or 1951?",
        "Was the captain cleared in Brava or Honda?",
        "Was the captain of the ferry cleared or punished?",
        "Did the ferry sink or did the ferry burn?",
    ],
    "pointing-word": [
        "Was he cleared by a court in Punta Brava?",
        "Did they carry the mail for two winters?",
        "Is this the ferry to Isla Honda?",
    ],
    "copy-of-sentence": [
        "Does the crossing has taken forty minutes?",
        "Was the second ship paid for by the fishermen of Isla Honda?",
        "Was the second ship paid for by the merchants of Isla Honda?",
    ],
    "unrelated": ["Is quantum chromodynamics renormalisable?"],
    "repetitive": ["Is the ferry the ferry and the ferry and the ferry and the ferry?"],
}


def _row(text: str) -> BoolqRow:
    question = official_question(text) or "-"
    return BoolqRow(passage=official_passage(SEED), question=question, label=True)


@pytest.mark.parametrize("text", GOOD)
def test_a_good_question_passes(text):
    row = _row(text)
    check_question(row, SEED)
    assert row.question == row.question.lower()


@pytest.mark.parametrize(("reason", "text"), [(why, text) for why in BAD for text in BAD[why]])
def test_a_bad_question_is_told_by_its_reason(text, reason):
    with pytest.raises(Rejected) as caught:
        check_question(_row(text), SEED)
    assert caught.value.reason == reason


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
