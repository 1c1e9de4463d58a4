"""ProGen as a method: a task of its rounds."""

from __future__ import annotations

import asyncio
import math
import random
import re
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from targen_core import Prompt, Rejected, Task
from targen_core.dataset.model import Dataset
from targen_core.errors import MissingDependency, UsageError
from targen_core.hints import install
from targen_core.tasks.steps import ListStep, Llm
from targen_methods.conditional.steps import (
    CONTINUE,
    PROMPTS,
    Condition,
    ConditionalOptions,
    ConditionalSteps,
    Sample,
    kept,
)
from targen_methods.sungen import embedder_of
from targen_standard.correctors.meta import META_PROMPT
from targen_standard.methods.model import Base, Method, derived


class Round(BaseModel):
    """A round.

    Attributes:
        number: which it is, from 0.
        rows: rows that there were when it began.
        conditions: how many texts are written after in it.
        start: conditions of the rounds before it.
        order: seeds the order of the given conditions, the same in all rounds.
        pool: for each label the rows, by their number from 0, that examples are drawn from; empty
            where they are drawn from all.
        chosen: how these were chosen, in words.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    number: int
    rows: int
    conditions: int
    start: int
    order: int
    pool: dict[str, tuple[int, ...]] = {}
    chosen: str = ""


class Shown(Condition):
    """A condition, and what is shown before the text that is written after it.

    Attributes:
        examples: for each sample of the condition, by label, rows of that label.
    """

    examples: tuple[dict[str, tuple[str, ...]], ...] = ()


LIKEWISE = Prompt("likewise", package="targen_methods.progen")

_WORD = re.compile(r"\w+")


class Options(ConditionalOptions):
    """Options of ProGen; the defaults are its authors', except for `ends` and `min_words`."""

    per_condition: int = Field(2, ge=1, le=10_000, description="number of samples per condition")
    examples: int = Field(8, ge=1, le=100, description="number of example rows shown before a text")
    plain: float = Field(0.5, ge=0, le=1, description="share of texts written without examples")
    first: int = Field(100, ge=1, description="number of candidates in the first round")
    largest: int = Field(
        10_000, ge=1, description="maximum step by which rounds grow; the step doubles until then"
    )
    influence_from: int = Field(
        10_000, ge=20, description="number of rows up to which examples are drawn from all rows"
    )
    pool: int = Field(
        50,
        ge=1,
        description="number of most helpful rows per label to draw examples from, after that",
    )
    damping: float = Field(
        50.0, ge=0, allow_inf_nan=False, description="damping of the Hessian; see targen reweigh"
    )
    features: str = Field(
        "tfidf", description="features of the model that a round trains: tfidf, or an embedder"
    )
    overlap: float = Field(
        0.9,
        gt=0,
        le=1,
        description="a text with at least this share of an example's words counts as a copy",
    )


