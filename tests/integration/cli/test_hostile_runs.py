"""Runs from strangers: what they bring is read as data or refused, never executed or followed."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from ...files import lines, write_lines
from ...runs import edit, journal, write_journal
from ...tables import mistakes

OPENING = """
    resume run -q
    report run
    show run
    runs rm run --yes
    show run 0
    show run --rejected
    export run --out rows.jsonl
    validate run
    analyze run --metric labels
    next run
    estimate rte -n 4 -b scripted --from run
    trace run 0
    diff run run
    replay run --out again
    merge run --out merged
""".strip().splitlines()
"""Every command that opens a run."""

SECRET = "the canary sings\n"


@pytest.fixture
def run(finished):
    """A good run of four rows, and beside it a canary and code that a stranger would like run."""
    Path("canary").write_text(SECRET)
    Path("by").mkdir()
    Path("by/task.py").write_text("open('EXECUTED', 'w').close()\n")
    return finished("rte", "-n", 4)


def first_line(path: Path, change: dict[str, object]) -> None:
    """Change the first record of a file of lines."""
    first, *others = lines(path) or [{}]
    record = {name: value for name, value in {**first, **change}.items() if value != "absent"}
    write_lines(path, [record, *others])


def first_call(run, change):
    """Change the first record of a journal, under a right check sum."""
    first, *others = journal(run)
    write_journal(run, [first | change, *others])
    return first | change


def untouched() -> None:
    assert Path("canary").read_text() == SECRET
    assert not Path("EXECUTED").exists()
    assert not Path("MADE").exists()


# --- code -------------------------------------------------------------------


@pytest.mark.parametrize("command", OPENING)
def test_a_task_that_is_a_file_is_opened_by_no_command(command, run, refuses):
    names = ["by/task.py", "./by/task.py", "by/task.py:TASK", "file:x.yaml"]
    odd = ["../by/task.py", "/etc/passwd", "journal"]
    for way, wrong in (("config.task", [*names, *odd]), ("lock.task.id", names)):
        for name in wrong if command == OPENING[0] else names[:1]:
            edit(run, way, name)
            refuses(command.strip(), f"run/manifest.json cannot be read: {way}", code=1)
        edit(run, way, "targen-tasks-superglue:rte")
    untouched()


@pytest.mark.parametrize(("where", "value", "line", "error", "hint"), mistakes("edited", 5))
def test_a_value_that_no_run_of_this_installation_has(
    where, value, line, error, hint, run, refuses
):
    name, _, way = where.partition(" ")
    edit(run, way, json.loads(value), name)
    refuses(line, error, hint)
    untouched()


# --- links, and what is no file ---------------------------------------------

MEMBERS = (
    "manifest.json journal dataset.jsonl provenance.jsonl rejects.jsonl report.json README.md "
    "batches.jsonl .lock"
).split()


def in_place_of(path: Path, kind: str) -> None:
    path.unlink(missing_ok=True)
    if kind == "a link":
        path.symlink_to(Path("canary").resolve())
    elif kind == "a FIFO":
        os.mkfifo(path)
    else:
        path.mkdir()


@pytest.mark.parametrize("kind", ["a link", "a FIFO", "a folder"])
@pytest.mark.parametrize("name", MEMBERS)
def test_what_is_no_file_is_refused_at_once(name, kind, run, refuses):
    in_place_of(run / name, kind)
    # All commands look at all members in one way.
    for command in OPENING if (name, kind) == ("rejects.jsonl", "a link") else OPENING[:1]:
        done = refuses(command.strip(), f"run/{name} is {kind}", code=1)
        assert SECRET.strip() not in done.out + done.err
    untouched()


@pytest.mark.parametrize("name", [*MEMBERS[1:5], ".lock"])
def test_a_second_name_of_another_file_is_not_written_to(name, run, targen):
    kept = (run / name).read_bytes()
    Path("other").write_bytes(kept)
    (run / name).unlink()
    (run / name).hardlink_to("other")
    result = targen("resume", "run", "-q", "-n", "6")
    assert result.code == 1
    assert ": the file has a second name (a hard link)" in result.err
    assert Path("other").read_bytes() == kept


# --- records ------------------------------------------------------------------

OPENED = {line.split()[0]: line.strip() for line in OPENING if line.split()[0] != "show"}


@pytest.mark.parametrize(("name", "change", "command", "named"), mistakes("records", 4))
def test_a_record_that_no_run_writes(name, change, command, named, run, targen):
    if name == "journal":
        first_call(run, json.loads(change))
    else:
        first_line(run / name, json.loads(change))
    if command == "report":  # which reads these where it has nothing shorter
        for shorter in ("report.json", "ledger"):
            (run / shorter).unlink()
    result = targen(OPENED[command])
    assert named in result.err
    assert result.code == 1
    untouched()
