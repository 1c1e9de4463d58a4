"""The hooks of the core's own kinds, and `register_kinds`, by which plugins add kinds with hooks.

A plugin is a module named by an entry point of the group `targen.v1`; it marks
the hooks that it implements with `targen_core.hookimpl`. Hooks only register, without running code.
Each calls the `Register` that it gets: `register(name, target, *, summary="")`, with an object or
a lazy `"package.module:ATTRIBUTE"`.
"""

from __future__ import annotations

import pluggy

from targen_core.plugins.kinds import KindRegister
from targen_core.plugins.register import Register

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
            register(
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
def register_tasks(register: Register) -> None:
    """Register tasks: what `targen generate NAME` makes rows of.

    Example:
        ```python
        @hookimpl
        def register_tasks(register):
            register("tickets", "my_package.task:TASK", summary="Support tickets")
        ```
    """


@hookspec
def register_contexts(register: Register) -> None:
    """Register context sources (step 1): reusable lists of domains or settings.

    Example:
        ```python
        @hookimpl
        def register_contexts(register):
            register("shops", "my_package.steps:SHOPS", summary="Kinds of shop")
        ```
    """


@hookspec
def register_seeds(register: Register) -> None:
    """Register instance-seed sources (step 2), grown below a context or a seed.

    Example:
        ```python
        @hookimpl
        def register_seeds(register):
            register("complaints", "my_package.steps:COMPLAINTS")
        ```
    """


@hookspec
def register_inverse_generators(register: Register) -> None:
    """Register inverse generators G(label, seed) (step 3) under names of their own.

    Example:
        ```python
        @hookimpl
        def register_inverse_generators(register):
            register("urgent", "my_package.steps:write_urgent")
        ```
    """


@hookspec
def register_checks(register: Register) -> None:
    """Register checks: rules that `--check NAME` adds to those of a task.

    Example:
        ```python
        @hookimpl
        def register_checks(register):
            register("polite", "my_package.rules:polite", summary="No rude words")
        ```
    """


@hookspec
def register_filters(register: Register) -> None:
    """Register filters: what `--filter NAME` refuses rows by, knowing the rows so far.

    Register a subclass of `Filter`, or a `Configurable` that makes one: each run makes its own.

    Example:
        ```python
        @hookimpl
        def register_filters(register):
            register("openings", "my_package.filters:Openings", summary="Varied openings")
        ```
    """


@hookspec
def register_correctors(register: Register) -> None:
    """Register correctors (step 4), picked by `--corrector NAME` or by a task.

    Example:
        ```python
        @hookimpl
        def register_correctors(register):
            register("strict", "my_package.steps:strict", summary="Rejects doubt")
        ```
    """


@hookspec
def register_backends(register: Register) -> None:
    """Register backends: ways to reach a language model.

    Example:
        ```python
        @hookimpl
        def register_backends(register):
            register("house", "my_package.backend:BACKEND", summary="Our server")
        ```
    """


@hookspec
def register_deliveries(register: Register) -> None:
    """Register deliveries: how `targen generate --delivery NAME` has calls answered later.

    Example:
        ```python
        @hookimpl
        def register_deliveries(register):
            register("queue", "my_package.queue:QUEUE", summary="Our queue, overnight")
        ```
    """


@hookspec
def register_adapters(register: Register) -> None:
    """Register adapters: what makes models of another library usable.

    Example:
        ```python
        @hookimpl
        def register_adapters(register):
            register("dspy", "my_package.dspy:DSPY", summary="a dspy LM")
        ```
    """


@hookspec
def register_task_readers(register: Register) -> None:
    """Register readers of task files, each under the suffix of the files that it reads.

    A file is named by its path: `targen generate ./tickets.ini`.

    Example:
        ```python
        @hookimpl
        def register_task_readers(register):
            register("ini", "my_package.ini:READER", summary="Tasks as INI files")
        ```
    """


@hookspec
def register_reporters(register: Register) -> None:
    """Register reporters, which add to each run's report and write files next to its rows.

    Example:
        ```python
        @hookimpl
        def register_reporters(register):
            register("lineage", "my_package.lineage:LINEAGE", summary="lineage.json")
        ```
    """


@hookspec
def register_dataset_readers(register: Register) -> None:
    """Register readers of datasets: forms of files and folders that `read_dataset` opens.

    Example:
        ```python
        @hookimpl
        def register_dataset_readers(register):
            register("brat", "my_package.brat:READER", summary="brat folders")
        ```
    """


@hookspec
def register_executors(register: Register) -> None:
    """Register executors: where `targen generate --executor NAME` has the models work.

    Example:
        ```python
        @hookimpl
        def register_executors(register):
            register("grid", "my_package.grid:GRID", summary="Our own machines")
        ```
    """
