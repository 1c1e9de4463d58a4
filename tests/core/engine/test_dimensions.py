"""Draws in a run: each item and each row has its own, whatever the run's size, order or ends."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace

import pytest

from targen_core import Dimension

pytestmark = pytest.mark.usefixtures("virtual_time")

WORD = Dimension(name="word", values=tuple("abcde"))


def drawn(ran):
    return [record["dimensions"] for record in ran.provenance]


def test_every_row_says_what_was_drawn_for_it_and_what_is_above_it(lab, tmp_path):
    world = lab.World(lists=(3, 5), dimensioned=True)
    ran = lab.run(world, tmp_path / "run", {"yes": 15, "no": 15})
    for record in ran.provenance:
        assert [*record["dimensions"]] == ["place", "word", "length", "kind"]
    first, second = ran.provenance[:2]  # of one seed, one of each label
    assert first["seed"] == second["seed"]
    assert first["dimensions"] == second["dimensions"]
    for record in ran.rejects:
        assert "dimensions" in record
    counts = Counter(each["place"] for each in drawn(ran))
    assert counts == {"kitchen": 10, "harbour": 10, "court": 10}
    assert Counter(each["word"] for each in drawn(ran)) == dict.fromkeys("abcde", 6)


def test_each_item_of_a_list_call_is_told_its_own(lab, tmp_path):
    world = lab.World(lists=(3, 5), dimensioned=True)
    ran = lab.run(world, tmp_path / "run", {"yes": 15, "no": 15})
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


def test_step_3_is_told_and_step_4_is_not(lab, tmp_path):
    world = lab.World(lists=(3, 5), dimensioned=True)
    ran = lab.run(world, tmp_path / "run", {"yes": 6, "no": 6})
    sent = {request.key: request.messages[-1].content for request in ran.model.requests}
    for record in ran.provenance:
        *_, written, judged = record["calls"]
        length = record["dimensions"]["length"]
        assert sent[written].endswith(f"\n\nKeep to this:\nlength: {length}")
        assert "Keep to" not in sent[judged]


def test_several_instances_of_a_call_have_draws_of_their_own(lab, tmp_path):
    world = lab.World(lists=(3, 2), per_call=4, labels=("only",), dimensioned=True)
    seen = []

    async def write(llm, seed):
        seen.append(llm.draws)
        return await world.task().generators["only"](llm, seed)

    task = world.task(generators={"only": write})
    ran = lab.run(world, tmp_path / "run", {"only": 12}, task=task)
    assert {len(draws) for draws in seen} == {4}
    for number, record in enumerate(ran.provenance[:4]):
        own = {name: record["dimensions"][name] for name in ("length", "kind")}
        assert own == seen[0][number]
    assert Counter(draws["kind"] for draws in seen[0]) == {"open": 3, "contradicted": 1}


@pytest.mark.parametrize("seeds", [1, 4])
def test_what_is_drawn_tells_no_label_where_a_seed_is_for_one(lab, tmp_path, seeds):
    world = lab.World(lists=(8, seeds), dimensioned=True, one_label=True)
    ran = lab.run(world, tmp_path / "run", {"yes": 4 * seeds, "no": 4 * seeds})
    assert len({record["seed"] for record in ran.provenance}) == 8 * seeds
    pairs = Counter((record["label"], record["dimensions"]["length"]) for record in ran.provenance)
    assert set(pairs.values()) == {2 * seeds}


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


def test_the_items_that_a_user_gave_have_no_draws(lab, tmp_path):
    world = lab.World(lists=(3, 2), dimensioned=True)
    (tmp_path / "contexts.txt").write_text("a field\na town\n")
    ran = lab.run(
        world,
        tmp_path / "run",
        {"yes": 4, "no": 4},
        contexts=tmp_path / "contexts.txt",
    )
    assert {tuple(each) for each in drawn(ran)} == {("word", "length", "kind")}


def test_without_dimensions_there_is_nothing(lab, tmp_path):
    world = lab.World(lists=(3, 2), bad=0.2)
    seen = []

    async def propose(llm, parent, existing):
        seen.append(llm.draws)
        return await world.task().contexts.propose(llm, parent, existing)

    task = world.task().replace(contexts=replace(world.task().contexts, propose=propose))
    ran = lab.run(world, tmp_path / "run", {"yes": 4, "no": 4}, task=task)
    assert seen[0] == ({}, {}, {})
    assert not any("dimensions" in record for record in [*ran.provenance, *ran.rejects])


def test_the_size_of_a_run_changes_no_draw(lab, tmp_path):
    world = lab.World(lists=(3, 5), bad=0.2, relabel=0.3, dimensioned=True)
    whole = lab.run(world, tmp_path / "whole", {"yes": 12, "no": 12})
    lab.run(world, tmp_path / "small", {"yes": 2, "no": 2})
    grown = lab.run(world, tmp_path / "small", grow={"yes": 12, "no": 12})
    of = {record["id"]: record["dimensions"] for record in whole.provenance}
    both = [record for record in grown.provenance if record["id"] in of]
    assert len(both) > 12
    assert all(record["dimensions"] == of[record["id"]] for record in both)
