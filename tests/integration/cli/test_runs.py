"""`targen runs`: listing and removing, through the command."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from filelock import FileLock


@pytest.fixture(autouse=True)
def _runs(finished, rte):
    finished("rte", "-n", 4, out="runs/one")
    rte("-n", 6, "--out", "runs/two", "-o", "generate.garbage_rate=1", "--give-up-after", 5)


def test_runs_are_listed_and_reported_with_what_they_came_to(works):
    shown = works("report runs")
    assert "runs/one" in shown.out and "runs/two" in shown.out
    reports = works("report runs --json").json
    assert sum(reports["runs/one"]["rows"].values()) == 4
    assert [one["path"] for one in works("runs list . --json").json] == ["runs/one", "runs/two"]
    Path("runs/bad").mkdir()
    Path("runs/bad/manifest.json").write_text("{")
    shown = works("runs")
    lines = {line.split()[0]: line for line in shown.out.splitlines()}
    assert "complete" in lines["runs/one"] and "rte" in lines["runs/one"]
    assert "complete" not in lines["runs/two"]
    assert "unreadable" in shown.out and "runs/bad" in shown.err
    facts = {one["path"]: one for one in works("runs list runs --json").json}
    assert (facts["runs/one"]["rows"], facts["runs/one"]["target"]) == (4, 4)
    assert (facts["runs/two"]["rows"], facts["runs/two"]["target"]) == (0, 6)


def test_a_run_is_removed(works, refuses):
    all_of_them = "to remove all runs in it: targen runs rm runs/one runs/two"
    refuses("runs rm runs --yes", "runs is not a run directory", all_of_them, code=1)
    refuses("runs rm . --yes", ". is not a run directory", all_of_them, code=1)
    assert "--yes" in refuses("runs rm runs/one", "").err
    Path("many").mkdir()
    for number in range(13):
        shutil.copytree("runs/one", f"many/{number}")
    refuses(
        "runs rm many --yes",
        "many is not a run directory",
        "targen runs list many shows its 13 runs",
        code=1,
    )
    with FileLock("runs/one/.lock"):  # as if somebody worked on it
        refuses("runs rm runs/one --yes", "using runs/one", code=1)
        assert "running" in works("runs").out
    assert works("runs rm runs/one --yes").out == "runs/one: removed\n"
    assert not Path("runs/one").exists()
    Path("runs/two/mine.txt").write_text("kept")
    assert "except for mine.txt" in works("runs rm runs/two --yes").out
    assert [path.name for path in Path("runs/two").iterdir()] == ["mine.txt"]


def test_an_edited_card_is_kept_and_cites_the_rows_of_now(finished, works):
    run = finished("rte", "-n", 4)
    card = run / "README.md"
    written = card.read_text()
    edited = written.replace("# ", "# Mine: ", 1)
    card.write_text(edited)
    done = works("resume", run, "-n", 6)
    assert "README.md was edited" in done.err
    assert "Mine: " in card.read_text()
    assert "SHA-256" not in works("validate", run).err
    card.write_text(written)
    assert "README.md" not in works("resume", run).err
    new = card.read_text()
    assert "card_digest" in new and "| entailment | 3 | 3 |" in new
