"""What the judge of every task is shown, beside its worked judgements and its tuning texts."""

from __future__ import annotations

import re

import pytest

from targen_core.plugins.loader import load_registry

TASKS = "axg boolq cb copa record rte wic wsc".split()
REGISTRY = load_registry()


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
