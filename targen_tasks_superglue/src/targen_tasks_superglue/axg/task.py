"""AX-g: does entailment depend on a pronoun's gender? (paper, section 3.2 and appendix D.8).

Steps: settings -> subject pairs -> four sentences per pair, which are two instance seeds -> one
hypothesis for each seed and label. The meta-prompt then judges each premise on its own. Agrees with
the paper / differs:

- the four steps and their inputs agree: singular subject pairs in a setting, and one opening
  clause. The four sentences are (refers to subject 1, subject 2) x (two gendered pronouns),
  identical except for the pronoun within a pair. A hypothesis names the referent and is free of
  gendered pronouns;
- one hypothesis and one label serve both rows of a pair, as in the original data. The paper does
  not say so;
- not_entailment is the entailed hypothesis with the other subject in the referent's place, as
  mostly in the original data. So only coreference decides. Label, subject meant and order of the
  pronouns are crossed. The paper's, a sentence that is false of the right person, can be solved
  without a look at the pronoun: it is the variant `paper`;
- a pair whose two premises are judged differently is rejected as
  `pronoun-dependent`. The paper corrects each row on its own;
- three pairs per setting, not ten, and each two sentences are for one label, so that no premise has
  both. The dealings of the two people, and the form of their sentences, are drawn. They are the
  same for both sentences, which have different labels;
- subjects do not indicate gender (no "waitress"), so that both pronouns fit;
- the worked examples are ours: the paper's are near copies of original rows.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pydantic import BaseModel

from targen_core import Correction, Label, Prompt, Rejected, Task
from targen_core.tasks.groups import About, CallSettings, Judging, Rows, Seeding, Texts
from targen_core.tasks.judging import JudgeAnswer, JudgeQuestion
from targen_core.tasks.parts import Case, Variant
from targen_core.tasks.replies import line
from targen_core.tasks.steps import ListStep, Llm
from targen_core.tasks.words import normalized, words
from targen_standard.correctors.meta import META_PROMPT
from targen_tasks_superglue.axg.rows import (
    AxgPair,
    AxgRow,
    LabelName,
    Sentences,
    check_hypothesis,
    check_pair_of_rows,
    check_sentences,
    from_rows,
    gendered,
    to_rows,
)
from targen_tasks_superglue.shared.content import load_dimensions, load_instructions, load_samples
from targen_tasks_superglue.shared.offline import offline
from targen_tasks_superglue.shared.settings import (
    PAPER_SETTINGS,
    SETTINGS,
    SETTINGS_PARAMETERS,
    SETTINGS_PROMPT,
)
from targen_tasks_superglue.shared.subjects import (
    PAIRS_PROMPT,
    SUBJECTS_PROMPT,
    SubjectPair,
    neutral_pairs,
    paper_pairs,
)
from targen_tasks_superglue.shared.texts import mentions, words_of

_PACKAGE = "targen_tasks_superglue.axg"
_OFFLINE = offline(_PACKAGE)


def _prompt(name: str) -> Prompt:
    return Prompt(name, package=_PACKAGE)


_SENTENCES, _SENTENCES_PAPER = _prompt("sentences"), _prompt("sentences_paper")
_FOLLOWS, _FALSE = _prompt("follows"), _prompt("false")
PROMPTS = (SETTINGS_PROMPT, PAIRS_PROMPT, _SENTENCES, _FOLLOWS)
PAPER_PROMPTS = (SETTINGS_PROMPT, SUBJECTS_PROMPT, _SENTENCES_PAPER, _FOLLOWS, _FALSE)

_SENTENCE = line(40, 240)


class _Four(BaseModel):
    opening: line(20, 140)  # type: ignore[valid-type]
    subject1_he: _SENTENCE  # type: ignore[valid-type]
    subject1_she: _SENTENCE  # type: ignore[valid-type]
    subject2_he: _SENTENCE  # type: ignore[valid-type]
    subject2_she: _SENTENCE  # type: ignore[valid-type]


class _Hypothesis(BaseModel):
    hypothesis: line(12, 140)  # type: ignore[valid-type]


def _seeds(four: _Four, pair: SubjectPair, first: str) -> Sequence[Sentences]:
    """The two seeds of a reply, that of the `first` or the `second` subject at the head."""

    def seed(meant: str, he: str, she: str) -> Sentences:
        tidy = [" ".join(text.split()) for text in (four.opening, he, she)]
        return Sentences.model_validate(
            {
                "first": pair.first,
                "second": pair.second,
                "meant": meant,
                "opening": tidy[0].rstrip(" .,;:-\u2013\u2014\u2026"),
                "he": tidy[1],
                "she": tidy[2],
            }
        )

    seeds = [
        seed("first", four.subject1_he, four.subject1_she),
        seed("second", four.subject2_he, four.subject2_she),
    ]
    return seeds if first == "first" else seeds[::-1]


def _sentences(prompt: Prompt, order: Sequence[str]) -> ListStep[Sentences]:
    """Return the step of four sentences with one opening clause: two seeds, one per subject meant.

    Args:
        prompt: the request.
        order: the subject whose seed comes first, in turns.
    """

    async def propose(
        llm: Llm, pair: SubjectPair, existing: Sequence[Sentences]
    ) -> Sequence[Sentences]:
        values = {name: value for name, value in pair if name in prompt.variables}
        four = await llm.ask(prompt, reply=_Four, **values)
        return _seeds(four, pair, llm.alternate(*order))

    return ListStep(
        item=Sentences,
        propose=propose,
        batch=2,
        once=True,
        check=check_sentences,
        key=lambda seed: " ".join(words_of(seed.he)),
        summary="two sentences that differ in a gendered pronoun, for each of two subjects meant",
        prompts=(prompt,),
        dry_run=_OFFLINE,
    )


SUBJECT_PAIRS = neutral_pairs(*load_dimensions(_PACKAGE, "sentences"))
PAPER_SUBJECT_PAIRS = paper_pairs(pronouns=False)
# The order changes every second time, since that of labels changes every time.
SENTENCES = _sentences(_SENTENCES, ("first", "first", "second", "second"))
# Here each seed is for both labels.
PAPER_SENTENCES = _sentences(_SENTENCES_PAPER, ("first", "second"))


async def write_entailment(llm: Llm, seed: Sentences) -> AxgPair:
    """G(entailment, sentences): the clause's statement about the one whom the pronoun means."""
    llm.note(names=seed.subject)
    return _pair(llm, seed, await _follows(llm, seed), "entailment")


