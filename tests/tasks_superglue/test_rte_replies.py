"""RTE on replies as models write them: what is readable is read, the rest is no row."""

from __future__ import annotations

import json

import pytest

from targen_core import ChatReply
from targen_tasks_superglue.rte import RTE, Premise, RteRow


def _text(good) -> str:
    return json.dumps(good, ensure_ascii=False)


def test_without_a_schema_the_form_is_asked_for_in_words(run):
    bent = run(lambda step, good, repair: f"```json\n{json.dumps(good)}\n```", structured=False)
    assert len(bent.rows) == 8
    for request in bent.requests:
        assert "Its JSON schema:" in request.messages[-1].content


@pytest.mark.parametrize("step", ["generate", "correct"])
def test_a_reply_that_is_always_cut_makes_no_row(step, run, at):
    """Even where its text happens to be whole JSON."""
    bent = run(at(step, lambda good: ChatReply(_text(good), "length", 9, 9), always=True), rows=4)
    assert bent.rows == []
    assert bent.reasons == {"malformed-reply"}
    assert "cut at max_tokens" in bent.rejects[0]["detail"]


@pytest.mark.parametrize("ascii", [True, False], ids=["escaped", "raw"])
@pytest.mark.parametrize("text", ["\ud83d", "The dispute \udc80 went on for weeks."])
def test_half_a_character_never_reaches_the_dataset(text, ascii, run, at):
    def change(good):
        return json.dumps({"basis": "It rained there.", "hypothesis": text}, ensure_ascii=ascii)

    bent = run(at("generate", change, always=True), rows=2)
    assert bent.rows == []
    assert bent.reasons == {"malformed-reply"}
    assert "half a character" in bent.rejects[0]["detail"]
    (bent.path / "rejects.jsonl").read_bytes().decode("utf-8")


def test_a_hypothesis_in_other_words_is_none(run):
    premise = "The choir of Elmstead, founded in 1951, sang for the king in its hundredth concert."
    for hypothesis in (
        "The choir of Elmstead was founded in 1951.",
        "A choir from Elmstead has given at least a hundred concerts.",
    ):
        row = RteRow(premise=premise, hypothesis=hypothesis, label="entailment")
        for check in RTE.checks:
            check(row, Premise(premise=premise))


@pytest.mark.parametrize("reply", [{"topics": []}, {"topics": ["", "  "]}])
def test_a_model_without_topics_ends_the_run(reply, run, at):
    bent = run(at("contexts", lambda good: reply, always=True), rows=4)
    assert bent.rows == []
    assert "the list of contexts is empty" in bent.problem


def test_a_model_without_premises_ends_the_run(run, at):
    bent = run(at("seeds", lambda good: {"texts": []}, always=True), rows=4)
    assert bent.rows == []
    assert "label entailment has 0 of 2 rows" in bent.problem


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
