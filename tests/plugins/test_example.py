"""The example plugin: the conformance kit on all of it, and what its parts do."""

from __future__ import annotations

import pytest

from targen_analysis.testing.suite import MetricSuite as Metrics
from targen_core.dataset.model import Dataset
from targen_core.errors import QuotaNotMet
from targen_core.runs.config import RunConfig
from targen_core.runs.job import Job
from targen_datatune.testing import CatalogueSuite as Catalogues
from targen_datatune.testing import RetrieverSuite as Retrievers
from targen_methods.testing import MethodSuite as Methods
from targen_standard.exporting.save import save
from targen_testing.backends import BackendSuite as Backends
from targen_testing.correctors import CorrectorSuite as Correctors
from targen_testing.embedders import EmbedderSuite as Embedders
from targen_testing.executors import ExecutorSuite as Executors
from targen_testing.exporters import ExporterSuite as Exporters
from targen_testing.forms import FormSuite as Forms
from targen_testing.tasks import TaskSuite as Tasks
from targen_training.testing.suite import TrainerSuite as Trainers
from tests.runs import manifest


class TestLetters(Embedders):
    embedder = "letters"


class TestQueues(Forms):
    form = "queues"
    file = "queues: {shop: bicycles, queues: {repairs: broken things, orders: late things}}"


class TestTickets(Tasks):
    task = "tickets"


class TestKeywords(Correctors):
    corrector = "keywords"
    task = "tickets"


class TestCanned(Backends):
    backend = "canned"
    options = ()
    wire = None


class TestBeside(Executors):
    executor = "beside"


class TestPage(Exporters):
    exporter = "page"
    task = "tickets"


class TestLoudness(Metrics):
    metric = "loudness"


class TestClaims(Methods):
    method = "claims"


class TestBayes(Trainers):
    trainer = "bayes"


class TestArchive(Catalogues):
    catalogue = "archive"
    spec = "archive:"


class TestShared(Retrievers):
    retriever = "shared"


def made(registry, folder, task, quotas, **config):
    """The report of a run."""
    config = RunConfig(task=task, quotas=quotas, **{"backend": "scripted", **config})
    with Job.create(registry, config, folder / "run") as job:
        return job.run()


def test_its_form_makes_a_task_of_queues(installed, tmp_path):
    file, quotas = tmp_path / "letters.yaml", {"billing": 2, "returns": 2}
    file.write_text("queues: {shop: lamps, queues: {billing: money, returns: broken goods}}")
    assert made(installed, tmp_path, str(file), quotas)["rows"] == quotas


def test_it_uses_every_usual_hook(installed):
    kinds = {
        kind
        for kind in installed.kinds
        for item in installed.all(kind)
        if item.distribution == "targen-plugin-example"
    }
    rare = {"adapter", "dataset-reader", "delivery", "function", "output", "reader", "reporter"}
    assert kinds == set(installed.kinds) - rare


def test_its_backend_and_corrector_make_rows(installed, tmp_path):
    quotas, ours = {"urgent": 5, "routine": 5}, {"backend": "canned", "corrector": "keywords"}
    report = made(installed, tmp_path, "tickets", quotas, **ours, options={"tone": "brisk"})
    assert report["rows"] == quotas
    lock = manifest(tmp_path / "run")["lock"]
    assert lock["corrector"] == "targen-plugin-example:keywords"
    text = (tmp_path / "run" / "dataset.jsonl").read_text(encoding="utf-8")
    assert "Hurry up." in text or "Answer me." in text


def test_its_corrector_rejects_with_its_reason(installed, tmp_path):
    task = installed.get("task", "tickets")

    def pressing(call):
        reply = task.calls.dry_run(call)
        if call.prompt == "routine":
            reply["text"] += " Come now."
        return reply

    ours = installed.including(
        tasks={
            "pressing": task.replace(
                calls={"dry_run": pressing},
            )
        }
    )
    quotas, config = {"urgent": 2, "routine": 2}, {"corrector": "keywords", "give_up_after": 5}
    with pytest.raises(QuotaNotMet, match=r"label routine has 0 of 2 rows[\s\S]*pressing-words"):
        made(ours, tmp_path, "memory:pressing", quotas, **config)


def test_its_exporter_writes_a_page(installed, tmp_path):
    rows = [
        {"text": "The shop is full\nand the reader is dead.", "label": "urgent", "idx": 0},
        {"text": "Which colours are there?", "label": "routine", "idx": 1},
    ]
    exporter = installed.get("exporter", "page")
    out = tmp_path / "page.md"
    save(Dataset("mine", installed.get("task", "tickets"), rows), exporter, out)
    assert out.read_text(encoding="utf-8") == (
        "# Support tickets, urgent or routine\n\n"
        "- **urgent** The shop is full and the reader is dead.\n"
        "- **routine** Which colours are there?\n"
    )
