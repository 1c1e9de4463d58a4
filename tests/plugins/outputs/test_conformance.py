"""Each output in a task, by the conformance kit."""

from __future__ import annotations

import json

from targen_testing.outputs import OutputSuite as Outputs

from .declared import NER, PAIRS, QA, RANKED, SHOP

FIELDS = {"headline": "a headline", "text": "a post"}
HEADED = {**NER, "fields": FIELDS, "output": {**NER["output"], "field": "text"}}


class TestLabels(Outputs):
    """Sets of labels are few, and each has rows."""

    output = "labels"
    file = json.dumps(SHOP)


class TestSpans(Outputs):
    """Spans in one of two texts."""

    output = "spans"
    file = json.dumps(HEADED)


class TestScore(Outputs):
    """A scale between whose points scores lie."""

    output = "score"
    file = json.dumps(PAIRS)


class TestAnswer(Outputs):
    """Answers that stand in a passage."""

    output = "answer"
    file = json.dumps(QA)


class TestRanking(Outputs):
    """Replies, which step 4 ranks in both orders."""

    output = "preference"
    file = json.dumps(RANKED)
