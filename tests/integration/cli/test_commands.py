"""What each command does when it is used as meant."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from pathlib import Path

from targen_standard import scripted


def test_the_script_and_the_module_are_one_command():
    script = Path(sys.executable).with_name("targen")
    runs = [
        subprocess.run([*command, "nonsense"], capture_output=True, text=True, check=False)
        for command in ([str(script)], [sys.executable, "-m", "targen_core.cli"])
    ]
    assert runs[0].stderr == runs[1].stderr
    assert runs[0].returncode == runs[1].returncode == 2


def test_a_run_takes_the_replies_of_its_preview(works, rte, monkeypatch):
    # Scripted replies are not shared between runs; those of a model are.
    shared = dataclasses.replace(scripted.BACKEND, cacheable=True)
    monkeypatch.setattr(scripted, "BACKEND", shared)
    works("preview rte -n 4 -b scripted")
    total = rte("-n", "4", "--json", "--concurrency", "2").json["usage"]["total"]
    assert total["cached"] >= 10, "its lists, and two calls for each of four rows, are there"
    assert total["calls"] <= 4, "what ran ahead may differ by a few"


def test_resume_grows_the_labels_that_it_names_and_keeps_the_others(finished, targen):
    finished("rte", "-n", 6)
    grown = targen("resume run --label entailment=5 -q --json")
    assert grown.json["rows"] == {"entailment": 5, "not_entailment": 3}
    left = "note: there were no calls left to make; targen resume run -n N, with a larger total"
    assert left not in grown.err
    assert left in targen("resume run").err
