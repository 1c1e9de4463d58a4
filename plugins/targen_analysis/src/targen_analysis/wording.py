"""Ways to pass options of metrics: `-o METRIC.KEY=VALUE`, and by metric in Python."""

from __future__ import annotations

from typing import Any

from targen_core.wording import Either, Option, Setting, Words


def metric_option(metric: str, key: str, value: Any = None) -> Words:
    """Return how to pass an option of a metric, or without a value how it is called."""
    by_metric = f'options["{metric}"]["{key}"]'
    passed = by_metric if value is None else Option("options", {metric: {key: value}})
    return Either(Setting(f"{metric}.{key}", value), passed)
