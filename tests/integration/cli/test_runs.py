"""`targen runs`: listing and removing, through the command."""

from __future__ import annotations

from pathlib import Path

from filelock import FileLock


def test_runs_are_listed_with_what_they_came_to(targen, rte, works):
    Path("runs/bad").mkdir(parents=True)
    Path("runs/bad/manifest.json").write_text("{")
    rte("-n", 4, "--out", "runs/one")
    rte("-n", 6, "--out", "runs/two", "-o", "generate.garbage_rate=1", "--give-up-after", 5)
    shown = works("runs")
    lines = {line.split()[0]: line for line in shown.out.splitlines()}
    assert "complete" in lines["runs/one"] and "rte" in lines["runs/one"]
    assert "complete" not in lines["runs/two"]
    assert "unreadable" in shown.out and "runs/bad" in shown.err
    facts = {one["path"]: one for one in targen("runs", "list", "runs", "--json").json}
    assert (facts["runs/one"]["rows"], facts["runs/one"]["target"]) == (4, 4)
    assert (facts["runs/two"]["rows"], facts["runs/two"]["target"]) == (0, 6)


def test_a_folder_of_a_suite_is_reported_run_by_run(targen, rte):
    rte("-n", 4, "--out", "suite/a")
    rte("-n", 6, "--out", "suite/b")
    shown = targen("report", "suite")
    assert shown.code == 0 and "suite/a" in shown.out and "suite/b" in shown.out
    reports = targen("report", "suite", "--json").json
    assert sum(reports["suite/b"]["rows"].values()) == 6
    assert [one["path"] for one in targen("runs", "list", ".", "--json").json] == [
        "suite/a",
        "suite/b",
    ]


def test_a_run_is_removed(targen, rte):
    rte("-n", 4, "--out", "runs/one")
    rte("-n", 4, "--out", "runs/two")
    asked = targen("runs", "rm", "runs/one")
    assert asked.code == 2 and "--yes" in asked.err and Path("runs/one").exists()
    assert targen("runs", "rm", "runs/one", "--yes").out == "runs/one: removed\n"
    assert not Path("runs/one").exists()
    Path("runs/two/mine.txt").write_text("kept")
    assert "except for mine.txt" in targen("runs", "rm", "runs/two", "--yes").out
    assert [path.name for path in Path("runs/two").iterdir()] == ["mine.txt"]


def test_a_run_that_somebody_works_on_is_kept(targen, rte):
    rte("-n", 4, "--out", "runs/one")
    before = {path.name for path in Path("runs/one").iterdir()}
    with FileLock("runs/one/.lock"):
        removed = targen("runs", "rm", "runs/one", "--yes")
        assert "running" in targen("runs").out
    assert removed.code == 1 and "using runs/one" in removed.err
    assert {path.name for path in Path("runs/one").iterdir()} == before
