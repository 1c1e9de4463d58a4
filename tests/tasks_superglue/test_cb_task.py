"""What CommitmentBank is: its rows, its samples, its variants and its counts."""

from __future__ import annotations

import json
import re
import tempfile
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from targen_core import Job, Rejected
from targen_core.reading import read_jsonl
from targen_core.tasks.checks import content_words, normalized, words
from targen_tasks_superglue.cb import CB, CbRow
from targen_tasks_superglue.cb.checks import check_pair_commitment, check_pair_paper
from targen_tasks_superglue.shared.sentences import sentences
from targen_testing import TaskSuite

OFFICIAL = Path(__file__).parents[3] / "shared" / "data" / "superglue" / "CB"
needs_official = pytest.mark.skipif(
    not OFFICIAL.is_dir(), reason=f"the original data is not at {OFFICIAL}"
)
LABELS = ("entailment", "contradiction", "neutral")
PROMPTS = {prompt.name: prompt for prompt in CB.prompts}
CLAUSES = {
    prompt.name.removeprefix("commitment_"): prompt
    for prompt in CB.variants["commitment"].changes["prompts"]
    if prompt.name.startswith("commitment_")
}


def official(split: str) -> list[dict]:
    text = (OFFICIAL / f"{split}.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.split("\n") if line]


class Cb(TaskSuite):
    """Runs the task without a fixture, for properties. Its name hides it from pytest."""

    task = "cb"

    def rows_of(self, quotas: dict[str, int], **values) -> list[dict]:
        with tempfile.TemporaryDirectory() as folder:
            spec = self.spec().replace(quotas=quotas, **values)
            with Job.create(self.registry(), spec, Path(folder) / "run") as job:
                job.run()
            return list(read_jsonl(Path(folder) / "run" / "dataset.jsonl"))


# --- rows -------------------------------------------------------------------


def test_every_row_is_in_the_official_form(run):
    ran = run(task="cb", rows=60)
    for idx, row in enumerate(ran.rows):
        assert list(row) == ["premise", "hypothesis", "label", "idx"]
        assert row["idx"] == idx
        CB.schema.model_validate(row)
    assert Counter(row["label"] for row in ran.rows) == dict.fromkeys(LABELS, 20)


@needs_official
@pytest.mark.parametrize("split", ["train", "val", "test"])
def test_the_original_rows_are_valid(split):
    for row in official(split):
        CB.schema.model_validate(row)
        if "label" in row:
            (instance,) = CB.from_rows([row])
            assert CB.to_rows(instance, row["idx"]) == [row]


@pytest.mark.parametrize(
    "change",
    [{"label": 0}, {"label": "not_entailment"}, {"hypothesis": " "}, {"premise": ""}, {"pair": 1}],
)
def test_a_row_that_is_none_is_refused(change):
    row = {"premise": "It rained.", "hypothesis": "it rained", "label": "neutral", "idx": 0}
    CB.schema.model_validate(row)
    with pytest.raises(ValidationError):
        CB.schema.model_validate({**row, **change})


@given(
    st.text(min_size=1).filter(str.strip),
    st.text(min_size=1).filter(str.strip),
    st.sampled_from(LABELS),
    st.sampled_from(LABELS),
)
def test_rows_read_back_as_they_were_written(premise, hypothesis, label, other):
    row = CbRow(premise=premise, hypothesis=hypothesis, label=label)
    assert CB.from_rows(CB.to_rows(row, 3)) == [row]
    again = CB.with_label(row, other)
    assert (again.premise, again.hypothesis, again.label) == (premise, hypothesis, other)


@given(st.lists(st.integers(0, 30), min_size=3, max_size=3), st.integers(0, 3))
@settings(max_examples=12, deadline=None)
def test_any_quota_is_met(counts, seed):
    quotas = dict(zip(LABELS, counts, strict=True))
    if not any(counts):
        return
    rows = Cb().rows_of(quotas, seed=seed)
    assert Counter(row["label"] for row in rows) == Counter(quotas)


# --- several pairs a call, several samples a setting --------------------------


def test_one_call_gives_five_rows(run):
    ran = run(task="cb", rows=60)
    generated = [request for request in ran.requests if request.origin.step == "generate"]
    assert len(generated) <= 15
    for request in generated:
        assert "Write 5 new pairs." in request.messages[-1].content
        assert request.schema["properties"]["pairs"]["minItems"] == 5


def test_there_is_no_step_2(run):
    ran = run(task="cb", rows=15)
    assert CB.seeds == ()
    assert {request.origin.step for request in ran.requests} == {"contexts", "generate", "correct"}


def test_a_setting_is_drawn_of_again_and_told_what_it_gave(run):
    ran = run(task="cb", rows=60, contexts_limit=1)
    assert len(ran.rows) == 60
    output: dict[str, list[str]] = {}
    for request in ran.requests:
        if request.origin.step == "generate":
            output.setdefault(request.origin.prompt, []).append(request.origin.values["have"])
    premises = {label: [r["premise"] for r in ran.rows if r["label"] == label] for label in LABELS}
    for label in LABELS:
        assert output[label][0] == "none"
        assert all(premise in output[label][1] for premise in premises[label][:5])
        assert len(output[label]) == len(set(output[label]))
        longest = max(map(len, output[label]))
        assert longest < 11 * max(len(premise) for premise in premises[label])


def test_two_settings_are_enough_for_the_original_s_size():
    rows = Cb().rows_of(dict(CB.presets["paper"]), contexts_limit=2)
    assert len(rows) == 250
    assert len({normalized(CB.render(row)) for row in CB.from_rows(rows)}) == 250


def test_the_paper_s_counts_can_be_run_dry():
    rows = Cb().rows_of(dict(CB.presets["paper"]))
    assert Counter(row["label"] for row in rows) == CB.presets["paper"]


# --- the label by construction ----------------------------------------------


def test_the_labels_are_asked_for_in_one_form():
    """The rules on form are the same lines, and the worked premises the same texts."""
    values = {"setting": "x", "count": 5, "have": "none"}
    filled = {label: PROMPTS[label].fill(values) for label in LABELS}
    forms = {messages[0].content.partition("\nA premise\n")[2] for messages in filled.values()}
    assert len(forms) == 1
    assert "affirmative" in forms.pop()
    premises = {
        tuple(
            pair["premise"]
            for turn in messages
            if turn.role == "assistant"
            for pair in json.loads(turn.content)["pairs"]
        )
        for messages in filled.values()
    }
    assert len(premises) == 1


def test_the_worked_pairs_pass_the_task_s_own_checks():
    for label in LABELS:
        for row in worked(PROMPTS[label], label):
            for check in CB.checks:
                check(row, "a night ferry")
        for row in worked(CLAUSES[label], label):
            check_pair_commitment(row, "a night ferry")


def worked(prompt, label) -> list[CbRow]:
    values = dict.fromkeys(prompt.variables, "x")
    return [
        CbRow(premise=pair["premise"], hypothesis=pair["hypothesis"], label=label)
        for turn in prompt.fill(values)
        if turn.role == "assistant"
        for pair in json.loads(turn.content)["pairs"]
    ]


def test_the_dry_run_s_labels_share_their_premise_s_words_alike():
    rows = Cb().rows_of(dict.fromkeys(LABELS, 150))
    overlap = {label: [] for label in LABELS}
    length = {label: [] for label in LABELS}
    for row in rows:
        said = content_words(row["hypothesis"])
        overlap[row["label"]].append(len(said & content_words(row["premise"])) / len(said))
        length[row["label"]].append(len(words(row["hypothesis"])))
    means = [sum(values) / len(values) for values in overlap.values()]
    assert max(means) - min(means) < 0.12
    means = [sum(values) / len(values) for values in length.values()]
    assert max(means) - min(means) < 2


# --- variants ---------------------------------------------------------------


def test_the_variants_are_the_paper_s_and_the_original_s():
    wordings = {f"wording-{at}" for at in (1, 2, 3)}
    instructions = {"instructions-2", "instructions-3"}
    assert set(CB.variants) == {"paper", "commitment"} | wordings | instructions


def test_the_paper_s_neutral_may_have_nothing_in_common(run):
    ran = run(task="cb", rows=30, variants=("paper",))
    neutral = [row for row in ran.rows if row["label"] == "neutral"]
    assert len(neutral) == 10
    assert any(
        not content_words(row["hypothesis"]) & content_words(row["premise"]) for row in neutral
    )
    prompts = {request.origin.prompt for request in ran.requests}
    assert prompts == {"settings", *(f"paper_{label}" for label in LABELS), "meta"}


def test_the_paper_s_variant_holds_no_label_to_a_form():
    """A rule for some labels alone, such as "affirmative", would mark the others by their "not"."""
    prompts = {p.name: p for p in CB.varied(["paper"]).prompts if p.name.startswith("paper_")}
    values = {"setting": "x", "count": 5, "have": "none"}
    rules = set()
    for label in LABELS:
        prompt = prompts[f"paper_{label}"]
        rules.add(prompt.fill(values)[0].content.partition("\n\n")[2])
        for row in worked(prompt, label):
            check_pair_paper(row, "a night ferry")
    assert len(rules) == 1
    assert not re.search("affirmative|words", rules.pop())


def test_by_default_every_pair_has_something_in_common(run):
    for row in run(task="cb", rows=30).rows:
        assert content_words(row["hypothesis"]) & content_words(row["premise"])


def test_a_commitment_stands_in_the_last_sentence(run):
    ran = run(task="cb", rows=60, variants=("commitment",))
    for row in ran.rows:
        last = sentences(row["premise"])[-1]
        assert normalized(row["hypothesis"]) in normalized(last)
    assert Counter(row["label"] for row in ran.rows) == dict.fromkeys(LABELS, 20)


def test_no_operator_marks_a_label(run):
    ran = run(task="cb", rows=150, variants=("commitment",))
    under: dict[str, Counter[str]] = {label: Counter() for label in LABELS}
    for entry in ran.provenance:
        under[entry["intended"]][entry["dimensions"]["under"]] += 1
    assert under["entailment"] == under["contradiction"] == under["neutral"]
    assert len(under["neutral"]) == 5
    assert 0.5 < under["neutral"]["negation"] / under["neutral"].total() < 0.75
    manifest = json.loads((ran.path / "manifest.json").read_text())
    assert {f"commitment_{label}" for label in LABELS} < set(manifest["lock"]["task"]["prompts"])


def test_a_commitment_is_judged_by_instructions_of_its_own(run):
    ran = run(task="cb", rows=6, variants=("commitment",))
    judged = [r for r in ran.requests if r.origin.prompt == "meta"]
    for request in judged:
        assert "takes the hypothesis for true" in request.messages[0].content
        assert "Igor" in "".join(message.content for message in request.messages)


@pytest.mark.parametrize(
    ("variant", "order"),
    [
        ((), ("entailment", "contradiction", "neutral")),
        (("instructions-2",), ("neutral", "contradiction", "entailment")),
        (("instructions-3",), ("contradiction", "entailment", "neutral")),
    ],
    ids=["1", "2", "3"],
)
def test_the_three_wordings_name_the_labels_in_the_paper_s_orders(variant, order, run):
    ran = run(task="cb", rows=6, variants=variant)
    task = CB.varied(variant)
    said = re.findall("entailment|contradiction|neutral", task.judging.instructions)
    assert tuple(said) == order
    judged = [r.messages[0].content for r in ran.requests if r.origin.prompt == "meta"]
    assert judged
    assert all(task.judging.instructions in text for text in judged)


def test_a_wording_changes_step_4_alone(run, tmp_path):
    rows = []
    for name, variants in (("one", ()), ("two", ("instructions-2",))):
        ran = run(task="cb", rows=15, variants=variants)
        rows.append([(row["premise"], row["hypothesis"]) for row in ran.rows])
        (tmp_path / "run").rename(tmp_path / name)
    assert rows[0] == rows[1]


@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_wording_of_step_3_makes_other_rows(number, run):
    ran = run(task="cb", rows=15, variants=(f"wording-{number}",))
    assert Counter(row["label"] for row in ran.rows) == dict.fromkeys(LABELS, 5)
    instructions = CB if number == 1 else CB.varied([f"instructions-{number}"])
    for request in ran.requests:
        assert request.origin.prompt in ("settings", "worded", "meta")
        text = request.messages[0].content
        if request.origin.prompt == "worded":
            assert text.startswith(instructions.judging.instructions)
            assert f"Output: {request.origin.label}" in request.messages[-1].content
        elif request.origin.prompt == "meta":
            assert CB.judging.instructions in text


def test_the_worked_pairs_of_the_wordings_fit():
    (prompt,) = (p for p in CB.varied(["wording-1"]).prompts if p.name == "worded")
    for label in LABELS:
        for row in worked(prompt, label):
            check_pair_paper(row, "a night ferry")


# --- counts, samples, tuning ------------------------------------------------


def test_presets_are_the_counts_of_the_paper():
    assert CB.presets["paper"] == {"contradiction": 119, "entailment": 115, "neutral": 16}
    assert sum(CB.presets["balanced"].values()) == 250


@needs_official
def test_the_original_preset_is_the_original_count():
    assert CB.presets["original"] == Counter(row["label"] for row in official("train"))


def test_samples_show_each_label_right_and_wrong():
    for samples in (CB.judging.samples, CB.varied(["commitment"]).judging.samples):
        kinds = Counter((sample.actual, sample.actual == sample.output) for sample in samples)
        assert kinds == {(label, right): 1 for label in LABELS for right in (True, False)}
        assert {sample.output for sample in samples} == set(LABELS)
        for sample in samples:
            assert re.fullmatch(r"Premise: .+\nHypothesis: .+\.", sample.input)


def test_the_samples_of_commitments_are_commitments():
    for sample in CB.varied(["commitment"]).judging.samples:
        premise, _, hypothesis = sample.input.removeprefix("Premise: ").partition("\nHypothesis: ")
        row = CbRow(premise=premise, hypothesis=hypothesis, label=sample.actual)
        check_pair_commitment(row, "")


def test_the_tuning_text_is_filled_with_the_rendering():
    row = CbRow(premise="It rained.", hypothesis="The lawn was wet.", label="neutral")
    assert CB.texts.instruction_template is not None
    user, assistant = CB.texts.instruction_template.fill(
        {"instructions": CB.judging.instructions, "input": CB.render(row), "output": CB.answer(row)}
    )
    assert CB.render(row) in user.content
    assert assistant.content == "neutral"
    assert set(re.findall(r"Output: (\w+)", user.content)) == set(LABELS)


def test_the_tuning_text_of_commitments_shows_commitments():
    """What the variant's instructions say of the last sentence holds of the worked rows."""
    task = CB.varied(["commitment"])
    assert task.texts.instruction_template is not None
    (user, _) = task.texts.instruction_template.fill(
        {"instructions": "I", "input": "INPUT", "output": "O"}
    )
    rows = re.findall(r"^Premise: (.+)\nHypothesis: (.+)\nOutput: (\w+)$", user.content, re.M)
    assert {label for _, _, label in rows} == set(LABELS)
    for premise, hypothesis, label in rows:
        check_pair_commitment(CbRow(premise=premise, hypothesis=hypothesis, label=label), "")
    assert user.content.endswith("\n\nINPUT\nOutput:")


def test_words_of_time_mark_no_contradiction():
    for row in worked(PROMPTS["contradiction"], "contradiction"):
        assert not re.search("at once|straight away", row.hypothesis)


def test_each_step_has_its_temperature():
    temperatures = {step: params["temperature"] for step, params in CB.parameters.items()}
    assert temperatures == {"contexts": 1.0, "generate": 0.7, "correct": 0.0}


@pytest.mark.parametrize("corrector", ["blind", "vote"])
def test_other_correctors_give_legal_labels(corrector, run):
    ran = run(task="cb", rows=9, corrector=corrector, balance="intended", give_up_after=30)
    assert {entry["label"] for entry in ran.provenance} <= set(LABELS)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("Mr. Li left. Dr. Oz stayed.", 2),
        ("A: Are you sure? B: I think so. You said it was late.", 3),
        ('"Is it late?" She did not know.', 2),
        ("It cost 3.50 or so.", 1),
    ],
)
def test_sentences_are_counted(text, count):
    assert len(sentences(text)) == count


@needs_official
def test_most_original_premises_hold_their_hypothesis_in_their_last_sentence():
    """The variant's idea is right: on the original it holds of more than nine in ten."""
    kept = 0
    rows = official("train") + official("val")
    for row in rows:
        hypothesis = row["hypothesis"].rstrip(".") + "."
        premise = row["premise"].replace("`", '"').rstrip()
        premise += "" if premise.endswith((".", "?", "!", '"', "'")) else "."
        try:
            check_pair_commitment(
                CbRow(premise=premise, hypothesis=hypothesis, label=row["label"]), ""
            )
        except Rejected as error:
            kept += error.reason not in ("not-embedded", "bare-clause", "too-long", "repetitive")
        else:
            kept += 1
    assert kept > 0.97 * len(rows)
