"""It remembers earlier runs. kind: task; caught by: same-bytes-again"""

from .good import TASK, Note, wet

_seen = []


async def _counted(llm, town):
    note = await wet(llm, town)
    _seen.append(town)
    return Note(text=f"{note.text} Note number {len(_seen)}.", label="wet")


PART = TASK.replace(generators={**TASK.generators, "wet": _counted})
