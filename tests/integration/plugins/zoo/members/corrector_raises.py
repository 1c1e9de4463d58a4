"""It falls over a hostile reply. kind: corrector; caught by: raises-only-rejections"""

import json

from targen_core import Correction, Prompt

_ASK = Prompt("zoo", "--- user\nIs it well? $text")


async def PART(llm, instance, /):  # noqa: N802
    reply = await llm.ask(_ASK, text=llm.task.render(instance))
    if reply.startswith(("{", "[", '"')):
        json.loads(reply)["verdict"]
    return Correction(llm.task.label_of(instance), "as it says")
