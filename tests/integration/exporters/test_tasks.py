"""Every task that is installed: its rows in every form, read back."""

from __future__ import annotations

import re

import pytest

from targen_core.dataset.reading import read_dataset
from targen_core.plugins.loader import load_registry
from targen_core.runs.config import RunConfig
from targen_core.runs.job import Job
from targen_standard.exporting.save import save

from ...files import lines

REGISTRY = load_registry()


@pytest.fixture(scope="module", params=[item.id for item in REGISTRY.all("task")])
def made(request, tmp_path_factory):
    """A dataset of each task, from its dry-run replies."""
    run = tmp_path_factory.mktemp("runs") / "run"
    task = REGISTRY.get("task", request.param)
    quotas = dict.fromkeys(task.quota_names, 3 * task.rows_per_instance)
    config = RunConfig(task=request.param, quotas=quotas, backend="targen-standard:scripted")
    with Job.create(REGISTRY, config, run) as job:
        job.run()
    return read_dataset(run, registry=REGISTRY)


@pytest.fixture
def export(made, tmp_path):
    """Export the dataset; return the path."""

    def to(form):
        exporter = REGISTRY.get("exporter", form)
        save(made, exporter, tmp_path / form)
        return tmp_path / form

    return to


def test_datasets_loads_the_folder(made, export, load):
    dataset = load(export("hf"))
    names = {label.official for label in made.task.labels}
    if not names:
        assert dataset.to_list() == list(made.rows)
        return
    column = dataset.features["label"]
    assert column.num_classes == len(names)
    number = {name: column.str2int(name) if isinstance(name, str) else name for name in names}
    expected = [{**row, "label": int(number[row["label"]])} for row in made.rows]
    assert dataset.to_list() == expected


def test_instructions_and_messages_say_the_same(made, export):
    asked, talks = lines(export("instructions")), lines(export("openai"))
    assert len(asked) == len(made.rows)
    for line, talk in zip(asked, talks, strict=True):
        roles = [message["role"] for message in talk["messages"]]
        assert roles[-2:] == ["user", "assistant"]
        assert all(message["content"] for message in talk["messages"])
        assert line["completion"] == talk["messages"][-1]["content"]
        assert line["prompt"].endswith(talk["messages"][-2]["content"] + "\n")
        text = line["prompt"] + line["completion"]
        assert not re.search(r"\$(instructions|input|output)", text)
