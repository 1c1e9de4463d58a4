"""What COPA is: its rows, its balance of questions, its variants and its counts."""

from __future__ import annotations

import json
import re
import tempfile
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from targen_core import Job, Rejected
from targen_core.reading import read_jsonl
from targen_core.tasks.checks import is_copy
from targen_tasks_superglue.copa import COPA, EVENTS, CopaRow, Event
from targen_tasks_superglue.copa.checks import check_choices, check_unlike
from targen_tasks_superglue.copa.rows import ASKED
from targen_testing import TaskSuite

OFFICIAL = Path(__file__).parents[3] / "shared" / "data" / "superglue" / "COPA"
needs_official = pytest.mark.skipif(
    not OFFICIAL.is_dir(), reason=f"the original data is not at {OFFICIAL}"
)
PROMPTS = {prompt.name: prompt for prompt in COPA.prompts}
ROW = {
    "premise": "The kite came down in the field.",
    "choice1": "The wind had dropped.",
    "choice2": "The string had held.",
    "question": "cause",
    "label": 0,
}


def official(split: str) -> list[dict]:
    text = (OFFICIAL / f"{split}.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.split("\n") if line]


class Copa(TaskSuite):
    """Runs the task without a fixture, for properties. Its name hides it from pytest."""

    task = "copa"

    def rows_of(self, quotas: dict[str, int], **values) -> list[dict]:
        with tempfile.TemporaryDirectory() as folder:
            spec = self.spec().replace(quotas=quotas, **values)
            with Job.create(self.registry(), spec, Path(folder) / "run") as job:
                job.run()
            return list(read_jsonl(Path(folder) / "run" / "dataset.jsonl"))


# --- rows -------------------------------------------------------------------


def test_every_row_is_in_the_official_form(run):
    ran = run(task="copa", rows=60)
    for idx, row in enumerate(ran.rows):
        assert list(row) == ["premise", "choice1", "choice2", "question", "label", "idx"]
        assert row["idx"] == idx
        assert type(row["label"]) is int
        COPA.schema.model_validate(row)
    assert Counter(row["label"] for row in ran.rows) == {0: 30, 1: 30}


@needs_official
@pytest.mark.parametrize("split", ["train", "val", "test"])
def test_the_original_rows_are_valid(split):
    for row in official(split):
        COPA.schema.model_validate(row)
        if "label" in row:
            (instance,) = COPA.from_rows([row])
            assert COPA.to_rows(instance, row["idx"]) == [row]
            assert COPA.label_of(instance) == ("choice1", "choice2")[row["label"]]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"label": True}, "it must be the number 0 or 1"),
        ({"label": 0.0}, "it must be the number 0 or 1"),
        ({"label": "choice1"}, "0 or 1"),
        ({"label": 2}, "0 or 1"),
        ({"question": "result"}, "'cause' or 'effect'"),
        ({"choice2": "the wind had dropped"}, "the two choices are the same"),
        ({"choice1": "  "}, "the text is blank"),
        ({"premise": "It rained. What was the CAUSE of this?"}, "a field of its own"),
        ({"premise": "It rained. What happened as a RESULT?"}, "a field of its own"),
        ({"idx": "0"}, "idx"),
        ({"explanation": "The wind."}, "Extra inputs"),
    ],
)
def test_a_row_that_is_none_is_refused_in_plain_words(change, says):
    row = {**ROW, "idx": 0}
    COPA.schema.model_validate(row)
    with pytest.raises(ValidationError, match=re.escape(says)):
        COPA.schema.model_validate({**row, **change}, strict=True)


def test_a_row_without_a_label_is_one_of_a_test_file():
    unlabeled = {key: value for key, value in ROW.items() if key != "label"}
    COPA.schema.model_validate({**unlabeled, "idx": 3})


TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1).filter(
    lambda text: text.strip() and not re.search("what", text, re.IGNORECASE)
)


@given(TEXTS, TEXTS, TEXTS, st.sampled_from(["cause", "effect"]), st.sampled_from([0, 1]))
def test_rows_read_back_as_they_were_written(premise, first, second, question, label):
    assume(not is_copy(first, second))
    row = CopaRow(premise=premise, choice1=first, choice2=second, question=question, label=label)
    (official_row,) = COPA.to_rows(row, 7)
    assert official_row["idx"] == 7
    assert COPA.from_rows(json.loads(json.dumps([official_row]))) == [row]
    flipped = COPA.with_label(row, "choice1" if label else "choice2")
    assert flipped.label == 1 - label
    assert COPA.with_label(flipped, COPA.label_of(row)) == row


