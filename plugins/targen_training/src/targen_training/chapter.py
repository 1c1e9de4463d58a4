"""The metric `training`: results of `targen compare` as a chapter of the analysis report."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from pydantic import Field

from targen_analysis.metrics import Metric, MetricOptions, Study
from targen_core.cli.findings import Findings
from targen_core.errors import UsageError


class TrainingOptions(MetricOptions):
    """Options of `training`."""

    results: str = Field("", description="the output folder of targen compare")


def _measure(study: Study, options: TrainingOptions) -> Findings:
    if not options.results:
        raise UsageError(
            "results of targen compare were not passed",
            hint="-o training.results=FOLDER",
        )
    from targen_core.dataset.model import Dataset
    from targen_training.experiments.pages import findings_of
    from targen_training.experiments.results import read_results

    results = read_results(Path(options.results))
    findings = findings_of(results)
    sources = [source for part in results.parts for of in part.arms.values() for source in of]
    learned = {source["digest"] for source in sources}
    warnings = list(findings.warnings)
    for corpus in study.corpora:
        known = corpus.task and Dataset(corpus.name, corpus.task, corpus.rows).digest
        if known not in learned:
            warnings.append(f"the comparison in {options.results} does not include {corpus.name}")
    return replace(findings, warnings=tuple(warnings))


TRAINING = Metric(
    title="Models trained on the data",
    measure=_measure,
    options=TrainingOptions,
    order=900,
    summary="results of targen compare: means, intervals, paired tests, learning curves",
    needs="results=FOLDER",
)
