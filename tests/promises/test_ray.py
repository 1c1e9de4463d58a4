"""The same bytes on Ray, where workers die (`sh scripts/test --ray`)."""

from __future__ import annotations

import os
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path
from subprocess import Popen
from typing import Any

import pytest

from .driver import Model, Shell, generate, kill, resume, task_file
from .service import Fault, Service

pytest.importorskip("ray", reason="needs targen-ray: sh scripts/test --ray")


def workers(process: Popen[str]) -> list[int]:
    """The processes in which a command's Ray runs models."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            title = (folder / "cmdline").read_bytes()
            mine = os.getsid(int(folder.name)) == process.pid
        except OSError:
            continue
        if mine and title.startswith(b"ray::") and b"Agent" not in title and b"IDLE" not in title:
            found.append(int(folder.name))
    return found


@pytest.fixture
def tmp_dir() -> Iterator[str]:
    """A folder whose path is short enough for Ray's sockets; a killed run leaves files there."""
    with tempfile.TemporaryDirectory(prefix="r", dir="/tmp", ignore_cleanup_errors=True) as folder:
        yield folder


def test_the_bytes_are_the_same_on_ray_after_workers_and_the_run_die(
    shell: Shell, service: Service, model: Model, tmp_dir: str
) -> None:
    model.slips, model.repeats = 0.1, 0.1
    shell.env["TMPDIR"] = tmp_dir
    task = task_file(shell.folder)
    shell(*generate(task, "here", n=20, service=service, cache=False))
    expected = shell.run("here").digest
    ray: dict[str, Any] = {"executor": "ray", "workers": 2, "concurrency": 2, "hedge": False}
    for name, dies in (("there", "worker"), ("killed", "run")):
        service.requests.clear()
        service.fault = lambda r: Fault(hang=True) if 20 <= r.number < 22 else None
        args = generate(task, name, n=20, service=service, cache=False, **ray)
        process = shell.start(*args)
        service.wait_for(22, 120)
        if dies == "run":
            kill(process)
            service.fault = lambda r: None
            shell(*resume(name))
        else:  # the calls that hang end by the death of their worker alone
            for pid in (found := workers(process)):
                os.kill(pid, signal.SIGKILL)
            assert found
            out, err = process.communicate(timeout=240)
            assert process.returncode == 0, out + err
        run = shell.run(name)
        assert run.counts().total() == 20 and run.digest == expected
        assert not service.repeated()
