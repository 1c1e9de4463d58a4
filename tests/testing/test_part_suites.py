"""Suites of parts with options, and of embedders."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest

from targen_core.dataset.records import Form
from targen_core.dataset.source import DatasetReader, Source
from targen_core.errors import Rejected, UsageError
from targen_testing.correctors import CorrectorSuite
from targen_testing.dataset_readers import DatasetReaderSuite
from targen_testing.embedders import EmbedderSuite
from targen_testing.exporters import ExporterSuite
from targen_testing.steps import CheckSuite, FilterSuite
from targen_testing.trials import Trial


class TestWords(EmbedderSuite):
    embedder = "words"


class TestVote(CorrectorSuite):
    corrector = "vote"
    options = ("votes=3",)
    rows = 2

    def test_it_has_them(self):
        assert self.target().votes == 3


class TestTabs(ExporterSuite):
    exporter = "csv"
    options = ("delimiter=tab",)
    rows = 2

    def test_it_has_them(self, dataset, tmp_path):
        (written,) = self.write(dataset, tmp_path)
        assert "text\tlabel" in written.read_text()


LATE = {"text": "The parcel was two days late, and no one told me when it would come."}
SAME = {"text": "The parcel was two days late; and no one told me when it would come!"}
IN_TIME = {"text": "The parcel was not two days late, and no one told me when it would come."}


class TestNearDuplicates(FilterSuite):
    filter = "near-duplicates"
    refused = (
        ({**LATE, "label": "bad"}, {**IN_TIME, "label": "bad"}),
        ({**LATE, "label": "bad"}, {**SAME, "label": "good"}),
    )

    def test_it_accepts_a_minimal_pair(self):
        task = self.everything().get("task", self.task)
        pair = [{**LATE, "label": "bad"}, {**IN_TIME, "label": "good"}]
        assert self.reason(task, pair) is None


GAP = {"text": "Our [COMPANY] lift is broken, please come soon.", "label": "urgent"}
WHOLE = {"text": "Our lift is broken, please come soon.", "label": "urgent"}


@pytest.mark.parametrize(
    ("refused", "said"),
    [
        ((GAP,), ""),
        ((GAP, WHOLE), "accepts {'text': 'Our lift"),
        ((), "list rows"),
    ],
)
def test_a_check_must_refuse_the_rows_that_its_author_lists(refused, said):
    pytest.importorskip("targen_plugin_example")
    setting = {"check": "no-placeholder", "task": "tickets", "refused": refused}
    suite = type("TestGaps", (CheckSuite,), setting)()
    ends = (pytest.fail.Exception, pytest.skip.Exception)
    with pytest.raises(ends, match=said) if said else contextlib.nullcontext():
        suite.test_refuses()


@pytest.mark.parametrize(
    ("reason", "said"),
    [("too-long", ""), ("Too long!", r"not \['Too long!'\]"), ("", r"not \[''\]")],
)
def test_reasons_of_the_rows_that_its_author_lists_are_slugs(reason, said):
    def check(instance, seed):
        raise Rejected(reason, "it is too long")

    class Suite(CheckSuite):
        refused = ({"text": "A fine lamp.", "label": "good"},)

        def target(self):
            return check

    trial = Trial(Path("run"), {}, None)
    with pytest.raises(AssertionError, match=said) if said else contextlib.nullcontext():
        Suite().test_reasons_are_slugs((trial, None), trial)


ROW = '{"text": "The lift is broken.", "label": "urgent"}\n'


class TestFolders(DatasetReaderSuite):
    dataset_reader = "left"

    def good(self, folder):
        (folder / "import.json").write_text("{}")
        (folder / "dataset.jsonl").write_text(ROW * 3)
        return folder

    def bad(self, folder):
        path = self.good(folder)
        (path / "dataset.jsonl").write_text(ROW * 2 + "{")
        return path


class Careless(DatasetReader):
    """It opens all, follows links, and lets errors by."""

    def folder(self, path):
        notes = sorted(path.glob("*"))
        return Source(str(path), path.name, Form(lambda: enumerate(map(self.row, notes), 1)))

    def row(self, path):
        return {"text": path.read_bytes().decode()}

    def file(self, path, encoding):
        raise UsageError("it is damaged")


@pytest.mark.parametrize(
    ("check", "said"),
    [
        ("test_leaves_others", "it opens |it is damaged"),
        ("test_names_the_row", "names no file or no place"),
        ("test_follows_no_links", "it follows the link note"),
    ],
)
def test_a_careless_reader_of_datasets_is_found_out(check, said, tmp_path):
    class Suite(DatasetReaderSuite):
        def target(self):
            return Careless()

        def good(self, folder):
            (folder / "note").write_text("The lift is broken.")
            return folder

        def bad(self, folder):
            (folder / "x.bad").touch()
            return folder / "x.bad"

    with pytest.raises((pytest.fail.Exception, AssertionError, UsageError), match=said):
        getattr(Suite(), check)(tmp_path)
