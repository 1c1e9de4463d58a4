"""Steps that make calls side by side: which answer comes first decides nothing."""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import replace

import pytest

from targen_core.errors import AuthenticationFailed, StageFailed

pytestmark = pytest.mark.usefixtures("virtual_time")


@pytest.fixture
def world(lab):
    return lab.World(lists=(3,), labels=("only",), bad=0.2)


def test_calls_are_recorded_chain_by_chain_with_their_notes(lab, world, tmp_path):
    world = replace(world, side="gathered")
    ran = lab.run(world, tmp_path / "run", {"only": 3}, latency=lab.latency(1))
    assert ran.error is None
    places = {record["key"]: record for record in ran.journal if "key" in record}
    for record in ran.provenance:
        made = [key for key in record["calls"] if places[key]["place"].startswith("generate/")]
        firsts = [record["notes"][name] for name in "abc"]
        assert list(record["notes"]) == ["a", "b", "c"]
        texts = [places[key]["text"] for key in made]
        at = [n for name in firsts for n, text in enumerate(texts) if name in text]
        assert at == sorted(at)  # a chain's second call comes before the next chain's first
        assert len(texts) >= 6


def test_a_step_makes_no_row_of_a_call_that_got_no_answer(lab, world, tmp_path):
    async def write(llm, seed):
        asked = [llm.ask("write only / $seed $n", reply=lab.Texts, seed=seed, n=n) for n in "12"]
        replies = await asyncio.gather(*asked, return_exceptions=True)
        texts = [r.texts[0] for r in replies if not isinstance(r, BaseException)]
        return lab.Row(seed=seed, text=" ".join([seed, *texts]), label="only")

    task = world.task(generators={"only": write})
    whole = lab.run(world, tmp_path / "whole", {"only": 4}, task=task)

    def stop(number, request, job):
        if number > 4:
            raise AuthenticationFailed("the key has expired")

    stopped = lab.run(world, tmp_path / "run", {"only": 4}, task=task, hook=stop)
    assert "the key has expired" in str(stopped.error)
    assert whole.files["dataset.jsonl"].startswith(stopped.files["dataset.jsonl"])
    again = lab.run(world, tmp_path / "run", resume=True, task=task)
    assert again.files == whole.files


def test_a_step_whose_questions_never_settle_is_the_authors_fault(lab, world, tmp_path):
    numbers = itertools.count()

    async def write(llm, seed):
        asked = [
            llm.ask("write only / $seed $n", reply=lab.Texts, seed=seed, n=next(numbers))
            for _ in "12"
        ]
        await asyncio.gather(*asked)
        return lab.Row(seed=seed, text=seed, label="only")

    ran = lab.run(world, tmp_path / "run", {"only": 1}, task=world.task(generators={"only": write}))
    assert isinstance(ran.error, StageFailed)
    assert "asks something else each time it gets the same replies" in str(ran.error)


def test_what_the_model_said_last_does_not_depend_on_which_answer_came_first(lab, world, tmp_path):
    few = replace(world, side="gathered", maximum=3, bad=0.6)

    def reply(request):
        is_beside = "," in request.messages[0].content.partition("\n\n")[0]
        return f"Hard to say: {request.key}." if is_beside else few.reply(request)

    def ending(number):
        model = lab.ToyModel(reply, latency=lab.latency(number))
        return str(lab.run(few, tmp_path / str(number), {"only": 9}, model=model).error)

    (said,) = {ending(number) for number in range(6)}
    assert "the model said 'Hard to say: " in said