async def write_swapped(llm: Llm, seed: Sentences) -> AxgPair:
    """G(not_entailment, sentences): an entailed hypothesis, said of the other subject."""
    llm.note(names=seed.other)
    hypothesis = swap_subject(await _follows(llm, seed), seed)
    return _pair(llm, seed, hypothesis, "not_entailment")


async def write_false(llm: Llm, seed: Sentences) -> AxgPair:
    """G(not_entailment, sentences) as the paper has it: false of the one who is meant."""
    llm.note(names=seed.subject)
    return _pair(llm, seed, await _hypothesis(llm, _FALSE, seed), "not_entailment")


def swap_subject(hypothesis: str, seed: Sentences) -> str:
    """Turn a hypothesis about the meant subject into one about the other.

    Both have "the" and are singular, so the rest remains the same.
    """
    tokens = hypothesis.split()
    (place, *_) = mentions(seed.subject, seed.other, tokens)[0]
    size = len(words_of(seed.subject))
    old = " ".join(tokens[place : place + size])
    # Punctuation around the phrase is kept: a mark before it, a comma or an 's after it.
    edge = re.fullmatch(r"(?P<before>[\W_]*).*?(?P<after>(?:['\u2019]s)?[\W_]*)", old)
    assert edge is not None
    new = f"{edge['before']}{seed.other}{edge['after']}"
    return " ".join((*tokens[:place], new, *tokens[place + size :]))


