"""What COPA is: its rows, its balance of questions, its variants and its counts."""

from __future__ import annotations

from collections import Counter

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


# --- repeated content -------------------------------------------------------
