"""Trainers as a kind of targen's: its hook, and what `targen describe` shows of one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from targen_core.cli.describing import print_options
from targen_core.cli.facts import Described, fields
from targen_core.plugins.hookspecs import hookspec

if TYPE_CHECKING:
    from targen_core.plugins.register import Register
    from targen_training.trainers import Trainer


USE = {"trainer": "targen train DATASET --trainer {name}"}
"""How its objects are used."""


@hookspec
def register_trainers(register: Register) -> None:
    """Register trainers: what `targen train --model NAME` trains.

    Example:
        ```python
        @hookimpl
        def register_trainers(register):
            register("bayes", "my_package.bayes:BAYES", summary="Naive Bayes on words")
        ```
    """


def trainer_facts(part: Described) -> dict[str, Any]:
    """Return a trainer's version and options, and whether it uses weights of rows."""
    trainer: Trainer = part.target
    return {
        "summary": trainer.summary,
        "version": trainer.version,
        "options": fields(trainer.options),
        "weighs": trainer.weighs,
        "about": trainer.summary,
    }


def print_trainer(facts: dict[str, Any]) -> None:
    """Print the options, and whether it uses weights of rows."""
    print_options(facts)
    print(f"row weights: {'used' if facts['weighs'] else 'not accepted'}")
