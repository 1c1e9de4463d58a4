"""Named entities in short news, as BIO tags.

    targen generate ./plugins/examples/entities.py -n 12 --backend scripted --out run
    targen export run --as bio --out entities.conll

A plugin registers `TASK` as any task.
"""

from __future__ import annotations

from targen_outputs.spans import Spans
from targen_standard.task_files.model import Declaration

TASK = Declaration(
    name="entities",
    description="One or two sentences of local news.",
    output=Spans(
        spans={
            "person": "a named person",
            "place": "a named town, region or country",
            "organisation": "a named company, club, school or office",
        },
        per_row=(0, 4),
    ),
).task()
