"""CB: CommitmentBank (paper, section 3.2 and appendices A.1 and D.2).

Steps: settings -> no seeds -> several pairs a call for each label -> the
meta-prompt. Agrees with the paper / differs:

- the steps, their inputs, and the label semantics agree; there is no
  step 2, and a call gives N pairs. N is 5 here: the paper names none. Once the list of settings is
  finished, a setting is drawn again, up to 20 times. The prompt then lists the premises that it
  gave before;
- *neutral* is about the same people and events, with its truth left open: that is what steps 4 and
  appendix E say. The prompt in D.2 asks for a sentence that "has no relation", which a reader can
  tell by its words. (The formula wants neither the hypothesis nor its negation to follow; it prints
  the first half only.)
- the labels are requested in one form, so that form does not reveal the label. That is length,
  affirmative wording, and words taken over from the premise. The paper's three prompts, without
  rules of form and with unrelated neutral pairs, are the variant `paper`;
- code draws register, length and a word for each pair, the same for all labels of a setting. So no
  two calls ask the same, and no draw reveals the label;
- the paper's pairs are two plain sentences, and the original's are clauses under an operator. The
  variant `commitment` makes those, with the original's shares of operators, verbs, registers and
  lengths. It has instructions, samples and a tuning text of its own;
- the judge's prompt says which everyday knowledge counts, and whose word does;
- the appendix's example of an entailment is wrong (a nervous singer need not have seen critics),
  and ours are right;
- appendix A.1 calls three wordings of the instructions step-3 prompts. The variants `wording-1` to
  `wording-3` ask for pairs with them, so that the data are made again. `instructions-2` and
  `instructions-3` change step 4 (and instruction tuning);
- the worked examples are ours: one of the paper's is nearly a row of the
  original data.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from targen_core import Label, Prompt, Rejected, Task
from targen_core.tasks.groups import About, CallSettings, Judging, Rows, Seeding, Texts
from targen_core.tasks.parts import Case, Variant
from targen_core.tasks.replies import line, list_of
from targen_core.tasks.steps import InverseGenerator, Llm
from targen_core.tasks.words import words
from targen_standard.checks.copies import is_copy
from targen_standard.checks.prose import prose
from targen_standard.correctors.meta import META_PROMPT
from targen_tasks_superglue.shared.content import (
    Text,
    load_dimensions,
    load_instructions,
    load_samples,
)
from targen_tasks_superglue.shared.nli import claim, no_copy, related, statement, stems
from targen_tasks_superglue.shared.offline import offline
from targen_tasks_superglue.shared.settings import (
    PAPER_SETTINGS,
    SETTINGS,
    SETTINGS_PARAMETERS,
    SETTINGS_PROMPT,
)
from targen_tasks_superglue.shared.texts import negations, sentences

_PACKAGE = "targen_tasks_superglue.cb"
_OFFLINE = offline(_PACKAGE)
INSTRUCTIONS = load_instructions(_PACKAGE)
INSTRUCTIONS_2 = load_instructions(_PACKAGE, "instructions_2")
INSTRUCTIONS_3 = load_instructions(_PACKAGE, "instructions_3")


# --- seeds and rows -----------------------------------------------------------


class CbRow(BaseModel):
    """A row in its official form, without `idx`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    premise: Text
    hypothesis: Text
    label: Literal["entailment", "contradiction", "neutral"]


# --- checks, without a model --------------------------------------------------

_AROUND = 2  # words that the last sentence must have in addition to the clause's
_ARTICLES = frozenset(("a", "an", "the"))
_SPEAKERS = stems("person speaker b")  # what a hypothesis calls those behind "A:" and "B:"


def check_pair(row: CbRow, setting: str) -> None:
    """Check a short premise and a statement about it that is not a copy.

    Raises:
        Rejected: a reason of `prose`, or `question`, `several-sentences` (of
            the hypothesis), `copy-of-premise`, `unrelated` (no content word in
            common).
    """
    check_pair_paper(row, setting)
    related(row.hypothesis, row.premise)