# --- the label by construction ----------------------------------------------


def test_the_likely_choice_stands_where_the_label_says(run):
    likely = []

    def bend(step, good, repair):
        if step == "generate":
            likely.append(good["likely"])
        return good

    ran = run(bend, task="copa", rows=80)
    for row in ran.rows:
        right, wrong = row["choice1"], row["choice2"]
        if row["label"]:
            right, wrong = wrong, right
        assert right in likely
        assert wrong not in likely


def test_the_order_of_the_reply_s_fields_means_nothing(run):
    def turned(step, good, repair):
        return dict(reversed(good.items())) if step == "generate" else good

    ran = run(turned, task="copa", rows=20)
    assert Counter(row["label"] for row in ran.rows) == {0: 10, 1: 10}
    assert len({row["choice1"] for row in ran.rows} & {row["choice2"] for row in ran.rows}) == 0


@pytest.mark.parametrize(
    "quotas",
    [{"choice1": 100, "choice2": 100}, {"choice1": 195, "choice2": 107}, {"choice1": 60}],
    ids=["equal", "paper", "one label"],
)
def test_the_question_predicts_no_label(quotas):
    rows = Copa().rows_of(quotas)
    for label in {row["label"] for row in rows}:
        asked = Counter(row["question"] for row in rows if row["label"] == label)
        assert abs(asked["cause"] - asked["effect"]) <= max(4, 0.08 * asked.total())


@given(st.integers(0, 40), st.integers(0, 40), st.integers(0, 3))
@settings(max_examples=12, deadline=None)
def test_any_quota_is_met_with_both_questions_in_each_label(first, second, seed):
    quotas = {"choice1": first, "choice2": second}
    if not first + second:
        return
    rows = Copa().rows_of(quotas, seed=seed)
    assert Counter(row["label"] for row in rows) == Counter({0: first, 1: second})
    for label in (0, 1):
        asked = Counter(row["question"] for row in rows if row["label"] == label)
        assert abs(asked["cause"] - asked["effect"]) <= max(4, 0.2 * asked.total())
    for row in rows:
        COPA.schema.model_validate(row)


def test_rejections_do_not_unbalance_the_questions(run):
    def bend(step, good, repair):
        return "no JSON" if step == "generate" and len(good["likely"]) % 3 == 0 else good

    ran = run(bend, task="copa", rows=120)
    assert len(ran.rejects) > 20
    for label in (0, 1):
        asked = Counter(row["question"] for row in ran.rows if row["label"] == label)
        assert abs(asked["cause"] - asked["effect"]) <= 0.35 * asked.total()


def test_an_event_is_in_one_row(run):
    rows = run(task="copa", rows=60).rows
    assert len({row["premise"] for row in rows}) == len(rows)


def test_the_two_rows_of_an_event_ask_different_questions(run):
    ran = run(task="copa", rows=60, labels_per_seed="all")
    asked: dict[str, set[str]] = {}
    for row in ran.rows:
        asked.setdefault(row["premise"], set()).add(row["question"])
    pairs = [questions for questions in asked.values() if len(questions) == 2]
    assert len(pairs) >= 20
    assert len(ran.rows) == sum(map(len, asked.values()))


def test_the_question_is_noted(run):
    ran = run(task="copa", rows=8)
    for row, entry in zip(ran.rows, ran.provenance, strict=True):
        assert entry["notes"]["question"] == row["question"]


def test_both_choices_are_asked_for_in_one_form():
    """One list of rules for both statements, the same for both questions."""
    cause, effect = (
        PROMPTS[name].fill({"premise": "x", "setting": "x"})[0].content.partition("Both statements")
        for name in ("cause", "effect")
    )
    assert cause[2]
    assert cause[1:] == effect[1:]


