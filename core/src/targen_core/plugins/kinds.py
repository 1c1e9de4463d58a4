"""The kinds of things that plugins bring: one table, from which all else follows.

It names what it tells of, and imports nothing: a kind's type is looked at when
something of the kind is resolved.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from targen_core.plugins.register import is_file

__all__ = ["HOOKS", "KINDS", "LISTS", "OPENER", "Kind"]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind.

    Attributes:
        name: what it is called everywhere.
        hook: the hook that registers it.
        listing: the command that lists it; "" for none.
        type: the type of its objects, as `module:NAME`; "" for anything that can be called.
        described: that type as its authors know it.
        claims: whether a name means something that no plugin registers, such as a file.
        finder: what makes a registration of such a name, as `module:function`.
        fresh: whether each use gets an object of its own: what is registered makes one, without
            arguments or, if it is `Configurable`, of its options.
    """

    name: str
    hook: str
    listing: str
    type: str = ""
    described: str = "something to call"
    claims: Callable[[str], bool] = lambda name: False
    finder: str = ""
    fresh: bool = False

    def mismatch(self, target: object) -> str:
        """What an object should be and is not, or ""."""
        right = isinstance(target, looked_up(self.type)) if self.type else callable(target)
        return "" if right else self.described


def looked_up(target: str) -> Any:
    """What `module:NAME` stands for."""
    module, _, name = target.partition(":")
    return getattr(importlib.import_module(module), name)


_LIST = ("targen_core.tasks.steps:ListStep", "a targen_core.ListStep")

KINDS = {
    kind.name: kind
    for kind in (
        Kind(
            "task",
            "register_tasks",
            "list-tasks",
            "targen_core.tasks.model:Task",
            "a targen_core.Task",
            claims=is_file,
            finder="targen_core.declared.files:registration",
        ),
        Kind("contexts", "register_contexts", "list-contexts", *_LIST),
        Kind("seeds", "register_seeds", "list-seeds", *_LIST),
        Kind("generator", "register_inverse_generators", "list-generators"),
        Kind("check", "register_checks", "list-checks"),
        Kind(
            "filter",
            "register_filters",
            "list-filters",
            "targen_core.engine.filters:Filter",
            "a targen_core.Filter",
            fresh=True,
        ),
        Kind("corrector", "register_correctors", "list-correctors"),
        Kind(
            "backend",
            "register_backends",
            "list-backends",
            "targen_core.calls.backend:Backend",
            "a targen_core.Backend",
            claims=lambda name: name.startswith("langchain:"),
            finder="targen_core.langchain_path:registration",
        ),
        Kind(
            "exporter",
            "register_exporters",
            "list-exporters",
            "targen_standard.exporting.model:Exporter",
            "a targen_standard.Exporter",
        ),
        Kind(
            "metric",
            "register_metrics",
            "list-metrics",
            "targen_core.metrics.model:Metric",
            "a targen_core.metrics.model.Metric",
        ),
        Kind(
            "trainer",
            "register_trainers",
            "list-trainers",
            "targen_core.training.model:Trainer",
            "a targen_core.training.model.Trainer",
        ),
        Kind(
            "catalogue",
            "register_catalogues",
            "list-catalogues",
            "targen_core.retrieval.model:Catalogue",
            "a targen_core.retrieval.model.Catalogue",
        ),
        Kind(
            "retriever",
            "register_retrievers",
            "list-retrievers",
            "targen_core.retrieval.model:Retriever",
            "a targen_core.retrieval.model.Retriever",
        ),
        Kind(
            "method",
            "register_methods",
            "list-methods",
            "targen_core.methods.model:Method",
            "a targen_core.methods.model.Method",
        ),
        Kind(
            "form",
            "register_task_forms",
            "",
            "targen_core.declared.forms:TaskForm",
            "a targen_core.TaskForm",
        ),
        Kind(
            "embedder",
            "register_embedders",
            "",
            "targen_core.embedding:Embedder",
            "a targen_core.embedding.Embedder",
        ),
        Kind(
            "executor",
            "register_executors",
            "list-executors",
            "targen_core.calls.executor:ModelExecutor",
            "a targen_core.calls.executor.ModelExecutor",
        ),
        Kind("command", "register_commands", ""),
        Kind("function", "register_functions", ""),
    )
}
"""By name, in the order of every listing."""

OPENER = "targen_core.declared.files:packaged_task"
"""What makes the task of a declaration that lies in a package, whatever it was registered as."""

HOOKS = {kind.hook: kind.name for kind in KINDS.values()}
"""Hook name -> the kind of thing that it registers."""

LISTS = {kind.name: kind.listing for kind in KINDS.values() if kind.listing}
"""Kind -> the command that lists what is registered of it."""
