"""Generate rows without a source, in addition to the others: TarGEN's steps for a task file.

DataTune's best results are from both together (section 5). Topics are TarGEN's contexts, ideas its
instance seeds, and each label has a generator of its own (arXiv:2310.17876, section 3).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from targen_core import Prompt, Rejected
from targen_core.tasks.replies import list_of
from targen_core.tasks.steps import InverseGenerator, ListStep, Llm, Part
from targen_datatune.transforming.items import Written

if TYPE_CHECKING:
    from targen_datatune.transforming.steps import Steps

_PROMPTS = {
    name: Prompt(name, package="targen_datatune.transforming", optional=("examples", "have"))
    for name in ("topics", "ideas", "write")
}
PROMPTS = tuple(_PROMPTS.values())

PARTS = "transformed", "synthetic"
"""The parts of a mixed task, by which reports and cards count rows."""

_SHOWN = 20  # earlier items that a prompt names


class Synthetic:
    """The synthetic part of one task.

    Attributes:
        aims: branch -> the label that it aims at, "any" where outputs are open.
    """

    def __init__(self, steps: Steps) -> None:
        self._steps = steps
        labels = steps.spec.labels
        self.aims = {f"synthetic: {label}": label for label in labels} or {"synthetic": "any"}

    @property
    def part(self) -> Part:
        """Its lists, branches and share."""
        lists = (
            ListStep(
                name="topics",
                item=str,
                propose=self._topics,
                batch=5,
                summary="topics for synthetic rows",
            ),
            ListStep(
                name="ideas",
                item=str,
                propose=self._ideas,
                batch=20,
                summary="the subject of each synthetic row",
            ),
        )
        return Part(lists=lists, branches=(*self.aims,), share=self._steps.spec.synthetic)

    @property
    def generators(self) -> Mapping[str, InverseGenerator[Any, BaseModel]]:
        """Step 3, by branch."""
        return {branch: self._generator(aim) for branch, aim in self.aims.items()}

    async def _topics(self, llm: Llm, parent: None, existing: Sequence[str]) -> Sequence[str]:
        return await self._listed(llm, "topics", existing)

    async def _ideas(self, llm: Llm, parent: str, existing: Sequence[str]) -> Sequence[str]:
        return await self._listed(llm, "ideas", existing, topic=parent)

    async def _listed(
        self, llm: Llm, prompt: str, existing: Sequence[str], **more: Any
    ) -> Sequence[str]:
        reply = await llm.ask(
            _PROMPTS[prompt],
            reply=list_of(prompt, str, llm.batch),
            task=self._steps.task,
            examples=self._steps.examples,
            have="; ".join(existing[-_SHOWN:]),
            count=llm.batch,
            **more,
        )
        return [item.strip() for item in reply.items if item.strip()]

    def _generator(self, aim: str) -> InverseGenerator[Any, BaseModel]:
        labels = self._steps.spec.labels
        label_line = (
            f"Its output is surely {json.dumps(aim, ensure_ascii=False)}." if labels else ""
        )

        def is_wanted(reply: Written) -> None:
            if labels and reply.output.strip() != aim:
                raise Rejected("other-label", f"the output {reply.output!r} is not {aim!r}")

        async def write(llm: Llm, idea: str) -> BaseModel:
            llm.note(source="synthetic")
            reply = await llm.ask(
                _PROMPTS["write"],
                reply=Written,
                check=is_wanted,
                task=self._steps.task,
                examples=self._steps.examples,
                idea=idea,
                label_line=label_line,
            )
            return self._steps.made(reply.input, reply.output)

        return write
