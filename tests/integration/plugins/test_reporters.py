"""Reporters of other distributions, through the command as users have it."""

from __future__ import annotations

import json

MODULE = """
from targen_core import Concern, hookimpl
from targen_core.runs.folder.reporters import Reporter

class Lineage(Reporter):
    def figures(self, report, folder, task):
        return {"lineage": {"rows": sum(report["rows"].values())}, "status": "mine"}

    def notes(self, run):
        return [f"{run.task.name} has a lineage of {run.report['lineage']['rows']}"]

    def concerns(self, report, folder):
        return [Concern("pedigree", "its pedigree is short", "breed more")]

    def files(self, run):
        return {"lineage.txt": run.sample["label"], "dataset.jsonl": "", "../out": ""}

class Faulty(Reporter):
    def files(self, run):
        raise ValueError("no ink")

LINEAGE, FAULTY = Lineage(), Faulty()

@hookimpl
def register_reporters(register):
    register.register("faulty", "acme_lineage:FAULTY")
    register.register("lineage", "acme_lineage:LINEAGE")
"""
TASK = """
name: porter
description: Notes that a night porter leaves for the morning.
labels: {calm: nothing happened, alarm: something must be done at once}
"""


def test_what_a_reporter_says_is_in_report_and_folder_and_costs_no_run(install, targen, tmp_path):
    site = install("acme-lineage", "[targen.v1]\nlineage = acme_lineage", {"acme_lineage": MODULE})
    (tmp_path / "porter.yaml").write_text(TASK)
    ran = targen(
        *("generate", "./porter.yaml", "-n", "4", "-b", "scripted", "--out", "run", "--trust"),
        path=[site],
    )
    assert ran.returncode == 0, ran.stderr
    assert "porter has a lineage of 4" in ran.stderr
    assert "reporter acme-lineage:faulty failed: ValueError: no ink" in ran.stderr
    run = tmp_path / "run"
    report = json.loads((run / "report.json").read_text())
    assert report["lineage"] == {"rows": 4} and report["status"] == "complete"
    rows = (run / "dataset.jsonl").read_text().splitlines()
    assert (run / "lineage.txt").read_text() == json.loads(rows[0])["label"] and len(rows) == 4
    assert not (tmp_path / "out").exists()
    assert (run / "README.md").exists() and report["texts"]["rows"] == 4
    shown = targen("report", "run", "--json", path=[site])
    assert [each["kind"] for each in json.loads(shown.stdout)["concerns"]] == ["pedigree"]
    assert targen("report", "run", "--strict", path=[site]).returncode == 1
    assert json.loads(targen("report", "run", "--json").stdout)["concerns"] == []
