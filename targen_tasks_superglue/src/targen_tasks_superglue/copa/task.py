"""COPA: choice of plausible alternatives (paper, section 3.2 and appendix D.1).

Steps: settings -> events (the instance seeds) -> a likely and an unlikely
cause or result -> the meta-prompt. Agrees with the paper / differs:

- the four steps, their inputs, and the label semantics agree. The question is `cause` or `effect`,
  as in section 3.2 and the official data (the appendix says "result");
- the formula in the appendix repeats C2 in its second conditions. We read it as the text around it:
  the other choice is not the cause or the result;
- the reply tells the two choices apart by field, and code puts the likely one
  where the label says. The paper's worked examples and its released rows have
  it first throughout;
- cause and effect come in equal shares *within each label*, so that the question does not reveal
  the label. A seed asks for the cause under one label and for the result under the other;
- the unlikely choice is the right one for another event of the same people. The writer names that
  event first, and code draws its kind. The choice is about as long as the likely one and about the
  same person or thing. The paper's example ("My mother bought a new car") can be solved by its
  topic. That construction is the variant `paper`;
- code also draws what events are about and their length, and the length and the subject of choices.
  So rows differ as people's do;
- "What was the CAUSE of this?" is added when a row is rendered for step 4 or for instruction
  tuning, never to the official premise;
- the paper gives no counts for steps 1 and 2: 10 settings and 5 events a
  batch, grown until the quota is met;
- the worked examples are ours: the paper's are rows of the original data.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal, cast

from pydantic import BaseModel, ConfigDict, field_validator, model_validator

from targen_core import Label, Prompt, Rejected, Task
from targen_core.tasks.groups import About, CallSettings, Judging, Rows, Seeding, Texts
from targen_core.tasks.parts import RIGHT, WRONG, Case, Variant
from targen_core.tasks.replies import line, list_of
from targen_core.tasks.steps import ListStep, Llm
from targen_core.tasks.words import is_cut_from, words
from targen_standard.checks.copies import is_copy, similarity
from targen_standard.checks.languages import content_words
from targen_standard.checks.prose import several_sentences
from targen_standard.correctors.meta import META_PROMPT
from targen_tasks_superglue.shared.content import (
    Text,
    load_dimensions,
    load_instructions,
    load_samples,
)
from targen_tasks_superglue.shared.inflection import VERBS
from targen_tasks_superglue.shared.nli import COPY, statement
from targen_tasks_superglue.shared.offline import offline
from targen_tasks_superglue.shared.settings import (
    PAPER_SETTINGS,
    SETTINGS,
    SETTINGS_PARAMETERS,
    SETTINGS_PROMPT,
)
from targen_tasks_superglue.shared.texts import beside, beside_lengths, is_labeled, shared

_PACKAGE = "targen_tasks_superglue.copa"
_OFFLINE = offline(_PACKAGE)


# --- seeds and rows -----------------------------------------------------------

Question = Literal["cause", "effect"]

ASKED: dict[Question, str] = {
    "cause": "What was the cause of this?",
    "effect": "What happened as a result?",
}
"""The words of each question after the premise, for a person or a model that solves the row."""

_LINK = re.compile(r"what (?:was|is) the (?:cause|result|effect)|what happened as a", re.IGNORECASE)


def asks_for_link(text: str) -> bool:
    """Return whether a text holds the question that the rendering puts after a premise."""
    return _LINK.search(text) is not None


class Event(BaseModel):
    """An instance seed: one short sentence about an event."""

    model_config = ConfigDict(frozen=True)

    event: str


class CopaRow(BaseModel):
    """A row in its official form, without `idx`; label 0 is choice 1."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    premise: Text
    choice1: Text
    choice2: Text
    question: Question
    label: Literal[0, 1]

    @field_validator("premise")
    @classmethod
    def _without_its_question(cls, premise: str) -> str:
        if asks_for_link(premise):
            raise ValueError("the premise contains the question, which has its own field")
        return premise

    @field_validator("label", mode="before")
    @classmethod
    def _a_number(cls, label: object) -> object:
        if isinstance(label, (bool, float)):
            raise ValueError(f"the label is {label!r}; it must be the number 0 or 1")
        return label

    @model_validator(mode="after")
    def _choices_differ(self) -> CopaRow:
        if is_copy(self.choice1, self.choice2):
            raise ValueError("the two choices are the same")
        return self

    @property
    def asked(self) -> str:
        """The premise with its question."""
        return f"{self.premise} {ASKED[self.question]}"


# --- checks, without a model --------------------------------------------------

