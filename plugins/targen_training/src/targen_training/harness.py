"""A trained decoder on the tasks of lm-evaluation-harness, by its own API.

Written against the documented interface of lm-evaluation-harness 0.4 (`lm_eval.simple_evaluate`).
The suite tests it with a stand-in. Version 0.4.13 was tried by hand on a task of a local file, not
on its own tasks, which it downloads.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from targen_core.errors import MissingDependency, UsageError
from targen_core.hints import install
from targen_standard.pretrained import device_of, named_place
from targen_training.models import facts_of
from targen_training.neural.weights import find_weights


def harness_figures(
    folder: Path, tasks: Sequence[str], *, shots: int | None = None
) -> Mapping[str, Mapping[str, Any]]:
    """Task -> figure -> value, with the standard errors that the harness gives.

    Args:
        folder: the model's.
        tasks: of the harness.
        shots: worked samples that the model is shown; None for what the task says.

    Raises:
        MissingDependency: lm-evaluation-harness is not installed.
        UsageError: the model is unsuitable, or the harness does not know a task.
    """
    facts, _ = facts_of(folder)
    if facts.trainer != "targen-training:decoder":
        raise UsageError(
            f"{folder} was trained by {facts.trainer}, but lm-evaluation-harness needs a decoder",
            hint="train with --trainer decoder",
        )
    weights = find_weights(named_place(folder / "model"))
    arguments = {"pretrained": str(weights.folder)}
    if weights.adapter:
        arguments = {"pretrained": str(facts.options["model"]), "peft": str(weights.folder)}
    try:
        import lm_eval
    except ModuleNotFoundError as error:
        raise MissingDependency(
            "--harness needs lm-evaluation-harness, which is not installed",
            distribution="targen-training",
            hint=install("targen-training[harness]"),
        ) from error
    try:
        evaluation = lm_eval.simple_evaluate(
            model="hf",
            model_args=arguments,
            tasks=list(tasks),
            num_fewshot=shots,
            device=str(device_of("")),  # it takes a GPU for granted
            apply_chat_template=bool(facts.options.get("chat")),
        )
    except (KeyError, ValueError) as error:
        raise UsageError(
            f"lm-evaluation-harness does not accept {', '.join(tasks)}: {error}",
            hint="run lm_eval ls tasks to list the known ones",
        ) from error
    results: Mapping[str, Mapping[str, Any]] = evaluation["results"]
    return results