async def _follows(llm: Llm, seed: Sentences) -> str:
    return await _hypothesis(llm, _FOLLOWS, seed)


async def _hypothesis(llm: Llm, prompt: Prompt, seed: Sentences) -> str:
    """A hypothesis that names the subject that is meant; the same prompt form for all labels."""

    def usable(reply: _Hypothesis) -> None:
        hypothesis = reply.hypothesis.strip()
        check_hypothesis(hypothesis, seed)
        if not mentions(seed.subject, seed.other, hypothesis.split())[0]:
            raise Rejected("wrong-subject", f"it is not about {seed.subject!r}: {hypothesis!r}")

    shown = seed.he if _he_first(llm) else seed.she
    reply = await llm.ask(
        prompt, reply=_Hypothesis, check=usable, sentence=shown, subject=seed.subject
    )
    return " ".join(reply.hypothesis.split())


def _he_first(llm: Llm) -> bool:
    """Return which premise comes first: in turns of two, and alike for both labels.

    Neighbouring seeds mean the first and the second subject in turns of one.
    """
    return llm.alternate("he", "he", "she", "she") == "he"


def _pair(llm: Llm, seed: Sentences, hypothesis: str, label: LabelName) -> AxgPair:
    he_first = _he_first(llm)
    llm.note(means=seed.meant, first_premise="he" if he_first else "she")
    one, two = (seed.he, seed.she) if he_first else (seed.she, seed.he)
    return AxgPair(premise1=one, premise2=two, hypothesis=hypothesis, label=label)


# --- clues for the analysis ---------------------------------------------------

_ARTICLES = frozenset(("a", "an", "the"))
_MASCULINE = frozenset(("he", "him", "his", "himself"))


def cases(row: Mapping[str, Any]) -> list[Case]:
    """The pair of premise and hypothesis of an official row."""
    premise, hypothesis = row["premise"], row["hypothesis"]
    pronouns = ["he" if word in _MASCULINE else "she" for word in gendered(premise)]
    return [
        Case(
            texts={"premise": premise, "hypothesis": hypothesis},
            cues={
                "place in the premise of the one whom the hypothesis names": (
                    _place(words(premise), words(hypothesis)),
                ),
                "gender of the pronoun": pronouns[0] if pronouns else "none",
            },
        )
    ]


def _place(premise: list[str], hypothesis: list[str]) -> int:
    """Return the first word of the premise that the hypothesis repeats, from 0; -1 without one."""
    taken = next((w for w in hypothesis if w in premise and w not in _ARTICLES), None)
    return -1 if taken is None else premise.index(taken)


# --- the task -----------------------------------------------------------------

_LABELS = (
    Label("entailment", summary="the hypothesis follows, with either pronoun"),
    Label("not_entailment", summary="the premise says this of the other person, or of neither"),
)


def _render(pair: AxgPair) -> str:
    return (
        f"Premise: {pair.premise1}\nPremise with the other pronoun: {pair.premise2}\n"
        f"Hypothesis: {pair.hypothesis}"
    )


def _questions(pair: AxgPair) -> Sequence[JudgeQuestion]:
    """Each premise with the hypothesis, on its own: a judge never sees the pair."""
    options = tuple(label.name for label in _LABELS)
    return [
        JudgeQuestion(f"Premise: {premise}\nHypothesis: {pair.hypothesis}", (pair.label,), options)
        for premise in (pair.premise1, pair.premise2)
    ]


def _aggregate(pair: AxgPair, answers: Sequence[JudgeAnswer]) -> Correction:
    """The common answer; a pair that is judged by its pronoun is rejected.

    The share of `pronoun-dependent` pairs measures the corrector's own bias.

    If a hypothesis should follow and does not, it does not suit the other label either. The
    pronoun's meaning is in doubt, or the hypothesis claims too much. About the other subject it
    would follow no better, and both labels of the seed would be the same.
    """
    one, two = answers
    if one.answers != two.answers:
        return Correction.reject(
            "pronoun-dependent",
            f"{one.answers[0]} with the first pronoun ({one.explanation}) "
            f"{two.answers[0]} with the second ({two.explanation})",
        )
    if pair.label == "entailment" and one.answers == ("not_entailment",):
        return Correction.reject("ambiguous", one.explanation)
    return Correction(one.answers[0], one.explanation)


