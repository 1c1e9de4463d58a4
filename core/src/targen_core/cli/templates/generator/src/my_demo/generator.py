"""(1) How a row is written for a label; the model's prompt is prompts/letter.md."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field
from targen_core import Prompt, Task
from targen_core.errors import UsageError
from targen_core.tasks.parts import DryRunCall
from targen_core.tasks.steps import Llm

_LETTER = Prompt("letter", package="my_demo")
_WORDS = ["late", "lost", "kind", "slow", "new", "blue", "cold", "fine", "short", "old"]


class _Reply(BaseModel):
    """The reply. Its limits go to the model with the prompt, as a JSON schema."""

    text: str = Field(min_length=20, max_length=300)


class Letter:
    """Writes a letter: for any task whose rows are `text` and `label`.

    `llm.task` is the task, and `llm.branch` the branch, by default the label.
    """

    prompts = (_LETTER,)

    async def __call__(self, llm: Llm, seed: Any, /) -> Any:
        """Write one row; raise nothing but `Rejected`."""
        reply = await llm.ask(
            _LETTER,
            reply=_Reply,
            description=llm.task.description,
            seed=str(seed),
            label=llm.branch,
        )
        return llm.task.instance(text=reply.text.strip(), label=llm.branch)

    def check_task(self, task: Task[Any, Any]) -> None:
        """Refuse a task whose rows it cannot write, before the first call."""
        if lacking := {"text", "label"} - task.instance.model_fields.keys():
            raise UsageError(
                f"it writes rows with text and label; rows of {task.name} have no {min(lacking)}",
                hint="targen list-generators",
            )

    @staticmethod
    def dry_run(call: DryRunCall) -> Any:
        """A reply without a model; vary it, or the rows are duplicates."""
        said = " ".join(call.rng.sample(_WORDS, 4))
        return {"text": f"I write about a {said} parcel, number {call.rng.randrange(10**6)}."}


GENERATOR = Letter()
