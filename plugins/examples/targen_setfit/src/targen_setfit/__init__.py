"""SetFit as a trainer: this module only registers it, without other imports."""

from __future__ import annotations

from typing import TYPE_CHECKING

from targen_core import hookimpl
from targen_core.plugins.register import Register

if TYPE_CHECKING:
    from targen_training.trainers import Trainer


@hookimpl
def register_trainers(register: Register[Trainer]) -> None:
    """Register the trainer for `targen train --trainer setfit`."""
    register.register(
        "setfit",
        "targen_setfit.trainer:SETFIT",
        summary="a sentence encoder fine-tuned on pairs of rows (SetFit); suited to small datasets",
    )
