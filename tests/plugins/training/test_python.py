"""`train` and `evaluate` as programs call them: what the commands make and say."""

from __future__ import annotations

from pathlib import Path

import pytest

import targen_core
from targen_core import read_dataset
from targen_core.errors import UsageError
from targen_training.api import evaluate, predict, train
from tests.files import lines


def test_they_make_and_say_what_the_commands_do(targen, mood):
    mood("train.jsonl", 60)
    mood("test.jsonl", 40, seed=1)
    assert targen("train", "train.jsonl", "--task", "mood.yaml", "--out", "typed").code == 0
    made = train("train.jsonl", task="mood.yaml", out="called", progress=False)
    assert Path("called/model.json").read_bytes() == Path("typed/model.json").read_bytes()
    measured = evaluate(made, "test.jsonl", by="label")
    said = targen("evaluate", "typed", "test.jsonl", "--by", "label", "--json", "--out", "a.jsonl")
    assert measured.raw == said.json
    assert measured.value == 1.0 and not measured.warnings
    rows = read_dataset("test.jsonl", "mood.yaml")
    assert measured.predictions == lines("a.jsonl")
    for row, each in zip(rows, measured.predictions, strict=True):
        assert (each["row"], each["label"]) == (row["idx"], row["label"])
        assert sum(each["scores"].values()) == pytest.approx(1)
    texts, predicted = [row["text"] for row in rows], [e["predicted"] for e in measured.predictions]
    assert made.labels_of(texts) == predicted == [row["label"] for row in rows]
    assert made.labels_of(texts[0]) == made.labels_of([{"text": texts[0]}]) == predicted[:1]
    again = evaluate("called", Path("test.jsonl"), by=["label"])
    assert again.raw == measured.raw and again != measured and again.model != made
    assert "accuracy 100.0%" in repr(measured)
    assert "column: predicted label" in measured._repr_html_()


@pytest.mark.parametrize(
    "form", ["dataset", pytest.param("frame", marks=pytest.mark.whole), "rows", "run"]
)
def test_rows_of_any_form_are_learned_from(form, targen, mood):
    mood("train.jsonl", 40)
    rows = read_dataset("train.jsonl", "mood.yaml")
    if form == "frame":
        rows = rows.to_pandas()
    elif form == "rows":
        rows = [*rows]
    elif form == "run":
        rows = targen_core.generate("mood.yaml", n=12, model="scripted", progress=False)
    made = train(rows, task="mood.yaml", out="model", progress=False)
    assert set(made.facts.labels) == {"praise", "blame"}
    assert f"on {made.facts.decisions} examples of mood" in repr(made)
    seen = evaluate(made, rows, task="mood.yaml")
    assert any("the training data contained" in each for each in seen.warnings)
    assert targen("evaluate", "model", "train.jsonl").code == 0  # in a process of its own, too


@pytest.mark.whole
def test_new_texts_are_the_rows_of_a_frame_or_one_mapping(targen, mood):
    rows = read_dataset(mood("train.jsonl", 20), "mood.yaml")
    model = train(rows, out="model", progress=False)
    labels = [row["label"] for row in rows]
    frame = rows.to_pandas()
    assert model.labels_of(frame) == model.labels_of(rows) == labels
    assert model.labels_of({"text": rows[0]["text"]}) == labels[:1]
    with pytest.raises(UsageError, match="text 1 is not valid"):
        model.labels_of(frame[["label"]])


def test_a_model_is_kept_and_another_needs_force(targen, mood, capsys, caplog):
    mood("train.jsonl", 40)
    rows = [*read_dataset("train.jsonl", "mood.yaml")]
    how = {"task": "mood.yaml", "progress": False}
    made = [train(rows, **how).folder for _ in range(2)]
    assert made == [Path("models/dataset").absolute()] * 2
    with pytest.raises(UsageError, match="already contains a model"):
        train(rows[:20], **how)
    assert train(rows[:20], **how, force=True).folder == made[0]
    odd = [*rows[:10], {"text": "So so.", "label": "meh"}, {"text": None}]
    new = predict(made[0], odd, task="mood.yaml")
    assert len(new) == 11 and "1 row skipped; row 12: text" in caplog.messages[-1]
    assert capsys.readouterr() == ("", "")
