"""The registrations of this plugin.

targen imports this module for every command, so it imports nothing heavy: a
target is a text, "module:ATTRIBUTE", which is imported when it is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from targen_core import hookimpl

if TYPE_CHECKING:
    from targen_core.plugins.register import Register
    from targen_training.trainers import Trainer


@hookimpl
def register_trainers(register: Register[Trainer]) -> None:
    """Register the trainer of `targen train DATA --trainer my-demo`."""
    register.register(
        "my-demo",
        "my_demo.trainer:TRAINER",
        summary="naive Bayes on words",
    )
