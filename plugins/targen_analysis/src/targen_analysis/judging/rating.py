"""The form `rate` of task files: how difficult the rows are, from 1 to 5, by a model.

DataTune (Gandhi et al., arXiv:2404.14361, section 5.3 and appendix A.6): a prompt for the task,
with a scale and rated examples.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from targen_analysis.corpus import read_corpus
from targen_analysis.texts import questions_of
from targen_core import Prompt, Task
from targen_core.cli.trust import placed
from targen_core.origin import HUB, Typed, is_file
from targen_core.plugins.loader import load_registry
from targen_core.tasks.parts import DryRunCall
from targen_core.tasks.steps import Llm
from targen_standard.asking import RowToAsk, asking_task
from targen_standard.task_files.forms import TaskForm

FORM = "rate"
_PROMPT = Prompt("rate", package="targen_analysis.judging")
_Text = Annotated[str, Field(min_length=1, pattern=r"\S")]
_SCALE = (
    "Very easy: anybody who knows the subject answers at once.",
    "Easy: anybody who knows the subject answers after a little thought.",
    "Middling: most people can answer, but it takes them some time.",
    "Hard: it takes a person who is no expert a minute or more.",
    "Very hard: most people who are no experts would answer wrongly in a limited time.",
)


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class RatedExample(_Part):
    """A row with its difficulty, for the model to rate others by."""

    input: _Text
    difficulty: Annotated[int, Field(ge=1, le=5)]


class Rate(_Part):
    """The content of a file of the form `rate`.

    Attributes:
        data: the dataset, in any form that targen reads.
        about: what its rows are for.
        task: whose rows they are; a run knows.
        scale: what each of 1 to 5 means, in words.
        examples: rated rows; the paper gives some in every prompt.
    """

    data: _Text
    about: _Text
    task: str = ""
    scale: Annotated[tuple[_Text, ...], Field(min_length=5, max_length=5)] = _SCALE
    examples: tuple[RatedExample, ...] = ()


class Rating(BaseModel):
    """A reply."""

    difficulty: Annotated[int, Field(ge=1, le=5)]


def rating_task(spec: Rate, name: str) -> Task[Any, Any]:
    """The task of rating a dataset's rows. Its data are read when it runs."""
    scale = "\n".join(f"{number}: {words}" for number, words in enumerate(spec.scale, 1))
    examples = "\n\n".join(
        f"Rated example:\n{each.input}\nDifficulty: {each.difficulty}" for each in spec.examples
    )
    read: list[RowToAsk] = []

    def rows() -> list[RowToAsk]:
        if not read:
            corpus = read_corpus(load_registry(), spec.data, task=spec.task or None)
            texts = enumerate(questions_of(corpus))
            read.extend(RowToAsk(row=at, input=text) for at, text in texts)
        return read

    async def ask(llm: Llm, row: RowToAsk) -> str:
        reply = await llm.ask(
            _PROMPT, reply=Rating, scale=scale, about=spec.about, examples=examples, row=row.input
        )
        return str(reply.difficulty)

    return asking_task(
        name,
        version="1",
        summary="how difficult the rows are, from 1 to 5",
        description=f"How difficult rows are, from 1 to 5. What they are for: {spec.about}",
        rows=rows,
        ask=ask,
        prompts=(_PROMPT,),
        dry_run=_dry_run,
        source="Difficulty by a model, after DataTune (arXiv:2404.14361, appendix A.6).",
    )


def _dry_run(call: DryRunCall) -> dict[str, int]:
    return {"difficulty": call.rng.randint(1, 5)}


def _located(spec: Rate, folder: Path) -> Rate:
    # Orders: the person typed them, or was asked about the file as a whole.
    names = {"data": Typed(spec.data), "task": spec.task}
    if not spec.data.startswith(HUB):
        names["data"] = Typed(Path(placed(folder, spec.data)).resolve())
    if is_file(spec.task):
        names["task"] = Typed(Path(placed(folder, spec.task)).resolve())
    return spec.model_copy(update=names)


RATE = TaskForm(
    summary="difficulty of rows, from 1 to 5, as rated by a model",
    spec=Rate,
    task=rating_task,
    located=_located,
)
