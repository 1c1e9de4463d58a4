"""RTE: recognising textual entailment (paper, section 3.2 and appendix D.4).

Steps: topics -> premises (the instance seeds) -> a hypothesis for each label
-> the meta-prompt. Agrees with the paper / differs:

- the four steps, their inputs, and the label semantics agree;
- a premise is a text of one to six sentences. Code draws its length, its register and a country.
  The paper's "complex sentences" come out alike;
- a hypothesis that does not follow is of two kinds, *open* and *contradicted*, three to one as in
  the original (dimension `kind`). The paper's one prompt asks for an "unsound" hypothesis, which
  models answer only with contradictions, so that a clash gives the label away;
- a hypothesis comes after its basis, a sentence that it follows from. That is in the premise, or in
  another version of the premise (one fact changed, or one thing added). So hypotheses that do not
  follow are written like those that do, and their wording does not reveal the label. The paper's
  two prompts, for a sound and an unsound hypothesis in whatever form, are the variant `paper`;
- both labels are requested in the same form (subject matter, wording, length, affirmative), drawn
  alike;
- the judge's prompt states which everyday knowledge counts, and the value of reports;
- the paper gives no counts for steps 1 and 2. We use 10 topics and 2 premises per batch, and more
  until the quota is met. Two premises of a topic are more alike than others;
- the worked examples are ours: the paper's is a row of the original data.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from targen_core import Label, Prompt, Rejected, Task
from targen_core.tasks.groups import About, CallSettings, Judging, Rows, Seeding, Texts
from targen_core.tasks.parts import Case, Variant
from targen_core.tasks.replies import line, list_of
from targen_core.tasks.steps import ListStep, Llm
from targen_standard.checks.prose import phrase
from targen_standard.correctors.meta import META_PROMPT
from targen_tasks_superglue.shared.content import (
    Text,
    load_dimensions,
    load_instructions,
    load_samples,
)
from targen_tasks_superglue.shared.nli import claim, no_copy, related, statement
from targen_tasks_superglue.shared.offline import offline
from targen_tasks_superglue.shared.texts import negations, new_names

_PACKAGE = "targen_tasks_superglue.rte"
_OFFLINE = offline(_PACKAGE)
OF_PREMISES = load_dimensions(_PACKAGE, "premises")
OF_HYPOTHESES = load_dimensions(_PACKAGE, "hypotheses")


# --- seeds and rows -----------------------------------------------------------


class Premise(BaseModel):
    """An instance seed: a short factual text."""

    model_config = ConfigDict(frozen=True)

    premise: str


class RteRow(BaseModel):
    """A row in its official form, without `idx`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    premise: Text
    hypothesis: Text
    label: Literal["entailment", "not_entailment"]


# --- checks, without a model --------------------------------------------------

_QUOTES_A_QUESTION = re.compile(r"""[\w,:] ["\u201c][^"\u201c\u201d]*\?["\u201d]$""")


def check_topic(topic: str) -> None:
    """A topic is a phrase of 1 to 12 words.

    Raises:
        Rejected: `too-long`, `no-words`, or `markup`.
    """
    phrase(topic, max_words=12, what="topic")


def check_premise(seed: Premise) -> None:
    """A premise is a text of 6 to 200 words, clean prose that ends with no question of its own.

    Raises:
        Rejected: a reason of `prose`, or `question`.
    """
    try:
        statement(seed.premise, min_words=6, max_words=200, what="premise")
    except Rejected as error:
        # Somebody who is quoted may ask: 'She wondered aloud, "Who pays?"' states that she did.
        if error.reason != "question" or not _QUOTES_A_QUESTION.search(seed.premise):
            raise


def check_hypothesis(hypothesis: str, premise: str) -> None:
    """Check that a hypothesis is one short statement about its premise's matter, and not a copy.

    Raises:
        Rejected: a reason of `prose`, or `question`, `several-sentences`,
            `copy-of-premise`, `unrelated` (no content word in common).
    """
    claim(hypothesis, premise, min_words=4, max_words=30)
    no_copy(hypothesis, premise)
    related(hypothesis, premise)


def check_pair(row: RteRow, topic: str) -> None:
    """A row without a seed: a premise and a hypothesis that both are allowed.

    Raises:
        Rejected: a reason of `check_premise` or `check_hypothesis`.
    """
    check_premise(Premise(premise=row.premise))
    check_hypothesis(row.hypothesis, row.premise)


def check_row(row: RteRow, seed: Premise) -> None:
    """A row of its premise, with a hypothesis that `check_hypothesis` allows.

    Raises:
        Rejected: `premise-changed`, or a reason of `check_hypothesis`.
    """
    if row.premise != seed.premise:
        raise Rejected("premise-changed", "the row's premise is not its seed")
    check_hypothesis(row.hypothesis, row.premise)


# --- the steps ----------------------------------------------------------------

_SHOWN = 20  # earlier items that a prompt names; more would crowd out the request


