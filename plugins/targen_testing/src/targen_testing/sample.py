"""A small task of the kit's own: what suites run that test no task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from targen_core.errors import Rejected
from targen_core.plugins.register import Registration
from targen_core.plugins.registry import Registry
from targen_core.tasks.groups import CallSettings, Judging, Rows
from targen_core.tasks.judging import CorrectionSample
from targen_core.tasks.model import Task
from targen_core.tasks.parts import DryRunCall, Label
from targen_core.tasks.prompt import Prompt
from targen_core.tasks.steps import ListStep, Llm
from targen_standard.correctors.meta import META_PROMPT

_TOPICS = Prompt(
    "sample-topics", '--- user\nName $count things that people review, as {"topics": [...]}.'
)
_REVIEW = Prompt("sample-review", '--- user\nWrite a $tone review of $topic, as {"text": "..."}.')


class Review(BaseModel):
    """A row of the sample task, without `idx`; not frozen: who writes into it is to be found."""

    text: str
    label: Literal["good", "bad"]


class _Topics(BaseModel):
    topics: list[str]


class _Text(BaseModel):
    text: str


async def _propose(llm: Llm, parent: None, existing: Sequence[str]) -> Sequence[str]:
    return (await llm.ask(_TOPICS, reply=_Topics, count=llm.batch)).topics


async def _good(llm: Llm, topic: str) -> Review:
    reply = await llm.ask(_REVIEW, reply=_Text, tone="glad", topic=topic)
    return Review(text=reply.text, label="good")


async def _bad(llm: Llm, topic: str) -> Review:
    reply = await llm.ask(_REVIEW, reply=_Text, tone="sorry", topic=topic)
    return Review(text=reply.text, label="bad")


def _has_words(review: Review, topic: str) -> None:
    if not review.text.strip():
        raise Rejected("no-words", "the review has no words")


def _dry_run(call: DryRunCall) -> Any:
    if call.prompt == "sample-topics":
        return {"topics": [" and ".join(call.rng.sample(_THINGS, 4)) for _ in "1234"]}
    if call.prompt == "sample-review":
        words = " ".join(call.rng.sample(_THINGS, 6))
        return {"text": f"{call.values['tone']}: {call.values['topic']}, {words}."}
    if call.prompt == "solve":
        answer = "good" if call.values["input"].startswith("glad") else "bad"
        return {"explanation": "Its tone says so.", "answer": answer}
    label = call.values.get("output", call.label)
    return {"explanation": "Its tone says so.", "actual": label, "verdict": "correct"}


_THINGS = "lamp kettle ferry hotel novel garden tunnel printer violin market bridge coat".split()

SAMPLE: Task[str, Review] = Task(
    name="sample",
    version="1",
    summary="reviews, good or bad: the conformance kit's own task",
    description="Each row is a review; the label says whether its writer is glad.",
    instance=Review,
    labels=(Label("good"), Label("bad")),
    contexts=ListStep(item=str, propose=_propose, batch=4),
    generators={"good": _good, "bad": _bad},
    checks=(_has_words,),
    judging=Judging(
        instructions="Is the writer of the review glad (good) or sorry (bad)?",
        samples=(
            CorrectionSample("glad: a fine lamp.", "good", "good", "The writer is glad."),
            CorrectionSample("sorry: a dim lamp.", "bad", "bad", "The writer is sorry."),
            CorrectionSample("glad: a warm coat.", "bad", "good", "The writer is glad."),
            CorrectionSample("sorry: a thin coat.", "good", "bad", "The writer is sorry."),
        ),
    ),
    prompts=(_TOPICS, _REVIEW, META_PROMPT),
    calls=CallSettings(dry_run=_dry_run),
)


class _Pair(BaseModel):
    """Two reviews that differ in one word, and must stay together."""

    model_config = ConfigDict(frozen=True)

    texts: tuple[str, str]
    label: Literal["good", "bad"]


class _PairRow(Review):
    """One of the two rows of a pair."""

    idx: int


def _pair_to_rows(pair: _Pair, idx: int) -> list[dict[str, Any]]:
    return [
        {"text": text, "label": pair.label, "idx": idx + at} for at, text in enumerate(pair.texts)
    ]


def _pair_from_rows(rows: Sequence[Mapping[str, Any]]) -> list[_Pair]:
    if len(rows) != 2:
        raise ValueError(f"an instance has two rows, not {len(rows)}: see Dataset.instances")
    one, two = rows
    return [_Pair(texts=(one["text"], two["text"]), label=one["label"])]


PAIRS: Task[str, _Pair] = Task(
    name="sample-pairs",
    version="1",
    summary="pairs of reviews: a task of the conformance kit with two rows per instance",
    description="Each two rows are reviews that differ in one word.",
    instance=_Pair,
    labels=SAMPLE.labels,
    contexts=SAMPLE.contexts,
    generators=dict.fromkeys(SAMPLE.generators, lambda llm, topic: _unasked()),
    rows=Rows(
        schema=_PairRow, to_rows=_pair_to_rows, from_rows=_pair_from_rows, rows_per_instance=2
    ),
)


async def _unasked() -> _Pair:
    raise NotImplementedError("its rows are given")


def with_sample(registry: Registry) -> Registry:
    """A registry with the sample task beside all that it has."""
    sample: Registration[Any] = Registration(
        "task", "sample", SAMPLE, SAMPLE.summary, "targen-core-testing", "sample", "targen-core"
    )
    return Registry([*registry.everything(), sample], registry.plugins, registry.kinds)
