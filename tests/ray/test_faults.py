"""Workers that die: nothing that was journaled is asked again, and the bytes stay the same."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

import targen_core
from targen_core.errors import JobFailed, UsageError

pytestmark = pytest.mark.usefixtures("cluster")

SCRIPT = """
import contextlib, os, signal
from pathlib import Path

HERE = Path(__file__).parent

def reply(request):
    with (HERE / "asked").open("a") as file:
        file.write(f"{request.key}\\n")
    if request.origin.step == "generate":
        for death in HERE.glob("death-*"):
            with contextlib.suppress(FileNotFoundError):  # another worker was quicker
                death.unlink()
                os.kill(os.getpid(), signal.SIGKILL)
        for silence in HERE.glob("silence-*"):
            with contextlib.suppress(FileNotFoundError):
                silence.unlink()
                os.kill(os.getpid(), signal.SIGSTOP)
    return request.dry_run()
"""


def files(run):
    """What a run consists of for its user."""
    names = ("dataset.jsonl", "provenance.jsonl", "rejects.jsonl")
    return [(Path(run) / name).read_bytes() for name in names]


def lost(run):
    """The calls of its journal whose answers nobody got."""
    lines = (Path(run) / "journal").read_text(encoding="utf-8").splitlines()
    return sum(1 for line in lines if json.loads(line[9:]).get("lost"))


@pytest.fixture
def scripted(tmp_path):
    """A run by a script that kills its own process so many times."""
    script = tmp_path / "script.py"
    script.write_text(SCRIPT, encoding="utf-8")

    def run(name, deaths, executor=None, **more):
        for number in range(deaths):
            (tmp_path / f"death-{number}").touch()
        (tmp_path / "asked").unlink(missing_ok=True)
        return targen_core.generate(
            "rte",
            n=8,
            model="scripted",
            script=f"{script}:reply",
            out=tmp_path / name,
            executor=executor,
            progress=False,
            **more,
        )

    return run


def test_a_killed_worker_is_replaced_and_costs_the_calls_that_it_had(scripted, tmp_path):
    here = scripted("here", 0)
    there = scripted("there", 2, {"name": "ray", "workers": 2})
    assert files(there.path) == files(here.path)
    asked = (tmp_path / "asked").read_text(encoding="utf-8").split()
    assert 2 <= lost(there.path) >= len(asked) - len(set(asked))


def test_a_worker_that_always_dies_ends_the_run_which_then_goes_on_here(scripted, tmp_path):
    here = scripted("here", 0)
    with pytest.raises(JobFailed, match="died each time"):
        scripted("there", 100, {"name": "ray", "workers": 1})
    for death in tmp_path.glob("death-*"):
        death.unlink()
    targen_core.resume(tmp_path / "there", progress=False)
    assert files(tmp_path / "there") == files(here.path)


@pytest.mark.skipif("TARGEN_SOAK" not in os.environ, reason="takes a minute: sh scripts/soak")
def test_a_worker_that_says_nothing_for_a_minute_is_replaced(scripted, tmp_path):
    here = scripted("here", 0)
    (tmp_path / "silence-0").touch()
    begun = time.monotonic()
    there = scripted("there", 0, {"name": "ray", "workers": 1})
    assert time.monotonic() - begun > 55  # as a network that parts them would look from here
    assert files(there.path) == files(here.path)
    assert lost(there.path) >= 1


def test_a_cluster_that_is_not_there(tmp_path, monkeypatch):
    import ray

    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    with pytest.raises(UsageError, match=r"no answer from 127\.0\.0\.1:1"):
        targen_core.generate(
            "rte",
            n=2,
            model="scripted",
            out=tmp_path / "run",
            executor={"name": "ray", "address": "127.0.0.1:1"},
            progress=False,
        )
