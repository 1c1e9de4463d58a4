"""Loop as a method: a task whose lists contain the rows, some from each call."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Sequence
from itertools import chain, zip_longest
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from targen_core import Prompt, Task
from targen_core.tasks.parts import DryRunCall
from targen_core.tasks.replies import list_of
from targen_core.tasks.steps import ListStep, Llm
from targen_standard.correctors.meta import META_PROMPT
from targen_standard.methods.columns import Columns
from targen_standard.methods.model import Base, Method, MethodOptions, derived
from targen_standard.refilling import rows_to_request

_WRITE = Prompt("write", package="targen_methods.loop")
_TOKENS = 160  # that a text may have
_MOST_TOKENS = 4096  # of a reply: some models, and those with small contexts, refuse more


class Options(MethodOptions):
    """Options of the loop."""

    rows_per_call: int = Field(24, ge=1, le=100, description="maximum rows per call")


class _Item(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Round(_Item):
    """The rows that the calls of a round request.

    Attributes:
        number: which it is, from 0.
        rows: the rows of each label.
        other: the numbers for labels that get more or fewer.
    """

    number: int
    rows: int
    other: dict[str, int] = {}

    def rows_of(self, label: str) -> int:
        """Return how many rows of a label it requests."""
        return self.other.get(label, self.rows)


class Batch(_Item):
    """A call.

    Attributes:
        number: which of the round's calls it is, from 0.
        label: the label of its rows.
        rows: how many it requests.
    """

    number: int
    label: str
    rows: int


class Steps:
    """The steps for one task."""

    def __init__(self, base: Base, options: Options) -> None:
        """For the rows of `base`."""
        self.task = base.task
        self.columns: Columns = base.columns
        self.row = self.columns.reply()
        self.most = options.rows_per_call
        fields = self.task.instance.model_fields
        shown = {name: fields[name].description or "..." for name in self.columns.names}
        self.form = json.dumps({"rows": [shown]}, ensure_ascii=False)

    async def rounds(self, llm: Llm, parent: None, existing: Sequence[Round]) -> Sequence[Round]:
        """Return a round for all rows that are still missing."""
        rows = rows_to_request(
            llm, [{label: one.rows_of(label) for label in llm.needed} for one in existing]
        )
        usual = Counter(rows.values()).most_common(1)[0][0]
        other = {label: count for label, count in rows.items() if count != usual}
        return [Round(number=len(existing), rows=usual, other=other)]

    async def calls(self, llm: Llm, parent: Round, existing: Sequence[Batch]) -> Sequence[Batch]:
        """Return the calls of a round: as few as possible, of equal size; labels take turns."""
        calls = [
            [(label.name, rows) for rows in _split(parent.rows_of(label.name), self.most)]
            for label in self.task.labels
        ]
        in_turn = filter(None, chain.from_iterable(zip_longest(*calls)))
        return [
            Batch(number=at, label=label, rows=rows) for at, (label, rows) in enumerate(in_turn)
        ]

    async def rows(
        self, llm: Llm, parent: Batch, existing: Sequence[BaseModel]
    ) -> Sequence[BaseModel]:
        """Return the rows of one call."""
        texts = parent.rows * len(self.columns.texts)
        reply = await llm.ask(
            _WRITE,
            reply=list_of("rows", self.row, parent.rows),
            sampling={"max_tokens": min(_MOST_TOKENS, 256 + texts * _TOKENS)},
            description=self.task.description,
            label=self.columns.label_words(parent.label),
            count=parent.rows,
            form=self.form,
        )
        return reply.items[: parent.rows]

    def writer(self, label: str) -> Any:
        """Return the function that takes a row from a list as a row of a label."""

        async def write(llm: Llm, row: BaseModel) -> BaseModel:
            return self.columns.instance(self.columns.of_row(row), label)

        return write

    def dry_run(self, call: DryRunCall) -> Any:
        """Plausible replies without a model."""
        if call.prompt == "write":
            count = int(call.values["count"])
            return {"rows": [self.columns.made_up(call.rng) for _ in range(count)]}
        return self.columns.judged(call)


def _split(rows: int, most: int) -> list[int]:
    """Divide rows among as few calls as possible, evenly."""
    calls = math.ceil(rows / most)
    return [rows // calls + (at < rows % calls) for at in range(calls)]


def _label(above: Sequence[Any], seed: BaseModel) -> str:
    """Return the label of a row, which is that of its call."""
    call: Batch = above[-1]
    return call.label


def _task(base: Base, options: Options) -> Task[Any, Any]:
    steps = Steps(base, options)
    return derived(
        base,
        contexts=ListStep(
            name="rounds",
            item=Round,
            propose=steps.rounds,
            batch=1,
            asks=False,
            told_rows=True,
            summary="rounds of calls, each for the rows that are still missing",
        ),
        seeds=(
            ListStep(
                name="calls",
                item=Batch,
                propose=steps.calls,
                batch=len(base.task.labels),
                once=True,
                asks=False,
                summary="calls for some rows of one label",
            ),
            ListStep(
                name="rows",
                item=steps.row,
                propose=steps.rows,
                batch=options.rows_per_call,
                once=True,
                summary="rows of one label, from one call",
            ),
        ),
        generators={label.name: steps.writer(label.name) for label in base.task.labels},
        prompts=(_WRITE, META_PROMPT),
        seeding={"seed_branch": _label},
        calls={
            "parameters": {"rows": {"temperature": 1.0, "max_tokens": _MOST_TOKENS}},
            "dry_run": steps.dry_run,
        },
    )


LOOP = Method(
    summary="asks for many rows of a label in one plain call, until there are enough",
    version="1",
    task=_task,
    options=Options,
    source=(
        "A prompt in a loop, as people write it without a library. It is the baseline of other "
        "methods. The first calls request all rows, and later calls replace rejected rows."
    ),
)
