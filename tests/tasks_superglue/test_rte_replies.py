"""RTE on replies as models write them: what is readable is read, the rest is no row."""

from __future__ import annotations

import json

import pytest

from targen_core import ChatReply, Rejected
from targen_tasks_superglue.rte import RTE, Premise, RteRow
from targen_tasks_superglue.rte.checks import check_premise


def _text(good) -> str:
    return json.dumps(good, ensure_ascii=False)


STEPS = ["contexts", "seeds", "generate", "correct"]


def test_without_a_schema_the_form_is_asked_for_in_words(run):
    bent = run(lambda step, good, repair: f"```json\n{json.dumps(good)}\n```", structured=False)
    assert len(bent.rows) == 8
    for request in bent.requests:
        assert "Its JSON schema:" in request.messages[-1].content


@pytest.mark.parametrize("step", STEPS)
def test_a_reply_that_is_cut_is_asked_for_again_and_never_used(step, run, at, cut):
    assert len(run(at(step, cut), rows=4).rows) == 4


@pytest.mark.parametrize("step", ["generate", "correct"])
def test_a_reply_that_is_always_cut_makes_no_row(step, run, at):
    """Even where its text happens to be whole JSON."""
    bent = run(at(step, lambda good: ChatReply(_text(good), "length", 9, 9), always=True), rows=4)
    assert bent.rows == []
    assert bent.reasons == {"malformed-reply"}
    assert "cut at max_tokens" in bent.rejects[0]["detail"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda text: "Sure! Here is a hypothesis that follows from it.", "meta-text"),
        (lambda text: f"Hypothesis: {text}", "meta-text"),
        (lambda text: f"The premise says that {text}", "meta-text"),
        (lambda text: f"According to the text, {text}", "meta-text"),
        (lambda text: "The hypothesis of the dispute follows from what was said.", "meta-text"),
        (lambda text: f"True: {text}", "meta-text"),
        (lambda text: f"not_entailment - {text}", "meta-text"),
        (lambda text: text.replace(".", " (entailment)."), "meta-text"),
        (lambda text: f"{text} The place was small. It was quiet there.", "several-sentences"),
        (lambda text: f"**{text}**", "markup"),
        (lambda text: f"1. {text}", "markup"),
        (lambda text: f"{text}\nIt follows from the first clause.", "markup"),
        (lambda text: f"[PERSON] said: {text}", "placeholder"),
        (lambda text: text.rstrip("."), "cut-off"),
        (lambda text: text[: len(text) // 2], "cut-off"),
        (lambda text: text.rstrip(".") + "?", "question"),
        (lambda text: "It happened.", "too-short"),
        (lambda text: f"{text[:-1]} {'and so on ' * 12}there.", "too-long"),
        (lambda text: "the dispute the dispute the dispute the dispute the work.", "repetitive"),
        (lambda text: "Спор в этом городе продолжался ещё много лет подряд.", "not-latin"),
        (lambda text: "Quarks bind gluons inside every proton.", "unrelated"),
        (lambda text: "", "too-short"),
    ],
)
def test_a_hypothesis_that_is_no_sentence_is_rejected(change, reason, run, at):
    bent = run(
        at(
            "generate", lambda good: {**good, "hypothesis": change(good["hypothesis"])}, always=True
        ),
        rows=4,
    )
    assert bent.rows == []
    # A text cut in its middle may have become too short as well.
    allowed = {reason, "too-short"} if reason == "cut-off" else {reason}
    assert bent.reasons <= allowed
    assert reason in bent.reasons


@pytest.mark.parametrize(
    "bad",
    ["True: the dispute went on.", "The dispute was long. It was bitter too.", "So it went on."],
)
def test_a_hypothesis_that_cannot_be_used_is_asked_for_once_more(bad, run, at):
    ran = run(at("generate", lambda good: {**good, "hypothesis": bad}), rows=4)
    assert len(ran.rows) == 4
    assert len(ran.repairs) == len([r for r in ran.requests if r.origin.step == "generate"]) / 2
    assert ran.rejects == []


def test_spaces_of_a_hypothesis_are_folded(run, at):
    def change(good):
        return {**good, "hypothesis": f" {good['hypothesis'].replace(' ', '  ')} "}

    for row in run(at("generate", change), rows=4).rows:
        assert row["hypothesis"] == " ".join(row["hypothesis"].split())


