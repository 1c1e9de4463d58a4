"""The AX-g task, put together."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

from targen_core import Correction, Label, Prompt, Task
from targen_core.tasks.groups import Judging, Rows, Texts
from targen_core.tasks.judging import JudgeAnswer, JudgeQuestion
from targen_core.tasks.parts import Variant
from targen_core.tasks.words import normalized
from targen_standard.correctors.meta import META_PROMPT
from targen_tasks_superglue.axg.cases import cases
from targen_tasks_superglue.axg.checks import check_pair_of_rows
from targen_tasks_superglue.axg.dry_run import dry_run
from targen_tasks_superglue.axg.rows import AxgPair, AxgRow, Sentences, from_rows, to_rows
from targen_tasks_superglue.axg.samples import INSTRUCTIONS, SAMPLES
from targen_tasks_superglue.axg.steps import (
    DIMENSIONS,
    PAPER_PROMPTS,
    PAPER_SENTENCES,
    PAPER_SUBJECT_PAIRS,
    PROMPTS,
    SENTENCES,
    SUBJECT_PAIRS,
    write_entailment,
    write_false,
    write_swapped,
)
from targen_tasks_superglue.shared.settings import PAPER_SETTINGS, SETTINGS, SETTINGS_PARAMETERS

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
        instructions=INSTRUCTIONS, samples=SAMPLES, questions=_questions, aggregate=aggregate
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
    source="TarGEN, arXiv:2310.17876, section 3.2 and appendix D.8, in our own words.",
    instance=AxgPair,
    labels=_LABELS,
    contexts=SETTINGS,
    seeds=(SUBJECT_PAIRS, SENTENCES),
    generators={"entailment": write_entailment, "not_entailment": write_swapped},
    dimensions=DIMENSIONS,
    labels_per_seed=1,
    checks=(check_pair_of_rows,),
    judging=_judging(_aggregate),
    rows=Rows(
        schema=AxgRow, to_rows=to_rows, from_rows=from_rows, rows_per_instance=2, cases=cases
    ),
    texts=Texts(
        render=_render,
        dedup_text=_hypothesis_only,
        instruction_template=Prompt("tuning", package="targen_tasks_superglue.axg"),
    ),
    presets={
        "paper": {"entailment": 138, "not_entailment": 146},  # table 2: 284 rows, 142 pairs
        "original": {"entailment": 178, "not_entailment": 178},
        "balanced": {"entailment": 142, "not_entailment": 142},
    },
    parameters={
        "contexts": SETTINGS_PARAMETERS,
        "seeds": {"temperature": 1.0, "max_tokens": 600},
        "generate": {"temperature": 0.7, "max_tokens": 100},
        "correct": {"temperature": 0.0, "max_tokens": 300},
    },
    variants={
        "paper": Variant(
            "not_entailment is a false sentence about the person to whom the pronoun refers",
            {
                "contexts": PAPER_SETTINGS,
                "seeds": (PAPER_SUBJECT_PAIRS, PAPER_SENTENCES),
                "generators": {"entailment": write_entailment, "not_entailment": write_false},
                "dimensions": (),
                "labels_per_seed": None,
                "judging": _judging(_relabeled),
                "prompts": (*PAPER_PROMPTS, META_PROMPT),
            },
        )
    },
    prompts=(*PROMPTS, META_PROMPT),
    dry_run=dry_run,
)
