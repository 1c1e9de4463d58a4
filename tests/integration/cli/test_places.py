"""Where a run goes that nobody named, and what is said where it cannot go."""

from __future__ import annotations

from pathlib import Path

from ...runs import manifest

RTE = "generate rte -b scripted -q -n 2"


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