def _prompt(name: str) -> Prompt:
    return Prompt(name, package=_PACKAGE)


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
    dimensions=load_dimensions(_PACKAGE, "topics"),
    dry_run=_OFFLINE,
)
PREMISES = ListStep(
    item=Premise,
    propose=_proposed(_PREMISES, "texts", _TEXT),
    batch=2,  # premises of one topic are alike: more topics, and few of each
    check=check_premise,
    summary="short factual texts about a topic",
    prompts=(_PREMISES,),
    dimensions=OF_PREMISES,
    dry_run=_OFFLINE,
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


# --- clues for the analysis ---------------------------------------------------


def cases(row: Mapping[str, Any]) -> list[Case]:
    """The pair of an official row."""
    premise, hypothesis = row["premise"], row["hypothesis"]
    return [
        Case(
            texts={"premise": premise, "hypothesis": hypothesis},
            cues={
                "negation in the hypothesis": (
                    negations(hypothesis),
                    negations(hypothesis) - negations(premise),
                ),
                "names and numbers that the premise lacks": (len(new_names(hypothesis, premise)),),
            },
        )
    ]


# --- the task -----------------------------------------------------------------


def _render(row: RteRow) -> str:
    return f"Premise: {row.premise}\nHypothesis: {row.hypothesis}"


_PAPER_PARAMETERS = {
    "contexts": {"temperature": 1.0, "max_tokens": 400},
    "seeds": {"temperature": 1.0, "max_tokens": 1600},
    "generate": {"temperature": 0.7, "max_tokens": 120},
    "correct": {"temperature": 0.0, "max_tokens": 300},
}
# A hypothesis comes with its basis.
_PARAMETERS = {**_PAPER_PARAMETERS, "generate": {"temperature": 0.7, "max_tokens": 200}}

RTE: Task[Premise, RteRow] = Task(
    name="rte",
    version="1",
    summary="Recognising textual entailment",
    description=(
        "Each row is a premise, which is a factual text of one or several sentences, and a "
        "hypothesis. The label is `entailment` if a reader who accepts the premise must accept the "
        "hypothesis. It is `not_entailment` if the premise contradicts the hypothesis or leaves it "
        "open."
    ),
    instance=RteRow,
    labels=(
        Label("entailment", summary="the hypothesis follows from the premise"),
        Label("not_entailment", summary="the premise contradicts the hypothesis or leaves it open"),
    ),
    contexts=TOPICS,
    seeds=(PREMISES,),
    generators={"entailment": write_entailment, "not_entailment": write_not_entailment},
    dimensions=OF_HYPOTHESES,
    checks=(check_row,),
    judging=Judging(instructions=load_instructions(_PACKAGE), samples=load_samples(_PACKAGE)),
    rows=Rows(
        cases=cases,
        seed_fields=("premise",),
        presets={
            # Table 2; the same numbers as the original train set, which is why
            # "original" is the same preset under another name.
            "paper": {"entailment": 1249, "not_entailment": 1241},
            "original": {"entailment": 1249, "not_entailment": 1241},
            "balanced": {"entailment": 1245, "not_entailment": 1245},
        },
    ),
    texts=Texts(
        render=_render,
        dedup_text=lambda row: row.hypothesis,
        instruction_template=Prompt("tuning", package=_PACKAGE),
    ),
    variants={
        "paper": Variant(
            "a logically sound and an unsound hypothesis, worded as in the paper, in any form",
            {
                "contexts": PAPER_TOPICS,
                "seeds": (PAPER_PREMISES,),
                "dimensions": (),
                "generators": {"entailment": write_sound, "not_entailment": write_unsound},
                "judging": {"corrector": "meta-paper"},
                "prompts": (*PAPER_PROMPTS, META_PROMPT),
                "seeding": {"labels_per_seed": None},
                "calls": {"parameters": _PAPER_PARAMETERS},
            },
        ),
        # Without step 2, a topic is used again, and the prompt lists its earlier premises.
        "no-seeds": Variant(
            "an ablation without step 2: premise and hypothesis are written together for a topic",
            {
                "seeds": (),
                "dimensions": (*OF_PREMISES, *OF_HYPOTHESES),
                "generators": {
                    "entailment": write_entailment_seedless,
                    "not_entailment": write_not_entailment_seedless,
                },
                "checks": (check_pair,),
                "prompts": (*SEEDLESS_PROMPTS, META_PROMPT),
                "seeding": {"labels_per_seed": None, "samples_per_seed": 20},
                "calls": {
                    "parameters": {
                        **_PARAMETERS,
                        # A call writes a whole pair.
                        "generate": {"temperature": 0.7, "max_tokens": 600},
                    }
                },
            },
        ),
    },
    prompts=(*PROMPTS, META_PROMPT),
    about=About(source="TarGEN, arXiv:2310.17876, section 3.2 and appendix D.4, in our own words."),
    seeding=Seeding(labels_per_seed=1),
    calls=CallSettings(parameters=_PARAMETERS, dry_run=_OFFLINE),
)
