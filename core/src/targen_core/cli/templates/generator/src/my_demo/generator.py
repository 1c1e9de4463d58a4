"""(1) How a row is written for a label; the model's prompt is prompts/letter.md."""

from typing import Any

from pydantic import BaseModel, Field
from targen_core import Llm, Prompt

LETTER = Prompt("letter", package="my_demo")


class Letter(BaseModel):
    """The reply."""

    text: str = Field(min_length=20, max_length=300)


async def write(llm: Llm, seed: Any) -> Any:
    """Write a row of any task whose rows are `text` and `label`; the label is `llm.branch`."""
    told, about = llm.task.description, str(seed)
    reply = await llm.ask(LETTER, reply=Letter, description=told, seed=about, label=llm.branch)
    return llm.task.instance(text=reply.text, label=llm.branch)
