"""(1) What is measured: here the share of rows that ask a question."""

from __future__ import annotations

from pydantic import Field
from targen_analysis.metrics import Metric, MetricOptions, Study
from targen_core.cli.findings import Estimate, Findings, Plot, Table


class Options(MetricOptions):
    """Options for `-o my-demo.KEY=VALUE`."""

    mark: str = Field("?", min_length=1, description="The mark that a row contains if it asks.")


def _measure(study: Study, options: Options) -> Findings:
    """Measure each dataset, and the reference, if there is one, like the others.

    Import what is heavy in here. Chance comes from `study.rng(purpose)`; what
    the data do not contain is a note, not an error.
    """
    shares = {
        corpus.name: sum(options.mark in " ".join(texts) for texts in corpus.texts) / len(corpus)
        for corpus in study.everything
    }
    return Findings(
        headlines=tuple(
            f"{shares[corpus.name]:.0%} of the rows of {corpus.name} ask something."
            for corpus in study.corpora
        ),
        figures={name: {"asking": Estimate(share)} for name, share in shares.items()},
        glance={"asking": "of the rows"},
        tables=(Table("Rows that ask", ("dataset", "share"), list(shares.items())),),
        plots=(
            Plot(
                "bars",
                "Rows that ask",
                [{"dataset": name, "share": share} for name, share in shares.items()],
                x="dataset",
                y="share",
                color="dataset",
            ),
        ),
        notes=(f"A row asks where {options.mark!r} stands in one of its texts.",),
    )


METRIC = Metric(
    title="Questions",
    measure=_measure,
    options=Options,
    summary="the share of rows that ask a question",
)
