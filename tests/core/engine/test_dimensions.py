"""Draws in a run: each item and each row has its own, whatever the run's size, order or ends."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace

import pytest

from targen_core.tasks.dimensions import Dimension

pytestmark = pytest.mark.usefixtures("virtual_time")

WORD = Dimension(name="word", values=tuple("abcde"))


def test_every_item_and_row_has_its_own_draw_and_says_what_is_above_it(lab, tmp_path):
    world = lab.World(lists=(3, 5), dimensioned=True)
    ran = lab.run(world, tmp_path / "run", {"yes": 15, "no": 15})
    for record in ran.provenance:
        assert [*record["dimensions"]] == ["place", "word", "length", "kind"]
    first, second = ran.provenance[:2]  # of one seed, one of each label
    assert first["seed"] == second["seed"]
    assert first["dimensions"] == second["dimensions"]
    assert all("dimensions" in record for record in ran.rejects)
    drawn = [record["dimensions"] for record in ran.provenance]
    counts = Counter(each["place"] for each in drawn)
    assert counts == {"kitchen": 10, "harbour": 10, "court": 10}
    assert Counter(each["word"] for each in drawn) == dict.fromkeys("abcde", 6)
    # each item of a list call is told its own
    sent = {request.key: request.messages[-1].content for request in ran.model.requests}
    by_item = {}
    for record in ran.journal:
        if record["step"] in ("contexts", "seeds"):
            name = {"contexts": "place", "seeds": "word"}[record["step"]]
            said = re.findall(rf"^(\d)\. {name}: (\w+)$", sent[record["key"]], re.MULTILINE)
            items = eval(record["text"])["items"]
            assert [int(number) for number, _ in said] == [*range(1, len(items) + 1)]
            by_item |= {item: value for item, (_, value) in zip(items, said, strict=True)}
    for record in ran.provenance:
        assert by_item[record["above"][0]] == record["dimensions"]["place"]
        assert by_item[record["seed"]] == record["dimensions"]["word"]


def test_a_step_may_say_some_of_its_draws_or_none(lab, tmp_path):
    world = lab.World(lists=(4,), labels=("only",), contexts=True)

    async def propose(llm, parent, existing):
        assert [len(draw) for draw in llm.draws] == [1] * 4
        halves = [llm.draws[:2], llm.draws[2:]]
        texts = [await llm.ask("list half", draws=half) for half in halves]
        assert await llm.ask("list once more", draws=()) == "list once more"
        return [line for text in texts for line in text.split("\n")[-2:]]

    task = world.task()
    contexts = replace(task.contexts, propose=propose, check=None, dimensions=(WORD,))

    def reply(request):
        text = request.messages[0].content
        return text if text.startswith("list") else world.reply(request)

    ran = lab.run(
        world,
        tmp_path / "run",
        {"only": 4},
        task=task.replace(contexts=contexts),
        model=lab.ToyModel(reply),
    )
    for record in ran.provenance:
        assert record["seed"].endswith(f"word: {record['dimensions']['word']}")
