"""What metrics are given."""

from __future__ import annotations

from targen_analysis.metrics import Corpus, Study
from targen_testing.sample import SAMPLE


def corpus(name="mine", labels=("b", "", "a", "b")):
    texts = [(f"text {at}",) for at in range(len(labels))]
    rows = [{"text": text, "label": label} for (text,), label in zip(texts, labels, strict=True)]
    return Corpus(name, rows, ("text",), texts, list(labels), [text for (text,) in texts])


def test_labels_are_those_that_occur():
    assert corpus().label_names == ("a", "b")
    assert len(corpus()) == 4


def test_labels_of_a_task_keep_its_order():
    task = SAMPLE  # whose labels are not in the order of the alphabet
    mine = corpus(labels=("bad", "stray", "good", "bad"))
    known = Corpus(
        mine.name, mine.rows, mine.fields, mine.texts, mine.labels, mine.rendered, task=task
    )
    assert known.label_names == (*[label.name for label in task.labels], "stray")


def test_chance_is_decided_by_seed_and_purpose_alone():
    study = Study((corpus(),), seed=3)
    first = study.rng("sample").random()
    study.rng("other").random()
    assert study.rng("sample").random() == first
    assert study.rng("other").random() != first
    assert Study((corpus("x"),), seed=3).rng("sample").random() == first
    assert Study((corpus(),), seed=4).rng("sample").random() != first
