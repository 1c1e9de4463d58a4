"""What a model is given to learn of rows whose task is installed."""

from __future__ import annotations

from targen_analysis.difficulty.inputs import read
from targen_analysis.metrics import Corpus, Study
from targen_core.plugins.loader import load_registry


def test_a_row_reads_as_its_task_shows_it():
    texts = ("It rained.", "He got wet.", "He sang.")
    fields = ("premise", "choice1", "choice2")
    row = {**dict(zip(fields, texts, strict=True)), "question": "effect", "label": 0, "idx": 0}
    copa = load_registry().get("task", "copa")
    mine = Corpus("mine", [row], fields, [texts], ["0"], [" ".join(texts)], task=copa)
    (shown,) = read(Study((mine,)), mine, 5).inputs
    assert "as a result" in shown
    assert "He got wet." in shown
    assert "He sang." in shown
