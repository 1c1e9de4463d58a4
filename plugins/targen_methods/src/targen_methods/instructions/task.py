"""The task, put together."""

from __future__ import annotations

from typing import Any

from targen_core import Prompt, Task
from targen_core.tasks.groups import Judging, Rows, Texts
from targen_core.tasks.judging import CorrectionSample
from targen_core.tasks.steps import ListStep
from targen_methods.instructions.items import FreeInstruction, InstructionRow
from targen_methods.instructions.steps import (
    CASES,
    PROMPTS,
    check,
    check_row,
    dry_run,
    instructions,
    pool,
    write,
)
from targen_methods.selfinstruct.method import SELFINSTRUCT
from targen_methods.selfinstruct.rounds import pool_list
from targen_standard.correctors.meta import META_PROMPT


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
    source=(
        "Self-Instruct, arXiv:2212.10560, with our own prompts. It starts from 28 instructions of "
        "ours in place of its authors' 175 tasks. The model writes with an instruction if it "
        "leaves a few answers to choose from; the authors asked this in a call of its own. It "
        "writes such rows answer first, as theirs did."
    ),
    citation=SELFINSTRUCT.citation,
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
    instances_per_call=CASES,
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
    ),
    texts=Texts(
        render=_render,
        answer=lambda row: row.output,
        dedup_text=lambda row: f"{row.input}\n{row.output}",
        instruction_template=Prompt("tuning", package="targen_methods.instructions"),
    ),
    presets={"original": {"any": 82_439}},  # rows of the published file
    parameters={
        "instructions": {"temperature": 0.7, "max_tokens": 1024},
        "generate": {"temperature": 0.0, "max_tokens": 1024},
    },
    prompts=(*PROMPTS, META_PROMPT),
    dry_run=dry_run,
)
