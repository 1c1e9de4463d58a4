"""Suites of parts with options, and of embedders."""

from __future__ import annotations

import contextlib

import pytest

from targen_testing import CheckSuite, CorrectorSuite, EmbedderSuite, ExporterSuite


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


def test_a_setting_that_is_misspelt_is_refused():
    with pytest.raises(TypeError, match=r"TestOdd.optoins: .* did you mean options"):
        type("TestOdd", (CorrectorSuite,), {"corrector": "meta", "optoins": ("votes=3",)})
    type("TestOwn", (CorrectorSuite,), {"corrector": "meta", "words": ("mine",)})


GAP = {"text": "Our [COMPANY] lift is broken, please come soon.", "label": "urgent"}
WHOLE = {"text": "Our lift is broken, please come soon.", "label": "urgent"}


@pytest.mark.parametrize(
    ("refused", "said"),
    [((GAP,), ""), ((GAP, WHOLE), "accepts {'text': 'Our lift"), ((), "accepts all of the kit's")],
)
def test_a_check_must_refuse_the_rows_that_its_author_lists(refused, said, tmp_path):
    pytest.importorskip("targen_plugin_example")
    setting = {"check": "no-placeholder", "task": "tickets", "refused": refused}
    suite = type("TestGaps", (CheckSuite,), setting)()
    ends = (pytest.fail.Exception, pytest.skip.Exception)
    with pytest.raises(ends, match=said) if said else contextlib.nullcontext():
        suite.test_refuses(tmp_path)
