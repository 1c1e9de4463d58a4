"""The form `answer` of task files: a model's written answers to a task of BIG-bench."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, create_model

from targen_core import Prompt, Task
from targen_core.cli.trust import placed
from targen_core.tasks.parts import RIGHT, WRONG, Case, DryRunCall
from targen_core.tasks.steps import Llm
from targen_core.text import plural
from targen_standard.asking import RowToAsk, asking_task
from targen_standard.datasets.bigbench import CHOICE, BigBench, Example, choices_in, task_json
from targen_standard.task_files.forms import TaskForm
from targen_training.bigbench.shots import prompt_of

FORM = "answer"
_PROMPT = Prompt("answer", package="targen_training.bigbench")


class Answer(BaseModel):
    """The content of a file of the form `answer`.

    Attributes:
        file: a task.json of BIG-bench.
        shots: worked examples before each question.
        seed: decides which.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    file: Annotated[str, Field(min_length=1)]
    shots: Annotated[int, Field(ge=0, le=32)] = 2
    seed: int = 0


def answer_task(spec: Answer, name: str) -> Task[Any, Any]:
    """The task of answering a task's examples. The file is read when it runs."""

    @cache
    def task() -> BigBench:
        return task_json(Path(spec.file))

    def rows() -> list[RowToAsk]:
        return [RowToAsk(row=at, input=each.input) for at, each in enumerate(task().examples)]

    async def ask(llm: Llm, row: RowToAsk) -> str:
        text = prompt_of(task(), row.row, spec.shots, spec.seed)
        reply = await llm.ask(_PROMPT, reply=_reply(task().examples[row.row]), text=text.strip())
        return str(getattr(reply, "answer")).strip()  # noqa: B009 - its class is made

    return asking_task(
        name,
        version="1",
        summary="a model's answers to a BIG-bench task",
        description=f"Answers to a BIG-bench task, with {plural(spec.shots, 'worked example')} "
        "before each.",
        rows=rows,
        ask=ask,
        prompts=(_PROMPT,),
        dry_run=_dry_run,
        cases=cases_of,
        source="A task of BIG-bench (arXiv:2206.04615).",
    )


def cases_of(row: Mapping[str, Any]) -> list[Case]:
    """Return the choices in a row's input, each right or wrong; a row without any has no decisions.

    So a model that chooses learns from such rows, and is tested on them.
    """
    choices = choices_in(row["input"])
    lines = row["input"].splitlines()
    asked = "\n".join(line for line in lines if not line.strip().startswith(CHOICE.strip()))
    return [
        Case(
            texts={"input": asked, "choice": choice},
            label=RIGHT if choice == row.get("output") else WRONG,
            answer=choice,
        )
        for choice in choices
    ]


def _reply(example: Example) -> type[BaseModel]:
    """Return a reply model whose schema allows legal answers only; others are also read."""
    choices = list(example.scores)
    hint: dict[str, Any] = {"enum": choices} if choices else {}
    return create_model("Reply", answer=(str, Field(json_schema_extra=hint)))


def _dry_run(call: DryRunCall) -> dict[str, str]:
    return {"answer": call.rng.choice(("yes", "no"))}


def _located(spec: Answer, folder: Path) -> Answer:
    return spec.model_copy(update={"file": str(Path(placed(folder, spec.file)).resolve())})


ANSWER = TaskForm(
    summary="a model's answers to a BIG-bench task",
    spec=Answer,
    task=answer_task,
    located=_located,
)