class Steps(ConditionalSteps):
    """The steps for one task."""

    def __init__(self, base: Base, options: Options) -> None:
        """For the rows of `base`.

        Raises:
            MissingDependency: what measures influence is not installed.
        """
        super().__init__(base, options)
        self.own = options
        try:
            import targen_training.weighing  # noqa: F401 - said before a call is paid
        except ImportError as error:
            raise MissingDependency(
                "progen measures influence with targen-training, which is not installed",
                distribution="targen-training",
                hint=install("targen-methods[progen]"),
            ) from error

    # --- rounds -----------------------------------------------------------------

    @property
    def rounds(self) -> ListStep[Round]:
        """Return rounds that each list the earlier rows."""
        return ListStep(
            name="rounds",
            item=Round,
            propose=self._round,
            batch=1,
            asks=False,
            told_rows=True,
            key=lambda one: str(one.number),
            summary="rounds that learn from earlier rows",
        )

    async def _round(self, llm: Llm, parent: None, existing: Sequence[Round]) -> Sequence[Round]:
        number, rows = len(existing), llm.rows
        if not existing:
            order = llm.rng("order").randrange(1 << 32)
            return [Round(number=0, rows=0, conditions=self._conditions(0), start=0, order=order)]
        last = existing[-1]
        if len(rows) <= last.rows:
            raise Rejected("no-rows", f"round {last.number} gave no row to learn from")
        pool, chosen = await asyncio.to_thread(self._chosen, rows, last, llm.rng("parts"))
        return [
            Round(
                number=number,
                rows=len(rows),
                conditions=self._conditions(number),
                start=last.start + last.conditions,
                order=last.order,
                pool=pool,
                chosen=chosen,
            )
        ]

    def _conditions(self, number: int) -> int:
        """Return a round's conditions: rounds start at 1, 4, 12, 32, ... times the first size.

        The authors start a round at c times L rows, where c counts rounds and L doubles up to
        `largest`. Here a round counts candidates, accepted or not.
        """

        def begins(round_: int) -> int:
            return round_ * min(self.own.first << max(0, round_ - 1), self.own.largest)

        candidates = begins(number + 1) - begins(number)
        each = self.own.per_condition * len(self.task.labels)
        return max(1, math.ceil(candidates / each))

    def _chosen(
        self, rows: Sequence[Any], last: Round, rng: random.Random
    ) -> tuple[dict[str, tuple[int, ...]], str]:
        """The rows that help most on others, by label, if there are enough to tell."""
        from targen_training.weighing.influence import InfluenceOptions
        from targen_training.weighing.rows import measure_influence

        if len(rows) <= self.own.influence_from:
            return {}, f"of all {len(rows)} rows, since there are too few to tell"
        size = self.task.rows_per_instance
        official = [row for at, one in enumerate(rows) for row in self.task.to_rows(one, at * size)]
        dataset = Dataset(f"rows of {last.number + 1} rounds", self.task, official)
        options = InfluenceOptions.model_validate({"damping": self.own.damping})
        try:
            weighed = measure_influence(
                dataset, options, features=self.own.features, seed=rng.randrange(1 << 32)
            )
        except UsageError as error:
            return last.pool, f"as before: {error}"
        pool = {label: tuple(units) for label, units in weighed.pool(self.own.pool).items()}
        if not all(pool.get(label.name) for label in self.task.labels):
            return last.pool, "as before: of a label no row helps"
        accuracy = weighed.made["validation_accuracy"]
        return pool, f"by influence on a model that is right in {accuracy:.0%} of held-out rows"

    # --- conditions ---------------------------------------------------------------

    @property
    def in_rounds(self) -> ListStep[Shown]:
        """The conditions of a round, with the examples for each of its texts."""
        given = self.given is not None
        return ListStep(
            name="conditions",
            item=Shown,
            propose=self._shown_in,
            batch=1,
            once=True,
            asks=not given,
            key=lambda one: f"{one.about} {sorted(one.values.items())}",
            summary="conditions to write a round's texts for",
        )

    async def _shown_in(
        self, llm: Llm, parent: Round, existing: Sequence[Shown]
    ) -> Sequence[Shown]:
        if self.given is not None:
            conditions: Sequence[Condition] = self._in_turn(parent)
        else:
            conditions = await self.written(llm, parent.conditions)
        rng, rows = llm.rng("examples"), llm.rows
        labels = [label.name for label in self.task.labels]
        by_label: dict[str, list[Any]] = {name: [] for name in labels}
        for row in rows:
            by_label[self.task.label_of(row)].append(row)
        for name, numbers in parent.pool.items():
            by_label[name] = [rows[number] for number in numbers]
        return [
            Shown(
                about=one.about,
                values=one.values,
                examples=tuple(
                    {name: self._drawn(rng, by_label[name]) for name in labels}
                    for _ in range(self.own.per_condition)
                ),
            )
            for one in conditions
        ]

    def _in_turn(self, parent: Round) -> list[Condition]:
        """The given ones from where the last round left off, from the start again at their end."""
        every = self.given_conditions(random.Random(parent.order))
        return [
            every[(parent.start + at) % len(every)]
            for at in range(min(parent.conditions, len(every)))
        ]

    def _drawn(self, rng: random.Random, pool: Sequence[Any]) -> tuple[str, ...]:
        if rng.random() < self.own.plain:
            return ()
        rows = rng.sample(pool, min(self.own.examples, len(pool)))
        return tuple(self.columns.shown(self.columns.of_row(row)) for row in rows)

    # --- rows ---------------------------------------------------------------------

    def writer(self, label: str) -> Any:
        """Return the function that writes rows of a label."""

        async def write(llm: Llm, sample: Sample) -> BaseModel:
            round_: Round = llm.above[0]
            condition: Shown = llm.above[1]
            examples = condition.examples[sample.number].get(label, ())
            values: dict[str, Any] = {**self.values(condition, label)}
            llm.note(round=round_.number, examples=len(examples))
            if examples:
                reply = await llm.ask(
                    LIKEWISE, may_be_cut=True, examples="\n\n".join(examples), **values
                )
            else:
                reply = await llm.ask(CONTINUE, may_be_cut=True, **values)
            text = reply[slice(*kept(reply, ends=self.options.ends))]
            self._refuse_copy(text, examples)
            return self.row(condition, text, label)

        return write

    def _refuse_copy(self, text: str, examples: Sequence[str]) -> None:
        """Refuse a text that has nearly all words of the last text of an example.

        Raises:
            Rejected: `copy-of-example`.
        """
        mine = set(_WORD.findall(text.casefold()))
        for example in examples:
            words = set(_WORD.findall(example.rpartition("\n")[2].partition(": ")[2].casefold()))
            words = words or set(_WORD.findall(example.casefold()))
            if len(words & mine) >= self.own.overlap * len(words):
                raise Rejected("copy-of-example", f"{text[:200]!r} is an example that it was shown")


