"""The core's own plugin: what every installation has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from targen_core.plugins.hookspecs import hookimpl
from targen_core.plugins.register import Register

if TYPE_CHECKING:
    from targen_core.tasks.steps import Corrector


@hookimpl
def register_correctors(register: Register[Corrector[Any]]) -> None:
    """Step 4 by the paper's prompt, without its sight of the output, and by votes."""
    register.register(
        "meta",
        "targen_core.correctors.meta:meta",
        summary="asks for an explanation, the label and a verdict, with the paper's meta-prompt",
    )
    register.register(
        "meta-paper",
        "targen_core.correctors.meta:meta_paper",
        summary="like meta, but cannot reject: every instance gets a label",
    )
    register.register(
        "blind",
        "targen_core.correctors.blind:blind",
        summary="solves the task without seeing the output that it checks",
    )
    register.register(
        "vote",
        "targen_core.correctors.vote:vote",
        summary="the majority of several blind answers (by default 3); rejects rows without a "
        "majority",
    )
