"""The steps of RTE: topics, premises, and a hypothesis for each label."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel

from targen_core import ListStep, Llm, Prompt
from targen_core.tasks.replies import line, list_of
from targen_tasks_superglue.rte.checks import check_premise, check_topic
from targen_tasks_superglue.rte.rows import Premise, RteRow

__all__ = [
    "PAPER_PROMPTS",
    "PREMISES",
    "PROMPTS",
    "TOPICS",
    "write_entailment",
    "write_not_entailment",
    "write_unsound",
]

_TOLD = 20  # earlier items that a prompt names; more would crowd out the request


def _prompt(name: str) -> Prompt:
    return Prompt(name, package="targen_tasks_superglue.rte")


_TOPICS, _PREMISES = _prompt("topics"), _prompt("premises")
_ENTAILMENT = _prompt("entailment")
_NOT_ENTAILMENT = {name: _prompt(name) for name in ("contradicted", "open")}
_UNSOUND = _prompt("unsound")
PROMPTS = (_TOPICS, _PREMISES, _ENTAILMENT, *_NOT_ENTAILMENT.values())
PAPER_PROMPTS = (_TOPICS, _PREMISES, _ENTAILMENT, _UNSOUND)


_TOPIC = line(4, 60)
_SENTENCE = line(50, 320)


class _Hypothesis(BaseModel):
    hypothesis: line(20, 170)  # type: ignore[valid-type]


async def _grow_topics(llm: Llm, parent: None, have: Sequence[str]) -> Sequence[str]:
    told = "; ".join(have[-_TOLD:]) or "no others"
    wanted = list_of("topics", _TOPIC, llm.batch)
    reply = await llm.ask(_TOPICS, reply=wanted, count=llm.batch, have=told)
    return [topic.strip() for topic in reply.items if topic.strip()]


async def _grow_premises(llm: Llm, topic: str, have: Sequence[Premise]) -> Sequence[Premise]:
    told = " ".join(item.premise for item in have[-_TOLD:]) or "no others"
    wanted = list_of("sentences", _SENTENCE, llm.batch)
    reply = await llm.ask(_PREMISES, reply=wanted, topic=topic, count=llm.batch, have=told)
    return [Premise(premise=" ".join(sentence.split())) for sentence in reply.items]


TOPICS = ListStep(
    item=str,
    grow=_grow_topics,
    batch=10,
    check=check_topic,
    summary="narrow topics to write facts about",
)
PREMISES = ListStep(
    item=Premise,
    grow=_grow_premises,
    batch=5,
    check=check_premise,
    summary="dense factual sentences about a topic",
)


async def write_entailment(llm: Llm, seed: Premise) -> RteRow:
    """G(entailment, premise): a hypothesis that follows."""
    reply = await llm.ask(_ENTAILMENT, reply=_Hypothesis, premise=seed.premise)
    hypothesis = reply.hypothesis.strip()
    return RteRow(premise=seed.premise, hypothesis=hypothesis, label="entailment")


async def write_not_entailment(llm: Llm, seed: Premise) -> RteRow:
    """G(not_entailment, premise): contradicted by it or left open, in equal shares."""
    kind = llm.alternate("contradicted", "open")
    llm.note(kind=kind)
    reply = await llm.ask(_NOT_ENTAILMENT[kind], reply=_Hypothesis, premise=seed.premise)
    hypothesis = reply.hypothesis.strip()
    return RteRow(premise=seed.premise, hypothesis=hypothesis, label="not_entailment")


async def write_unsound(llm: Llm, seed: Premise) -> RteRow:
    """G(not_entailment, premise) as the paper has it: a "logically unsound" hypothesis."""
    reply = await llm.ask(_UNSOUND, reply=_Hypothesis, premise=seed.premise)
    hypothesis = reply.hypothesis.strip()
    return RteRow(premise=seed.premise, hypothesis=hypothesis, label="not_entailment")
