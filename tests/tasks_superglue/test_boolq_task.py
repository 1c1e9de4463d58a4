"""What BoolQ is: its rows, its kinds of question, its worked examples and its counts."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from targen_core import Rejected
from targen_core.tasks.judging import JudgeAnswer
from targen_tasks_superglue.boolq import BOOLQ, BoolqRow
from targen_tasks_superglue.boolq.checks import (
    check_question,
    official_passage,
    official_question,
)
from targen_tasks_superglue.boolq.dimensions import KINDS
from targen_tasks_superglue.shared.articles import Paragraph

ORIGINAL = Path(__file__).parents[3] / "shared" / "data" / "superglue" / "BoolQ"
needs_original = pytest.mark.skipif(
    not ORIGINAL.is_dir(), reason=f"the original data is not at {ORIGINAL}"
)
PAPER = BOOLQ.varied(["paper"])
PROMPTS = {prompt.name: prompt for prompt in (*BOOLQ.prompts, *PAPER.prompts)}
ASKED = {answer: [f"{answer}-stated", f"{answer}-inferred"] for answer in ("yes", "no")}


def original(split: str) -> list[dict]:
    lines = (ORIGINAL / f"{split}.jsonl").read_text(encoding="utf-8").split("\n")
    return [json.loads(line) for line in lines if line]


# --- rows ---------------------------------------------------------------------


def test_every_row_is_in_the_official_form(run):
    ran = run(task="boolq", rows=60)
    assert [row["idx"] for row in ran.rows] == list(range(60))
    for row in ran.rows:
        BOOLQ.schema.model_validate(row)
        assert list(row) == ["passage", "question", "label", "idx"]
        title, _, text = row["passage"].partition(" -- ")
        assert title
        assert text
        assert row["question"] == row["question"].lower()
        assert not row["question"].endswith("?")
    assert Counter(row["label"] for row in ran.rows) == {True: 30, False: 30}


def test_the_passage_is_the_paragraph_behind_its_title(run):
    ran = run(task="boolq", rows=20)
    for row, entry in zip(ran.rows, ran.provenance, strict=True):
        assert row["passage"] == f"{entry['seed']['title']} -- {entry['seed']['text']}"
        assert entry["above"][1]["title"] == entry["seed"]["title"]
        assert entry["above"][1]["category"] == entry["above"][0]


def test_each_passage_is_in_one_row(run):
    ran = run(task="boolq", rows=40)
    assert len({row["passage"] for row in ran.rows}) == 40


def test_in_the_paper_s_variant_a_passage_gets_a_question_of_each_label(run):
    labels: dict[str, set[bool]] = {}
    for row in run(task="boolq", rows=40, variants=("paper",)).rows:
        labels.setdefault(row["passage"], set()).add(row["label"])
    assert all(actual == {True, False} for actual in labels.values())


@settings(max_examples=5, deadline=None)
@given(quotas=st.tuples(st.integers(0, 12), st.integers(0, 12)).filter(any))
def test_any_quota_is_met_exactly(quotas, tmp_path_factory):
    from targen_core import load_registry
    from targen_core.runs.jobs.job import Job
    from targen_core.runs.records.spec import RunSpec

    expected = dict(zip(("true", "false"), quotas, strict=True))
    spec = RunSpec(
        task="targen-tasks-superglue:boolq", backend="targen-core:scripted", quotas=expected
    )
    out = tmp_path_factory.mktemp("quota") / "run"
    with Job.create(load_registry(), spec, out) as job:
        job.run()
    lines = (out / "dataset.jsonl").read_text(encoding="utf-8").split("\n")[:-1]
    actual = Counter("true" if json.loads(line)["label"] else "false" for line in lines)
    assert actual == Counter({name: count for name, count in expected.items() if count})


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"question": "is Basalt a rock"}, "not wholly in lower case"),
        ({"question": "is basalt a rock?"}, "ends with a question mark"),
        ({"question": " "}, "the question is empty"),
        ({"passage": "Basalt is a rock."}, "does not open with its title"),
        ({"passage": " -- Basalt is a rock."}, "does not open with its title"),
        ({"passage": "Basalt -- "}, "does not open with its title"),
        ({"label": "true"}, "valid boolean"),
        ({"label": 1}, "valid boolean"),
        ({"version": 1.1}, "not permitted"),
        ({"idx": "4"}, "valid integer"),
    ],
)
def test_a_row_that_is_not_in_the_official_form_is_told_why(change, words):
    good = {"passage": "Basalt -- It is a rock.", "question": "is basalt a rock", "label": True}
    BOOLQ.schema.model_validate({**good, "idx": 4})
    with pytest.raises(ValidationError, match=words):
        BOOLQ.schema.model_validate({**good, "idx": 4, **change}, strict=True)


def test_a_test_row_has_no_label():
    BOOLQ.schema.model_validate({"passage": "B -- It is.", "question": "is b", "idx": 0})


@needs_original
@pytest.mark.parametrize(("split", "count"), [("train", 221), ("val", 3270), ("test", 3245)])
def test_the_original_rows_are_valid(split, count):
    rows = original(split)
    assert len(rows) == count
    for row in rows:
        BOOLQ.schema.model_validate(row)
    if split != "test":
        for row in rows:
            (instance,) = BOOLQ.from_rows([row])
            assert dict(BOOLQ.to_rows(instance, row["idx"])[0]) == row


@needs_original
def test_the_presets_are_the_paper_s_and_the_original_counts():
    assert BOOLQ.presets["paper"] == {"true": 2535, "false": 1764}  # Table 2
    assert sum(BOOLQ.presets["balanced"].values()) == sum(BOOLQ.presets["paper"].values())
    assert sum(BOOLQ.presets["original"].values()) == 9427
    # The training set is not here whole; its share of true is that of val.
    labels = Counter(row["label"] for row in original("val"))
    share = BOOLQ.presets["original"]["true"] / 9427
    assert abs(share - labels[True] / labels.total()) < 0.01


# --- labels by construction ---------------------------------------------------


def test_a_third_of_the_questions_needs_inference_under_both_labels(run):
    ran = run(task="boolq", rows=240)
    kinds = Counter((e["label"], e["dimensions"]["kind"]) for e in ran.provenance)
    assert set(kinds) == {(label, kind) for label in ("true", "false") for kind in KINDS}
    for label in ("true", "false"):
        assert 0.25 < kinds[label, "inferred"] / 120 < 0.42


def test_nothing_that_is_drawn_tells_the_label(run):
    ran = run(task="boolq", rows=240)
    for name in ("asks", "length", "manner"):
        drawn = Counter((e["dimensions"][name], e["label"]) for e in ran.provenance)
        for value, _ in drawn:
            pair = drawn[value, "true"], drawn[value, "false"]
            assert max(pair) <= 2.5 * min(pair) + 4, (name, value, pair)


def test_both_labels_are_asked_for_in_the_same_form():
    for kind in ("stated", "inferred", "paper"):
        yes, no = (PROMPTS[f"{answer}-{kind}"].fill({"passage": "x"}) for answer in ("yes", "no"))
        rules = [messages[0].content.split("\n") for messages in (yes, no)]
        assert len(rules[0]) == len(rules[1])
        differing = [pair for pair in zip(*rules, strict=True) if pair[0] != pair[1]]
        expected = 1 if kind == "paper" else 2
        assert len(differing) == expected, "the answer that is wanted, and how it comes about"
        passages = [[m.content for m in messages if m.role == "user"] for messages in (yes, no)]
        assert passages[0] == passages[1]


def test_the_worked_questions_give_their_answer_away_by_no_word():
    lengths = {}
    for answer, names in ASKED.items():
        questions = [question for name in names for _, question in _pairs(name)]
        assert len(questions) == 6
        lengths[answer] = sum(len(question.split()) for question in questions) / 6
        for name in names:
            for passage, question in _pairs(name):
                title, _, text = passage.partition(" -- ")
                seed = Paragraph(title=title, text=text)
                row = BoolqRow(
                    passage=official_passage(seed),
                    question=official_question(question),
                    label=answer == "yes",
                )
                check_question(row, seed)
    assert abs(lengths["yes"] - lengths["no"]) < 1.5


def test_true_and_false_questions_share_as_many_words_with_their_passage(run):
    ran = run(task="boolq", rows=200)
    shares: dict[bool, list[float]] = {True: [], False: []}
    for row in ran.rows:
        asked = row["question"].split()
        passage = set(re.findall(r"[\w'-]+", row["passage"].lower()))
        shares[row["label"]].append(sum(word in passage for word in asked) / len(asked))
    means = {label: sum(actual) / len(actual) for label, actual in shares.items()}
    assert abs(means[True] - means[False]) < 0.05


# --- step 4 -------------------------------------------------------------------

ROW = BoolqRow(passage="Basalt -- It is a rock.", question="is basalt a rock", label=True)


def test_the_judge_may_find_a_question_undecided():
    (question,) = BOOLQ.questions(ROW)
    assert question.options == ("true", "false", "undecided")
    assert question.output == ("true",)
    assert question.input == "Passage: Basalt -- It is a rock.\nQuestion: is basalt a rock"
    correction = BOOLQ.aggregate(ROW, [JudgeAnswer(("undecided",), "It is left open.")])
    assert (correction.label, correction.reason) == (None, "undecided")


def test_a_wrong_label_is_replaced():
    correction = BOOLQ.aggregate(ROW, [JudgeAnswer(("false",), "The passage says otherwise.")])
    assert BOOLQ.with_label(ROW, correction.label) == ROW.model_copy(update={"label": False})


def test_in_the_paper_s_variant_what_is_undecided_is_false():
    paper = BOOLQ.varied(["paper"])
    (question,) = paper.questions(ROW)
    assert question.options == ("true", "false")
    assert "undecided" not in paper.judging.instructions
    assert "undecided" not in {sample.actual for sample in paper.judging.samples}
    assert "offers nothing" in paper.judging.instructions
    assert "offers nothing" in paper.texts.instruction_template.text


def test_in_the_paper_s_variant_any_yes_no_query_will_do(run):
    def bend(step, good, repair):
        if step == "generate":
            return {"question": "Was it always so that all of them told only this?"}
        return good

    plain = run(bend, task="boolq", rows=2)
    assert plain.reasons == {"absolute-word"}
    plain.path.rename(plain.path.with_name("plain"))
    ran = run(bend, task="boolq", rows=2, variants=("paper",))
    assert len(ran.rows) == 2
    assert {r.origin.prompt for r in ran.requests if r.origin.step == "generate"} == {
        "yes-paper",
        "no-paper",
    }
    assert all("kind" not in entry.get("notes", {}) for entry in ran.provenance)


@pytest.mark.parametrize(
    ("question", "reason"),
    [
        ("Does the passage say when it was built?", "meta-text"),
        ("Was it a church or a school in those days?", "either-or"),
        ("Did it stand there? Is it gone by now?", "several-questions"),
    ],
)
def test_what_yes_and_no_do_not_answer_is_no_query_of_the_variant(question, reason, run, at):
    bad = at("generate", lambda good: {"question": question}, always=True)
    ran = run(bad, task="boolq", rows=2, variants=("paper",))
    assert ran.rows == []
    assert ran.reasons <= {reason, "malformed-reply"}


def test_the_paper_s_worked_questions_differ_in_one_word():
    ((_, yes),), ((_, no),) = _pairs("yes-paper"), _pairs("no-paper")
    assert len(set(yes.split()) ^ set(no.split())) == 2
    assert len(yes.split()) == len(no.split())


@needs_original
def test_few_original_questions_are_rejected_as_either_or_or_about_the_text():
    reasons = Counter()
    for row in original("val"):
        title, _, text = row["passage"].partition(" -- ")
        (instance,) = BOOLQ.from_rows([row])
        try:
            check_question(instance, Paragraph(title=title, text=text))
        except Rejected as error:
            reasons[error.reason] += 1
    assert reasons["either-or"] == 2
    assert reasons["meta-text"] == 0
    assert reasons.total() / 3270 < 0.1


def test_undecided_is_rejected_by_default_and_relabelled_in_the_variant(run):
    def bend(step, good, repair):
        if step != "correct" or good["actual"] != "true":
            return good
        return {**good, "actual": "undecided", "verdict": "incorrect"}

    ran = run(bend, task="boolq", quotas={"true": 2, "false": 2})
    assert {row["label"] for row in ran.rows} == {False}
    assert ran.reasons == {"undecided"}
    assert ran.report["flow"]["true"]["rejected"] == {"correct": 12}


def test_the_variant_relabels_and_records_it(run):
    def bend(step, good, repair):
        if step != "correct" or good["actual"] != "true":
            return good
        return {**good, "actual": "false", "verdict": "incorrect"}

    ran = run(bend, task="boolq", quotas={"true": 1, "false": 8}, variants=("paper",))
    assert {row["label"] for row in ran.rows} == {False}
    changed = [entry for entry in ran.provenance if entry["intended"] != entry["label"]]
    assert changed
    assert {(entry["intended"], entry["label"]) for entry in changed} == {("true", "false")}
    assert all(entry["explanation"] for entry in changed)
    assert ran.report["flow"]["true"]["accepted"] == {"false": len(changed)}


def test_no_label_changes_without_a_correction(run):
    ran = run(task="boolq", rows=40)
    for row, entry in zip(ran.rows, ran.provenance, strict=True):
        assert entry["label"] == entry["intended"] == str(row["label"]).lower()


def test_correction_samples_cover_both_labels_right_and_wrong():
    for samples in (BOOLQ.judging.samples, BOOLQ.varied(["paper"]).judging.samples):
        kinds = Counter((s.actual, s.actual == s.output) for s in samples)
        assert min(kinds[label, right] for label in ("true", "false") for right in (True, False))
        assert len({s.input for s in samples}) == len(samples)
        for sample in samples:
            assert re.fullmatch(r"Passage: .+ -- .+\nQuestion: [^A-Z?]+", sample.input)


# --- the official form of questions -------------------------------------------


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("Was Ada Brenner born in Oberau?", "was ada brenner born in oberau"),
        ("  Was it   built\n in 1901 ? ", "was it built in 1901"),
        ("“Did the Herald print it?”", "did the herald print it"),
        ("'Is the U.S. Army older?'", "is the u.s. army older"),
        ("IS IT??", "is it"),
        ("Did Émile Łuka see it?!", "did émile łuka see it"),
    ],
)
def test_a_question_takes_the_form_of_a_search(text, question):
    assert official_question(text) == question


@given(st.text(max_size=60))
def test_any_text_takes_the_official_form_or_is_empty(text):
    question = official_question(text)
    if question.strip():
        BoolqRow(passage="A -- b.", question=question, label=True)
    assert official_question(question) == question


@given(
    st.text(alphabet="abc XYZ.'-", min_size=1, max_size=40).filter(str.strip),
    st.booleans(),
    st.integers(0, 10**6),
)
def test_rows_read_back_as_they_were_written(text, label, idx):
    row = BoolqRow(passage=f"T -- {text}", question=text.lower(), label=label)
    (official,) = BOOLQ.to_rows(row, idx)
    BOOLQ.schema.model_validate(official)
    assert BOOLQ.from_rows([official]) == [row]


# --- worked examples and prompts ----------------------------------------------


def _pairs(name: str) -> list[tuple[str, str]]:
    turns = PROMPTS[name].fill({"passage": "x"})[1:-1]
    return [
        (user.content.removeprefix("Passage: "), json.loads(answer.content)["question"])
        for user, answer in zip(turns[::2], turns[1::2], strict=True)
    ]


def test_an_instruction_is_a_question_and_its_label():
    filled = BOOLQ.texts.instruction_template.fill(
        {"input": BOOLQ.render(ROW), "output": BOOLQ.answer(ROW)}
    )
    assert [message.role for message in filled] == ["user", "assistant"]
    assert filled[0].content.endswith("Question: is basalt a rock\nOutput:")
    assert filled[1].content == "true"


def test_questions_about_the_user_s_own_paragraphs(run, tmp_path):
    own = tmp_path / "own.jsonl"
    seed = {
        "title": "Torv Light",
        "text": "Torv Light was built in 1871 by Karin Holm. It stands on a reef off Bodin and "
        "was manned until 1969. The keeper's cottage has been a school since then, in which the "
        "children of three islands learn to swim, sail and read charts.",
    }
    own.write_text(json.dumps(seed) + "\n", encoding="utf-8")
    ran = run(task="boolq", rows=2, seeds=own, near_duplicates=0.0)
    assert {row["passage"].partition(" -- ")[0] for row in ran.rows} == {"Torv Light"}


def test_a_check_tells_what_is_wrong():
    seed = Paragraph(title="Basalt", text="Basalt is a dark rock. It comes from volcanoes.")
    row = BoolqRow(passage="Other -- It is.", question="is basalt a rock", label=True)
    with pytest.raises(Rejected) as caught:
        check_question(row, seed)
    assert caught.value.reason == "passage-changed"
