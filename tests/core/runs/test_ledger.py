"""The ledger: a resumed run takes verdicts over, and ends as if it had judged all of them again."""

from __future__ import annotations

import re
import shutil
from collections import Counter
from dataclasses import replace
from pathlib import Path
from zlib import crc32

import pytest

from targen_core.errors import Rejected, RunConflict, ServiceError

from ...runs import OUTPUTS

pytestmark = pytest.mark.usefixtures("virtual_time")

QUOTAS = {"yes": 8, "no": 8}
JUNK = b'["0.0/yes/0","accepted",1,2,3,[],{},"x",null,7]'


# --- both ways agree ---


def counting(world, counts: Counter):
    """A world's task that counts the instances and the list items that it checks."""
    task = world.task()

    def check(row, seed):
        counts["rows"] += 1

    def item(text):
        counts["items"] += 1
        return task.contexts.check(text)

    return task.replace(checks=(*task.checks, check), contexts=replace(task.contexts, check=item))


def test_what_was_judged_is_not_judged_again_but_with_verify(lab, tmp_path):
    world, counts = lab.World(bad=0.2, relabel=0.1), Counter()
    task = counting(world, counts)
    lab.run(world, tmp_path / "run", {"yes": 30, "no": 30}, task=task, code="same")
    judged = counts.copy()
    assert judged["rows"] > 60
    assert judged["items"] > 5
    counts.clear()
    again = lab.run(world, tmp_path / "run", resume=True, task=task, code="same")
    assert again.report["status"] == "complete"
    assert counts == Counter()
    options = {"task": task, "code": "same", "resuming": {"verify": True}}
    lab.run(world, tmp_path / "run", resume=True, **options)
    assert counts["rows"] >= judged["rows"] - 30  # but those that ran ahead in vain
    assert counts["items"] > 0
    counts.clear()
    grown = lab.run(
        world, tmp_path / "run", grow={"yes": 31, "no": 31}, task=task, code="same", concurrency=1
    )
    assert grown.report["rows"] == {"yes": 31, "no": 31}
    assert 0 < counts["rows"] < 20


# --- the ledger only ever saves time ---


@pytest.fixture(scope="module")
def stopped(lab, virtual_time, tmp_path_factory):
    """A world, a run of it, the same run stopped on the way, and a run of another seed."""
    world, folder = lab.World(bad=0.2, relabel=0.2), tmp_path_factory.mktemp("runs")

    def stop(number, request, job):
        if number == 25:
            raise ServiceError("the key was taken away", cause="key")

    whole = lab.run(world, folder / "whole", QUOTAS)
    ran = lab.run(world, folder / "killed", QUOTAS, hook=stop, concurrency=2)
    assert 2 < len(ran.rows) < len(whole.rows)
    return world, whole, ran.path, lab.run(world, folder / "other", QUOTAS, seed=7)


def harmed(how: str, at: int, ledger: Path, whole: Path, other: Path) -> bytes | None:
    """What stands in a ledger's place: damaged, of another run, or of check sums that hold."""
    if how == "deleted":
        return None
    if how in ("of the whole run", "of another run"):
        return (whole if how == "of the whole run" else other).read_bytes()
    if how == "another reason":
        before, _, after = ledger.read_bytes().rpartition(b'"bad"')
        return before + b'"odd"' + after
    if how == "a flipped bit":
        text = bytearray(ledger.read_bytes())
        text[at % len(text)] ^= 1 << at % 8
        return bytes(text)
    there = ledger.read_bytes().splitlines(keepends=True)
    middle = 2 + at % (len(there) - 3)
    story = {
        "one left out": [],
        "one twice": [there[middle]] * 2,
        "two in another order": [there[middle + 1], there[middle]],
        "junk": [b"%08x %s\n" % (crc32(JUNK), JUNK)],
    }[how]
    return b"".join(
        [*there[:middle], *story, *there[middle + 1 + (how == "two in another order") :]]
    )


IN_THE_MIDDLE = ["one left out", "one twice", "two in another order", "junk"]
HARMS = [
    *((how, 0) for how in ("deleted", "of the whole run", "of another run", "another reason")),
    *(("a flipped bit", at) for at in (3, 70, 999, 4711, 31_337, 10**6)),
    *((how, at) for how in IN_THE_MIDDLE for at in (0, 4711)),
]