_ALIKE = 96  # similarity of the choices from which a reader cannot tell them apart
_CAUSAL = re.compile(
    r"\b(?:because|due to|thanks to|owing to|as a result|therefore|thus|so that)\b", re.IGNORECASE
)
_CONNECTIVE = re.compile(
    r"\W*(?:because|so (?:he|she|it|they|we|i|the|that)|thus|therefore|hence|consequently|"
    r"as a result|due to|this caused|that is why)\b",
    re.IGNORECASE,
)
_HEADED = re.compile(
    r"\W*(?:statement|choice|option|alternative|event|cause|effect|result|(?:un)?likely)s?\W*\d*\W*:",
    re.IGNORECASE,
)
_LABEL_WORD = re.compile(
    r"\b(?:un)?likely\b|\b(?:im)?plausibl[ey]\b|\b(?:im)?probabl[ey]\b|"
    r"\b(?:cause|result|effect) of (?:this|the event)\b",
    re.IGNORECASE,
)
_PARTICIPLES = (
    {form for forms in VERBS.values() for form in forms}
    | {verb for verb, forms in VERBS.items() if not forms}  # put, put
    | {"become", "come", "overcome", "run"}
)
_PERFECT = re.compile(
    r"\b(?:had|\w+['’]d)\s+(?:(?:not|never|just|already|also|once|both|all|long|only)\s+)*"
    rf"(?:(?!need)\w+ed|{'|'.join(sorted(_PARTICIPLES))})\b",
    re.IGNORECASE,
)
_PRONOUNS = frozenset(
    "i me my mine myself we us our ours ourselves he him his himself she her hers herself it its "
    "itself they them their theirs themselves".split()
)
_PATTERN = 2  # words by which two choices of one pattern differ


def check_event(seed: Event) -> None:
    """An event is one sentence of 3 to 18 words that tells neither cause nor result.

    Raises:
        Rejected: a reason of `prose`, or `question`, `several-sentences`,
            `names-cause`.
    """
    _plain(seed.event)
    statement(seed.event, min_words=3, max_words=18, what="event")
    if asks_for_link(seed.event):
        raise Rejected("question", "the event holds the question about it")
    if several_sentences(seed.event):
        raise Rejected("several-sentences", "the event is more than one sentence")
    if _CAUSAL.search(seed.event):
        raise Rejected("names-cause", f"the event tells its cause or result: {seed.event!r}")


def check_statements(premise: str, choices: tuple[str, str]) -> None:
    """Two choices are different statements, neither of them the premise.

    Raises:
        Rejected: a reason of `prose`, or `question`, `connective`,
            `label-word`, `copy-of-premise`, `choices-alike`.
    """
    for choice in choices:
        _plain(choice)
        statement(choice, min_words=2, max_words=20, what="choice")
        if _CONNECTIVE.match(choice):
            raise Rejected("connective", f"the choice opens with a connective: {choice!r}")
        if _LABEL_WORD.search(choice):
            raise Rejected("label-word", f"the choice says how likely it is: {choice!r}")
        inside = is_cut_from(choice, premise)
        if inside or similarity(choice, premise) >= COPY:
            raise Rejected("copy-of-premise", f"the choice repeats the event: {choice!r}")
    if is_copy(*choices) or similarity(*choices) >= _ALIKE:
        raise Rejected("choices-alike", "the two choices say the same thing")


def _plain(text: str) -> None:
    if _HEADED.match(text):
        raise Rejected("meta-text", f"a heading stands in front: {text[:60]!r}")


def check_choices(premise: str, choices: tuple[str, str]) -> None:
    """Two choices that the causal link tells apart, not their form.

    The checks ignore whether a choice keeps to the scene of the event. Fair choices often share no
    word with the event or with each other.

    Raises:
        Rejected: a reason of `check_statements`, or `unlike-lengths`.
    """
    check_statements(premise, choices)
    short, long = sorted(len(words(choice)) for choice in choices)
    if long - short > max(2, 0.4 * long):
        raise Rejected("unlike-lengths", f"one choice has {short} words, the other {long}")


def check_unlike(premise: str, choices: tuple[str, str]) -> None:
    """Check two choices as written: neither pattern nor tense may distinguish them.

    Raises:
        Rejected: a reason of `check_choices`, or `alike-openings` (the same two words), or
            `one-pattern` (all except a word or two are the same). Or `lone-pronoun` (only one
            speaks of somebody as "she" or "my", which reveals the right choice). Or `past-perfect`
            (it separates what came before from what came after).
    """
    check_choices(premise, choices)
    one, two = (words(choice) for choice in choices)
    if one[:2] == two[:2]:
        raise Rejected(
            "alike-openings", f"both choices open with {' '.join(one[:2])!r}: open one otherwise"
        )
    apart = max((Counter(one) - Counter(two)).total(), (Counter(two) - Counter(one)).total())
    if apart <= _PATTERN and content_words(choices[0]) & content_words(choices[1]):
        raise Rejected("one-pattern", "the choices are the same but for a word or two")
    speaking = [choice for choice in choices if _PRONOUNS & {*re.findall(r"\w+", choice.lower())}]
    if len(speaking) == 1:
        raise Rejected(
            "lone-pronoun", f"only {speaking[0]!r} has a pronoun: both are to have one, or neither"
        )
    for choice in choices:
        if perfect := _PERFECT.search(choice):
            raise Rejected("past-perfect", f"{perfect[0]!r} is not in the simple past: {choice!r}")


