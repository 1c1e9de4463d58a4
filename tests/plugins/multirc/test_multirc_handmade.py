"""The hand-made rows, by which instructions are scored, are rows of MultiRC."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

from targen_tasks_multirc.rows import OfficialMultiRc, from_rows, pack
from targen_tasks_multirc.task import MULTIRC
from targen_tasks_superglue.shared.articles import Paragraph
from tests.files import lines

EXAMPLES = Path(__file__).parents[3] / "examples" / "superglue" / "multirc.jsonl"


def test_the_hand_made_examples_are_official_rows():
    rows = lines(EXAMPLES)
    for row in rows:
        OfficialMultiRc.model_validate_json(json.dumps(row), strict=True)
    assert pack(rows) == rows
    questions = from_rows(rows)
    assert len(questions) == 50
    for question in questions:
        for check in MULTIRC.checks:
            check(question, Paragraph(title="A title", text=question.passage))
    kinds = Counter("all" if all(o.right for o in q.options) else len(q.right) for q in questions)
    assert min(kinds["all"], kinds[1], kinds[2], kinds[3]) >= 1
