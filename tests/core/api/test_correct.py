"""`correct`: labels of data in any form, and what comes of them."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import pytest

import targen_core as tg
from targen_core.dataset.model import Dataset
from targen_core.errors import BudgetExhausted, RunConflict
from targen_standard.comparing.api import diff
from targen_standard.correction.api import correct

pytestmark = pytest.mark.whole


def test_a_run_knows_its_task(run):
    correction = correct(run, model="scripted", corrector="blind", flip=0.5, seed=1)
    assert correction.path == Path("runs/x-blind")
    assert list(correction) == [
        json.loads(line) for line in (correction.path / "dataset.jsonl").read_text().splitlines()
    ]
    report = correction.report
    assert (report.instances, report.accuracy_before) == (8, 0.5)
    assert report.kept == len(correction) == len(correction.dataset)
    assert report.raw == json.loads((correction.path / "report.json").read_text())
    assert [change["idx"] for change in correction.changes] == list(range(8))
    assert correction.task.name == "rte"
    assert repr(correction).startswith("<Corrected runs/x-blind: targen-tasks-superglue:rte, ")
    assert "<th>label shown</th>" in correction._repr_html_()


@pytest.mark.parametrize(
    "form",
    [
        lambda run: run.dataset,
        lambda run: run.path,
        lambda run: str(run.path),
        lambda run: run.path / "dataset.jsonl",
        list,
        lambda run: run.dataset.to_pandas(),
    ],
    ids=["dataset", "path", "text", "file", "rows", "frame"],
)
def test_data_come_in_any_form(form, run):
    data = form(run)
    knows = isinstance(data, Dataset) or str(data).endswith("x")
    task = None if knows else "rte"
    correction = correct(data, task=task, model="scripted", n=4, out="out")
    assert correction.report.instances == 4
    assert correction.report.task == "targen-tasks-superglue:rte"


def test_rows_without_a_label_are_omitted_with_a_warning(run, caplog):
    rows = [{key: value for key, value in run[0].items() if key != "label"}, *list(run)[1:]]
    correction = correct(rows, task="rte", model="scripted", out="out")
    assert correction.report.instances == 7
    assert "the output omits 1 row without a label" in caplog.text


def test_objects_serve_here_too_and_the_same_call_goes_on(lab):
    world = lab.World(relabel=0.5)
    made = tg.generate(world.task(), n=6, model=lab.ToyModel(world.reply))
    first = correct(made, model=lab.ToyModel(world.reply), out="out")
    silent = lab.ToyModel(lambda request: pytest.fail("an answered call is asked again"))
    again = correct(made, model=silent, out="out")
    assert list(first) == list(again)
    with pytest.raises(RunConflict, match="contains a different correction") as caught:
        correct(made, model=silent, n=2, out="out")
    assert caught.value.hint == "choose a different --out"


def test_what_was_corrected_can_be_corrected_again(run, lab):
    first = correct(run, model="scripted")
    second = correct(first, model="scripted")
    assert second.report.task == "targen-tasks-superglue:rte"
    assert diff(first, second).same
    assert list(tg.read_dataset(second.path)) == list(second)
    task = lab.World().task()
    made = tg.generate(task, n=4, model=lab.ToyModel(lab.World().reply))
    own = correct(made, model=lab.ToyModel(lab.World().reply), out="own")
    again = correct(own, model=lab.ToyModel(lab.World().reply), out="again")
    assert again.report.task == "memory:toy"


def test_the_same_call_is_offered_where_it_goes_on(run):
    with pytest.raises(BudgetExhausted) as caught:
        correct(run, model="scripted", max_tokens=10)
    reply = "to limit the length of a reply, use -o max_tokens=N"
    again = "run the same command again with a larger --max-tokens"
    assert caught.value.hint == f"{again}; {reply}"
    assert "run the same command again to continue where this one stopped" in caught.value.__notes__
    with pytest.raises(RunConflict) as refused:
        correct(run, model="scripted", n=2, out=run.path)
    assert refused.value.__notes__ == [f"hint: {refused.value.hint}"]


def test_without_a_folder_of_its_own_it_steps_aside(run, caplog):
    first = correct(run, model="scripted", n=2)
    other = correct(run, model="scripted", n=4)
    assert [first.path, other.path] == [Path("runs/x-corrected"), Path("runs/x-corrected-2")]
    words = "contains a different correction (it differs in: rows). Writing this correction to"
    assert words in caplog.text
    assert correct(run, model="scripted", n=4).path == other.path


class TestTaskFile:
    @pytest.fixture
    def data(self, alone):
        labels = {"order": "It asks where an order is.", "refund": "It asks for money back."}
        mail = {"description": "E-mails to a shop.", "labels": labels}
        Path("mail.json").write_text(json.dumps(mail))
        Path("rows.jsonl").write_text('{"text": "Where is it?", "label": "order"}\n')
        return tg.read_dataset("rows.jsonl", "mail.json")

    def test_a_dataset_and_its_corrections_keep_the_file(self, data):
        first = correct(data, model="scripted", out="first")
        again = correct(first, model="scripted", out="again")
        assert [made.report.task for made in (first, again)] == ["file:mail"] * 2
        assert Path("again/task.json").read_bytes() == Path("first/task.json").read_bytes()
        assert pickle.loads(pickle.dumps(again)).task.name == "mail"
