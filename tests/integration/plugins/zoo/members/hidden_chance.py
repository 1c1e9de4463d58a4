"""A model of it draws an id where nobody looks. kind: task; caught by: uses-no-chance"""

from uuid import uuid4

from pydantic import Field

from .good import NOTE, TASK, Note, Text


class _Text(Text):
    mark: str = Field(default_factory=lambda: uuid4().hex)


async def _marked(llm, town):
    reply = await llm.ask(NOTE, reply=_Text, town=town, weather="rain")
    return Note(text=f"{reply.text} {reply.mark}", label="wet")


PART = TASK.replace(generators={**TASK.generators, "wet": _marked})
