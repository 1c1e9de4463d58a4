"""What costs far more than usual is typed or trusted; a stranger's file does not ask for it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

TASK = "description: A line to a shop.\nlabels:\n  praise: pleased\n  blame: displeased\n"
COSTLY = (
    "max_tokens: 100000000",
    "max_tokens: 16385",
    "reasoning_effort: high",
    "reasoning_effort: medium",
)
MAKE = ("-n", "2", "-b", "scripted", "-q", "--no-cache")


def task(parameters: str = "") -> None:
    more = f"parameters:\n  generate: {{{parameters}}}\n" if parameters else ""
    Path("t.yaml").write_text(TASK + more)


def edit(run: str, *way: str, value: object) -> None:
    path = Path(run) / "manifest.json"
    manifest = json.loads(path.read_text())
    holder = manifest
    for part in way[:-1]:
        holder = holder[part]
    holder[way[-1]] = value
    path.write_text(json.dumps(manifest))


def manifest_of(run: str) -> dict[str, object]:
    return json.loads((Path(run) / "manifest.json").read_text())


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """From now on it is another person's machine."""
    return lambda: monkeypatch.setenv("TARGEN_CACHE_DIR", str(tmp_path / "their-cache"))


@pytest.mark.parametrize("costly", COSTLY)
def test_a_task_file_asks_for_no_long_replies(costly, targen):
    task(costly)
    for command in (("generate", "t.yaml", *MAKE), ("estimate", "t.yaml", *MAKE[:4])):
        done = targen(*command)
        assert done.code == 2
        assert f"t.yaml names parameters.generate.{costly.replace(':', ' =')}" in done.err
        assert "--trust" in done.err
    assert targen("generate", "t.yaml", *MAKE, "--trust", "--out", "run").code == 0
    assert targen("generate", "t.yaml", *MAKE, "--out", "again").code == 0, "it is trusted now"


@pytest.mark.parametrize("usual", ["max_tokens: 16384", "reasoning_effort: low, top_p: 0.5"])
def test_a_task_file_asks_for_usual_replies(usual, targen):
    task(usual)
    assert targen("generate", "t.yaml", *MAKE).code == 0


def test_a_task_s_copy_in_ones_own_run_is_known_and_a_stranger_s_is_not(targen, elsewhere):
    task("max_tokens: 20000")
    assert targen("generate", "t.yaml", *MAKE, "--trust", "--out", "run").code == 0
    Path("t.yaml").unlink()
    shutil.copytree("run", "moved")
    for run in ("run", "moved"):
        done = targen("resume", run, "-n", "4", "-q")
        assert done.code == 0, done.err
    elsewhere()
    done = targen("resume", "moved", "-n", "6", "-q")
    assert done.code == 2
    assert "task.json names parameters.generate.max_tokens = 20000" in done.err


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("max_tokens", 20000),
        ("reasoning_effort", "high"),
        ("seeds.candidates", 9),
        ("generate.max_tokens", 20000),
    ],
)
def test_a_stranger_s_run_asks_for_no_long_replies(option, value, targen, elsewhere):
    typed = ("-o", f"{option}={value}")
    assert targen("generate", "rte", *MAKE, *typed, "--out", "run").code == 0
    elsewhere()
    done = targen("resume", "run", "-n", "4", "-q")
    assert done.code == 2
    assert f"this run asks for {option}={value}" in done.err
    done = targen("resume", "run", "-n", "4", "-q", *typed)
    assert done.code == 0, done.err
    done = targen("resume", "run", "-n", "6", "-q")
    assert done.code == 0, "typed once, it is remembered"


@pytest.mark.parametrize(
    ("limit", "value"),
    [("max_cost", 1e9), ("max_tokens", 10**12), ("concurrency", 5000), ("rounds", 9000)],
)
def test_a_stranger_s_run_brings_no_caps_of_its_own(limit, value, targen):
    assert targen("generate", "rte", *MAKE, "--out", "run").code == 0
    edit("run", "spec", "limits", limit, value=value)
    done = targen("resume", "run", "-n", "4", "-q")
    assert done.code == 2
    assert f"this run asks for {limit}={value}" in done.err
    own = {"max_cost": 2.5, "max_tokens": 10**6, "concurrency": 3, "rounds": 2}[limit]
    done = targen("resume", "run", "-n", "4", "-q", f"--{limit.replace('_', '-')}", own)
    assert done.code == 0, done.err
    assert manifest_of("run")["spec"]["limits"][limit] == own
    done = targen("resume", "run", "-n", "6", "-q")
    assert done.code == 0, "typed once, it is remembered"
