"""The steps of CommitmentBank: settings, and several pairs a call for each label."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from pydantic import BaseModel

from targen_core import InverseGenerator, Llm, Prompt
from targen_core.tasks.replies import line, list_of
from targen_tasks_superglue.cb.rows import CbRow

PAIRS = 5
"""Pairs that one call gives: the paper's N, for which it names no number."""

_Name = Literal["entailment", "contradiction", "neutral"]
_SHOWN = 10  # earlier premises that a prompt names; more would crowd out the request


def _prompt(name: str) -> Prompt:
    return Prompt(name, package="targen_tasks_superglue.cb")


PROMPTS: Mapping[_Name, Prompt] = {
    "entailment": _prompt("entailment"),
    "contradiction": _prompt("contradiction"),
    "neutral": _prompt("neutral"),
}
PAPER_PROMPTS: Mapping[_Name, Prompt] = {
    "entailment": _prompt("paper_entailment"),
    "contradiction": _prompt("paper_contradiction"),
    "neutral": _prompt("paper_neutral"),
}
COMMITMENT_PROMPTS: Mapping[_Name, Prompt] = {
    "entailment": _prompt("commitment_entailment"),
    "contradiction": _prompt("commitment_contradiction"),
    "neutral": _prompt("commitment_neutral"),
}
WORDED_PROMPT = _prompt("worded")
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


async def write_entailment(llm: Llm, setting: str) -> Sequence[CbRow]:
    """G(entailment, setting): pairs whose hypothesis follows."""
    return await _write(llm, setting, "entailment", PROMPTS)


async def write_contradiction(llm: Llm, setting: str) -> Sequence[CbRow]:
    """G(contradiction, setting): pairs whose hypothesis the premise rules out."""
    return await _write(llm, setting, "contradiction", PROMPTS)


async def write_neutral(llm: Llm, setting: str) -> Sequence[CbRow]:
    """G(neutral, setting): pairs about the same people, the hypothesis left open."""
    return await _write(llm, setting, "neutral", PROMPTS)


async def write_entailment_paper(llm: Llm, setting: str) -> Sequence[CbRow]:
    """G(entailment, setting) as the paper has it: what follows or is implied, in any form."""
    return await _write(llm, setting, "entailment", PAPER_PROMPTS)


async def write_contradiction_paper(llm: Llm, setting: str) -> Sequence[CbRow]:
    """G(contradiction, setting) as the paper has it: an explicit contradiction, in any form."""
    return await _write(llm, setting, "contradiction", PAPER_PROMPTS)


async def write_neutral_paper(llm: Llm, setting: str) -> Sequence[CbRow]:
    """G(neutral, setting) as the paper has it: unrelated pairs."""
    return await _write(llm, setting, "neutral", PAPER_PROMPTS)


async def write_entailment_commitment(llm: Llm, setting: str) -> Sequence[CbRow]:
    """G(entailment, setting): the clause is presented as true."""
    return await _write_commitment(llm, setting, "entailment")


async def write_contradiction_commitment(llm: Llm, setting: str) -> Sequence[CbRow]:
    """G(contradiction, setting): the clause is presented as false."""
    return await _write_commitment(llm, setting, "contradiction")


async def write_neutral_commitment(llm: Llm, setting: str) -> Sequence[CbRow]:
    """G(neutral, setting): the clause is left open."""
    return await _write_commitment(llm, setting, "neutral")


def worded(instructions: str) -> Mapping[str, InverseGenerator[str, CbRow]]:
    """G for each label by instructions that define all of them (appendix A.1)."""

    def of(label: _Name) -> InverseGenerator[str, CbRow]:
        async def write(llm: Llm, setting: str) -> Sequence[CbRow]:
            prompts = {label: WORDED_PROMPT}
            return await _write(
                llm, setting, label, prompts, instructions=instructions, output=label
            )

        return write

    return {label: of(label) for label in PROMPTS}


async def _write_commitment(llm: Llm, setting: str, label: _Name) -> Sequence[CbRow]:
    return await _write(
        llm, setting, label, COMMITMENT_PROMPTS, model=_Commitment, count=COMMITMENT_PAIRS
    )


async def _write(
    llm: Llm,
    setting: str,
    label: _Name,
    prompts: Mapping[_Name, Prompt],
    *,
    model: type[_Pair | _Commitment] = _Pair,
    count: int = PAIRS,
    **values: Any,
) -> Sequence[CbRow]:
    have = " ".join(row.premise for row in llm.earlier[-_SHOWN:]) or "none"
    reply = await llm.ask(
        prompts[label],
        reply=list_of("pairs", model, count),
        setting=setting,
        count=count,
        have=have,
        **values,
    )
    texts = [(_tidy(pair.premise), _tidy(pair.hypothesis)) for pair in reply.items[:count]]
    # A pair with a blank half is not a pair: it counts as missing.
    return [
        CbRow(premise=premise, hypothesis=hypothesis, label=label)
        for premise, hypothesis in texts
        if premise and hypothesis
    ]


def _tidy(text: str) -> str:
    """Turns of a conversation come on lines of their own; a row holds one line."""
    return " ".join(text.split())
