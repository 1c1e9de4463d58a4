"""The chapter of the analysis report, by the kit."""

from __future__ import annotations

from targen_analysis.testing import MetricSuite as Suite


class TestTraining(Suite):
    """Without results it is one line."""

    metric = "training"