def check_row(row: CopaRow, seed: Event) -> None:
    """A row of its event, with two fair choices.

    Raises:
        Rejected: `premise-changed`, or a reason of `check_choices`.
    """
    _same_premise(row, seed)
    check_choices(row.premise, (row.choice1, row.choice2))


def check_row_paper(row: CopaRow, seed: Event) -> None:
    """A row of its event, as the paper has it: any two different choices.

    Raises:
        Rejected: `premise-changed`, or a reason of `check_statements`.
    """
    _same_premise(row, seed)
    check_statements(row.premise, (row.choice1, row.choice2))


def _same_premise(row: CopaRow, seed: Event) -> None:
    if row.premise != seed.event:
        raise Rejected("premise-changed", "the row's premise is not its event")


# --- the steps ----------------------------------------------------------------

_SHOWN = 20  # earlier events that a prompt names; more would crowd out the request


def _prompt(name: str) -> Prompt:
    return Prompt(name, package=_PACKAGE)


EVENTS_PROMPT = _prompt("events")
FAIR_PROMPTS: Mapping[Question, Prompt] = {"cause": _prompt("cause"), "effect": _prompt("effect")}
PAPER_PROMPTS: Mapping[Question, Prompt] = {
    "cause": _prompt("cause_any"),
    "effect": _prompt("effect_any"),
}

_SENTENCE = line(10, 90)
_FAR = "not given"  # the setting of events that are the user's own


class _Any(BaseModel):
    """The reply: the fields tell the two apart, so their order may mean nothing."""

    likely: line(6, 90)  # type: ignore[valid-type]
    unlikely: line(6, 90)  # type: ignore[valid-type]


class _Fair(_Any):
    """With the event that the wrong choice answers for, named before that choice is written."""

    other_event: line(3, 120)  # type: ignore[valid-type]


async def _propose_events(llm: Llm, setting: str, existing: Sequence[Event]) -> Sequence[Event]:
    have = " ".join(item.event for item in existing[-_SHOWN:]) or "none"
    model = list_of("events", _SENTENCE, llm.batch)
    reply = await llm.ask(EVENTS_PROMPT, reply=model, setting=setting, count=llm.batch, have=have)
    return [Event(event=" ".join(sentence.split())) for sentence in reply.items]


EVENTS = ListStep(
    item=Event,
    propose=_propose_events,
    batch=3,
    check=check_event,
    summary="short sentences about events in a setting",
    prompts=(EVENTS_PROMPT,),
    dimensions=load_dimensions(_PACKAGE, "events"),
    dry_run=_OFFLINE,
)
PAPER_EVENTS = replace(EVENTS, dimensions=())


async def write_choice1(llm: Llm, seed: Event) -> CopaRow:
    """G(choice1, event): the likely choice comes first."""
    return await _write(llm, seed, 0, FAIR_PROMPTS, _Fair, check_unlike)


async def write_choice2(llm: Llm, seed: Event) -> CopaRow:
    """G(choice2, event): the likely choice comes second."""
    return await _write(llm, seed, 1, FAIR_PROMPTS, _Fair, check_unlike)


async def write_choice1_paper(llm: Llm, seed: Event) -> CopaRow:
    """G(choice1, event), with any very unlikely choice (appendix D.1)."""
    return await _write(llm, seed, 0, PAPER_PROMPTS, _Any, check_statements)


async def write_choice2_paper(llm: Llm, seed: Event) -> CopaRow:
    """G(choice2, event), with any very unlikely choice (appendix D.1)."""
    return await _write(llm, seed, 1, PAPER_PROMPTS, _Any, check_statements)


