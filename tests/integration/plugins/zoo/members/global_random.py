"""Its words depend on everybody's generator. kind: task; caught by: uses-no-chance"""

from random import random

from .good import TASK, Note, wet


async def _some(llm, town):
    note = await wet(llm, town)
    return Note(text=f"{note.text} It fell on {random():.3f} of the roofs.", label="wet")


PART = TASK.replace(generators={**TASK.generators, "wet": _some})
