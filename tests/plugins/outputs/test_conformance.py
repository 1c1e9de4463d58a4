"""Each output in a task, by the conformance kit."""

from __future__ import annotations

from targen_testing import OutputSuite as Outputs


class TestLabels(Outputs):
    """Sets of labels are few, and each has rows."""

    output = "labels"
    file = """
description: E-mails to a shop.
output: {labels: {refund: wants money, delay: is late, harm: is broken}, several: true}
"""


class TestSpans(Outputs):
    """Spans in one of two texts."""

    output = "spans"
    file = """
description: Posts with a headline.
fields: {headline: a headline, text: a post}
output: {spans: {person: a named person, place: a named town}, field: text, per_row: [0, 4]}
"""


class TestScore(Outputs):
    """A scale between whose points scores lie."""

    output = "score"
    file = """
description: Two sentences.
fields: {one: a sentence, other: a sentence}
output: {score: {1: nothing in common, 5: the same}, bins: 3}
"""


class TestAnswer(Outputs):
    """Answers that stand in a passage."""

    output = "answer"
    file = """
description: A passage with a question.
fields: {passage: a passage, question: a question}
output: {answer: {when: a date, who: a person}, within: passage}
"""


class TestPreference(Outputs):
    """Two replies, judged in both orders."""

    output = "preference"
    file = """
description: Requests to a cook.
fields: {prompt: a request}
output: {preference: {concise: fewer words, correct: no mistake}}
"""


class TestRanking(Outputs):
    """Four replies, which step 4 ranks in both orders."""

    output = "preference"
    file = """
description: Requests to a cook.
fields: {prompt: a request}
output: {preference: {concise: fewer words, correct: no mistake}, replies: 4}
"""
