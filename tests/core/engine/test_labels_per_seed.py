"""Seeds that are for one label: which it is, and what becomes of the other labels."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from targen_core.tasks.dimensions import Dimension

pytestmark = pytest.mark.usefixtures("virtual_time")


@pytest.mark.parametrize("at", range(6))
def test_one_relabelled_row_moves_one_seed_at_most(lab, folder, at):
    """Otherwise each label would be full a seed early, and what was written for it wasted."""
    names = tuple("abcdef")
    world = lab.World(labels=names, lists=(6, 4), one_label=True, balanced_draws=True)
    judged = []

    def reply(request):
        kind, claimed, *_ = request.messages[0].content.split()
        if kind != "judge":
            return world.reply(request)
        judged.append(claimed)
        moved = len(judged) == at + 1
        return {"label": names[(names.index(claimed) + 2) % 6] if moved else claimed}

    with folder() as path:
        model = lab.ToyModel(reply)
        ran = lab.run(world, path / "run", dict.fromkeys(names, 4), model=model, concurrency=1)
    assert ran.report["rows"] == dict.fromkeys(names, 4)
    paths = [tuple(map(int, row["id"].split("/")[0].split("."))) for row in ran.provenance]
    turns = [world.task().turns(path, 0)[0] for path in paths]
    assert sum(a != row["intended"] for a, row in zip(turns, ran.provenance, strict=True)) <= 1


@given(data=st.data())
@settings(max_examples=12)
def test_nothing_drawn_for_a_seed_hints_at_its_label(lab, folder, data):
    """Nor does its place in the reply that lists it, nor that of its context, nor draws of rows."""
    names = tuple("abcdefghijklmn"[: data.draw(st.integers(2, 14))])
    lists = data.draw(st.sampled_from([(10, 5), (2, 4), (5,), (4,), (10,), (1, 6), (3, 3)]))
    world = lab.World(labels=names, lists=lists, contexts=len(lists) > 1, one_label=True)
    several = {f"one of {n}": tuple("klmn"[:n]) for n in (2, 3, 4)}

    def drawn(step):
        return tuple(Dimension(name=f"{name} in {step}", values=v) for name, v in several.items())

    task = world.task(
        dimensions=drawn("rows"),
        seeding={"balanced_draws": True},
    )
    task = task.replace(
        contexts=task.contexts and replace(task.contexts, dimensions=drawn("contexts")),
        seeds=tuple(replace(step, dimensions=drawn("seeds")) for step in task.seeds),
    )
    more = data.draw(st.sampled_from([1, 1, 3]))
    quotas = dict.fromkeys(names, 16) | {data.draw(st.sampled_from(names)): 16 * more}
    with folder() as path:
        ran = lab.run(world, path / "run", quotas, task=task)
    assert ran.report["rows"] == quotas
    seen = defaultdict(lambda: defaultdict(Counter))
    for record in ran.provenance:
        *_, seed = map(int, record["id"].split("/")[0].split("."))
        there = {**record["dimensions"], "place in its reply": seed % lists[-1]}
        for name, value in there.items():
            seen[name][record["label"]][value] += 1
    for by_label in seen.values():
        every = sum(by_label.values(), Counter())
        for label, values in by_label.items():
            for value, count in every.items():
                share = count * quotas[label] / every.total()
                room = 4 if more == 1 else quotas[label] / 4
                assert abs(values[value] - share) <= room
