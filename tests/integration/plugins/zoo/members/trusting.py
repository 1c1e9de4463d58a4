"""It falls over what a model may say. kind: task; caught by: steps-raise-only-rejections"""

from .good import TASK, Note, wet


async def _first_and_last(llm, town):
    note = await wet(llm, town)
    words = note.text.split()
    return Note(text=" ".join([words[0], *words[1:]]), label="wet")


PART = TASK.replace(generators={**TASK.generators, "wet": _first_and_last})
