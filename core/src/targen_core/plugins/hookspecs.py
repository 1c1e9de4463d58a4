"""The hooks of the core's own kinds, and `register_kinds`, by which plugins add kinds with hooks.

A plugin is a module named by an entry point of the group `targen.v1`; it marks
the hooks that it implements with `targen_core.hookimpl`. Hooks only register, without running code.
Each gets a `Register` whose `register(name, target, *, summary="")` takes an object or a lazy
`"package.module:ATTRIBUTE"`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pluggy

from targen_core.plugins.kinds import KindRegister
from targen_core.plugins.register import Register

if TYPE_CHECKING:
    from collections.abc import Callable

    from targen_core.calls.backend import Backend
    from targen_core.calls.delivery import Delivery
    from targen_core.calls.executors import ModelExecutor
    from targen_core.dataset.source import DatasetReader
    from targen_core.engine.filters import Filter
    from targen_core.plugins.adapters import Adapter
    from targen_core.runs.folder.reporters import Reporter
    from targen_core.task_files import TaskReader
    from targen_core.tasks.model import Task
    from targen_core.tasks.steps import Check, Corrector, InverseGenerator, ListStep

API_GROUP = "targen.v1"
"""Entry-point group; the number is the level of the plugin API."""

hookspec = pluggy.HookspecMarker("targen")
hookimpl = pluggy.HookimplMarker("targen")


@hookspec
def register_kinds(register: KindRegister) -> None:
    """Register kinds of things; any plugin can register objects of a kind by its hook.

    Example:
        ```python
        @hookimpl
        def register_kinds(register):
            register.register(
                Kind(
                    "dish",
                    hook="register_dishes",
                    type="my_package.dishes:Dish",
                    listing="list-dishes",
                    home="my_package.kind",
                )
            )
        ```
    """


@hookspec
def register_tasks(register: Register[Task[Any, Any]]) -> None:
    """Register tasks: what `targen generate NAME` makes rows of.

    Example:
        ```python
        @hookimpl
        def register_tasks(register):
            register.register("tickets", "my_package.task:TASK", summary="Support tickets")
        ```
    """


@hookspec
def register_contexts(register: Register[ListStep[Any]]) -> None:
    """Register context sources (step 1): reusable lists of domains or settings.

    Example:
        ```python
        @hookimpl
        def register_contexts(register):
            register.register("shops", "my_package.steps:SHOPS", summary="Kinds of shop")
        ```
    """


@hookspec
def register_seeds(register: Register[ListStep[Any]]) -> None:
    """Register instance-seed sources (step 2), grown below a context or a seed.

    Example:
        ```python
        @hookimpl
        def register_seeds(register):
            register.register("complaints", "my_package.steps:COMPLAINTS")
        ```
    """


@hookspec
def register_inverse_generators(register: Register[InverseGenerator[Any, Any]]) -> None:
    """Register inverse generators G(label, seed) (step 3) under names of their own.

    Example:
        ```python
        @hookimpl
        def register_inverse_generators(register):
            register.register("urgent", "my_package.steps:write_urgent")
        ```
    """


@hookspec
def register_checks(register: Register[Check[Any, Any]]) -> None:
    """Register checks: rules that `--check NAME` adds to those of a task.

    Example:
        ```python
        @hookimpl
        def register_checks(register):
            register.register("polite", "my_package.rules:polite", summary="No rude words")
        ```
    """


@hookspec
def register_filters(register: Register[Callable[[], Filter]]) -> None:
    """Register filters: what `--filter NAME` refuses rows by, knowing the rows so far.

    Register a subclass of `Filter`, or a `Configurable` that makes one: each run makes its own.

    Example:
        ```python
        @hookimpl
        def register_filters(register):
            register.register("openings", "my_package.filters:Openings", summary="Varied openings")
        ```
    """


@hookspec
def register_correctors(register: Register[Corrector[Any]]) -> None:
    """Register correctors (step 4), picked by `--corrector NAME` or by a task.

    Example:
        ```python
        @hookimpl
        def register_correctors(register):
            register.register("strict", "my_package.steps:strict", summary="Rejects doubt")
        ```
    """


@hookspec
def register_backends(register: Register[Backend]) -> None:
    """Register backends: ways to reach a language model.

    Example:
        ```python
        @hookimpl
        def register_backends(register):
            register.register("house", "my_package.backend:BACKEND", summary="Our server")
        ```
    """


@hookspec
def register_deliveries(register: Register[Delivery]) -> None:
    """Register deliveries: how `targen generate --delivery NAME` has calls answered later.

    Example:
        ```python
        @hookimpl
        def register_deliveries(register):
            register.register("queue", "my_package.queue:QUEUE", summary="Our queue, overnight")
        ```
    """


@hookspec
def register_adapters(register: Register[Adapter]) -> None:
    """Register adapters: what makes models of another library usable.

    Example:
        ```python
        @hookimpl
        def register_adapters(register):
            register.register("dspy", "my_package.dspy:DSPY", summary="a dspy LM")
        ```
    """


@hookspec
def register_task_readers(register: Register[TaskReader]) -> None:
    """Register readers of task files, each under the suffix of the files that it reads.

    A file is named by its path: `targen generate ./tickets.ini`.

    Example:
        ```python
        @hookimpl
        def register_task_readers(register):
            register.register("ini", "my_package.ini:READER", summary="Tasks as INI files")
        ```
    """


@hookspec
def register_reporters(register: Register[Reporter]) -> None:
    """Register reporters, which add to each run's report and write files next to its rows.

    Example:
        ```python
        @hookimpl
        def register_reporters(register):
            register.register("lineage", "my_package.lineage:LINEAGE", summary="lineage.json")
        ```
    """


@hookspec
def register_dataset_readers(register: Register[DatasetReader]) -> None:
    """Register readers of datasets: forms of files and folders that `read_dataset` opens.

    Example:
        ```python
        @hookimpl
        def register_dataset_readers(register):
            register.register("brat", "my_package.brat:READER", summary="brat folders")
        ```
    """


@hookspec
def register_executors(register: Register[ModelExecutor]) -> None:
    """Register executors: where `targen generate --executor NAME` has the models work.

    Example:
        ```python
        @hookimpl
        def register_executors(register):
            register.register("grid", "my_package.grid:GRID", summary="Our own machines")
        ```
    """
