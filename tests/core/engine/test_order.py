"""The order of candidates, which holds no quota and no n; see engine/order.py."""

from __future__ import annotations

import dataclasses

import pytest

from targen_core.engine.events import Committed
from targen_core.errors import QuotaNotMet, Rejected

pytestmark = pytest.mark.usefixtures("virtual_time")


def seeds_of(ran):
    """Seed ids in commit order, each once."""
    ids = [event.id.split("/")[0] for event in ran.events if isinstance(event, Committed)]
    return list(dict.fromkeys(ids))


def turns(*groups):
    """Seed ids like 0.1.2 of digits like 012."""
    return [".".join(digits) for group in groups for digits in group.split()]


ORDERS = {
    "contexts take turns, and a list grows when its batch is used up": (
        {"lists": (3, 2), "maximum": 5},
        24,
        turns(
            "00 10 20 01 11 21",
            "30 40 31 41",  # the list of contexts dries up at 5
            "02 12 22 32 42 03 13 23 33 43",
            "04 14 24 34",
        ),
    ),
    "below the first list, a batch is used up before the next is asked for": (
        {"lists": (2, 2, 2), "maximum": 3},
        24,
        turns(
            # of both contexts of the first batch in turn: the first two members' first batches
            "000 100 001 101 010 110 011 111",
            "200 201 210 211",
            # then each context's next batch below it, and only then the members' next batches
            "020 120 220 021 121 221",
            "002 102 202 012 112 212",
        ),
    ),
    "a single list is walked from its front": (
        {"lists": (3,), "contexts": False},
        8,
        turns("0 1 2 3 4 5 6 7"),
    ),
    "a seed is drawn as often as the task allows": (
        {"lists": (2,), "samples": 2, "maximum": 2},
        4,
        turns("0 1"),
    ),
}


@pytest.mark.parametrize("how", ORDERS)
def test_seeds_come_in_this_order(lab, tmp_path, how):
    changes, rows, order = ORDERS[how]
    world = lab.World(labels=("only",), **changes)
    ran = lab.run(world, tmp_path, {"only": rows}, concurrency=5, latency=lab.latency(5))
    assert seeds_of(ran)[: len(order)] == order


def test_a_seeds_labels_and_samples_are_drawn_in_turn_and_told_of_the_earlier(lab, tmp_path):
    world = lab.World(lists=(3,), labels=("b", "a"), per_call=2, samples=3, maximum=2)
    ran = lab.run(
        world, tmp_path / "run", {"b": 12, "a": 12}, concurrency=9, latency=lab.latency(3)
    )
    ids = [event.id for event in ran.events if isinstance(event, Committed)]
    assert ids == [
        f"{seed}/{label}/{2 * sample + i}"
        for sample in range(3)
        for seed in (0, 1)
        for label in "ba"
        for i in range(2)
    ]
    texts = {
        record["id"]: row["text"] for record, row in zip(ran.provenance, ran.rows, strict=True)
    }
    (prompt,) = {
        request.messages[0].content
        for request in ran.model.requests
        if request.origin.place == "generate/1/a/2"
    }
    assert all(texts[f"1/a/{number}"] in prompt for number in range(4))


def _listed(lab, batch, **values):
    """A world whose third list contains the rows, and its task, which uses them without a call."""
    world = lab.World(lists=(1, 2, batch), correct=False, **values)
    first, *others, last = world.task().chain

    async def labels(llm, parent, existing):
        return [f"{parent} {label} {at}" for at in range(20) for label in world.labels]

    async def write(llm, seed):
        return lab.Row(seed=seed, text=seed, label=llm.branch)

    task = world.task(
        contexts=first,
        seeds=(dataclasses.replace(others[0], propose=labels, once=True, asks=False), last),
        generators=dict.fromkeys(world.labels, write),
        seeding={"seed_branch": lambda above, seed: above[-1].split()[-2]},
    )
    return world, task


