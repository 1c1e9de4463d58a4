"""A metric of our own: how many texts raise their voice."""

from __future__ import annotations

from targen_analysis.metrics import Metric, MetricOptions, Study
from targen_core.cli.findings import Estimate, Findings, Table


def _measure(study: Study, options: MetricOptions) -> Findings:
    shares = {
        corpus.name: sum("!" in text for text in corpus.rendered) / len(corpus)
        for corpus in study.everything
    }
    return Findings(
        figures={name: {"exclaiming": Estimate(share)} for name, share in shares.items()},
        tables=(Table("Rows with an exclamation mark", ("dataset", "share"), [*shares.items()]),),
        notes=("Exclamation marks in the template also count.",),
    )


LOUDNESS = Metric(
    title="Loudness",
    measure=_measure,
    summary="share of rows with an exclamation mark",
)
