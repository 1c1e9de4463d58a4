"""Seeds that are for one label: which it is, and what becomes of the other labels."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from targen_core.tasks.dimensions import Dimension

pytestmark = pytest.mark.usefixtures("virtual_time")


@pytest.mark.parametrize(
    ("lists", "names"), [((4, 3), ("yes", "no")), ((2, 2, 2), ("a", "b", "c"))]
)
def test_no_context_is_for_one_label_alone(lab, folder, lists, names):
    world = lab.World(labels=names, lists=lists, one_label=True)
    with folder() as path:
        ran = lab.run(world, path / "run", dict.fromkeys(names, 12))
    for depth in range(len(lists) - 1):
        by_item = defaultdict(Counter)
        for record in ran.provenance:
            by_item[str(record["above"][: depth + 1])][record["label"]] += 1
        for labels in by_item.values():
            if labels.total() >= len(names):
                assert max(labels.values()) - min(labels[name] for name in names) <= 2
    assert ran.report["rows"] == dict.fromkeys(names, 12)


def test_seeds_go_to_the_next_label_if_theirs_has_its_rows(lab, folder):
    """Nothing that was paid for is left: a rare label does not cost two seeds a row."""
    world = lab.World(lists=(4, 3), one_label=True)
    with folder() as path:
        ran = lab.run(world, path / "run", {"yes": 4, "no": 44}, concurrency=1)
    assert ran.report["rows"] == {"yes": 4, "no": 44}
    seeds = {record["id"].split("/")[0] for record in ran.provenance}
    assert len(seeds) == 48
    listed = [call for call in ran.journal if call["step"] == "seeds"]
    assert len(listed) <= 18  # of three seeds each; 32 if those of the full label were left


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
@settings(max_examples=8)
def test_neighbouring_rows_of_a_label_draw_different_things(lab, folder, data):
    """Whatever the shares: a label goes through the values on others' seeds as on its own."""
    names = "abcd"[: data.draw(st.integers(2, 4))]
    values = "klmnopqrstuv"[: data.draw(st.integers(len(names) + 1, 12))]
    word = Dimension(name="word", values=tuple(values), by_branch=data.draw(st.booleans()))
    world = lab.World(labels=tuple(names), lists=(7,), one_label=True)
    quotas = {name: data.draw(st.integers(0, 25), label=name) for name in names[1:]}
    task = world.task(
        dimensions=(word,),
        seeding={"balanced_draws": True},
    )
    most = dict.fromkeys(names, 25)
    with folder() as path:
        even = lab.run(world, path / "even", most, task=task)
        how = {"task": task, "concurrency": data.draw(st.sampled_from([1, 6]))}
        ran = lab.run(world, path / "run", {names[0]: 25, **quotas}, **how)
    own = {record["id"]: record["dimensions"] for record in even.provenance}
    drawn = defaultdict(list)
    for record in ran.provenance:
        at = int(record["id"].split("/")[0].split(".")[-1])
        # Each block has its own order of values, and turns shift after a period.
        block = at // len(names) // len(values), at // math.lcm(7, len(names))
        drawn[record["label"], *block].append((at, record["dimensions"]["word"]))
        if task.turns((at,), 0)[0] == record["label"]:
            assert record["dimensions"] == own[record["id"]]
    for rows in drawn.values():
        assert all(one != other for (_, one), (_, other) in pairwise(rows))
        for first in names:
            alike = [word for at, word in rows if task.turns((at,), 0)[0] == first]
            assert len({*alike}) == len(alike)


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


def test_given_seeds_are_for_all_labels(lab, folder):
    world = lab.World(one_label=True)
    with folder() as path:
        (path / "seeds.txt").write_text("one\ntwo\nthree\nfour\n")
        given = {"seeds": path / "seeds.txt"}
        assert lab.run(world, path / "all", {"yes": 4, "no": 4}, **given).error is None


@pytest.mark.parametrize(
    ("lists", "balanced"), [((4, 3), False), ((4, 3), True), ((1, 6), True), ((3, 4), True)]
)
def test_alternation_is_even_within_each_label(lab, folder, lists, balanced):
    """What alternates over seeds does not follow the label, which alternates as well."""
    seen = defaultdict(Counter)
    world = lab.World(lists=lists, one_label=True)
    task = world.task(
        seeding={"balanced_draws": balanced},
    )

    def noting(name, write):
        async def noted(llm, seed):
            kind = llm.alternate("cause", "effect")
            llm.note(kind=kind)
            return await write(llm, seed)

        return noted

    changed = task.replace(generators={n: noting(n, g) for n, g in task.generators.items()})
    with folder() as path:
        ran = lab.run(world, path / "run", {"yes": 24, "no": 24}, task=changed)
    for record in ran.provenance:
        seen[record["label"]][record["notes"]["kind"]] += 1
    assert all(abs(kinds["cause"] - kinds["effect"]) <= 2 for kinds in seen.values())
