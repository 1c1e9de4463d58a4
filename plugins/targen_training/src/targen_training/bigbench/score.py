"""BIG-bench's figures of a task, and its normalised score.

`multiple_choice_grade` is the mean score of the choices that a model finds likeliest, or names.
`exact_str_match` is the share of written answers that equal a target, letter by letter, after the
task's `output_regex` and `stop_string`. The normalised score is 100 · (raw - low) / (high - low)
(Srivastava et al., arXiv:2206.04615, section 2.1.2). Here low is the score of random choices (0 for
written answers) and high is 1. So 0 is chance, 100 is all right, and scores below chance are
negative. A `task.json` names the figure that counts (`preferred_score`), but not low and high.
BIG-bench's published results have 1 over the number of choices for low, and 1 for high.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np

from targen_core.cli.findings import Estimate
from targen_core.errors import UsageError
from targen_standard.checks.patterns import search
from targen_standard.datasets.bigbench import BigBench, Example
from targen_training.neural.answers import normal
from targen_training.scores import Measure, estimates

METRICS = ("multiple_choice_grade", "exact_str_match")
_CLAUSE = r"[^\.\?\!\;\n]+"
_LONGEST = 128  # characters of a written answer


@dataclass(frozen=True, slots=True)
class Grade:
    """The grade of a model on a task.

    Attributes:
        metric: the figure that counts.
        raw: it, with its 95% interval over examples.
        low: what chance scores.
        normalized: the same from 0, chance, to 100.
        examples: how many were answered.
        illegal: of answers that should name a choice, the share that names none.
    """

    metric: str
    raw: Estimate
    low: float
    normalized: Estimate
    examples: int
    illegal: Estimate | None = None


def metric_of(task: BigBench) -> str:
    """The figure that counts of a task.

    Raises:
        UsageError: it is measured by what is not here.
    """
    names = [name for name in (task.preferred, *task.metrics) if name]
    has_choices = all(example.scores for example in task.examples)
    known = METRICS if has_choices else METRICS[1:]
    able = [name for name in names or known if name in known]
    if not able:
        raise UsageError(
            f"targen cannot compute the metrics of {task.name}: {', '.join(dict.fromkeys(names))}",
            hint=f"use a task with {' or '.join(METRICS)}",
        )
    return able[0]


def chance_of(examples: Sequence[Example], metric: str) -> float:
    """Return the score of random choices; 0 for written answers."""
    if metric != METRICS[0]:
        return 0.0
    return fmean(fmean(example.scores.values()) for example in examples)


def named(answer: str, example: Example) -> str | None:
    """Return the choice that a written answer names, or None."""
    legal = {normal(choice): choice for choice in example.scores}
    first = next((line for line in answer.splitlines() if line.strip()), "")
    return legal.get(normal(answer)) or legal.get(normal(first.removeprefix("choice:")))


def written(answer: str, task: BigBench) -> str:
    """Return the part of a written answer that counts."""
    text = answer[:_LONGEST]
    if task.stop_string and (at := text.find(task.stop_string)) > 0:
        text = text[: at + len(task.stop_string)]
    pattern = task.output_regex or ("" if task.stop_string else _CLAUSE)
    if not pattern:
        return text
    return search(pattern, text)


def graded(
    task: BigBench,
    examples: Sequence[Example],
    *,
    answers: Sequence[str] | None = None,
    chosen: Sequence[str] | None = None,
) -> Grade:
    """Hold answers, or choices, against the examples they are of.

    Args:
        task: the task.
        examples: those that were answered.
        answers: what a model wrote to each.
        chosen: in their place, the choice of each that a model finds likeliest.

    Raises:
        UsageError: the task is measured by what is not here.
    """
    metric = metric_of(task)
    illegal = None
    if metric == METRICS[0]:
        picks: Sequence[str | None] = chosen or [
            named(answer, example) for answer, example in zip(answers or (), examples, strict=True)
        ]
        points = [
            0.0 if pick is None else example.scores[pick]
            for pick, example in zip(picks, examples, strict=True)
        ]
        if chosen is None:
            illegal = _mean([float(pick is None) for pick in picks])
    else:
        points = [
            float(written(text, task).strip() in {target.strip() for target in example.targets})
            for text, example in zip(answers or (), examples, strict=True)
        ]
    raw, low = _mean(points), chance_of(examples, metric)
    return Grade(metric, raw, low, normalized(raw, low), len(examples), illegal)


def normalized(raw: Estimate, low: float) -> Estimate:
    """A raw score, and the ends of its interval, from 0 (chance) to 100."""
    return raw.mapped(lambda value: 100 * (value - low) / (1 - low))


def _mean(points: Sequence[float]) -> Estimate:
    parts = np.stack([np.array(points), np.ones(len(points))], axis=1)
    measure = Measure(parts, lambda sums: sums[..., 0] / sums[..., 1])
    return estimates({"score": measure}, len(points))["score"]
