"""(2) The conformance kit, and a figure that is known beforehand."""

from __future__ import annotations

from targen_analysis.metrics import Study
from targen_analysis.testing.corpora import dataset
from targen_analysis.testing.suite import MetricSuite as Suite
from targen_core.cli.findings import Estimate

from my_demo.metric import METRIC


class TestMetric(Suite):
    """Odd data, the form of what it finds, chance of its own."""

    metric = "my-demo"


def test_every_other_row_asks() -> None:
    texts = ("Is it late?", "It is late.")
    study = Study((dataset(count=10, text=lambda at, field: texts[at % 2]),))
    findings = METRIC.measure(study, METRIC.options())
    assert findings.figures["mine"]["asking"] == Estimate(0.5)
