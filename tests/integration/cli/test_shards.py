"""`targen generate --shard I/K`: the same command on each machine, but for I."""

from __future__ import annotations

from pathlib import Path

import pytest

from ...mail import MAIL
from ...runs import records


@pytest.fixture
def shards(works):
    """Runs of both shards of one command; their folders."""

    def run(task):
        for number in range(2):  # as an array of jobs that begins at 0 counts
            works(f"generate {task} -b scripted --shard {number}/2 -q")
        return sorted(Path("runs").iterdir())

    return run


def test_a_shard_is_found_again_and_grown_as_any_run(shards, works):
    first, _ = shards("rte -n 8")
    again = works("generate rte -n 8 -b scripted --shard 1/2 -q")
    assert again.out.split() == [str(first / "dataset.jsonl")], "the very run"
    works(f"resume {first} -n 6 -q")


def test_a_task_in_a_file_is_sharded_by_the_items_of_its_list(refuses, shards):
    Path("mail.yaml").write_text(f"{MAIL}contexts: [trains, bread, chess, rivers, hats]\n")
    runs = shards("mail.yaml -n 6")
    first, second = ({record["above"][0] for record in records(run)} for run in runs)
    assert first and first <= {"trains", "chess", "hats"}
    assert second and second <= {"bread", "rivers"}
    said = "has 5 items, so this shard would be empty"
    refuses("generate mail.yaml -n 60 -b scripted --shard 6/6", said, "use at most 5 shards")


def test_a_shard_is_estimated(targen):
    line = "estimate rte -n 24 -b scripted --json"
    whole, part = targen(line).json, targen(f"{line} --shard 1/3").json
    assert (whole["rows"], part["rows"]) == (24, 8)
    assert part["calls"] < whole["calls"] / 2
