"""Never edit: a plugin for targen.v1, which must keep working."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from targen_core import hookimpl

if TYPE_CHECKING:
    from targen_core import Backend, Task
    from targen_core.plugins.register import Register
    from targen_core.tasks.steps import Corrector, InverseGenerator, ListStep
    from targen_standard.exporting.model import Exporter


@hookimpl
def register_tasks(register: Register[Task[Any, Any]]) -> None:
    register.register(
        "letters", "frozen_v1_plugin.task:LETTERS", summary="letters: thanks or complaint?"
    )


@hookimpl
def register_contexts(register: Register[ListStep[Any]]) -> None:
    register.register("senders", "frozen_v1_plugin.task:SENDERS", summary="who writes letters")


@hookimpl
def register_seeds(register: Register[ListStep[Any]]) -> None:
    register.register("occasions", "frozen_v1_plugin.task:OCCASIONS", summary="why they write")


@hookimpl
def register_inverse_generators(register: Register[InverseGenerator[Any, Any]]) -> None:
    register.register("thanks-letter", "frozen_v1_plugin.task:write_thanks")


@hookimpl
def register_correctors(register: Register[Corrector[Any]]) -> None:
    register.register(
        "polite", "frozen_v1_plugin.parts:polite", summary="a letter that thanks is thanks"
    )


@hookimpl
def register_backends(register: Register[Backend]) -> None:
    register.register("parrot", "frozen_v1_plugin.parts:PARROT", summary="says the dry-run reply")


@hookimpl
def register_exporters(register: Register[Exporter]) -> None:
    register.register("post", "frozen_v1_plugin.parts:POST", summary="letters, one below the other")
