"""Its rows go by the order of a set. kind: task; caught by: same-bytes-in-another-process"""

from .good import TASK, Note, wet


async def _shuffled(llm, town):
    note = await wet(llm, town)
    return Note(text=" ".join(set(note.text.split())), label="wet")


PART = TASK.replace(generators={**TASK.generators, "wet": _shuffled})
