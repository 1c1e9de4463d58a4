"""Contexts and seeds of one plugin in a run of another's task."""

from __future__ import annotations

from pathlib import Path

from ...runs import manifest

RUN = ("-b", "scripted", "-q", "--out", "run")


def test_seeds_of_another_plugin_are_taken_for_the_tasks_own(works, own_task):
    """Those are models of one text, and these texts."""
    own_task("pairs")
    works("generate", "pairs.py:SEEDS", "-n", "2", "--seeds-from", "premises", *RUN)
    assert manifest("run")["config"]["seeds_from"] == "targen-tasks-superglue:premises"
    assert "premises" in manifest("run")["lock"]["task"]["prompts"]
    assert manifest("run")["lock"]["distributions"]["targen-tasks-superglue"]
    card = Path("run/README.md").read_text()
    assert "the task's own: seeds `targen-tasks-superglue:premises`." in card
