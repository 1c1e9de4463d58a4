"""What costs far more than usual is typed or trusted; a stranger's file does not ask for it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from ...runs import edit, manifest

TASK = "description: A line to a shop.\nlabels:\n  praise: pleased\n  blame: displeased\n"
COSTLY = (
    "max_tokens: 100000000",
    "reasoning_effort: medium",
)
MAKE = ("-n", "2", "-b", "scripted", "-q", "--no-cache")


def task(parameters: str = "") -> None:
    more = f"parameters:\n  generate: {{{parameters}}}\n" if parameters else ""
    Path("t.yaml").write_text(TASK + more)


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """From now on it is another person's machine."""
    return lambda: monkeypatch.setenv("TARGEN_CACHE_DIR", str(tmp_path / "their-cache"))


@pytest.mark.parametrize("costly", COSTLY)
def test_a_task_file_asks_for_no_long_replies(costly, targen, works, refuses):
    task(costly)
    for command in (("generate", "t.yaml", *MAKE), ("estimate", "t.yaml", *MAKE[:4])):
        refuses(command, f"t.yaml sets parameters.generate.{costly.replace(':', ' =')}", "--trust")
    works("generate", "t.yaml", *MAKE, "--trust", "--out", "run")
    assert targen("generate", "t.yaml", *MAKE, "--out", "again").code == 0, "it is trusted now"


@pytest.mark.parametrize("usual", ["max_tokens: 16384", "reasoning_effort: low, top_p: 0.5"])
def test_a_task_file_asks_for_usual_replies(usual, works):
    task(usual)
    works("generate", "t.yaml", *MAKE)


def test_a_task_s_copy_in_ones_own_run_is_known_and_a_stranger_s_is_not(refuses, elsewhere, works):
    task("max_tokens: 20000")
    works("generate", "t.yaml", *MAKE, "--trust", "--out", "run")
    Path("t.yaml").unlink()
    shutil.copytree("run", "moved")
    for run in ("run", "moved"):
        works("resume", run, "-n", "4", "-q")
    elsewhere()
    refuses("resume moved -n 6 -q", "task.json sets parameters.generate.max_tokens = 20000")


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("max_tokens", 20000),
        ("seeds.candidates", 9),
    ],
)
def test_a_stranger_s_run_asks_for_no_long_replies(
    option, value, targen, elsewhere, works, refuses
):
    typed = ("-o", f"{option}={value}")
    works("generate", "rte", *MAKE, *typed, "--out", "run")
    elsewhere()
    refuses("resume run -n 4 -q", f"this run asks for {option}={value}")
    works("resume", "run", "-n", "4", "-q", *typed)
    done = targen("resume", "run", "-n", "6", "-q")
    assert done.code == 0, "typed once, it is remembered"


@pytest.mark.parametrize(
    ("limit", "value"),
    [("max_cost", 1e9), ("max_tokens", 10**12), ("concurrency", 5000), ("rounds", 9000)],
)
def test_a_stranger_s_run_brings_no_caps_of_its_own(limit, value, targen, works, refuses):
    works("generate", "rte", *MAKE, "--out", "run")
    edit("run", f"spec.limits.{limit}", value)
    refuses("resume run -n 4 -q", f"this run asks for {limit}={value}")
    own = {"max_cost": 2.5, "max_tokens": 10**6, "concurrency": 3, "rounds": 2}[limit]
    works("resume", "run", "-n", "4", "-q", f"--{limit.replace('_', '-')}", own)
    assert manifest("run")["spec"]["limits"][limit] == own
    done = targen("resume", "run", "-n", "6", "-q")
    assert done.code == 0, "typed once, it is remembered"