@pytest.mark.parametrize(("how", "at"), HARMS)
def test_whatever_the_ledger_says_the_run_ends_the_same(lab, tmp_path, stopped, how, at):
    world, whole, run, other = stopped
    copy = shutil.copytree(run, tmp_path / "run", ignore=shutil.ignore_patterns(".lock"))
    ledger = harmed(how, at, copy / "ledger", whole.path / "ledger", other.path / "ledger")
    (copy / "ledger").unlink()
    if ledger is not None:
        (copy / "ledger").write_bytes(ledger)
    ran = lab.run(world, copy, resume=True)
    assert ran.files == whole.files
    assert ran.report["flow"] == whole.report["flow"]
    assert len(set(ran.journaled)) == len(ran.journaled)
    assert lab.run(world, copy, resume=True).files == whole.files


@pytest.mark.parametrize("name", OUTPUTS)
def test_an_edited_line_is_found_and_its_byte_named(lab, tmp_path, name):
    world = lab.World(bad=0.3)
    ran = lab.run(world, tmp_path / "run", QUOTAS)
    text = ran.files[name]
    at = text.index(b"\n") + 12  # in the second line, far before the ledger's end
    (ran.path / name).write_bytes(text[:at] + b"#" + text[at + 1 :])
    line = text.index(b"\n") + 1
    for time in range(3):  # the second time, the ledger holds what was before that line alone
        if time == 2:
            (ran.path / "ledger").unlink()
        again = lab.run(world, ran.path, resume=True)
        assert isinstance(again.error, RunConflict)
        words = f"{name}: replaying the run produces different content at byte {line}"
        assert words in str(again.error)
    (ran.path / name).write_bytes(text)
    assert lab.run(world, ran.path, resume=True).files == ran.files


def test_code_that_changed_without_a_version_is_found(lab, tmp_path):
    world = lab.World()
    ran = lab.run(world, tmp_path / "run", QUOTAS, code="before")

    def shouted(row, idx):
        return [{**row.model_dump(), "text": row.text.upper(), "idx": idx}]

    shout = world.task(rows={"to_rows": shouted})
    again = lab.run(world, ran.path, resume=True, task=shout, code="after")
    assert isinstance(again.error, RunConflict)
    assert "dataset.jsonl: replaying the run produces different content at byte 0" in str(
        again.error
    )
    assert lab.run(world, ran.path, resume=True, code="before").files == ran.files


REFUSALS = {
    "no row": lambda row: False,
    "each row": lambda row: True,
    "rows of a label": lambda row: row.label == "no",
    "some rows": lambda row: sum(row.text.encode()) % 5 == 0,
}


@pytest.mark.parametrize("bad", [0.0, 0.3])
@pytest.mark.parametrize(
    ("before", "after"),
    [("no row", name) for name in [*REFUSALS][1:]] + [(name, "no row") for name in [*REFUSALS][2:]],
)
def test_a_changed_verdict_stops_a_run_that_grows_before_it_asks_or_writes(
    lab, tmp_path, before, after, bad
):
    world, whole = lab.World(bad=bad), {"yes": 12, "no": 12}

    def task(kind):
        def check(row, seed):
            if REFUSALS[kind](row):
                raise Rejected("odd", "this row is odd")

        plain = world.task()
        return plain.replace(checks=(*plain.checks, check))

    quotas = {"yes": 8} if before == "rows of a label" else QUOTAS
    options = {"give_up_after": 20, "task": task(before), "code": "before"}
    path = tmp_path / "run"
    ran = lab.run(world, path, quotas, **options)
    report = (path / "report.json").read_bytes()
    again = lab.run(world, path, grow=whole, task=task(after), code="after")
    if before == "rows of a label" and not (bad and "no" in str(ran.lines("rejects.jsonl"))):
        return  # such rows were not judged, so no recorded verdict differs
    assert isinstance(again.error, RunConflict)
    words = "replaying the run produces different content|it would make different calls now"
    assert re.search(words, str(again.error))
    assert not again.model.asked
    assert (again.files, again.journal) == (ran.files, ran.journal)
    assert (path / "report.json").read_bytes() == report
    grown = lab.run(world, path, grow=whole, task=task(before), code="before")
    there = lab.run(world, tmp_path / "other", quotas, **options)
    other = lab.run(world, there.path, grow=whole, task=task(before), code="before")
    assert grown.files == other.files


# --- the code's digest ---
