"""With a model, `semantic` passes the kit that other people's metrics pass."""

from __future__ import annotations

from targen_analysis.testing import MetricSuite as Suite


class TestSemantic(Suite):
    metric = "semantic"
