"""`targen answer-bigbench`: a model answers a task of BIG-bench."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from targen_core.cli.generating import ROWS_DECIDE, Generate, goes_on_as_generate


@goes_on_as_generate(without=ROWS_DECIDE)
def answer(
    file: Annotated[
        Path,
        typer.Argument(metavar="TASK.json", help="A BIG-bench task."),
    ],
    shots: Annotated[
        int,
        typer.Option(
            "--shots", min=0, max=32, help="Number of worked examples before each question."
        ),
    ] = 2,
    *,
    generate: Generate,
) -> None:
    """Answer a BIG-bench task with a model.

    Answers all examples of the task, or -n random ones. Each question follows worked examples that
    are drawn from the other examples. The result is a run like any other. `targen evaluate RUN
    TASK.json` scores it.

    Examples:
    - targen answer-bigbench implicatures.json -n 200 -b llama --model llama3.1 --out answers
    - targen answer-bigbench implicatures.json --shots 0 -b chatgpt --batch --max-cost 1
    - targen evaluate answers implicatures.json
    """
    from targen_standard.datasets.bigbench import task_json
    from targen_training.bigbench.answering import ANSWER, FORM, Answer
    from targen_training.bigbench.score import metric_of
    from targen_training.bigbench.shots import shots_for

    task = task_json(file)
    metric_of(task)
    shots_for(task, 0, shots, 0)
    spec = ANSWER.located(Answer(file=str(file), shots=shots), Path.cwd())
    name = f"{re.sub(r'[^a-z0-9._-]+', '-', (task.name or file.stem).lower()).strip('-._')}-answers"
    number = generate.options["n"] or len(task.examples)
    generate.each_row(ANSWER.text(FORM, spec, name), name, number, "an answer")