def check_pair_paper(row: CbRow, setting: str) -> None:
    """As `check_pair`, but the two sentences of a neutral pair may be unrelated.

    Raises:
        Rejected: a reason of `check_pair`.
    """
    statement(row.premise, min_words=5, max_words=140, what="premise")
    claim(row.hypothesis, row.premise, min_words=3, max_words=30)
    no_copy(row.hypothesis, row.premise)
    if row.label != "neutral":
        related(row.hypothesis, row.premise)


def check_pair_commitment(row: CbRow, setting: str) -> None:
    """A premise whose last sentence holds the hypothesis as a clause, with words around it.

    Step 4 judges the words around the clause (a question, a negation, a verb of thinking or
    saying). No list of such words would be complete.

    Raises:
        Rejected: a reason of `prose`, or `question`, `several-sentences` (both
            of the hypothesis), `copy-of-premise`, `not-embedded`, `bare-clause`.
    """
    prose(row.premise, min_words=6, max_words=240, what="premise")
    claim(row.hypothesis, row.premise, min_words=2, max_words=30)
    parts = sentences(row.premise)
    for part in parts:
        if is_copy(part, row.hypothesis):
            raise Rejected("copy-of-premise", "the hypothesis is a sentence of the premise")
    _embedded(row.hypothesis, " ".join(parts[:-1]), parts[-1])


def _embedded(hypothesis: str, before: str, last: str) -> None:
    """Check that the clause contains the hypothesis, up to names for its pronouns."""
    clause = stems(hypothesis) - _SPEAKERS
    held = clause & stems(last)
    if not held and _rest_stands(hypothesis, before, last):
        held = clause  # "Grandpa did it." of "he did it", if no word of the clause has content
    if not held or len(clause - held - stems(before)) > len(held):
        raise Rejected("not-embedded", "the premise's last sentence does not hold the hypothesis")
    if len(set(words(last)) - set(words(hypothesis))) < _AROUND:
        raise Rejected("bare-clause", f"nothing stands around the clause: {last[:60]!r}")


def _rest_stands(hypothesis: str, before: str, last: str) -> bool:
    """Return whether the words after a hypothesis's names, two or more, occur in a row there."""
    named = stems(before)
    rest = words(hypothesis)
    while rest and (stems(rest[0]) & named or rest[0] in _ARTICLES):
        rest = rest[1:]
    said = words(last)
    runs = (said[at : at + len(rest)] for at in range(len(said)))
    return len(rest) > 1 and rest in runs


# --- the steps ----------------------------------------------------------------

PAIRS = 5
"""Pairs that one call gives: the paper's N, for which it names no number."""

_Name = Literal["entailment", "contradiction", "neutral"]
_SHOWN = 10  # earlier premises that a prompt names; more would crowd out the request


def _prompts(style: str = "") -> Mapping[_Name, Prompt]:
    names: tuple[_Name, ...] = ("entailment", "contradiction", "neutral")
    return {name: Prompt(f"{style}{name}", package=_PACKAGE) for name in names}


PROMPTS = _prompts()
PAPER_PROMPTS = _prompts("paper_")
COMMITMENT_PROMPTS = _prompts("commitment_")
WORDED_PROMPT = Prompt("worded", package=_PACKAGE)
"""One for all labels: instructions in one of the wordings of appendix A.1, then the label."""


COMMITMENT_PAIRS = 3
"""Pairs that one call of `commitment` gives: fewer, so that a run has more settings."""


class _Pair(BaseModel):
    premise: line(30, 1100)  # type: ignore[valid-type]
    hypothesis: line(12, 140)  # type: ignore[valid-type]


class _Commitment(BaseModel):
    """The hypothesis is written first, before it is settled how its teller takes it."""

    hypothesis: line(12, 140)  # type: ignore[valid-type]
    premise: line(30, 1100)  # type: ignore[valid-type]


