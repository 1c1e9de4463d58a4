"""Rows in rounds: each further batch of a list is told of the rows that there are."""

from __future__ import annotations

import pytest

from targen_core.errors import QuotaNotMet

pytestmark = pytest.mark.usefixtures("virtual_time")


def in_rounds(lab, *, last=99, **values):
    """A world and its task in rounds, and the rows that each round was told of."""
    world = lab.World(lists=(1, 4), **values)
    told = []
    return world, lab.in_rounds(world.task(), told, last), told


@pytest.mark.parametrize("size", [1, 2])
def test_each_round_knows_all_rows_before_it_as_the_instances_that_they_were(lab, tmp_path, size):
    world, task, told = in_rounds(lab, rows_per_instance=size)
    how = {"concurrency": 64, "latency": lab.latency("rounds")}
    ran = lab.run(world, tmp_path / "run", {"yes": 30, "no": 30}, task=task, **how)
    assert ran.error is None
    texts = [row["text"] for row in ran.rows[::size]]
    for instances in told:
        assert [type(one) for one in instances] == [lab.Row] * len(instances)
        assert [one.text for one in instances] == texts[: len(instances)]
    rounds = [record["above"][0] for record in ran.provenance]
    for name in rounds:
        told_of, needed = int(name.split()[3]), int(name.split()[7])
        assert told_of * size + needed == 60
    for name in dict.fromkeys(rounds):
        assert int(name.split()[3]) == rounds.index(name)  # no row before it is unknown to it
    assert len(set(rounds)) >= 3
    for record in ran.provenance:  # a list below is told of the same rows
        assert record["seed"].split()[9] == record["above"][0].split()[3]


def test_a_round_that_learns_nothing_ends_the_run_and_says_why(lab, tmp_path):
    world, task, _ = in_rounds(lab, last=1)
    ran = lab.run(world, tmp_path / "run", {"yes": 40, "no": 40}, task=task)
    assert isinstance(ran.error, QuotaNotMet)
    dropped = {record["reason"] for record in ran.rejects if record["verdict"] == "dropped"}
    assert dropped == {"nothing-learned"}
    assert ran.report["rows"] == {"yes": 8, "no": 8}