@pytest.mark.parametrize(
    "quoted",
    [
        "\u201cThe dispute was long,\u201d said a visitor to the place.",
        "A visitor said that the dispute was \u2018long and bitter\u2019.",
        "The visitor\u2019s caf\u00e9 in Ume\u00e5 was closed by the dispute \u2014 for weeks.",
        'A visitor called the dispute "long and bitter."',
    ],
)
def test_quotation_marks_and_accents_come_through_as_they_are(quoted, run, at):
    bent = run(
        at("generate", lambda good: {**good, "hypothesis": quoted}), rows=2, near_duplicates=0.0
    )
    assert [row["hypothesis"] for row in bent.rows] == [quoted, quoted]
    assert quoted in (bent.path / "dataset.jsonl").read_text(encoding="utf-8").replace('\\"', '"')


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


@pytest.mark.parametrize("ascii", [True, False], ids=["escaped", "raw"])
def test_half_a_character_is_repaired(ascii, run, at):
    def change(good):
        return json.dumps(
            {"basis": "It rained there.", "hypothesis": "It is \ud83d."}, ensure_ascii=ascii
        )

    assert len(run(at("generate", change), rows=2).rows) == 2


def _without_last_word(text: str) -> str:
    return " ".join(text.split()[:-3]).rstrip(",") + "."


@pytest.mark.parametrize(
    "copy",
    [
        lambda p: p,
        str.lower,
        lambda p: p.replace(",", ""),
        lambda p: p.replace("hired", "took on"),
        lambda p: p.partition(", ")[2].capitalize(),  # its main clause
        _without_last_word,
        lambda p: " ".join(p.split()[-9:]),
    ],
    ids=["whole", "lower", "no comma", "one word", "a clause", "shortened", "its end"],
)
def test_a_copy_of_the_premise_is_no_hypothesis(copy):
    premise = (
        "After the dispute over museum wages in Oberau ended in March 1998, the mayor Ada Brenner "
        "hired 211 people and asked Hana Sato to lead the work."
    )
    row = RteRow(premise=premise, hypothesis=copy(premise), label="entailment")
    (check,) = RTE.checks
    with pytest.raises(Rejected) as caught:
        check(row, Premise(premise=premise))
    assert caught.value.reason == "copy-of-premise"


def test_a_hypothesis_in_other_words_is_none(run):
    premise = "The choir of Elmstead, founded in 1951, sang for the king in its hundredth concert."
    for hypothesis in (
        "The choir of Elmstead was founded in 1951.",
        "A choir from Elmstead has given at least a hundred concerts.",
    ):
        row = RteRow(premise=premise, hypothesis=hypothesis, label="entailment")
        for check in RTE.checks:
            check(row, Premise(premise=premise))


def test_a_premise_may_end_with_a_question_that_somebody_asks_in_it():
    said = 'Film dealer Retno Kusuma dubs nothing and remarks, "Why silence the actors?"'
    check_premise(Premise(premise=said))
    with pytest.raises(Rejected, match="asks a question"):
        check_premise(
            Premise(premise='Nothing is dubbed. "Why silence them," he says, but who asks?')
        )


@pytest.mark.parametrize(
    ("sentence", "reason"),
    [
        ("Too short to be used.", "too-short"),
        ("1. The mill of Dunmore was rebuilt by Ada Brenner in 1993 after a storm.", "markup"),
        ("The mill of Dunmore was rebuilt by Ada Brenner in 1993 after a", "cut-off"),
        ("Was the mill of Dunmore rebuilt by Ada Brenner in 1993 after a storm?", "question"),
        ("Sentence 1: The mill of Dunmore was rebuilt by Ada Brenner in 1993.", "meta-text"),
        ("Here are five sentences about the mill of Dunmore and its builder.", "meta-text"),
        ("Мельница в Данморе была восстановлена Адой Бреннер в 1993 году после бури.", "not-latin"),
        ("The mill, the mill, the mill and the mill were the mill of the mill.", "repetitive"),
        (
            "The mill of [TOWN NAME] was rebuilt by Ada Brenner in 1993 after a storm.",
            "placeholder",
        ),
        (f"The mill of Dunmore burned {'and it burned again ' * 50}in 1993.", "too-long"),
    ],
)
def test_a_premise_that_is_no_clean_text_is_left_out(sentence, reason, run, at):
    def change(good):
        return {"texts": [sentence, *good["texts"][1:]]}

    bent = run(at("seeds", change), rows=6)
    assert len(bent.rows) == 6
    dropped = [record for record in bent.rejects if record["verdict"] == "dropped"]
    assert {record["reason"] for record in dropped} == {reason}
    assert dropped[0]["item"] == {"premise": sentence}
    assert sentence not in {row["premise"] for row in bent.rows}
    assert {"step": "seeds", "reason": reason, "count": len(dropped)} in bent.report[
        "dropped_list_items"
    ]


