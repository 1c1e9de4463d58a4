"""`correct`: labels of data in any form, and what comes of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import targen_core as tg
from targen_core.dataset.model import Dataset
from targen_core.errors import RunConflict
from targen_standard.correction.api import correct

pytestmark = pytest.mark.whole


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
