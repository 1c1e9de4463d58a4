"""Rows in rounds: each further batch of a list is told of the rows that there are."""

from __future__ import annotations

import dataclasses
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from targen_core import ListStep
from targen_core.engine.events import Committed
from targen_core.engine.shards import Shard
from targen_core.errors import QuotaNotMet, Rejected, UsageError

pytestmark = pytest.mark.usefixtures("virtual_time")

SIZES = (3, 5, 8, 13)


def in_rounds(lab, *, last=99, **values):
    """A world, and its task with rounds of 3, 5, 8, ... seeds that name the rows before them.

    Each round's one item says how many rows it was told of, and a digest of them, so that other
    rows make other seeds, calls and files.
    """
    world = lab.World(lists=(1, 4), **values)
    plain = world.task()
    told = []

    async def rounds(llm, parent, existing):
        if len(existing) > last:
            raise Rejected("nothing-learned", "the rows teach nothing")
        digest = hashlib.sha256(repr(list(llm.rows)).encode()).hexdigest()[:8]
        told.append((len(existing), len(llm.rows)))
        return [f"round {len(existing)} of {len(llm.rows)} rows {digest}"]

    async def seeds(llm, parent, existing):
        number = int(parent.split()[1])
        size = SIZES[min(number, len(SIZES) - 1)]
        knows = f"{parent} knowing {len(llm.rows)}"
        return [] if existing else [f"{knows} seed {at}" for at in range(size)]

    task = plain.replace(
        contexts=ListStep(item=str, propose=rounds, batch=1, asks=False, told_rows=True),
        seeds=(dataclasses.replace(plain.seeds[0], propose=seeds, asks=False),),
    )
    return world, task, told


@pytest.mark.parametrize("concurrency", [1, 5, 64])
def test_each_round_knows_all_rows_before_it(lab, tmp_path, concurrency):
    world, task, told = in_rounds(lab)
    ran = lab.run(
        world,
        tmp_path / "run",
        {"yes": 30, "no": 30},
        task=task,
        concurrency=concurrency,
        latency=lab.latency("rounds"),
    )
    assert ran.error is None
    assert told[0] == (0, 0)
    rounds = [record["above"][0] for record in ran.provenance]
    for name in dict.fromkeys(rounds):
        assert int(name.split()[3]) == rounds.index(name)  # no row before it is unknown to it
    assert len(set(rounds)) >= 3
    for record in ran.provenance:  # a list below is told of the same rows
        assert record["seed"].split()[7] == record["above"][0].split()[3]


@given(
    st.integers(0, 2**16),
    st.sampled_from([(1, 7), (4, 64)]),
    st.booleans(),
    st.integers(2, 18),
)
def test_the_files_depend_on_neither_concurrency_nor_stops(
    lab, folder, salt, speeds, one_label, stop
):
    world, task, _ = in_rounds(
        lab, salt=str(salt), bad=0.2, relabel=0.2, malformed=0.1, one_label=one_label
    )
    quotas = {"yes": 14, "no": 11}
    with folder() as path:
        whole, other = (
            lab.run(world, path / str(n), quotas, task=task, concurrency=n) for n in speeds
        )
        assert whole.files == other.files

        commits = 0

        def stopping(event):
            nonlocal commits
            if isinstance(event, Committed):
                commits += 1
                if commits == stop:
                    raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            lab.run(world, path / "cut", quotas, task=task, listen=stopping)
        for verify in (False, True):
            again = lab.run(
                world, path / "cut", resume=True, task=task, resuming={"verify": verify}
            )
            assert again.files == whole.files


def test_a_run_that_grows_goes_on_with_what_it_learned(lab, tmp_path):
    world, task, _ = in_rounds(lab)
    first = lab.run(world, tmp_path / "run", {"yes": 8, "no": 8}, task=task)
    grown = lab.run(world, tmp_path / "run", grow={"yes": 25, "no": 25}, task=task)
    assert grown.error is None
    assert grown.rows[: len(first.rows)] == first.rows
    calls = len(grown.journal)
    again = lab.run(world, tmp_path / "run", resume=True, task=task, resuming={"verify": True})
    assert (again.files, len(again.journal)) == (grown.files, calls)


def test_a_round_that_learns_nothing_ends_the_run_and_says_why(lab, tmp_path):
    world, task, _ = in_rounds(lab, last=1)
    ran = lab.run(world, tmp_path / "run", {"yes": 40, "no": 40}, task=task)
    assert isinstance(ran.error, QuotaNotMet)
    dropped = {record["reason"] for record in ran.rejects if record["verdict"] == "dropped"}
    assert dropped == {"nothing-learned"}
    assert ran.report["rows"] == {"yes": 8, "no": 8}


def test_rows_come_back_as_the_instances_that_they_were(lab, tmp_path):
    seen = []
    world, task, _ = in_rounds(lab, rows_per_instance=2)
    made = task.contexts.propose

    async def rounds(llm, parent, existing):
        seen.append(list(llm.rows))
        return await made(llm, parent, existing)

    def instances(rows):
        first, second = rows
        assert (first["part"], second["part"]) == (0, 1)
        return [lab.Row(seed="", text=first["text"], label=first["label"])]

    task = task.replace(
        contexts=dataclasses.replace(task.contexts, propose=rounds),
        rows={"from_rows": instances},
    )
    ran = lab.run(world, tmp_path / "run", {"yes": 20, "no": 20}, task=task)
    assert ran.error is None
    assert [row.text for row in seen[1]] == [
        row["text"] for row in ran.rows[: 2 * len(seen[1]) : 2]
    ]


def test_a_shard_cannot_learn_from_rows_that_others_have(lab, tmp_path):
    world, task, _ = in_rounds(lab)
    with pytest.raises(UsageError, match="learns from the rows so far"):
        lab.run(world, tmp_path / "run", {"yes": 4, "no": 4}, task=task, shard=Shard(1, 2, {}))
