"""It throws a coin for the label. kind: task; caught by: uses-no-chance"""

import random

from .good import TASK, Note, wet


async def _either(llm, town):
    return Note(text=(await wet(llm, town)).text, label=random.choice(["wet", "dry"]))


PART = TASK.replace(generators={"wet": _either, "dry": _either})
