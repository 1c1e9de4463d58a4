"""It raises what is no verdict. kind: task; caught by: steps-raise-only-rejections"""

from .good import TASK, wet


async def _choosy(llm, town):
    note = await wet(llm, town)
    if "kettle" not in note.text:
        raise ValueError("no kettle in the note")
    return note


PART = TASK.replace(generators={**TASK.generators, "wet": _choosy})
