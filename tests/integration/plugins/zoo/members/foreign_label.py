"""It makes rows of a label that it lacks. kind: task; caught by: labels-come-from-the-set"""

from .good import TASK, Note, wet


async def _damp(llm, town):
    return Note(text=(await wet(llm, town)).text, label="damp")


PART = TASK.replace(generators={**TASK.generators, "wet": _damp})
