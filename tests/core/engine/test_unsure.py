"""Rows that were kept although their judge was unsure: what is said of them, and where."""

from __future__ import annotations

import pytest

from targen_core import Correction

pytestmark = pytest.mark.usefixtures("virtual_time")


def test_kept_rows_are_counted_and_say_so(lab, folder):
    world = lab.World()

    async def judge(llm, row):
        unsure = llm.rng("mood").random() < 0.5
        return Correction(row.label, "who knows?", "unsure" if unsure else "")

    task = world.task().replace(judging={"corrector": judge})
    with folder() as path:
        ran = lab.run(world, path / "run", {"yes": 8, "no": 8}, task=task)
        doubtful = [r for r in ran.provenance if r.get("notes", {}).get("unsure")]
        assert 0 < len(doubtful) < 16
        assert sum(flow.get("unsure", 0) for flow in ran.report["flow"].values()) == len(doubtful)
        assert not any(flow["reasons"] for flow in ran.report["flow"].values())
        (path / "run" / "report.json").unlink()
        again = lab.run(world, path / "run", resume=True, task=task)
        assert again.files == ran.files
        assert again.report["flow"] == ran.report["flow"]
