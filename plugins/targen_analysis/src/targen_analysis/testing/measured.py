"""Measure ordinary datasets in a process of its own: METRIC OUT FOLDER OPTION..."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from targen_analysis.metrics import Metric, MetricOptions
from targen_analysis.report.files import plain
from targen_core.cli.findings import Findings
from targen_core.plugins.loader import installed_sources, load_registry
from targen_core.runs.parsing import parse_options


def options_of(metric: Metric, assignments: Sequence[str]) -> MetricOptions:
    """A metric's options, from `KEY=VALUE`."""
    return metric.options.model_validate(parse_options(assignments))


def as_text(findings: Findings) -> str:
    """Findings as a text to compare; of floats nine digits, since the last ones are chance."""
    text = json.dumps(plain(findings), default=repr)
    return json.dumps(json.loads(text, parse_float=lambda digits: f"{float(digits):.9g}"), indent=1)


def main(metric: str, out: str, folder: str, *options: str) -> None:
    """Measure, and write what is found to the file `out`."""
    from targen_analysis.testing.corpora import ordinary
    from targen_testing.folder import sources_with

    registry = load_registry(sources_with(Path(folder)) if folder else installed_sources())
    target = registry.get("metric", metric)
    findings = target.measure(ordinary(), options_of(target, options))
    Path(out).write_text(as_text(findings), encoding="utf-8")
