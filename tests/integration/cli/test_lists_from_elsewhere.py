"""Contexts and seeds of one plugin in a run of another's task."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest
from importlib_metadata import version

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


def test_a_module_that_changes_a_task_of_a_plugin_records_the_plugin(works):
    module = "from targen_tasks_superglue.rte.task import RTE\nTASK = RTE.replace(name='mine')\n"
    Path("mine.py").write_text(module)
    works("generate", "mine.py", "-n", "2", *RUN)
    assert manifest("run")["lock"]["distributions"]["targen-tasks-superglue"]


def test_the_card_says_what_was_given_and_what_to_cite(works):
    Path("seeds.txt").write_text("The ferry left with forty cars.\nA cup broke as Ida washed it.\n")
    works("generate", "rte", "-n", "2", "--seeds", "seeds.txt", *RUN)
    card = Path("run/README.md").read_text()
    digest = manifest("run")["lock"]["given"]["seeds"]
    file = f"the user's file (copied to `given-seeds.jsonl`, digest {digest})"
    assert f"Used instead of the task's own: seeds from {file}." in card
    drawn = card.partition("Traits drawn by code, balanced over the run: ")[2].partition("\n")[0]
    assert drawn.endswith("(rows).") and drawn.count("(") == 1, "no list was generated"
    rows = sha256(Path("run/dataset.jsonl").read_bytes()).hexdigest()
    assert f"generated with targen {version('targen-core')}; SHA-256 of" in card
    assert f"`dataset.jsonl`: `{rows}`" in card


@pytest.mark.usefixtures("mail_file")
def test_a_run_says_before_it_starts_that_its_seeds_are_too_few(works):
    Path("seeds.txt").write_text("a parcel is late\na cup broke\n")
    line = "generate mail.yaml -b people --variant paper --seeds seeds.txt"
    said = (
        "note: too few seeds: seeds.txt provides 2, each used once per label. This is enough for "
    )
    said += "about 2 rows of order if none is rejected; 20 are requested.\nAdd 18 or more, or set "
    assert said in works(f"{line} -n 40 --out many").err
    assert works(f"{line} -n 4 --out few").err == ""
