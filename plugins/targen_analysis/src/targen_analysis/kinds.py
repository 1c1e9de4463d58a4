"""Metrics as a kind of targen's: its hook, and what `targen describe` shows of one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from targen_core.cli.describing import print_options
from targen_core.cli.facts import Described, fields
from targen_core.plugins.hookspecs import hookspec

if TYPE_CHECKING:
    from targen_analysis.metrics import Metric
    from targen_core.plugins.register import Register


USE = {"metric": "targen analyze DATASET --metric {name}"}
"""How its objects are used."""


@hookspec
def register_metrics(register: Register) -> None:
    """Register metrics: what `targen analyze` measures of datasets.

    Example:
        ```python
        @hookimpl
        def register_metrics(register):
            register("politeness", "my_package.metric:POLITENESS", summary="Kind words")
        ```
    """


def metric_facts(part: Described) -> dict[str, Any]:
    """Return the title, the options and the own summary of a metric."""
    metric: Metric = part.target
    found = {"title": metric.title, "options": fields(metric.options), "about": metric.summary}
    return {**found, "needs": metric.needs} if metric.needs else found


def print_metric(facts: dict[str, Any]) -> None:
    """Print the options as `targen analyze -o` takes them."""
    print_options(facts, prefix=f"{facts['id'].rpartition(':')[2]}.")
