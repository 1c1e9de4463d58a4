"""The steps of CommitmentBank: settings, and several pairs a call for each label."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from pydantic import BaseModel

from targen_core import Prompt
from targen_core.tasks.replies import line, list_of
from targen_core.tasks.steps import InverseGenerator, Llm
from targen_tasks_superglue.cb.rows import CbRow

PAIRS = 5
"""Pairs that one call gives: the paper's N, for which it names no number."""

_Name = Literal["entailment", "contradiction", "neutral"]
_SHOWN = 10  # earlier premises that a prompt names; more would crowd out the request


def _prompts(style: str = "") -> Mapping[_Name, Prompt]:
    names: tuple[_Name, ...] = ("entailment", "contradiction", "neutral")
    return {name: Prompt(f"{style}{name}", package="targen_tasks_superglue.cb") for name in names}


PROMPTS = _prompts()
PAPER_PROMPTS = _prompts("paper_")
COMMITMENT_PROMPTS = _prompts("commitment_")
WORDED_PROMPT = Prompt("worded", package="targen_tasks_superglue.cb")
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
