"""Verbalized sampling: candidates with probabilities for what a list holds, of which code draws."""

from __future__ import annotations

import json
import random
from collections import Counter

import pytest

from targen_core.engine.reply_json import read_reply
from targen_core.engine.stage_llm import drawn, widened
from targen_core.errors import BadReply, UsageError
from targen_core.tasks.replies import line, list_of

pytestmark = pytest.mark.usefixtures("virtual_time")


def several(*answers):
    return {"candidates": [{"answer": a, "probability": p} for a, p in answers]}


class TestReplies:
    TOPICS = list_of("topics", line(1, 40), 2)

    def test_one_of_each_is_drawn_by_its_probability(self):
        reply = {"topics": [several(("a", 0.9), ("b", 0.1)), several(("c", 0), ("d", 0))]}
        read = read_reply(json.dumps(reply), widened(self.TOPICS, 2))
        counts = Counter()
        for seed in range(400):
            made = drawn(read, self.TOPICS, random.Random(seed))
            assert type(made) is self.TOPICS
            counts.update(made.items)
        assert 330 < counts["a"] < 390
        assert 150 < counts["c"] < 250, "without probabilities all are as likely"

    @pytest.mark.parametrize(
        "reply",
        [
            {"topics": ["a", "b"]},
            {"topics": [{"candidates": []}]},
            {"topics": [several(("a", -1))]},
            {"topics": [several(("a", "likely"))]},
        ],
    )
    def test_what_holds_no_candidates_is_a_bad_reply(self, reply):
        with pytest.raises(BadReply):
            read_reply(json.dumps(reply), widened(self.TOPICS, 2))


def test_another_number_is_another_run(lab, tmp_path):
    world = lab.World()
    options = {"contexts.candidates": 2}
    first = lab.run(world, tmp_path / "a", {"yes": 2}, options=options)
    assert first.error is None
    asked = [request for request in first.model.requests if "candidates" in str(request.schema)]
    assert len(asked) == sum(r.messages[0].content.startswith("list 0") for r in asked)
    assert {request.params["max_tokens"] for request in asked} == {2 * 1024}, "as much longer"
    options["contexts.max_tokens"] = 2 * 1024
    with pytest.raises(UsageError, match=r"contexts.candidates 2, not 3"):
        lab.run(world, tmp_path / "a", {"yes": 2}, options=options | {"contexts.candidates": 3})