def test_a_seed_that_is_for_one_branch_is_used_for_no_other(lab, tmp_path):
    world, task = _listed(lab, 5)
    quotas = {"yes": 18, "no": 7}
    ran = lab.run(world, tmp_path / "run", quotas, task=task, latency=lab.latency(2))
    assert ran.report["rows"] == quotas
    for record in ran.provenance:
        assert record["above"][-1].split()[-2] == record["intended"] == record["label"]
    ids = [event.id for event in ran.events if isinstance(event, Committed)]
    assert len({one.split("/")[0] for one in ids}) == len(ids)
    grown = lab.run(world, tmp_path / "run", grow={"yes": 20, "no": 20}, task=task, concurrency=1)
    assert grown.rows[:25] == ran.rows
    assert grown.report["rows"] == {"yes": 20, "no": 20}

    stray = task.replace(seeding={"seed_branch": lambda above, seed: "maybe"})
    ran = lab.run(world, tmp_path / "stray", quotas, task=stray)
    assert "seed_branch returned 'maybe', which is not a branch" in str(ran.error)
    with pytest.raises(ValueError, match="cannot have labels_per_seed"):
        task.replace(
            seeding={"labels_per_seed": 1},
        )


def test_the_users_seeds_take_the_place_of_all_lists_and_may_run_out(lab, tmp_path):
    given = tmp_path / "seeds.jsonl"
    given.write_text('"one seed"\n"two seeds"\n', encoding="utf-8")
    world = lab.World(lists=(3, 2), labels=("yes", "no"), salt="q")
    ran = lab.run(world, tmp_path / "run", {"yes": 2, "no": 2}, seeds=given)
    assert ran.error is None
    assert {record["seed"] for record in ran.provenance} == {"one seed", "two seeds"}
    assert all(record["above"] == [] for record in ran.provenance)
    given.unlink()  # the run has its own copy
    short = lab.run(world, tmp_path / "run", grow={"yes": 3, "no": 2})
    assert "label yes has 2 of 3 rows" in str(short.error)
    assert "all given seeds were used" in str(short.error)
    assert len(short.rows) == 4


def test_a_list_with_too_many_rejects_ends_with_its_first_batch(lab, tmp_path):
    """All below the second context is bad, and half of it below the third."""
    world, said = lab.World(lists=(3, 4), labels=("only",), maximum=8, trial=0.5), {}

    def check(row, seed):
        context, number = said[seed]
        if context == 1 or (context == 2 and number % 2):
            raise Rejected("unsuited", "of no use")

    def grown(step):
        async def propose(llm, parent, existing):
            items = [f"{parent} {len(existing) + n}" for n in range(llm.batch)]
            said.update((one, tuple(map(int, one.split()[1:]))) for one in items)
            return items[: 8 - len(existing)] if parent else ["c 0", "c 1", "c 2"]

        return dataclasses.replace(step, propose=propose, once=step is made.contexts)

    made = world.task()
    task = made.replace(
        contexts=grown(made.contexts), seeds=tuple(map(grown, made.seeds)), checks=(check,)
    )
    ran = lab.run(world, tmp_path / "run", {"only": 16}, task=task, concurrency=64)
    assert isinstance(ran.error, QuotaNotMet)
    below = [seed.split(".")[0] for seed in seeds_of(ran)]
    assert {context: below.count(context) for context in "012"} == {"0": 8, "1": 4, "2": 8}
    (dropped,) = (record for record in ran.rejects if record["verdict"] == "dropped")
    assert (dropped["reason"], dropped["item"]) == ("too-many-rejected", "c 1")
    assert dropped["detail"] == "4 of the first 4 candidates were rejected"
    (counted,) = ran.report["dropped_list_items"]
    assert (counted["reason"], counted["count"]) == ("too-many-rejected", 1)
    # resumed with patience, nothing is told twice
    again = lab.run(world, tmp_path / "run", resume=True, task=task)
    assert again.files == ran.files
