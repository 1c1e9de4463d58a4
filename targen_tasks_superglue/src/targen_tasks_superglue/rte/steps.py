"""The steps of RTE: topics, premises, and a hypothesis for each label."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

from pydantic import BaseModel

from targen_core import Prompt
from targen_core.tasks.replies import line, list_of
from targen_core.tasks.steps import ListStep, Llm
from targen_tasks_superglue.rte.checks import check_hypothesis, check_premise, check_topic
from targen_tasks_superglue.rte.dimensions import OF_PREMISES, OF_TOPICS
from targen_tasks_superglue.rte.dry_run import dry_run
from targen_tasks_superglue.rte.rows import Premise, RteRow

_SHOWN = 20  # earlier items that a prompt names; more would crowd out the request


def _prompt(name: str) -> Prompt:
    return Prompt(name, package="targen_tasks_superglue.rte")


_THEMES, _PREMISES = _prompt("themes"), _prompt("premises")
_TOPICS, _SENTENCES = _prompt("topics"), _prompt("sentences")
_ENTAILMENT = _prompt("entailment")
_NOT_ENTAILMENT = {name: _prompt(name) for name in ("contradicted", "open")}
_SOUND, _UNSOUND = _prompt("sound"), _prompt("unsound")
_PAIR = _prompt("pair")
PROMPTS = (_THEMES, _PREMISES, _ENTAILMENT, *_NOT_ENTAILMENT.values())
PAPER_PROMPTS = (_TOPICS, _SENTENCES, _SOUND, _UNSOUND)
SEEDLESS_PROMPTS = (_THEMES, _PAIR)
_RELATIONS: Mapping[str, str] = {
    "entailment": "must be true if the premise is true",
    "contradicted": "must be false if the premise is true",
    "open": "may be true or false if the premise is true",
}

_TOPIC = line(4, 60)
_SENTENCE = line(50, 320)
_TEXT = line(40, 1100)


class _Hypothesis(BaseModel):
    hypothesis: line(20, 170)  # type: ignore[valid-type]


class _WithBasis(BaseModel):
    """A hypothesis after its basis: whatever the label, the hypothesis follows from that."""

    basis: line(10, 300)  # type: ignore[valid-type]
    hypothesis: line(20, 170)  # type: ignore[valid-type]


class _Pair(BaseModel):
    premise: line(40, 1100)  # type: ignore[valid-type]
    basis: line(10, 300)  # type: ignore[valid-type]
    hypothesis: line(20, 170)  # type: ignore[valid-type]


def _proposed_topics(
    prompt: Prompt,
) -> Callable[[Llm, None, Sequence[str]], Coroutine[Any, Any, Sequence[str]]]:
    async def propose(llm: Llm, parent: None, existing: Sequence[str]) -> Sequence[str]:
        have = "; ".join(existing[-_SHOWN:]) or "no others"
        model = list_of("topics", _TOPIC, llm.batch)
        reply = await llm.ask(prompt, reply=model, count=llm.batch, have=have)
        return [_tidy(topic) for topic in reply.items if topic.strip()]

    return propose


def _proposed(
    prompt: Prompt, key: str, text: Any
) -> Callable[[Llm, str, Sequence[Premise]], Coroutine[Any, Any, Sequence[Premise]]]:
    """Return a function that asks for a topic's premises; `key` of the reply has the texts."""

    async def propose(llm: Llm, topic: str, existing: Sequence[Premise]) -> Sequence[Premise]:
        have = " ".join(item.premise for item in existing[-_SHOWN:]) or "none"
        model = list_of(key, text, llm.batch)
        reply = await llm.ask(prompt, reply=model, topic=topic, count=llm.batch, have=have)
        return [Premise(premise=_tidy(one)) for one in reply.items]

    return propose


