"""The task, put together."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from targen_core import Prompt, Rejected, Task
from targen_core.tasks.groups import About, CallSettings, Judging, Rows, Seeding, Texts
from targen_core.tasks.judging import CorrectionSample
from targen_core.tasks.parts import DryRunCall
from targen_core.tasks.steps import ListStep, Llm
from targen_core.tasks.words import normalized
from targen_methods.selfinstruct.method import (
    SELFINSTRUCT,
    Known,
    Options,
    Pool,
    check_instruction,
    pool_list,
    told_list,
)
from targen_standard.correctors.meta import META_PROMPT
from targen_standard.made_up import sentence


class InstructionRow(BaseModel):
    """A row: what is to be done, with what, and what comes of it.

    Attributes:
        instruction: what is to be done.
        input: with what; "" if the instruction says all.
        output: a right answer.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    instruction: str = Field(min_length=1)
    input: str = ""
    output: str = Field(min_length=1)


class FreeInstruction(BaseModel):
    """An instruction that the model wrote.

    Attributes:
        text: what it says.
        answers: the answers that it leaves to choose from, where they are few; else none.
        nearest: ROUGE-L with the nearest one known before it, from 0 to 1.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: str
    answers: tuple[str, ...] = ()
    nearest: float


class _Instruction(BaseModel):
    instruction: str
    answers: list[str] = []


class InstructionsReply(BaseModel):
    """Instructions that a model lists, each with the few answers to choose from, if any."""

    instructions: list[_Instruction]


class _Answered(BaseModel):
    input: str = ""
    output: str


class AnswersReply(BaseModel):
    """Inputs with answers."""

    rows: list[_Answered]


class _Input(BaseModel):
    input: str


class InputsReply(BaseModel):
    """Inputs whose answer was given."""

    rows: list[_Input]


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


def _render(row: InstructionRow) -> str:
    return f"{row.instruction}\n\n{row.input}" if row.input else row.instruction


def _with_output(row: InstructionRow, output: str) -> InstructionRow:
    return row.model_copy(update={"output": output})


def _from_rows(rows: Any) -> list[InstructionRow]:
    (row,) = rows
    if not row.get("output"):
        return []
    kept = {key: row[key] for key in InstructionRow.model_fields if row.get(key) is not None}
    return [InstructionRow.model_validate(kept)]


INSTRUCTIONS: Task[FreeInstruction, InstructionRow] = Task(
    name="free-instructions",
    version="1",
    summary="Free instructions with inputs and answers, in the style of Self-Instruct",
    description=(
        "Each row is an instruction, an input that it works on, where it needs one, and a right "
        "output. Instructions are of any kind."
    ),
    instance=InstructionRow,
    contexts=pool_list(pool),
    seeds=(
        ListStep(
            name="instructions",
            item=FreeInstruction,
            propose=instructions,
            batch=8,
            check=check,
            key=lambda one: " ".join(one.text.casefold().split()),
            summary="new instructions, each different from the earlier ones",
        ),
    ),
    generators={"any": write},
    checks=(check_row,),
    judging=Judging(  # its authors have no step 4: --corrector adds one
        corrector=None,
        instructions="Carry out the instruction. The answer is right, complete and of use.",
        samples=(
            CorrectionSample(
                "Say whether an oven is needed for the recipe.\n\nBake the plums for an hour.",
                "No",
                "Yes",
                "The plums are baked, which takes an oven.",
            ),
            CorrectionSample(
                "Put the sentence into the past tense.\n\nThe ferry leaves at six.",
                "The ferry left at six.",
                "The ferry left at six.",
                "The verb is in the past, and nothing else was changed.",
            ),
        ),
    ),
    rows=Rows(
        label_of=lambda row: row.output,
        with_label=_with_output,
        from_rows=_from_rows,
        fields=("instruction", "input"),
        presets={"original": {"any": 82_439}},  # rows of the published file
    ),
    texts=Texts(
        render=_render,
        answer=lambda row: row.output,
        dedup_text=lambda row: f"{row.input}\n{row.output}",
        instruction_template=Prompt("tuning", package="targen_methods.instructions"),
    ),
    prompts=(*PROMPTS, META_PROMPT),
    about=About(
        source=(
            "Self-Instruct, arXiv:2212.10560, with our own prompts. It starts from 28 instructions "
            "of ours in place of its authors' 175 tasks. The model writes with an instruction if "
            "it leaves a few answers to choose from; the authors asked this in a call of its own. "
            "It writes such rows answer first, as theirs did."
        ),
        citation=SELFINSTRUCT.citation,
    ),
    seeding=Seeding(instances_per_call=CASES),
    calls=CallSettings(
        parameters={
            "instructions": {"temperature": 0.7, "max_tokens": 1024},
            "generate": {"temperature": 0.0, "max_tokens": 1024},
        },
        dry_run=dry_run,
    ),
)
