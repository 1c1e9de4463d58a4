"""What COPA is: its rows, its balance of questions, its variants and its counts."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from targen_tasks_superglue.copa.task import ASKED, COPA, CopaRow

# --- the label by construction ----------------------------------------------


def test_the_likely_choice_stands_where_the_label_says(run):
    likely = []

    def bend(step, good, repair):
        if step == "generate":
            likely.append(good["likely"])
        return good

    ran = run(bend, task="copa", rows=40)
    assert len({row["premise"] for row in ran.rows}) == 40, "an event is in one row"
    for row in ran.rows:
        right, wrong = row["choice1"], row["choice2"]
        if row["label"]:
            right, wrong = wrong, right
        assert right in likely
        assert wrong not in likely


def test_the_question_predicts_no_label_whatever_is_rejected(plain, run):
    def bend(step, good, repair):
        return "no JSON" if step == "generate" and len(good["likely"]) % 3 == 0 else good

    bent = run(bend, task="copa", quotas={"choice1": 90, "choice2": 50})
    assert len(bent.rejects) > 20
    for rows, apart in ((plain("copa", 60).rows, 0.14), (bent.rows, 0.35)):
        for label in (0, 1):
            asked = Counter(row["question"] for row in rows if row["label"] == label)
            assert abs(asked["cause"] - asked["effect"]) <= apart * asked.total()


# --- the premise and its question -------------------------------------------


@pytest.mark.parametrize("question", ["cause", "effect"])
def test_the_question_belongs_to_the_rendering_alone(question):
    events = ("The kite came down.", "The wind had dropped.", "The string had held.")
    made = dict(zip(("premise", "choice1", "choice2"), events, strict=True))
    row = CopaRow(**made, question=question, label=0)
    assert COPA.render(row) == (
        f"Premise: The kite came down. {ASKED[question]}\n"
        "choice1: The wind had dropped.\nchoice2: The string had held."
    )
    assert ASKED[question] not in json.dumps(COPA.to_rows(row, 0))


# --- variants ---------------------------------------------------------------


def test_the_paper_s_variant_takes_any_unlikely_choice(run):
    def far(step, good, repair):
        if step == "generate":
            unlikely = f"Quarks near {len(good['likely'])} stars decayed."
            return {"likely": good["likely"], "unlikely": unlikely}
        return good

    ran = run(far, task="copa", rows=8, variants=("paper",))
    assert Counter(row["label"] for row in ran.rows) == {0: 4, 1: 4}


# --- what code draws --------------------------------------------------------


def test_the_event_that_a_wrong_choice_answers_for_is_noted(plain):
    ran = plain("copa", 60)
    named = {r.dry_run()["other_event"] for r in ran.requests if r.origin.step == "generate"}
    for row, entry in zip(ran.rows, ran.provenance, strict=True):
        assert entry["notes"]["other_event"] in named - {row["premise"]}


def test_events_of_the_user_s_own_have_no_setting(run, tmp_path):
    path = tmp_path / "events.jsonl"
    path.write_text('{"event": "The kite came down in the field."}\n')
    ran = run(task="copa", rows=2, seeds=path)
    asked = [r for r in ran.requests if r.origin.prompt in ("cause", "effect")]
    assert {request.origin.values["setting"] for request in asked} == {"not given"}


# --- repeated content -------------------------------------------------------


def test_the_same_two_choices_in_the_other_order_are_no_second_row(run):
    def same(step, good, repair):
        if step == "seeds":
            return {"events": ["The kite came down in the field."]}
        if step == "generate":
            choices = ("A gust tore the string.", "Two crows sat on the fence.")
            return dict(zip(("likely", "unlikely"), choices, strict=True), other_event="It rained.")
        return good

    ran = run(same, task="copa", rows=4)
    # One event in each setting, and each gives the same two choices.
    assert {record["verdict"] for record in ran.rejects} >= {"duplicate"}
    assert len(ran.rows) == 2
    seeds = [entry["id"].partition("/")[0] for entry in ran.provenance]
    assert len(set(seeds)) == len(seeds), "no event gave both orders"
