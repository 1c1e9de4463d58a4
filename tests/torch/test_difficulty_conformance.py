"""With a model, `difficulty` passes the kit that other people's metrics pass."""

from __future__ import annotations

import pytest

from targen_analysis.testing import MetricSuite as Suite

pytest.importorskip("transformers")


class TestDifficulty(Suite):
    metric = "difficulty"

    @pytest.fixture(autouse=True)
    def _named(self, monkeypatch, tiny_bert):
        recipe = ("epochs=1", "folds=2", "device=cpu")
        monkeypatch.setattr(type(self), "options", (f"model={tiny_bert}", *recipe))
