"""A metric of our own: how many texts raise their voice."""

from __future__ import annotations

from targen_analysis.metrics import Estimate, Findings, Metric, MetricOptions, Study, Table

__all__ = ["LOUDNESS"]


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
    summary="rows with exclamation marks; customers in trouble use them, and so do models",
)