def test_worked_choices_pass_the_task_s_own_checks():
    for name, question in (("cause", "cause"), ("effect", "effect")):
        turns = PROMPTS[name].fill({"premise": "x", "setting": "x"})[1:-1]
        assert len(turns) == 8
        for user, answer in zip(turns[::2], turns[1::2], strict=True):
            event = re.findall(r"^Event: (.+)$", user.content, re.MULTILINE)[0]
            reply = json.loads(answer.content)
            row = CopaRow(
                premise=event,
                choice1=reply["likely"],
                choice2=reply["unlikely"],
                question=question,
                label=0,
            )
            check_unlike(event, (row.choice1, row.choice2))
            for check in COPA.checks:
                check(row, Event(event=event))


# --- the premise and its question -------------------------------------------


@pytest.mark.parametrize("question", ["cause", "effect"])
def test_the_question_belongs_to_the_rendering_alone(question):
    row = CopaRow.model_validate({**ROW, "question": question})
    assert ASKED[question] in COPA.render(row)
    assert ASKED[question] not in json.dumps(COPA.to_rows(row, 0))
    assert COPA.render(row) == (
        f"Premise: The kite came down in the field. {ASKED[question]}\n"
        "choice1: The wind had dropped.\nchoice2: The string had held."
    )


def test_step_4_sees_the_question_and_no_premise_holds_it(run):
    ran = run(task="copa", rows=20)
    judged = [r.origin.values["input"] for r in ran.requests if r.origin.prompt == "meta"]
    assert len(judged) >= 20
    assert all(any(asked in text for asked in ASKED.values()) for text in judged)
    assert not any("What" in row["premise"] for row in ran.rows)


def test_the_tuning_text_is_filled_with_the_rendering():
    row = CopaRow.model_validate(ROW)
    assert COPA.texts.instruction_template is not None
    user, assistant = COPA.texts.instruction_template.fill(
        {
            "instructions": COPA.judging.instructions,
            "input": COPA.render(row),
            "output": COPA.answer(row),
        }
    )
    assert user.content.startswith(COPA.judging.instructions)
    assert COPA.render(row) in user.content
    assert assistant.content == "choice1"
    assert set(re.findall(r"Output: (\w+)", user.content)) == {"choice1", "choice2"}


# --- variants ---------------------------------------------------------------


def test_the_paper_s_variant_takes_any_unlikely_choice(run):
    def far(step, good, repair):
        if step == "generate":
            unlikely = f"Quarks near {len(good['likely'])} stars decayed."
            return {"likely": good["likely"], "unlikely": unlikely}
        return good

    ran = run(far, task="copa", rows=8, variants=("paper",))
    assert len(ran.rows) == 8
    prompts = {request.origin.prompt for request in ran.requests}
    assert {"cause_any", "effect_any"} <= prompts
    assert not prompts & {"cause", "effect"}
    assert Counter(row["label"] for row in ran.rows) == {0: 4, 1: 4}
    manifest = json.loads((ran.path / "manifest.json").read_text())
    assert list(manifest["lock"]["task"]["variants"]) == ["paper"]
    assert set(manifest["lock"]["task"]["prompts"]) == {
        "settings",
        "events",
        "cause_any",
        "effect_any",
        "meta",
    }


# --- what code draws --------------------------------------------------------


def test_wrong_choices_are_of_each_kind_in_its_share_under_both_labels(run):
    ran = run(task="copa", rows=80)
    kinds = Counter((e["dimensions"]["distractor"], e["label"]) for e in ran.provenance)
    for label in ("choice1", "choice2"):
        others = sum(n for (kind, of), n in kinds.items() if of == label and "another" in kind)
        assert others > 2 * kinds["opposite event", label] > 0
        assert kinds["opposite event", label] >= kinds["reverse", label] > 0


def test_the_event_that_a_wrong_choice_answers_for_is_noted(run):
    named = []

    def bend(step, good, repair):
        if step == "generate":
            named.append(good["other_event"])
        return good

    ran = run(bend, task="copa", rows=8)
    for row, entry in zip(ran.rows, ran.provenance, strict=True):
        assert entry["notes"]["other_event"] in named
        assert entry["notes"]["other_event"] != row["premise"]


def test_a_choice_without_the_event_that_it_answers_for_is_asked_for_again(run, at):
    def bare(good):
        return {name: good[name] for name in ("likely", "unlikely")}

    ran = run(at("generate", bare), task="copa", rows=4)
    assert len(ran.rows) == 4
    assert ran.repairs


