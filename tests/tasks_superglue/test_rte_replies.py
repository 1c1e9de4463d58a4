"""RTE on replies as models write them: what is readable is read, the rest is no row."""

from __future__ import annotations

import json

from targen_tasks_superglue.rte import RTE, Premise, RteRow


def test_without_a_schema_the_form_is_asked_for_in_words(run):
    bent = run(lambda step, good, repair: f"```json\n{json.dumps(good)}\n```", structured=False)
    assert len(bent.rows) == 8
    for request in bent.requests:
        assert "Its JSON schema:" in request.messages[-1].content


def test_a_hypothesis_in_other_words_is_none(run):
    premise = "The choir of Elmstead, founded in 1951, sang for the king in its hundredth concert."
    for hypothesis in (
        "The choir of Elmstead was founded in 1951.",
        "A choir from Elmstead has given at least a hundred concerts.",
    ):
        row = RteRow(premise=premise, hypothesis=hypothesis, label="entailment")
        for check in RTE.checks:
            check(row, Premise(premise=premise))


# --- step 4 -----------------------------------------------------------------


def test_a_relabelled_row_counts_for_the_label_that_it_ends_with(run, at):
    def change(good):
        verdict = "correct" if good["actual"] == "entailment" else "incorrect"
        return {**good, "actual": "entailment", "verdict": verdict}

    bent = run(at("correct", change), rows=8)
    assert {row["label"] for row in bent.rows} == {"entailment"}
    assert bent.report["rows"] == {"entailment": 4, "not_entailment": 0}
    flow = bent.report["flow"]
    assert flow["entailment"]["accepted"] == {"entailment": 2}
    assert flow["not_entailment"]["accepted"] == {"entailment": 2}
    assert flow["not_entailment"]["surplus"]["entailment"] > 0
    assert "label not_entailment has 0 of 4 rows (most often: relabelled entailment" in bent.problem
