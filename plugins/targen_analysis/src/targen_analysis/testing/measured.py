"""Measure ordinary datasets in a process of its own: METRIC OUT FOLDER OPTION..."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

from targen_analysis.metrics import Findings, Metric, MetricOptions
from targen_core.plugins.loader import installed_sources, load_registry

__all__ = ["as_text", "main", "options_of"]


def options_of(metric: Metric, assignments: Sequence[str]) -> MetricOptions:
    """A metric's options, from `KEY=VALUE`."""
    pairs = (each.partition("=") for each in assignments)
    return metric.options.model_validate({key: value for key, _, value in pairs})


def as_text(findings: Findings) -> str:
    """Findings as a text to compare; of floats nine digits, since the last ones are chance."""
    return json.dumps(_plain(findings), indent=1)


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {each.name: _plain(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, Mapping):
        return {str(name): _plain(part) for name, part in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(part) for part in value]
    if isinstance(value, float):
        return f"{value:.9g}"
    return value if isinstance(value, str | int | None) else repr(value)


def main(metric: str, out: str, folder: str, *options: str) -> None:
    """Measure, and write what is found to the file `out`."""
    from targen_analysis.testing.corpora import ordinary
    from targen_testing.folder import sources_with

    registry = load_registry(sources_with(Path(folder)) if folder else installed_sources())
    target = registry.get("metric", metric)
    findings = target.measure(ordinary(), options_of(target, options))
    Path(out).write_text(as_text(findings), encoding="utf-8")
