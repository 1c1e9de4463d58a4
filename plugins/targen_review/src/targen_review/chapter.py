"""The metric `reviewed`: what people found of a dataset's rows, as a chapter of the analysis."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from pydantic import Field

from targen_analysis.metrics import Metric, MetricOptions, Study
from targen_core.cli.findings import Findings
from targen_review.figures import figures_of, read_reviews
from targen_review.plan import is_there
from targen_review.report import findings_of


class ReviewedOptions(MetricOptions):
    """Options of `reviewed`."""

    folders: str = Field(
        "",
        description="Folders of reviews, separated by commas. [default: those next to the runs]",
    )


def _measure(study: Study, options: ReviewedOptions) -> Findings:
    folders = [Path(each.strip()) for each in options.folders.split(",") if each.strip()]
    for corpus in study.everything:
        if corpus.run is not None and not options.folders:
            run = corpus.run.resolve()
            beside = run.with_name(f"{run.name}.review")
            folders += [beside] if is_there(beside) else []
    if not folders:
        return Findings(
            notes=(
                (
                    "There are no grades next to this data. targen review DATA opens a page for "
                    "grading. Grades next to a run appear here; pass others with "
                    "-o reviewed.folders=FOLDER."
                ),
            )
        )
    findings = findings_of(figures_of(read_reviews(folders)))
    names = {corpus.name for corpus in study.everything}
    others = [name for name in findings.figures if name not in names]
    unknown = (f"{name} was reviewed, but is not in this analysis" for name in others)
    return replace(
        findings,
        figures={name: of for name, of in findings.figures.items() if name in names},
        warnings=(*findings.warnings, *unknown),
    )


REVIEWED = Metric(
    title="Grades by people, row by row",
    measure=_measure,
    options=ReviewedOptions,
    order=810,
)
