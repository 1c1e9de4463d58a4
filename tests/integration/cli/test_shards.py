"""`targen generate --shard I/K`: the same command on each machine, but for I."""

from __future__ import annotations

from pathlib import Path

import pytest

from ...runs import journal, records

TASK = """
name: kinds
summary: What kind of question it is
description: Questions that people ask each other.
labels: {why: asks for a reason, when: asks for a time}
contexts: [trains, bread, chess, rivers, hats]
"""


def keys_of(run):
    return [call["key"] for call in journal(run)]


@pytest.fixture
def shards(works):
    """Runs of all shards of one command; their folders."""

    def run(count, *args):
        for number in range(count):  # as an array of jobs that begins at 0 counts
            works("generate", *args, "-b", "scripted", "--shard", f"{number}/{count}", "-q")
        return sorted(Path("runs").iterdir())

    return run


def test_a_shard_is_resumed_grown_and_shown_as_any_run(targen, shards, works):
    first, second = shards(2, "rte", "-n", "8")
    before = (first / "dataset.jsonl").read_bytes()
    works("resume", first, "-n", "6", "-q")
    assert (first / "dataset.jsonl").read_bytes().startswith(before)
    works("resume", first, "--verify", "-q")
    assert not {*keys_of(first)} & {*keys_of(second)}
    assert "generated for" in targen("show", first, "5").out
    again = targen("generate", "rte", "-n", "8", "-b", "scripted", "--shard", "1/2", "-q")
    assert again.out.split() == [str(first / "dataset.jsonl")], "the very run"


def test_a_task_in_a_file_is_sharded_by_the_items_of_its_list(refuses, shards):
    Path("kinds.yaml").write_text(TASK)
    runs = shards(2, "kinds.yaml", "-n", "6")
    first, second = ({record["above"][0] for record in records(run)} for run in runs)
    assert first
    assert first <= {"trains", "chess", "hats"}
    assert second
    assert second <= {"bread", "rivers"}
    refuses(
        "generate kinds.yaml -n 60 -b scripted --shard 6/6",
        "has 5 items, so this shard would be empty",
        "use at most 5 shards",
    )


def test_the_cap_on_money_is_said_to_be_of_one_shard(targen):
    done = targen("generate rte -n 8 -b scripted --shard 1/2 --max-cost 1")
    assert "--max-cost applies only to this shard" in done.err


def test_a_shard_is_estimated_and_other_commands_say_that_they_have_none(targen):
    whole, part = (
        targen("estimate", "rte", "-n", "24", "-b", "scripted", "--json", *shard).json
        for shard in ((), ("--shard", "1/3"))
    )
    assert (whole["rows"], part["rows"]) == (24, 8)
    assert part["calls"] < whole["calls"] / 2