TOPICS = ListStep(
    item=str,
    propose=_proposed_topics(_THEMES),
    batch=10,
    check=check_topic,
    summary="topics that texts of any country can be about",
    prompts=(_THEMES,),
    dimensions=OF_TOPICS,
    dry_run=dry_run,
)
PREMISES = ListStep(
    item=Premise,
    propose=_proposed(_PREMISES, "texts", _TEXT),
    batch=2,  # premises of one topic are alike: more topics, and few of each
    check=check_premise,
    summary="short factual texts about a topic",
    prompts=(_PREMISES,),
    dimensions=OF_PREMISES,
    dry_run=dry_run,
)
PAPER_TOPICS = replace(
    TOPICS,
    propose=_proposed_topics(_TOPICS),
    summary="narrow topics to write facts about",
    prompts=(_TOPICS,),
    dimensions=(),
)
PAPER_PREMISES = replace(
    PREMISES,
    propose=_proposed(_SENTENCES, "sentences", _SENTENCE),
    batch=5,
    summary="dense factual sentences about a topic",
    prompts=(_SENTENCES,),
    dimensions=(),
)


async def write_entailment(llm: Llm, seed: Premise) -> RteRow:
    """G(entailment, premise): a hypothesis that follows."""
    return await _write(llm, seed, "entailment", _ENTAILMENT)


async def write_not_entailment(llm: Llm, seed: Premise) -> RteRow:
    """G(not_entailment, premise): contradicted by it or left open, as the dimension `kind` says."""
    return await _write(llm, seed, "not_entailment", _NOT_ENTAILMENT[_kind(llm)])


async def write_sound(llm: Llm, seed: Premise) -> RteRow:
    """G(entailment, premise) as the paper has it: a "logically sound" hypothesis."""
    return await _write(llm, seed, "entailment", _SOUND, _Hypothesis)


async def write_unsound(llm: Llm, seed: Premise) -> RteRow:
    """G(not_entailment, premise) as the paper has it: a "logically unsound" hypothesis."""
    return await _write(llm, seed, "not_entailment", _UNSOUND, _Hypothesis)


async def write_entailment_seedless(llm: Llm, topic: str) -> RteRow:
    """G(entailment, topic), without a seed: premise and hypothesis at once."""
    return await _write_pair(llm, topic, "entailment", "entailment")


async def write_not_entailment_seedless(llm: Llm, topic: str) -> RteRow:
    """G(not_entailment, topic), without a seed: contradicted or left open, as `kind` says."""
    return await _write_pair(llm, topic, "not_entailment", _kind(llm))


def _kind(llm: Llm) -> str:
    """Return the drawn kind of not-entailment; a task without the dimension alternates them."""
    return llm.draws[0].get("kind") or llm.alternate(*_NOT_ENTAILMENT)


async def _write_pair(
    llm: Llm, topic: str, label: Literal["entailment", "not_entailment"], kind: str
) -> RteRow:
    def usable(reply: _Pair) -> None:
        check_premise(Premise(premise=reply.premise.strip()))
        check_hypothesis(reply.hypothesis.strip(), reply.premise.strip())

    have = " ".join(row.premise for row in llm.earlier[-_SHOWN:]) or "none"
    reply = await llm.ask(
        _PAIR, reply=_Pair, check=usable, topic=topic, relation=_RELATIONS[kind], have=have
    )
    return RteRow(premise=_tidy(reply.premise), hypothesis=_tidy(reply.hypothesis), label=label)


async def _write(
    llm: Llm,
    seed: Premise,
    label: Literal["entailment", "not_entailment"],
    prompt: Prompt,
    model: type[_Hypothesis | _WithBasis] = _WithBasis,
) -> RteRow:
    """Return a row of the reply; request an unusable one once more, with the reason."""

    def usable(reply: _Hypothesis | _WithBasis) -> None:
        # Not yet tidied: text on a line of its own is not part of a sentence.
        check_hypothesis(reply.hypothesis.strip(), seed.premise)

    reply = await llm.ask(prompt, reply=model, check=usable, premise=seed.premise)
    return RteRow(premise=seed.premise, hypothesis=_tidy(reply.hypothesis), label=label)


def _tidy(text: str) -> str:
    return " ".join(text.split())
