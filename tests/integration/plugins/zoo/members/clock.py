"""Its words depend on the day. kind: task; caught by: uses-no-clock"""

from datetime import datetime

from .good import TASK, Note, wet


async def _dated(llm, town):
    note = await wet(llm, town)
    return Note(text=f"{note.text} That was in {datetime.now().year}.", label="wet")


PART = TASK.replace(generators={**TASK.generators, "wet": _dated})
