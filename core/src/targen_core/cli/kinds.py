"""List, describe, test and create objects of the core's own kinds.

Kinds of plugins contain this themselves.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from targen_core.plugins.kinds import Kind

_FACTS = "targen_core.cli.commands.describe_parts"
_SUITES = {
    "adapter": "adapters",
    "backend": "backends",
    "corrector": "correctors",
    "delivery": "deliveries",
    "executor": "executors",
    "reader": "readers",
    "task": "tasks",
}
"""Kind -> the kit's module that has its suite; those of the steps are in one."""


def as_shown(kinds: Mapping[str, Kind]) -> dict[str, Kind]:
    """Return kinds by name, those of the core with what the command shows of them."""
    return {name: replace(kind, **_SHOWN.get(name, {})) for name, kind in kinds.items()}


def _kind(name: str, **more: Any) -> dict[str, Any]:
    return {
        "facts": f"{_FACTS}:{name}_facts",
        "suite": f"targen_testing.{_SUITES.get(name, 'steps')}:{name.capitalize()}Suite",
        "template": f"targen_core.cli.scaffold:templates/{name}",
        "tries": (f"targen describe {{name}} --kind {name}",),
        **more,
    }


_SHOWN = {
    "task": _kind(
        "task",
        lists="List the installed tasks.",
        facts="targen_core.cli.commands.describe_task:task_facts",
        prints="targen_core.cli.commands.describe_task:print_task",
        flags=("variants", "prompts"),
        tries=("targen generate {name} -n 4 --backend local",),
    ),
    "contexts": _kind(
        "contexts",
        lists="List the contexts (step 1) that --contexts-from and derived tasks accept.",
        facts=f"{_FACTS}:list_facts",
        prints=f"{_FACTS}:print_list",
        use="--contexts-from {name}; in a task file contexts: {{use: {id}}}",
    ),
    "seeds": _kind(
        "seeds",
        lists="List the seeds (step 2) that --seeds-from and derived tasks accept.",
        facts=f"{_FACTS}:list_facts",
        prints=f"{_FACTS}:print_list",
        use="--seeds-from {name}; in a task file seeds: {{use: {id}}}",
    ),
    "generator": _kind(
        "generator",
        lists="List the inverse generators (step 3) that --generators-from and derived tasks "
        "accept.",
        prints=f"{_FACTS}:print_generator",
        flags=("prompts",),
        use="--generators-from {name}",
    ),
    "corrector": _kind(
        "corrector",
        lists="List the correctors (step 4) that --corrector accepts.",
        prints=f"{_FACTS}:print_corrector",
        flags=("prompts",),
        use="--corrector {name}",
    ),
    "check": _kind("check", lists="List the checks that --check accepts.", use="--check {name}"),
    "filter": _kind(
        "filter", lists="List the filters that --filter accepts.", use="--filter {name}"
    ),
    "backend": _kind(
        "backend",
        lists="List the installed backends.",
        prints=f"{_FACTS}:print_backend",
        flags=("options",),
        requires=("aiohttp>=3.10",),
        tries=(
            "targen describe {name} --kind backend",
            "targen backends check {name} --base-url http://localhost:8000/v1 --model NAME",
        ),
    ),
    "adapter": _kind("adapter", facts=""),
    "delivery": _kind(
        "delivery",
        lists="List the ways to deliver a run's calls that --delivery accepts.",
        use="--delivery {name}",
    ),
    "dataset-reader": {"suite": "targen_testing.dataset_readers:DatasetReaderSuite"},
    "executor": _kind(
        "executor", lists="List the executors that --executor accepts.", use="--executor {name}"
    ),
    "reader": _kind("reader", facts="", use="targen generate FILE.{name}"),
}
