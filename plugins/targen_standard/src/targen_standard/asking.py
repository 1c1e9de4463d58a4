"""Tasks that ask a model one thing about each row of a dataset: a rating, an answer.

Asking is generating. The rows are a list that needs no model, each is one question, and the answer
is the output of a row. So budget, batches, files, resume and reports are those of every run. Each
row counts, even if several are alike: run it without the near-duplicate filter.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict

from targen_core.tasks.groups import About, CallSettings, Judging, Rows, Seeding, Texts
from targen_core.tasks.model import Task
from targen_core.tasks.parts import Case, DryRunCall
from targen_core.tasks.prompt import Prompt
from targen_core.tasks.steps import ListStep, Llm

_BATCH = 64


class RowToAsk(BaseModel):
    """A row to ask about: its place in its dataset, from 0, and its text."""

    model_config = ConfigDict(frozen=True)

    row: int
    input: str


class Answered(BaseModel):
    """A row, its text, and what the model answered."""

    model_config = ConfigDict(frozen=True)

    row: int
    input: str
    output: str


def asking_task(
    name: str,
    *,
    version: str,
    summary: str,
    description: str,
    rows: Callable[[], Sequence[RowToAsk]],
    ask: Callable[[Llm, RowToAsk], Awaitable[str]],
    prompts: tuple[Prompt, ...],
    dry_run: Callable[[DryRunCall], Any],
    source: str = "",
    cases: Callable[[Mapping[str, Any]], Sequence[Case]] | None = None,
) -> Task[Any, Any]:
    """The task of asking about rows.

    Args:
        name: see `Task`, also for `version` to `description`.
        version: see `Task`.
        summary: see `Task`.
        description: see `Task`.
        rows: reads the rows. Their order is drawn by their texts. So the first of them are a
            sample, the same for any seed or model.
        ask: asks about one row, and returns what is its output.
        prompts: what `ask` uses.
        dry_run: offline replies.
        source: see `Task`.
        cases: see `Rows`.
    """

    def order(row: RowToAsk) -> bytes:
        text = f"{row.input}/{row.row}".encode("utf-8", "replace")
        return hashlib.blake2b(text, digest_size=8).digest()

    async def propose(llm: Llm, parent: None, existing: Sequence[RowToAsk]) -> Sequence[RowToAsk]:
        every = sorted(await asyncio.to_thread(rows), key=order)
        return every[len(existing) : len(existing) + llm.batch]

    async def answered(llm: Llm, row: RowToAsk) -> Answered:
        return Answered(row=row.row, input=row.input, output=await ask(llm, row))

    return Task(
        name=name,
        version=version,
        summary=summary,
        description=description,
        instance=Answered,
        contexts=ListStep(
            name="rows",
            item=RowToAsk,
            propose=propose,
            batch=_BATCH,
            asks=False,
            key=lambda row: str(row.row),
            summary="rows of a dataset, drawn at random",
        ),
        generators={"answer": answered},
        judging=Judging(corrector=None),
        rows=Rows(
            label_of=lambda row: row.output,
            with_label=lambda row, output: row.model_copy(update={"output": output}),
            cases=cases,
        ),
        texts=Texts(render=lambda row: row.input, answer=lambda row: row.output),
        prompts=prompts,
        about=About(source=source),
        seeding=Seeding(branch_labels={"answer": "any"}),
        calls=CallSettings(dry_run=dry_run),
    )
