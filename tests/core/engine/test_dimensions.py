"""Draws in a run: each item and each row has its own, whatever the run's size, order or ends."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from targen_core import Dimension, Message
from targen_core.errors import Interrupted

pytestmark = pytest.mark.usefixtures("virtual_time")

PLACE = Dimension(name="place", values=("kitchen", "harbour", "court"))
WORD = Dimension(name="word", values=tuple("abcde"))
LENGTH = Dimension(name="length", values=("short", "long"))
KIND = Dimension(name="kind", values={"open": 3, "contradicted": 1}, in_prompt=False)


def dimensioned(world, **changes):
    """The world's task with dimensions in its lists and its rows."""
    task = world.task()
    if task.contexts is not None and task.seeds:
        changes.setdefault("contexts", replace(task.contexts, dimensions=(PLACE,)))
        *above, last = task.seeds
        changes.setdefault("seeds", (*above, replace(last, dimensions=(WORD,))))
    return task.replace(dimensions=(LENGTH, KIND), **changes)


@pytest.fixture
def run(lab):
    """Runs a world's task, by a model that answers what stands above the draws."""

    def run(world, path, quotas, *, task, latency=None, **options):
        def answer(request):
            text = request.messages[0].content.partition("\n\nKeep to")[0]
            return world.reply(replace(request, messages=(Message("user", text),)))

        model = lab.ToyModel(answer, latency=latency)
        return lab.run(world, path, quotas, task=task, model=model, **options)

    return run


def drawn(ran):
    return [record["dimensions"] for record in ran.provenance]


def test_every_row_says_what_was_drawn_for_it_and_what_is_above_it(lab, run, tmp_path):
    world = lab.World(lists=(3, 5))
    ran = run(world, tmp_path / "run", {"yes": 15, "no": 15}, task=dimensioned(world))
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


def test_each_item_of_a_list_call_is_told_its_own(lab, run, tmp_path):
    world = lab.World(lists=(3, 5))
    ran = run(world, tmp_path / "run", {"yes": 15, "no": 15}, task=dimensioned(world))
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


def test_step_3_is_told_and_step_4_is_not(lab, run, tmp_path):
    world = lab.World(lists=(3, 5))
    ran = run(world, tmp_path / "run", {"yes": 6, "no": 6}, task=dimensioned(world))
    sent = {request.key: request.messages[-1].content for request in ran.model.requests}
    for record in ran.provenance:
        *_, written, judged = record["calls"]
        length = record["dimensions"]["length"]
        assert sent[written].endswith(f"\n\nKeep to this:\nlength: {length}")
        assert "Keep to" not in sent[judged]


def test_several_instances_of_a_call_have_draws_of_their_own(lab, run, tmp_path):
    world = lab.World(lists=(3, 2), per_call=4, labels=("only",))
    seen = []

    async def write(llm, seed):
        seen.append(llm.draws)
        return await world.task().generators["only"](llm, seed)

    task = dimensioned(world, generators={"only": write})
    ran = run(world, tmp_path / "run", {"only": 12}, task=task)
    assert {len(draws) for draws in seen} == {4}
    for number, record in enumerate(ran.provenance[:4]):
        own = {name: record["dimensions"][name] for name in ("length", "kind")}
        assert own == seen[0][number]
    assert Counter(draws["kind"] for draws in seen[0]) == {"open": 3, "contradicted": 1}


@pytest.mark.parametrize("seeds", [1, 4])
def test_what_is_drawn_tells_no_label_where_a_seed_is_for_one(lab, run, tmp_path, seeds):
    world = lab.World(lists=(8, seeds))
    task = dimensioned(world, labels_per_seed=1)
    ran = run(world, tmp_path / "run", {"yes": 4 * seeds, "no": 4 * seeds}, task=task)
    assert len({record["seed"] for record in ran.provenance}) == 8 * seeds
    pairs = Counter((record["label"], record["dimensions"]["length"]) for record in ran.provenance)
    assert set(pairs.values()) == {2 * seeds}


def test_a_step_may_say_some_of_its_draws_or_none(lab, run, tmp_path):
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


def test_the_items_that_a_user_gave_have_no_draws(lab, run, tmp_path):
    world = lab.World(lists=(3, 2))
    (tmp_path / "contexts.txt").write_text("a field\na town\n")
    ran = run(
        world,
        tmp_path / "run",
        {"yes": 4, "no": 4},
        task=dimensioned(world),
        contexts=tmp_path / "contexts.txt",
    )
    assert {tuple(each) for each in drawn(ran)} == {("word", "length", "kind")}


def test_without_dimensions_there_is_nothing(lab, run, tmp_path):
    world = lab.World(lists=(3, 2), bad=0.2)
    seen = []

    async def propose(llm, parent, existing):
        seen.append(llm.draws)
        return await world.task().contexts.propose(llm, parent, existing)

    task = world.task().replace(contexts=replace(world.task().contexts, propose=propose))
    ran = run(world, tmp_path / "run", {"yes": 4, "no": 4}, task=task)
    assert seen[0] == ({}, {}, {})
    assert not any("dimensions" in record for record in [*ran.provenance, *ran.rejects])


@given(data=st.data())
@settings(max_examples=15)
def test_neither_size_nor_concurrency_nor_rounds_nor_ends_change_a_draw(lab, run, folder, data):
    world = data.draw(lab.worlds.filter(lambda world: world.contexts))
    task = dimensioned(world)
    small, large = 2 * world.rows_per_instance, 6 * world.rows_per_instance
    at_once = data.draw(st.sampled_from([1, 64]))

    def start(path, rows, **options):
        quotas = dict.fromkeys(world.quota_names, rows)
        options |= {"lists_at_once": at_once, "give_up_after": 10}
        return run(world, path, quotas, task=task, **options)

    def stop(n, request, job):
        if n == halt:
            raise Interrupted("stopped")

    with folder() as path:
        whole = start(path / "whole", large, concurrency=1)
        halt = data.draw(st.integers(1, max(1, len(whole.model.asked))))
        start(path / "stopped", large, latency=lab.latency(1), hook=stop)
        resumed = run(world, path / "stopped", None, task=task, resume=True)
        assert resumed.files == whole.files
        start(path / "small", small)
        quotas = dict.fromkeys(world.quota_names, large)
        grown = run(world, path / "small", None, task=task, resume=True, grow=quotas)
        of = {record["id"]: record["dimensions"] for record in whole.provenance}
        for record in grown.provenance:
            assert of.get(record["id"], record["dimensions"]) == record["dimensions"]
