"""Branches that are not the labels: finer ones, and ones whose label step 4 finds."""

from __future__ import annotations

import pytest

from targen_core.errors import RunDirectoryError, UsageError
from targen_core.runs.folder.report import read_report

from ...runs import edit, manifest

pytestmark = pytest.mark.usefixtures("virtual_time")

FINER = (("supported", "yes"), ("contradicted", "no"), ("open", "no"))


def test_a_branch_runs_while_its_label_is_open_alone(lab, tmp_path):
    world = lab.World(branches=FINER)
    ran = lab.run(world, tmp_path / "run", {"yes": 2, "no": 8})
    flow = ran.report["flow"]
    assert ran.error is None
    assert flow["supported"]["accepted"] == {"yes": 2}
    assert flow["contradicted"]["accepted"] == flow["open"]["accepted"] == {"no": 4}
    assert list(flow) == ["supported", "contradicted", "open"]
    assert [record["intended"] for record in ran.provenance[:3]] == list(flow)
    assert [record["claimed"] for record in ran.provenance[:3]] == ["yes", "no", "no"]


def test_a_branch_without_a_label_needs_step_4(lab, tmp_path):
    world = lab.World(branches=(("row", None),))
    with pytest.raises(UsageError, match="branch row of task toy gets its labels from step 4"):
        lab.run(world, tmp_path / "a", {"yes": 1}, corrector=None)
    with pytest.raises(UsageError, match="branch row of task toy has no intended label"):
        lab.run(world, tmp_path / "b", {"yes": 1}, balance="intended")


def test_a_manifest_whose_branches_are_none_of_the_task_is_refused(lab, tmp_path):
    lab.run(lab.World(branches=FINER), tmp_path / "run", {"yes": 1})
    assert manifest(tmp_path / "run")["lock"]["task"]["branches"] == dict(FINER)
    edit(tmp_path / "run", "lock.task.branches.open", "martian")
    with pytest.raises(RunDirectoryError, match="'martian' is not a label of the task"):
        read_report(tmp_path / "run")