def _writers(
    prompts: Mapping[_Name, Prompt],
    model: type[_Pair | _Commitment] = _Pair,
    count: int = PAIRS,
    **values: Any,
) -> Mapping[str, InverseGenerator[str, CbRow]]:
    """G(label, setting) for each label: pairs by its prompt, `count` a call."""

    def of(label: _Name, prompt: Prompt) -> InverseGenerator[str, CbRow]:
        async def write(llm: Llm, setting: str) -> Sequence[CbRow]:
            own: dict[str, Any] = {"output": label} if "output" in prompt.variables else {}
            have = " ".join(row.premise for row in llm.earlier[-_SHOWN:]) or "none"
            reply = await llm.ask(
                prompt,
                reply=list_of("pairs", model, count),
                setting=setting,
                count=count,
                have=have,
                **own,
                **values,
            )
            texts = [(_tidy(pair.premise), _tidy(pair.hypothesis)) for pair in reply.items[:count]]
            # A pair with a blank half is not a pair: it counts as missing.
            return [
                CbRow(premise=premise, hypothesis=hypothesis, label=label)
                for premise, hypothesis in texts
                if premise and hypothesis
            ]

        return write

    return {label: of(label, prompt) for label, prompt in prompts.items()}


def worded(instructions: str) -> Mapping[str, InverseGenerator[str, CbRow]]:
    """G for each label by instructions that define all of them (appendix A.1)."""
    return _writers(dict.fromkeys(PROMPTS, WORDED_PROMPT), instructions=instructions)


WRITERS = _writers(PROMPTS)
"""The hypothesis follows, is ruled out, or is left open, about the same people."""
PAPER_WRITERS = _writers(PAPER_PROMPTS)
"""As the paper has it: what follows or is implied, explicit contradictions, and unrelated pairs."""
COMMITMENT_WRITERS = _writers(COMMITMENT_PROMPTS, _Commitment, COMMITMENT_PAIRS)
"""A clause is presented as true, presented as false, or left open."""
write_entailment = WRITERS["entailment"]
write_contradiction = WRITERS["contradiction"]
write_neutral = WRITERS["neutral"]


def _tidy(text: str) -> str:
    """Turns of a conversation come on lines of their own; a row holds one line."""
    return " ".join(text.split())


# --- clues for the analysis ---------------------------------------------------

_OPEN = frozenset("if whether unless would could might may should perhaps maybe".split())


def cases(row: Mapping[str, Any]) -> list[Case]:
    """The pair of an official row."""
    premise, hypothesis = row["premise"], row["hypothesis"]
    return [
        Case(
            texts={"premise": premise, "hypothesis": hypothesis},
            cues={
                "negation in the hypothesis": (negations(hypothesis),),
                "negation in the premise": (negations(premise),),
                "question marks, conditions and modal verbs in the premise": (
                    premise.count("?"),
                    sum(word in _OPEN for word in words(premise)),
                ),
            },
        )
    ]


# --- the task -----------------------------------------------------------------


def _render(row: CbRow) -> str:
    return f"Premise: {row.premise}\nHypothesis: {row.hypothesis}"


def _template(name: str) -> Prompt:
    return Prompt(name, package=_PACKAGE)


def _worded(instructions: str, said: str) -> Variant:
    return Variant(
        f"step 3 with the {said} wording of the instructions, which says what each label means",
        {
            "contexts": PAPER_SETTINGS,
            "dimensions": (),
            "generators": worded(instructions),
            "checks": (check_pair_paper,),
            "prompts": (SETTINGS_PROMPT, WORDED_PROMPT, META_PROMPT),
            "seeding": {"labels_per_seed": None},
        },
    )


