"""Needs of models that this machine may not meet: memory by their parameters, and steps."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

from targen_core.plugins.registry import Registry
from targen_training.experiments.cells import Plan, ready_models
from targen_training.experiments.model import Experiment
from targen_training.experiments.run import planned
from targen_training.neural.answers import questions_of
from targen_training.neural.options import NeuralOptions
from targen_training.reproduction.paper import Size

_TRAINED = 16  # bytes: a weight, its gradient and AdamW's two means, in float32
_HALF = 2  # bytes of a frozen weight in bfloat16
_QUARTER = 0.5  # bytes of one of 4 bits


def needed(registry: Registry, experiment: Experiment, size: Size, folder: Path) -> Iterator[str]:
    """Yield a line for each model whose parameters are known: its memory, and its steps.

    Args:
        registry: finds trainers.
        experiment: whose models.
        size: has their parameters.
        folder: the experiment's; the steps are counted if all rows exist.
    """
    if not size.parameters:
        return
    arms = [arm for part in experiment.tasks.values() for arm in part.arms.values()]
    there = all(arm.generate is None for arm in arms)
    cells = planned(registry, experiment, folder, {}).plans if there else []
    for name, model in ready_models(registry, experiment).items():
        options = model.options
        if name not in size.parameters or not isinstance(options, NeuralOptions):
            continue
        millions, trained = size.parameters[name], size.trained.get(name, 0.0)
        said = f"{name}: {millions:,.0f} million parameters"
        if options.lora:
            kept = _QUARTER if options.quantize == "4bit" else _HALF
            memory = millions * kept + trained * _TRAINED
            said += f" and {trained:,.0f} million trainable LoRA parameters"
        else:
            memory = millions * _TRAINED
            said += ", all trainable"
        said += f"; needs {memory / 1000:,.1f} GB of GPU memory, plus activations"
        if there:
            plans = {plan.training: plan for plan in cells if plan.cell.model == name}
            steps = sum(
                _steps(plan, options, writes=model.trainer.writes) for plan in plans.values()
            )
            rows = options.batch * options.accumulate
            said += f"; {len(plans):,} training runs, {steps:,} steps of {rows} rows in total"
        yield said


def _steps(plan: Plan, options: NeuralOptions, *, writes: bool) -> int:
    """Return the optimizer's steps of a training."""
    if options.max_steps:
        return options.max_steps
    decisions = plan.data.decisions
    # A model that writes reads the options of a question once.
    rows = len(questions_of(decisions, plan.data.labels)[0]) if writes else len(decisions)
    return math.ceil(math.ceil(rows / options.batch / options.accumulate) * options.epochs)
