"""The chapter of the analysis report, by the kit."""

from __future__ import annotations

import pytest

# The suite of metrics belongs to another distribution, which this one does not bring.
testing = pytest.importorskip("targen_analysis.testing.suite")
pytestmark = pytest.mark.whole


class TestTraining(testing.MetricSuite):
    """Without results it is one line."""

    metric = "training"