CB: Task[str, CbRow] = Task(
    name="cb",
    version="1",
    summary="CommitmentBank: does the premise settle the hypothesis, and how?",
    description=(
        "Each row is a premise, which is one or several sentences from a story, a newspaper or a "
        "conversation, and a hypothesis. In most premises, somebody thinks, says, knows or doubts "
        "something, often in a question, under negation or in a conditional. The hypothesis states "
        "this as one full sentence, and names people as the premise does. The label is "
        "`entailment` if a reader who accepts the premise must accept the hypothesis. It is "
        "`contradiction` if the reader must reject the hypothesis, and `neutral` if the premise "
        "leaves it open."
    ),
    instance=CbRow,
    labels=(
        Label("entailment", summary="the hypothesis follows from the premise"),
        Label("contradiction", summary="the premise rules the hypothesis out"),
        Label("neutral", summary="the premise leaves the hypothesis open"),
    ),
    contexts=SETTINGS,
    generators=WRITERS,
    dimensions=load_dimensions(_PACKAGE, "pairs"),
    checks=(check_pair,),
    judging=Judging(instructions=load_instructions(_PACKAGE), samples=load_samples(_PACKAGE)),
    rows=Rows(
        cases=cases,
        presets={
            # Table 2; the same numbers as the original train set, which is why
            # "original" is the same preset under another name.
            "paper": {"entailment": 115, "contradiction": 119, "neutral": 16},
            "original": {"entailment": 115, "contradiction": 119, "neutral": 16},
            "balanced": {"entailment": 84, "contradiction": 83, "neutral": 83},
        },
    ),
    texts=Texts(render=_render, instruction_template=_template("tuning")),
    variants={
        "paper": Variant(
            "the paper's three requests, in any form; texts of neutral pairs have nothing in "
            "common",
            {
                "contexts": PAPER_SETTINGS,
                "dimensions": (),
                "generators": PAPER_WRITERS,
                "checks": (check_pair_paper,),
                "judging": {"corrector": "meta-paper"},
                "prompts": (SETTINGS_PROMPT, *PAPER_PROMPTS.values(), META_PROMPT),
                "seeding": {"labels_per_seed": None},
            },
        ),
        "commitment": Variant(
            "the hypothesis is a clause of the premise's last sentence, as in the original",
            {
                "dimensions": load_dimensions(_PACKAGE, "commitments"),
                "generators": COMMITMENT_WRITERS,
                "checks": (check_pair_commitment,),
                "judging": {
                    "instructions": load_instructions(_PACKAGE, "instructions_commitment"),
                    "samples": load_samples(_PACKAGE, "commitment"),
                },
                "texts": {"instruction_template": _template("tuning_commitment")},
                "prompts": (SETTINGS_PROMPT, *COMMITMENT_PROMPTS.values(), META_PROMPT),
                "seeding": {"instances_per_call": COMMITMENT_PAIRS},
            },
        ),
        "wording-1": _worded(INSTRUCTIONS, "first"),
        "wording-2": _worded(INSTRUCTIONS_2, "second"),
        "wording-3": _worded(INSTRUCTIONS_3, "third"),
        "instructions-2": Variant(
            "step 4 with the second wording of the instructions, neutral first (appendix A.1)",
            {"judging": {"instructions": INSTRUCTIONS_2}},
        ),
        "instructions-3": Variant(
            "step 4 with the third wording of the instructions, contradiction first (A.1)",
            {"judging": {"instructions": INSTRUCTIONS_3}},
        ),
    },
    prompts=(SETTINGS_PROMPT, *PROMPTS.values(), META_PROMPT),
    about=About(
        source="TarGEN, arXiv:2310.17876, section 3.2 and appendices A.1 and D.2, in our own words."
    ),
    seeding=Seeding(instances_per_call=PAIRS, labels_per_seed=1, samples_per_seed=60),
    calls=CallSettings(
        parameters={
            "contexts": SETTINGS_PARAMETERS,
            "generate": {"temperature": 0.7, "max_tokens": 1600},
            "correct": {"temperature": 0.0, "max_tokens": 300},
        },
        dry_run=_OFFLINE,
    ),
)
