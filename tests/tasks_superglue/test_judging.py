"""Step 4 in every task: whatever a judge replies, a row has a label of its task, with a record."""

from __future__ import annotations

import re

import pytest

from targen_core import load_registry

TASKS = "axg boolq cb copa record rte wic wsc".split()
LABELLED = [name for name in TASKS if name != "record"]
REGISTRY = load_registry()


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
def test_worked_judgements_and_tuning_texts_read_as_the_questions_do(task, plain):
    form = re.compile(FORMS[task])
    asked = [request.origin.values["input"] for request in plain(task, 60).asked("meta")]
    assert asked
    assert all(form.fullmatch(text) for text in asked)
    actual = REGISTRY.get("task", task)
    made = [actual, *(actual.varied([name]) for name in actual.variants)]
    for each in made:
        samples = each.judging.samples
        assert len({sample.input for sample in samples}) == len(samples)
        assert all(form.fullmatch(sample.input) for sample in samples)
        template = each.texts.instruction_template
        values = {"instructions": "HOW", "input": asked[0], "output": "THE OUTPUT"}
        user, assistant = template.fill({name: values[name] for name in template.variables})
        assert user.content.endswith(f"{asked[0]}\nOutput:")
        assert assistant.content == "THE OUTPUT"
        shown = set(re.findall(r"^Output: (\w+)$", user.content, re.MULTILINE))
        assert shown == {label.name for label in actual.labels} or not actual.labels