def _task(base: Base, options: Options) -> Task[Any, Any]:
    steps = Steps(base, options)
    return derived(
        base,
        contexts=steps.rounds,
        seeds=(steps.in_rounds, steps.samples),
        generators={label.name: steps.writer(label.name) for label in base.task.labels},
        prompts=(*PROMPTS, LIKEWISE, META_PROMPT),
        calls={
            "parameters": {
                "conditions": {"temperature": 1.0, "top_p": 0.9, "max_tokens": 40},
                "generate": {"temperature": 1.0, "top_p": 0.9, "max_tokens": 100},
            },
            "dry_run": steps.dry_run,
        },
        about={"based_on": (*embedder_of(options.features), *base.task.about.based_on)},
    )


PROGEN = Method(
    summary="generates rows in rounds; prompts show the earlier rows that help a model most",
    version="1",
    task=_task,
    options=Options,
    presets={
        "small": {"first": 20, "largest": 200, "influence_from": 40, "pool": 20, "damping": 0.01},
        "paper": {"min_words": 10, "ends": ".", "largest": 100_000},
    },
    given="pairs",
    source=(
        "ProGen, arXiv:2210.12329, with our own prompts. The model of a round is a linear head on "
        "words with exact influences; the authors trained DistilBERT and summed up "
        "a series. Parts of the rows serve in turn as validation rows. A round counts "
        "candidates, not rows. Examples are drawn for each text, not for a batch. Its "
        "authors had tasks of single texts. For pairs an example is the whole row, and premises "
        "are given or written, never taken from evaluation data."
    ),
    citation="""
@inproceedings{ye2022progen,
  title     = {ProGen: Progressive Zero-shot Dataset Generation via In-context Feedback},
  author    = {Ye, Jiacheng and Gao, Jiahui and Wu, Zhiyong and Feng, Jiangtao and Yu, Tao
               and Kong, Lingpeng},
  booktitle = {Findings of the Association for Computational Linguistics: EMNLP 2022},
  year      = {2022},
  eprint    = {2210.12329}
}""",
)