def test_what_happens_in_an_event_is_drawn_with_whom_it_is_about():
    """Apart, they clashed: "the weather" with "a decision or a purchase"."""
    (about,) = (d for d in EVENTS.dimensions if d.name == "about")
    assert {dimension.name for dimension in EVENTS.dimensions} == {"about", "event_length"}
    assert len(about.values) == len(set(about.values)) > 40


def test_the_writer_is_told_the_setting_and_what_was_drawn(run):
    ran = run(task="copa", rows=8)
    settings = {entry["above"][0] for entry in ran.provenance}
    asked = [r for r in ran.requests if r.origin.prompt in ("cause", "effect")]
    assert settings <= {request.origin.values["setting"] for request in asked}
    for request in asked:
        told = request.messages[-1].content
        assert re.search(r"\n\nKeep to this:\ndistractor: .+; length: .+; focus: .+$", told)


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


# --- counts and steps -------------------------------------------------------


def test_presets_are_the_counts_of_paper_and_original():
    assert COPA.presets["paper"] == {"choice1": 195, "choice2": 107}  # table 2
    assert sum(COPA.presets["balanced"].values()) == sum(COPA.presets["paper"].values())


@needs_official
def test_the_original_preset_is_the_original_count():
    labels = Counter(row["label"] for row in official("train"))
    assert COPA.presets["original"] == {"choice1": labels[0], "choice2": labels[1]}


def test_the_paper_s_counts_can_be_run_dry():
    rows = Copa().rows_of(dict(COPA.presets["paper"]))
    assert Counter(row["label"] for row in rows) == {0: 195, 1: 107}


def test_each_step_has_its_temperature():
    temperatures = {step: params["temperature"] for step, params in COPA.parameters.items()}
    assert temperatures == {"contexts": 1.0, "seeds": 1.0, "generate": 0.7, "correct": 0.0}


def test_samples_show_both_questions_and_both_labels():
    solved = [s for s in COPA.judging.samples if s.actual != "no_valid_instance"]
    assert Counter((s.actual, s.actual == s.output) for s in solved) == {
        (label, right): 1 for label in ("choice1", "choice2") for right in (True, False)
    }
    for asked in ASKED.values():
        assert sum(asked in sample.input for sample in solved) == 2


def test_a_sample_shows_two_sound_sentences_of_which_neither_fits():
    (sample,) = (s for s in COPA.judging.samples if s.actual == "no_valid_instance")
    *_, first, second = re.split(r"\n?choice\d: ", sample.input)
    check_choices("A jug slid off the sideboard.", (first, second))


def test_a_sample_is_written_as_an_input_is():
    for sample in COPA.judging.samples:
        assert re.fullmatch(
            r"Premise: .+\.(?: What was the cause of this\?| What happened as a result\?)\n"
            r"choice1: .+\.\nchoice2: .+\.",
            sample.input,
        )


@pytest.mark.parametrize("corrector", ["blind", "vote"])
def test_other_correctors_solve_what_the_dry_run_wrote(corrector, run):
    ran = run(task="copa", rows=10, corrector=corrector)
    assert len(ran.rows) == 10
    assert all(entry["intended"] == entry["label"] for entry in ran.provenance)


def test_a_relabelled_row_keeps_its_texts(run, at):
    def wrong(good):
        other = {"choice1": "choice2", "choice2": "choice1"}[good["actual"]]
        return {**good, "actual": other, "verdict": "incorrect"}

    ran = run(at("correct", wrong, always=True), task="copa", rows=8, balance="intended")
    assert len(ran.rows) == 8
    for row, entry in zip(ran.rows, ran.provenance, strict=True):
        assert {entry["intended"], entry["label"]} == {"choice1", "choice2"}
        assert row["label"] == ("choice1", "choice2").index(entry["label"])
        assert entry["intended"] == ("choice2", "choice1")[row["label"]]


def test_the_checks_count_their_reasons_before_step_4(run, at):
    ran = run(
        at("generate", lambda good: {**good, "unlikely": good["likely"]}, always=True),
        task="copa",
        rows=4,
    )
    assert ran.reasons == {"choices-alike"}
    assert all(request.origin.prompt != "meta" for request in ran.requests)


def test_a_row_of_another_event_is_refused():
    with pytest.raises(Rejected) as caught:
        COPA.checks[0](CopaRow.model_validate(ROW), Event(event="It rained on the tent."))
    assert caught.value.reason == "premise-changed"
