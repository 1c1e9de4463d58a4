"""Build prompts for examples of BIG-bench, with worked examples before each.

The text is that of BIG-bench's JSON tasks: the task's prefix, then examples. Each has an input, its
choices if the task shows them, and an answer, joined by the task's own strings.
"""

from __future__ import annotations

import random

from targen_core.errors import UsageError
from targen_core.text import plural
from targen_standard.datasets.bigbench import BigBench, Example


def asked_text(task: BigBench, example: Example) -> str:
    """An example up to where its answer begins."""
    choices = example.scores if task.shows_choices else ()
    shown = "".join(f"{task.before_choice}{choice}" for choice in choices)
    return f"{task.before_input}{example.input}{shown}{task.before_output}"


def shots_for(task: BigBench, at: int, shots: int, seed: int) -> list[Example]:
    """The worked examples for one example: others of the task, by chance.

    Raises:
        UsageError: there are not so many.
    """
    if shots >= len(task.examples):
        raise UsageError(
            f"--shots {shots} is too many: {task.name} has only "
            f"{plural(len(task.examples), 'example')}",
            hint="pass a smaller --shots",
        )
    chance = random.Random(f"{seed}/{at}")
    others = [other for other in range(len(task.examples)) if other != at]
    return [task.examples[other] for other in chance.sample(others, shots)]


def prompt_of(task: BigBench, at: int, shots: int, seed: int) -> str:
    """All that a model is given for an example, its place from 0."""
    worked = [asked_text(task, each) + each.targets[0] for each in shots_for(task, at, shots, seed)]
    return task.prefix + task.between.join([*worked, asked_text(task, task.examples[at])])
