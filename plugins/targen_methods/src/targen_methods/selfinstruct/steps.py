"""The steps of Self-Instruct: instructions in rounds, and rows for each, label first."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel

from targen_core import Prompt, Rejected
from targen_core.errors import UsageError
from targen_core.tasks.parts import DryRunCall
from targen_core.tasks.replies import list_of
from targen_core.tasks.steps import Llm
from targen_core.tasks.words import normalized
from targen_methods.selfinstruct.filters import check_instruction
from targen_methods.selfinstruct.items import Instruction, InstructionsReply, Pool
from targen_methods.selfinstruct.options import TaskOptions
from targen_methods.selfinstruct.rounds import Known, told_list
from targen_standard.made_up import sentence
from targen_standard.methods.columns import Columns
from targen_standard.methods.model import Base

_NAMES = ("instructions", "instances")
_PROMPTS = {name: Prompt(name, package="targen_methods.selfinstruct") for name in _NAMES}
PROMPTS = tuple(_PROMPTS.values())


class Steps:
    """The steps for one task."""

    def __init__(self, base: Base, options: TaskOptions) -> None:
        """For the rows of `base`.

        Raises:
            UsageError: an instruction is empty, or the limits exclude all.
        """
        if any(not normalized(text) for text in options.instruction):
            raise UsageError("instruction: one of the values is empty")
        if options.shortest > options.longest:
            raise UsageError(
                f"shortest={options.shortest} is larger than longest={options.longest}, so every "
                "instruction would be rejected"
            )
        self.task = base.task
        self.columns: Columns = base.columns
        self.options = options
        self.labels = " / ".join(map(self.columns.label_words, self.task.labels))
        self.form = json.dumps({"rows": [dict.fromkeys(self.columns.names, "...")]})
        self._reply = list_of("rows", self.columns.reply(), options.instances)

    # --- instructions -----------------------------------------------------------

    async def pool(self, llm: Llm, parent: None, existing: Sequence[Pool]) -> Sequence[Pool]:
        """Return the instructions before the first round: the user's, and the task's."""
        own = [" ".join(text.split()) for text in self.options.instruction]
        return [Pool(seeds=tuple(dict.fromkeys([*own, *self._of_task()])))]

    def _of_task(self) -> list[str]:
        """Return instructions for the task as described, starting with the plainest."""
        texts = " and ".join(name.replace("_", " ") for name in self.columns.names)
        names = [label.name for label in self.task.labels]
        among = f"{', '.join(names[:-1])} or {names[-1]}" if names[1:] else names[0]
        means = "; ".join(map(self.columns.label_words, self.task.labels))
        asked = (self.task.judging.instructions or "").strip().partition("\n")[0]
        return [
            *([asked] if normalized(asked) else []),
            f"Read the {texts} and choose the label that fits: {among}.",
            f"Which of these is right for the {texts}? {means}.",
            f"Somebody has to sort a pile of such rows. Put each under {among}.",
        ]

    async def instructions(
        self, llm: Llm, parent: Pool, existing: Sequence[Instruction]
    ) -> Sequence[Instruction]:
        """Add a round: the model sees some of the pool and some of its own, and adds others."""
        written = [one.text for one in existing]
        reply = await llm.ask(
            _PROMPTS["instructions"],
            reply=InstructionsReply,
            description=self.task.description,
            labels=self.labels,
            told=told_list(llm.rng("told"), parent.seeds, written, self.options),
            count=llm.batch,
        )
        # A small model gives back the worked instructions of the prompt, too.
        worked = sorted(_PROMPTS["instructions"].answers)
        known = Known((*parent.seeds, *written, *worked), self.options.similar)
        tidy = [" ".join(text.split()) for text in reply.instructions[: llm.batch]]
        return [Instruction(text=text, nearest=known.nearest(text)) for text in tidy if text]

    def check(self, instruction: Instruction) -> None:
        """Check that an instruction is one.

        Raises:
            Rejected: what `check_instruction` raises.
        """
        check_instruction(instruction.text, instruction.nearest, self.options)

    # --- rows -------------------------------------------------------------------

    def writer(self, label: str) -> Any:
        """Return the function that writes rows of a label."""
        count = self.options.instances
        others = " / ".join(
            self.columns.label_words(one) for one in self.task.labels if one.name != label
        )

        async def write(llm: Llm, instruction: Instruction) -> Sequence[BaseModel | Rejected]:
            reply = await llm.ask(
                _PROMPTS["instances"],
                reply=self._reply,
                description=self.task.description,
                instruction=instruction.text,
                label=self.columns.label_words(label),
                others=others or "none",
                count=count,
                form=self.form,
            )
            return [self._row(row, label) for row in reply.items[:count]]

        return write

    def _row(self, row: BaseModel, label: str) -> BaseModel | Rejected:
        try:
            values = self.columns.of_row(row)
            for name in self.columns.texts:
                text = values[name].strip()
                if text.endswith(":"):
                    raise Rejected("unfinished", f"{name} ends with a colon")
                if normalized(text) == normalized(label):
                    raise Rejected("text-is-label", f"{name} is the label itself")
            return self.columns.instance(values, label)
        except Rejected as error:
            return error

    # --- offline ----------------------------------------------------------------

    def dry_run(self, call: DryRunCall) -> Any:
        """Plausible replies without a model."""
        rng = call.rng
        if call.prompt == "instructions":
            return {"instructions": [sentence(rng) for _ in range(int(call.values["count"]))]}
        if call.prompt == "instances":
            return {"rows": [self.columns.made_up(rng) for _ in range(int(call.values["count"]))]}
        return self.columns.judged(call)
