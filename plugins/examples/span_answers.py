"""Questions whose answers are words of a passage, as in SQuAD.

targen generate ./plugins/examples/span_answers.py -n 9 --backend scripted
"""

from __future__ import annotations

from targen_outputs.answer import Answer
from targen_standard.task_files.model import Declaration

TASK = Declaration(
    name="span-answers",
    description="A passage of an encyclopedia, and a question that it answers.",
    fields={"passage": "a passage of a few sentences", "question": "a question on it"},
    output=Answer(
        answer={"when": "asks for a date", "who": "asks for a person", "where": "asks for a place"},
        within="passage",
    ),
).task()
