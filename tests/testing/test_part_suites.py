"""Suites of parts with options, and of embedders."""

from __future__ import annotations

import pytest

from targen_testing import CorrectorSuite, EmbedderSuite, ExporterSuite


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
