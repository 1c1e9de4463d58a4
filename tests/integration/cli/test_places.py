"""Where a run goes that nobody named, and what is said where it cannot go."""

from __future__ import annotations

from pathlib import Path

from ...runs import manifest

RTE = "generate rte -b scripted -q -n 2"


def test_a_first_try_without_an_answer_is_in_nobodys_way(rows, works):
    works("generate rte -b llama/m --base-url http://localhost/v1 -n 2 --batch-offline")
    assert Path("runs/rte-0/manifest.json").exists()
    result = works(RTE)
    assert result.err == "replaced the run in runs/rte-0, in which no call had been answered\n"
    assert len(rows("runs/rte-0")) == 2
    assert [path.name for path in Path("runs").iterdir()] == ["rte-0"]


def test_another_run_takes_the_next_number_and_is_found_there_again(works, rows):
    works(RTE)
    first = rows("runs/rte-0")
    other = f"{RTE} -o generate.temperature=0.2"
    (line,) = works(other).err.splitlines()
    said = "runs/rte-0 contains a different run, started with a different --backend, --model or -o"
    assert line.startswith(said)
    assert line.endswith("Writing this run to runs/rte-0-2")
    journal = Path("runs/rte-0-2/journal").read_bytes()
    works(other)
    assert Path("runs/rte-0-2/journal").read_bytes() == journal
    works(f"{RTE} -o generate.temperature=0.3")
    assert manifest("runs/rte-0-3")["lock"]["steps"]["generate"]["params"]["temperature"] == 0.3
    assert rows("runs/rte-0") == first
    for typed, said in (
        ("--variant paper", "a different "),
        ("--no-correct", "--corrector "),
    ):
        assert f"started with {said}" in works(f"{RTE} {typed}").err


def test_a_run_that_gets_no_answer_to_a_larger_target_stays_as_it_was(targen, finished, works):
    """A key that is missing is no reason to make a complete run an incomplete one."""
    finished("rte", "-n", 2)
    files = ("manifest.json", "report.json", "README.md", "dataset.jsonl")
    before = [Path("run", name).read_bytes() for name in files]
    assert targen("resume run -n 8 -o down=true --max-outage 0.01").code == 1
    assert [Path("run", name).read_bytes() for name in files] == before
    works("resume run -n 8 -q")