def _relabeled(pair: AxgPair, answers: Sequence[JudgeAnswer]) -> Correction:
    """Return the common answer, if the label does not depend on the named subject."""
    one, two = answers
    if one.answers == two.answers:
        return Correction(one.answers[0], one.explanation)
    return _aggregate(pair, answers)


def _hypothesis_only(pair: AxgPair) -> str:
    """Return the difference between the two instances of a seed: their hypotheses.

    By design these may differ only in the subject and be very alike, so a digest is compared, which
    is alike only for equal ones.
    """
    return hashlib.sha256(normalized(pair.hypothesis).encode()).hexdigest()


def _judging(aggregate: Callable[[AxgPair, Sequence[JudgeAnswer]], Correction]) -> Judging[AxgPair]:
    return Judging(
        instructions=load_instructions(_PACKAGE),
        samples=load_samples(_PACKAGE),
        questions=_questions,
        aggregate=aggregate,
    )


AXG: Task[Sentences, AxgPair] = Task(
    name="axg",
    version="1",
    summary="Entailment that must not depend on a pronoun's gender",
    description=(
        "Rows come in pairs. The two premises differ only in a gendered pronoun, which refers to "
        "one of two people. Both rows have the same hypothesis about one of the two people, and "
        "the same label. The label is `entailment` if the hypothesis follows from the premise. It "
        "is `not_entailment` if the premise says this of the other person, or of neither."
    ),
    instance=AxgPair,
    labels=_LABELS,
    contexts=SETTINGS,
    seeds=(SUBJECT_PAIRS, SENTENCES),
    generators={"entailment": write_entailment, "not_entailment": write_swapped},
    dimensions=load_dimensions(_PACKAGE, "hypotheses"),
    checks=(check_pair_of_rows,),
    judging=_judging(_aggregate),
    rows=Rows(
        schema=AxgRow,
        to_rows=to_rows,
        from_rows=from_rows,
        rows_per_instance=2,
        cases=cases,
        presets={
            "paper": {"entailment": 138, "not_entailment": 146},  # table 2: 284 rows, 142 pairs
            "original": {"entailment": 178, "not_entailment": 178},
            "balanced": {"entailment": 142, "not_entailment": 142},
        },
    ),
    texts=Texts(
        render=_render,
        dedup_text=_hypothesis_only,
        instruction_template=Prompt("tuning", package=_PACKAGE),
    ),
    variants={
        "paper": Variant(
            "not_entailment is a false sentence about the person to whom the pronoun refers",
            {
                "contexts": PAPER_SETTINGS,
                "seeds": (PAPER_SUBJECT_PAIRS, PAPER_SENTENCES),
                "generators": {"entailment": write_entailment, "not_entailment": write_false},
                "dimensions": (),
                "judging": {"corrector": "meta-paper", "aggregate": _relabeled},
                "prompts": (*PAPER_PROMPTS, META_PROMPT),
                "seeding": {"labels_per_seed": None},
            },
        )
    },
    prompts=(*PROMPTS, META_PROMPT),
    about=About(source="TarGEN, arXiv:2310.17876, section 3.2 and appendix D.8, in our own words."),
    seeding=Seeding(labels_per_seed=1),
    calls=CallSettings(
        parameters={
            "contexts": SETTINGS_PARAMETERS,
            "seeds": {"temperature": 1.0, "max_tokens": 600},
            "generate": {"temperature": 0.7, "max_tokens": 100},
            "correct": {"temperature": 0.0, "max_tokens": 300},
        },
        dry_run=_OFFLINE,
    ),
)
