"""SetFit as a trainer: this module only registers it, without other imports."""

from __future__ import annotations

from targen_core import Register, hookimpl


@hookimpl
def register_trainers(register: Register) -> None:
    """Register the trainer for `targen train --trainer setfit`."""
    register(
        "setfit",
        "targen_setfit.trainer:SETFIT",
        summary="a sentence encoder fine-tuned on pairs of rows (SetFit); suited to small datasets",
    )
