"""Step 4 in every task: whatever a judge replies, a row has a label of its task, with a record."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import pytest

from targen_core import load_registry

TASKS = "axg boolq cb copa record rte wic wsc".split()
LABELLED = [name for name in TASKS if name != "record"]
REGISTRY = load_registry()

ILLEGAL = {
    "axg": "contradiction|neutral|Entailment|yes||entailment ",
    "boolq": "yes|no|True|TRUE|1|entailment||maybe",
    "cb": "not_entailment|Neutral |0|true|entails|",
    "copa": "Choice 1|1|0|cause|choice3|both|neither|",
    "record": "Nobody|the answer||@placeholder|[X]",
    "rte": "contradiction|neutral|Entailment|not entailment|yes|1||unknown",
    "wic": "True|T|yes|same|correct||unknown|1",
    "wsc": "yes|1||the cook|entailment|True",
}
"""Words that are no label, in the spellings of models."""


def judged(**changes: Any):
    """Bend each first and second judgement."""

    def bend(step: str, good: Any, repair: bool) -> Any:
        return {**good, **changes} if step == "correct" else good

    return bend


@pytest.mark.parametrize("task", TASKS)
def test_a_word_outside_the_labels_is_never_a_row(task, run):
    words = ILLEGAL[task].split("|")
    used = []

    def bend(step, good, repair):
        if step != "correct":
            return good
        word = words[len(used) % len(words)]
        used.append(word)
        return {**good, "actual": [word] if task == "record" else word}

    done = run(bend, task=task, rows=6)
    assert set(used) == set(words)
    assert done.rows == []
    assert done.reasons == {"illegal-output" if task == "record" else "malformed-reply"}


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("verdict", ["right", "true", "Correct", ""])
def test_a_verdict_outside_the_set_is_never_a_row(verdict, task, run):
    done = run(judged(verdict=verdict), task=task, rows=2)
    assert done.rows == []
    assert done.reasons == {"malformed-reply"}


@pytest.mark.parametrize("task", TASKS)
def test_a_verdict_against_its_own_answer_is_asked_for_again_and_then_rejected(task, run, at):
    wrong = {"verdict": "incorrect"}
    done = run(judged(**wrong), task=task, rows=4)
    assert done.rows == []
    assert done.reasons == {"inconsistent"}
    once = run(at("correct", lambda good: good | wrong), task=task, rows=4, name="once")
    assert len(once.rows) == 4
    assert once.repairs


@pytest.mark.parametrize("task", TASKS)
def test_an_input_without_a_right_output_is_rejected(task, run):
    none = ["no_valid_instance"] if task == "record" else "no_valid_instance"
    done = run(judged(actual=none, verdict="incorrect"), task=task, rows=4)
    assert done.rows == []
    assert done.reasons == {"no-valid-instance"}


@pytest.mark.parametrize("task", LABELLED)
def test_a_relabelled_row_has_the_judge_s_label_and_its_explanation_on_record(task, run):
    names = [label.name for label in REGISTRY.get("task", task).labels]
    other = dict(zip(names, names[1:] + names[:1], strict=True))

    def bend(step, good, repair):
        if step != "correct":
            return good
        return {**good, "actual": other[good["actual"]], "verdict": "incorrect"}

    done = run(bend, task=task, rows=8, balance="intended")
    assert done.rows
    actual = REGISTRY.get("task", task)
    several = actual.rows_per_instance
    for at, entry in enumerate(done.provenance):
        assert entry["label"] == other[entry["intended"]]
        assert entry["explanation"]
        (instance,) = actual.from_rows(done.rows[at * several : (at + 1) * several])
        assert actual.label_of(instance) == entry["label"]
    for intended, flow in done.report["flow"].items():
        assert set(flow["accepted"]) <= {other[intended]}


@pytest.mark.parametrize("task", LABELLED)
def test_no_label_changes_without_a_correction(task, run):
    done = run(task=task, rows=24)
    actual = REGISTRY.get("task", task)
    several = actual.rows_per_instance
    for at, entry in enumerate(done.provenance):
        (instance,) = actual.from_rows(done.rows[at * several : (at + 1) * several])
        assert entry["label"] == entry["intended"] == actual.label_of(instance)
    asked = {name: count for name, count in done.report["rows"].items() if count}
    assert Counter(asked).total() == len(done.rows) == 24


@pytest.mark.parametrize("corrector", ["blind", "vote"])
@pytest.mark.parametrize(
    ("task", "variants"), [("axg", []), ("axg", ["paper"]), ("copa", []), ("wsc", [])]
)
def test_a_judge_that_is_not_shown_the_label_finds_it(task, variants, corrector, run):
    """The dry run's answers rest on the input: on whom a pronoun means, on what a choice says."""
    done = run(task=task, rows=12, corrector=corrector, variants=variants)
    assert len(done.rows) == 12
    assert all(entry["label"] == entry["intended"] for entry in done.provenance)


# --- what the judge is shown --------------------------------------------------

FORMS = {
    "axg": r"Premise: .+\nHypothesis: .+\.",
    "boolq": r"Passage: .+ -- .+\nQuestion: [^A-Z?]+",
    "cb": r"Premise: .+\nHypothesis: .+\.",
    "copa": r"Premise: .+\.(?: What was the cause of this\?| What happened as a result\?)\n"
    r"choice1: .+\.\nchoice2: .+\.",
    "record": r"Passage: .+\nQuery: .*@placeholder.*\nEntities: .+",
    "rte": r"Premise: .+\nHypothesis: .+",
    "wic": r"Word: \w+\nSentence 1: .+\nSentence 2: .+",
    "wsc": r"Text: .*\[\w+\].*\nPronoun: .+\nPhrase: .+",
}


@pytest.mark.parametrize("task", TASKS)
def test_worked_judgements_and_tuning_texts_read_as_the_questions_do(task, run):
    form = re.compile(FORMS[task])
    done = run(task=task, rows=4)
    asked = [r.origin.values["input"] for r in done.requests if r.origin.prompt == "meta"]
    assert asked
    assert all(form.fullmatch(text) for text in asked)
    actual = REGISTRY.get("task", task)
    made = [actual, *(actual.varied([name]) for name in actual.variants)]
    for each in made:
        samples = each.judging.samples
        assert len({sample.input for sample in samples}) == len(samples)
        assert all(form.fullmatch(sample.input) for sample in samples)
        kinds = Counter((str(s.actual), s.actual == s.output) for s in samples)
        for label in actual.labels:
            assert kinds[label.name, True] and kinds[label.name, False]
        template = each.texts.instruction_template
        values = {"instructions": "HOW", "input": asked[0], "output": "THE OUTPUT"}
        user, assistant = template.fill({name: values[name] for name in template.variables})
        assert user.content.endswith(f"{asked[0]}\nOutput:")
        assert assistant.content == "THE OUTPUT"
        shown = set(re.findall(r"^Output: (\w+)$", user.content, re.MULTILINE))
        assert shown == {label.name for label in actual.labels} or not actual.labels
