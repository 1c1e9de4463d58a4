"""Its prompt names what no step gives. kind: task; caught by: prompts-name-nothing-undefined"""

from targen_core import Prompt

from .good import TASK, TOWNS, Note, Text

_NOTE = Prompt("note", '--- user\nWrite in $language of $weather in $town, as {"text": "..."}.')


async def _wet(llm, town):
    reply = await llm.ask(_NOTE, reply=Text, town=town, weather="rain")
    return Note(text=reply.text, label="wet")


PART = TASK.replace(
    generators={**TASK.generators, "wet": _wet}, prompts=(TOWNS, _NOTE, TASK.prompts[1])
)
