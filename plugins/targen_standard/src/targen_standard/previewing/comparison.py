"""Variants of a task, or other settings, side by side, and on labelled examples.

The paper varies its prompts (appendix A.1, table 9) and refines its
instructions on hand-picked examples (appendix G); this measures both.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from targen_core.api.report import flows_together
from targen_core.calls.model import ChatReply
from targen_core.cli.findings import flow_changes
from targen_core.cli.trial import Show, Trial, run_trial, unseen
from targen_core.errors import Interrupted, TargenError, UsageError
from targen_core.plugins.registry import Registry
from targen_core.runs.config import RunConfig
from targen_core.runs.tasks import find_task
from targen_core.tasks.model import Task
from targen_core.tasks.words import words
from targen_standard.correction.dataset import correct_dataset

if TYPE_CHECKING:  # datasets know runs, and not the other way
    from targen_core.dataset.model import Dataset

DEFAULT = "default"
"""The name of the unmodified task, among its variants."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """The results of one variant or setting.

    Attributes:
        name: the variant or setting.
        judged: candidates with a verdict.
        accepted: of these, those that became rows.
        rejected: of these, those that were rejected, by reason.
        duplicates: of these, those that repeated a row.
        relabelled: of these, those that step 4 gave another label.
        tokens: in and out, for the candidates and their lists.
        instructions_similarity: mean cosine similarity of the instructions to those of the other
            variants; None for a single variant, and for settings of one.
        prompts_similarity: the same for the used prompts of step 3.
        examples: right, wrong and rejected examples, if there were any.
        problem: what ended the trial early.
    """

    name: str
    judged: int
    accepted: int
    rejected: dict[str, int]
    duplicates: int
    relabelled: int
    tokens: int
    instructions_similarity: float | None
    prompts_similarity: float | None
    examples: dict[str, int] | None
    problem: TargenError | None


def compare(
    registry: Registry,
    configs: Mapping[str, RunConfig],
    folder: Path,
    *,
    examples: Dataset | None = None,
    cache: Path | None = None,
    show: Show = unseen,
) -> list[Compared]:
    """Run each of the `configs`, by name; equal calls of steps 1 and 2 are shared.

    The labelled rows of `examples` are solved by each one's instructions (corrector `blind`).
    `show` displays how each run goes. `folder` keeps the files of each in a folder of its own, as
    that of `run_trial` does.

    Raises:
        UsageError: a variant that the task lacks.
        Interrupted: somebody stopped it; the others are not run either.
    """
    tasks = [find_task(registry, config.task, config.variants)[1] for config in configs.values()]
    places = [folder / name for name in configs]
    shared: dict[bytes, ChatReply] = {}
    trials = []
    for mine, place in zip(configs.values(), places, strict=True):
        trials.append(
            run_trial(registry, mine, cache=cache, shared=shared, folder=place, show=show)
        )
        if isinstance(trials[-1].problem, Interrupted):
            raise trials[-1].problem
    instructions: list[float | None] = [None] * len(configs)
    prompts = instructions
    if len({tuple(config.variants) for config in configs.values()}) > 1:
        instructions = mean_similarity([task.judging.instructions for task in tasks])
        prompts = mean_similarity(
            [_asked(task, trial) for task, trial in zip(tasks, trials, strict=True)]
        )
    solved = [
        _solve(registry, mine, examples, cache, place / "examples") if examples else None
        for mine, place in zip(configs.values(), places, strict=True)
    ]
    return [
        _compared(*figures)
        for figures in zip(configs, trials, instructions, prompts, solved, strict=True)
    ]


def variants_of(config: RunConfig, names: Sequence[str]) -> dict[str, RunConfig]:
    """Return `config` with each of these variants; `DEFAULT` is the unmodified task.

    Raises:
        UsageError: one is named twice.
    """
    if len(set(names)) < len(names):
        raise UsageError("--variant lists a variant twice")
    return {name: config.replace(variants=() if name == DEFAULT else (name,)) for name in names}


def mean_similarity(texts: Sequence[str]) -> list[float | None]:
    """Each text's mean cosine similarity to the others, by counts of words.

    The paper does not state the vectors of its table 9: compare figures with each other, not with
        the paper's.
    """
    counts = [Counter(words(text)) for text in texts]
    means: list[float | None] = []
    for place, mine in enumerate(counts):
        others = [_cosine(mine, other) for at, other in enumerate(counts) if at != place]
        means.append(sum(others) / len(others) if others else None)
    return means


def _cosine(one: Counter[str], other: Counter[str]) -> float:
    dot = sum(count * other[word] for word, count in one.items())
    size = math.sqrt(sum(n * n for n in one.values()) * sum(n * n for n in other.values()))
    return dot / size if size else 0.0


def _asked(task: Task[Any, Any], trial: Trial) -> str:
    """The prompts of step 3: those of steps 1 and 2 are much the same, and would hide it."""
    used = {call.prompt for call in trial.calls if call.step == "generate"}
    return "\n".join(prompt.text for prompt in task.prompts if prompt.name in used)


def _solve(
    registry: Registry, config: RunConfig, examples: Dataset, cache: Path | None, out: Path
) -> dict[str, int]:
    """Measure how well the variant's instructions by themselves solve labelled examples."""
    blind = config.replace(corrector="targen-standard:blind")
    _, report = correct_dataset(registry, blind, examples, out, cache=cache)
    counts: dict[str, int] = report["as_given"]
    solved = {kind: counts.get(kind, 0) for kind in ("right", "wrong", "rejected")}
    solved["rejected"] += counts.get("unjudged", 0)  # no reply solves it
    return solved


def _compared(
    name: str,
    trial: Trial,
    instructions: float | None,
    prompts: float | None,
    examples: dict[str, int] | None,
) -> Compared:
    flows = trial.report.get("flow", {})
    together = flows_together([*flows.values()], 0, 0)
    relabelled, _ = flow_changes(flows, trial.report["branches"])
    usage = trial.report["usage"]["total"] if trial.report else {}
    keys = ("input_tokens", "output_tokens", "saved_input_tokens", "saved_output_tokens")
    return Compared(
        name=name,
        judged=together.judged,
        accepted=sum(together.accepted.values()),
        rejected=dict(Counter(together.reasons).most_common()),
        duplicates=together.duplicate,
        relabelled=relabelled,
        tokens=sum(usage.get(key, 0) for key in keys),
        instructions_similarity=instructions,
        prompts_similarity=prompts,
        examples=examples,
        problem=trial.problem,
    )
