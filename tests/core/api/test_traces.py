"""`trace`, `diff` and `replay` from Python, of runs of objects too."""

from __future__ import annotations

from dataclasses import replace

import pytest

import targen_core as tg
from targen_standard.comparing.api import diff
from targen_standard.replaying.api import replay
from targen_standard.tracing.api import trace

from ...runs import outputs


@pytest.fixture
def world(lab):
    return lab.World(relabel=0.2, bad=0.1)


def model(lab, world, *, structured=True):
    def reply(request):
        """What the world says to the question before the schema in words."""
        last = request.messages[-1]
        question = replace(last, content=last.content.partition("\n\nReply with one JSON")[0])
        return world.reply(replace(request, messages=(*request.messages[:-1], question)))

    made = lab.ToyModel(reply)
    made.structured = structured
    return made


@pytest.mark.parametrize("structured", [True, False])
def test_a_run_of_objects_is_made_again_without_asking_the_model(lab, world, structured):
    run = tg.generate(world.task(), n=12, model=model(lab, world, structured=structured), out="x")
    never = lab.ToyModel(world.reply)
    again = replay(run, "again")
    assert outputs(again.path) == outputs(run.path)
    assert again.report.raw["replay"]["needed"] == []
    by_path = replay("x", "more", task=world.task(), model=never, n=20)
    assert by_path.report.raw["replay"]["needed"] and not never.asked
    assert diff(run, again).same
    assert not diff("x", by_path).same


@pytest.mark.parametrize("structured", [True, False])
def test_a_row_is_traced_to_what_was_sent_with_a_schema_or_in_words(lab, world, structured):
    sent = model(lab, world, structured=structured)
    run = tg.generate(world.task(), n=6, model=sent, out="x")
    traced = trace(run, 3)
    assert traced.calls == trace(run.path, 3).calls
    asked = {request.key: request.messages for request in sent.requests}
    assert traced.calls and not traced.problem
    for call in traced.calls:
        assert tuple(call.messages) == tuple(asked[call.key])


def test_a_row_is_traced_without_its_task(lab, world):
    run = tg.generate(world.task(), n=4, model=model(lab, world), out="x")
    traced = trace("x", 0)
    assert not traced.problem and all(call.messages for call in traced.calls)
    assert [call.key for call in traced.calls] == next(iter(run.provenance))["calls"]
    assert traced.raw["made_by"]["task"] == "memory:toy"