@pytest.mark.parametrize(
    "premise",
    [
        "The mill of Dunmore was rebuilt by Prof. Smith and Capt. Lee in 1993 after a storm.",
        "In Dunmore the Acme Corp. Ltd rebuilt a mill for Gen. Lee in 1993 after a storm.",
        "The team of Ada Brenner won Super Bowl XXX after a storm in Dunmore.",
        '"Was it late?" a guest asked. Nobody knew. Ada Brenner of Dunmore had stopped the clock.',
    ],
)
def test_a_premise_with_an_abbreviation_is_one_sentence(premise):
    from targen_tasks_superglue.rte import Premise
    from targen_tasks_superglue.rte.checks import check_premise

    check_premise(Premise(premise=premise))


def test_repeated_premises_and_topics_are_used_once(run):
    def bend(step, good, repair):
        if step == "contexts":
            return {"topics": [part for topic in good["topics"] for part in (topic, topic.upper())]}
        if step == "seeds":
            texts = good["texts"]
            return {"texts": [f"  {text} " for text in texts] + texts}
        return good

    bent = run(bend, rows=20)
    assert {r["reason"] for r in bent.rejects if r["verdict"] == "dropped"} == {"repeated"}
    seeds = [entry["seed"]["premise"] for entry in bent.provenance]
    ids = {entry["id"].partition("/")[0] for entry in bent.provenance}
    assert len(set(seeds)) == len(ids), "one seed, one place"
    topics = [entry["above"][0] for entry in bent.provenance]
    assert len({topic.lower() for topic in topics}) == len(set(topics))


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


@pytest.mark.parametrize(
    "word",
    ["contradiction", "neutral", "Entailment", "not entailment", "yes", "1", "", "unknown"],
)
def test_a_label_outside_the_set_is_never_a_row(word, run, at):
    bent = run(at("correct", lambda good: {**good, "actual": word}, always=True), rows=4)
    assert bent.rows == []
    assert bent.reasons == {"malformed-reply"}


@pytest.mark.parametrize("word", ["right", "true", "Correct", ""])
def test_a_verdict_outside_the_set_is_never_a_row(word, run, at):
    bent = run(at("correct", lambda good: {**good, "verdict": word}, always=True), rows=4)
    assert bent.rows == []
    assert bent.reasons == {"malformed-reply"}


def test_a_verdict_that_contradicts_itself_is_repaired_or_rejected(run, at):
    def change(good):
        return {**good, "verdict": "incorrect"}

    bent = run(at("correct", change, always=True), rows=4)
    assert bent.rows == []
    assert bent.reasons == {"inconsistent"}


def test_a_verdict_that_contradicts_itself_once_is_repaired(run, at):
    bent = run(at("correct", lambda good: {**good, "verdict": "incorrect"}), rows=4)
    assert len(bent.rows) == 4
    assert bent.rejects == []


def test_an_input_without_a_right_output_is_rejected(run, at):
    def change(good):
        return {**good, "actual": "no_valid_instance", "verdict": "incorrect"}

    bent = run(at("correct", change), rows=4)
    assert bent.rows == []
    assert bent.reasons == {"no-valid-instance"}


def test_a_relabelled_row_has_the_corrected_label(run, at):
    other = {"entailment": "not_entailment", "not_entailment": "entailment"}

    def change(good):
        return {**good, "actual": other[good["actual"]], "verdict": "incorrect"}

    bent = run(at("correct", change), rows=7, balance="intended")
    assert bent.problem == ""
    assert [e["label"] for e in bent.provenance] == [other[e["intended"]] for e in bent.provenance]
    assert [row["label"] for row in bent.rows] == [entry["label"] for entry in bent.provenance]
    assert bent.report["rows"] == {"entailment": 4, "not_entailment": 3}
    flow = bent.report["flow"]
    assert flow["entailment"]["accepted"] == {"not_entailment": 4}
    assert flow["not_entailment"]["accepted"] == {"entailment": 3}


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
