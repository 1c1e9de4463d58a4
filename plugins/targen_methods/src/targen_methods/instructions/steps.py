"""The steps: instructions in rounds, then inputs and answers of each."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from typing import Any

from targen_core import Prompt, Rejected
from targen_core.tasks.parts import DryRunCall
from targen_core.tasks.steps import Llm
from targen_core.tasks.words import normalized
from targen_methods.instructions.items import (
    AnswersReply,
    FreeInstruction,
    InputsReply,
    InstructionRow,
    InstructionsReply,
)
from targen_methods.selfinstruct.filters import check_instruction
from targen_methods.selfinstruct.items import Pool
from targen_methods.selfinstruct.options import Options
from targen_methods.selfinstruct.rounds import Known, told_list
from targen_standard.made_up import sentence

CASES = 2
"""Rows that a call writes for an instruction; the authors' 52,445 instructions have 82,439."""

_PACKAGE = "targen_methods.instructions"
_PROMPTS = {n: Prompt(n, package=_PACKAGE) for n in ("instructions", "answered", "inputs")}
PROMPTS = tuple(_PROMPTS.values())
_LIMITS = Options.model_validate({})


async def pool(llm: Llm, parent: None, existing: Sequence[Pool]) -> Sequence[Pool]:
    """Return the instructions for the prompts of the first rounds."""
    text = (files(_PACKAGE) / "seeds.txt").read_text(encoding="utf-8")
    return [Pool(seeds=tuple(text.splitlines()))]


async def instructions(
    llm: Llm, parent: Pool, existing: Sequence[FreeInstruction]
) -> Sequence[FreeInstruction]:
    """Add a round: the model sees some of the pool and some of its own, and adds others."""
    written = [one.text for one in existing]
    reply = await llm.ask(
        _PROMPTS["instructions"],
        reply=InstructionsReply,
        told=told_list(llm.rng("told"), parent.seeds, written, _LIMITS),
        count=llm.batch,
    )
    # A small model gives back the worked instructions of the prompt, too.
    worked = sorted(_PROMPTS["instructions"].answers)
    known = Known((*parent.seeds, *written, *worked), _LIMITS.similar)
    found: list[FreeInstruction] = []
    for one in reply.instructions[: llm.batch]:
        if not (text := " ".join(one.instruction.split())):
            continue
        answers = tuple(dict.fromkeys(filter(None, (" ".join(a.split()) for a in one.answers))))
        if len(answers) == 1:  # nothing to choose from
            answers = ()
        found.append(FreeInstruction(text=text, answers=answers, nearest=known.nearest(text)))
    return found


def check(instruction: FreeInstruction) -> None:
    """Check that an instruction is one.

    Raises:
        Rejected: what `check_instruction` raises.
    """
    check_instruction(instruction.text, instruction.nearest, _LIMITS)


async def write(llm: Llm, instruction: FreeInstruction) -> Sequence[InstructionRow | Rejected]:
    """Rows of an instruction: the answer first if there are few, else the input."""
    if not instruction.answers:
        reply = await llm.ask(
            _PROMPTS["answered"],
            reply=AnswersReply,
            instruction=instruction.text,
            count=CASES,
        )
        return [_row(instruction, row.input, row.output) for row in reply.rows[:CASES]]
    answer = llm.rng("answer").choice(instruction.answers)
    inputs = await llm.ask(
        _PROMPTS["inputs"],
        reply=InputsReply,
        instruction=instruction.text,
        answers=" / ".join(instruction.answers),
        answer=answer,
        count=CASES,
    )
    return [_row(instruction, row.input, answer) for row in inputs.rows[:CASES]]


def _row(instruction: FreeInstruction, given: str, output: str) -> InstructionRow | Rejected:
    given, output = given.strip(), output.strip()
    if not output:
        return Rejected("empty-text", "the output is empty")
    return InstructionRow(instruction=instruction.text, input=given, output=output)


def check_row(row: InstructionRow, seed: object) -> None:
    """Check that a row is of use.

    Raises:
        Rejected: `empty-text`, `same-texts` or `unfinished`.
    """
    if not normalized(row.output):
        raise Rejected("empty-text", "the output says nothing")
    if normalized(row.input) == normalized(row.output):
        raise Rejected("same-texts", "the output is the input")
    for name, text in (("input", row.input), ("output", row.output)):
        if text.endswith(":"):
            raise Rejected("unfinished", f"the {name} ends with a colon")
    if isinstance(seed, FreeInstruction) and seed.answers and not normalized(row.input):
        raise Rejected("empty-text", "there is nothing to choose an answer for")


def dry_run(call: DryRunCall) -> Any:
    """Plausible replies without a model."""
    rng = call.rng
    if "count" not in call.values:  # step 4 asks
        why = "The input says so in its own words, and nothing in it speaks against that."
        if "output" in call.values:
            claimed = str(call.values["output"])
            return {"explanation": why, "actual": claimed, "verdict": "correct"}
        return {"explanation": why, "answer": sentence(rng)}
    count = int(call.values["count"])
    if call.prompt == "instructions":
        few = [["Yes", "No"], []]
        return {
            "instructions": [
                {"instruction": sentence(rng), "answers": few[at % 2]} for at in range(count)
            ]
        }
    if call.prompt == "inputs":
        return {"rows": [{"input": sentence(rng)} for _ in range(count)]}
    return {"rows": [{"input": sentence(rng), "output": sentence(rng)} for _ in range(count)]}
