"""`train` and `evaluate` as programs call them: what the commands make and say."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

import targen_core
from targen_core import read_dataset
from targen_core.errors import UsageError
from targen_standard.correction.api import correct
from targen_standard.exporting.api import export
from targen_standard.task_files.model import Declaration
from targen_standard.validating.api import validate
from targen_training.api import compare, evaluate, predict, train
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
def test_a_program_may_change_its_folder(targen, mood, tmp_path, monkeypatch):
    from targen_analysis.api import analyze

    mood("train.jsonl", 20)
    run = targen_core.generate("mood.yaml", n=4, model="scripted", out="run", progress=False)
    datasets = [run.dataset, targen_core.read_dataset("run"), run.dataset[:2]]
    counts = [len([*each.provenance]) for each in datasets]
    model = train("train.jsonl", task="mood.yaml", out="model", progress=False)
    packed = [pickle.dumps(each) for each in datasets]
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path / "other")
    assert len(model.labels_of(["A lamp."])) == 1
    for each in (*datasets, *map(pickle.loads, packed)):
        assert len([*each.provenance]) in counts and len([*each.provenance]) >= 2
        assert not analyze(each, metrics=["labels"]).failed


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


@pytest.mark.whole
def test_a_frame_beside_a_run_has_the_task_of_the_run(targen, mood):
    declared = Declaration.from_file("mood.yaml")
    run = targen_core.generate(declared, n=4, model="scripted", out="run", progress=False)
    frame = read_dataset(mood("train.jsonl", 20), "mood.yaml").to_pandas()
    for task in (None, declared):
        made = train(run, frame, task=task, progress=False, force=True, out="model")
        assert "on 24 examples of" in repr(made)
        found = compare(run, test=frame, task=task, repeats=1, out="compared", progress=False)
        assert found.parts
    other = declared.model_copy(update={"description": "Another task."})
    with pytest.raises(UsageError, match="already states the task of its rows"):
        compare(run, test=frame, task=other, progress=False)


@pytest.mark.whole
def test_a_list_of_datasets_is_not_taken_for_one(targen, mood):
    from targen_analysis.api import analyze

    paths = [str(mood("train.jsonl", 20)), str(mood("test.jsonl", 20, seed=1))]
    datasets = [read_dataset(path, "mood.yaml") for path in paths]
    for several in (paths, datasets, (paths[0], datasets[1])):
        for call in (
            lambda given: compare(given, test=paths[1], task="mood.yaml"),
            train,
            lambda given: analyze(given, metrics=["labels"]),
            lambda given: export(given, "rows.csv"),
            lambda given: correct(given, model="scripted"),
            validate,
        ):
            with pytest.raises(UsageError, match="where one dataset is") as caught:
                call(several)
            assert caught.value.hint == "pass one of them"


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


def test_what_cannot_be_is_said(targen, mood):
    mood("train.jsonl", 20)
    model = train("train.jsonl", task="mood.yaml", out="model", progress=False)
    for call, said in (
        (lambda: train(), "no training dataset was given"),
        (lambda: train("train.jsonl"), "task"),
        (lambda: train("train.jsonl", task="mood.yaml", trainer="oracle"), "oracle"),
        (lambda: evaluate("nowhere", "train.jsonl"), "nowhere"),
        (lambda: model.predict(["So good."]), r"predict\(\) accepts Decisions"),
        (lambda: model.labels_of([3]), "text 1 is not valid: 3"),
        (lambda: model.labels_of(None), "None is not a list of texts"),
        (lambda: model.labels_of([{"txt": "So good."}]), "text 1 is"),
    ):
        with pytest.raises(targen_core.TargenError, match=said):
            call()