async def _write(
    llm: Llm,
    seed: Event,
    label: Literal[0, 1],
    prompts: Mapping[Question, Prompt],
    form: type[_Any],
    check: Callable[[str, tuple[str, str]], None],
) -> CopaRow:
    # Crossed with the label: a seed asks for the cause under one label and for
    # the result under the other, in turns. So each label has both questions in
    # equal shares, and a seed's two rows differ in more than the order of choices.
    order = ("cause", "effect") if label == 0 else ("effect", "cause")
    question = cast("Question", llm.alternate(*order))
    llm.note(question=question)

    def fair(alternatives: _Any) -> None:
        check(seed.event, (alternatives.likely.strip(), alternatives.unlikely.strip()))

    prompt = prompts[question]
    told = {"premise": seed.event, "setting": str(llm.above[0]) if llm.above else _FAR}
    values: dict[str, Any] = {name: told[name] for name in prompt.variables if name in told}
    reply = await llm.ask(prompt, reply=form, check=fair, **values)
    if isinstance(reply, _Fair):
        llm.note(other_event=reply.other_event.strip())
    likely, unlikely = reply.likely.strip(), reply.unlikely.strip()
    choice1, choice2 = (likely, unlikely) if label == 0 else (unlikely, likely)
    return CopaRow(
        premise=seed.event, choice1=choice1, choice2=choice2, question=question, label=label
    )


# --- clues for the analysis ---------------------------------------------------


def cases(row: Mapping[str, Any]) -> list[Case]:
    """Both choices of an official row, the right one and the wrong one."""
    if not is_labeled(row):
        return []
    premise, choices = row["premise"], (row["choice1"], row["choice2"])
    lengths = beside_lengths(choices)
    overlaps = beside([shared(choice, premise) for choice in choices])
    return [
        Case(
            texts={"premise": premise, "choice": choice},
            reads={"premise": f"{premise} {ASKED[row['question']]}", "choice": choice},
            answer=f"choice{place + 1}",
            label=RIGHT if place == int(row["label"]) else WRONG,
            cues={
                "place of the choice": (place,),
                "cause or effect, with the place of the choice": f"{row['question']} {place}",
                "which choice is longer": lengths[place],
                "which choice shares more words with the premise": (overlaps[place],),
            },
        )
        for place, choice in enumerate(choices)
    ]


# --- the task -----------------------------------------------------------------


def _render(row: CopaRow) -> str:
    return f"Premise: {row.asked}\nchoice1: {row.choice1}\nchoice2: {row.choice2}"


def _choice_texts(row: CopaRow) -> str:
    """Return the generated text, independent of the order of choices."""
    return " ".join(sorted((row.choice1, row.choice2)))


COPA: Task[Event, CopaRow] = Task(
    name="copa",
    version="1",
    summary="Choice of plausible alternatives: which choice is the cause or the result?",
    description=(
        "Each row is a premise, which is one short sentence about an event, a question (`cause` or "
        "`effect`), and two choices. The label is the choice that is the more likely cause or "
        "effect of the event: `choice1` (0) or `choice2` (1). The field `question` contains the "
        "question; the premise does not."
    ),
    instance=CopaRow,
    labels=(
        Label("choice1", 0, summary="the first choice is the cause or the result asked for"),
        Label("choice2", 1, summary="the second choice is the cause or the result asked for"),
    ),
    contexts=SETTINGS,
    seeds=(EVENTS,),
    generators={"choice1": write_choice1, "choice2": write_choice2},
    dimensions=load_dimensions(_PACKAGE, "choices"),
    checks=(check_row,),
    judging=Judging(instructions=load_instructions(_PACKAGE), samples=load_samples(_PACKAGE)),
    rows=Rows(
        cases=cases,
        seed_fields=("premise",),
        presets={
            "paper": {"choice1": 195, "choice2": 107},  # table 2
            "original": {"choice1": 195, "choice2": 205},  # the official train set
            "balanced": {"choice1": 151, "choice2": 151},
        },
    ),
    texts=Texts(
        render=_render,
        dedup_text=_choice_texts,
        instruction_template=Prompt("tuning", package=_PACKAGE),
    ),
    variants={
        "paper": Variant(
            "the wrong choice is any very unlikely one, as the paper's prompt requests",
            {
                "contexts": PAPER_SETTINGS,
                "seeds": (PAPER_EVENTS,),
                "generators": {"choice1": write_choice1_paper, "choice2": write_choice2_paper},
                "checks": (check_row_paper,),
                "dimensions": (),
                "judging": {"corrector": "meta-paper"},
                "prompts": (SETTINGS_PROMPT, EVENTS_PROMPT, *PAPER_PROMPTS.values(), META_PROMPT),
                "seeding": {"labels_per_seed": None},
            },
        ),
    },
    prompts=(SETTINGS_PROMPT, EVENTS_PROMPT, *FAIR_PROMPTS.values(), META_PROMPT),
    about=About(source="TarGEN, arXiv:2310.17876, section 3.2 and appendix D.1, in our own words."),
    seeding=Seeding(labels_per_seed=1),
    calls=CallSettings(
        parameters={
            "contexts": SETTINGS_PARAMETERS,
            "seeds": {"temperature": 1.0, "max_tokens": 400},
            "generate": {"temperature": 0.7, "max_tokens": 200},
            "correct": {"temperature": 0.0, "max_tokens": 300},
        },
        dry_run=_OFFLINE,
    ),
)
