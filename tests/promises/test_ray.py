"""The same bytes on Ray, where workers die (`sh scripts/test --ray`)."""

from __future__ import annotations

import os
import signal
import tempfile
from pathlib import Path
from subprocess import Popen

import pytest

from .driver import World, generate, kill, resume
from .service import Fault

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


@pytest.mark.parametrize("dies", ["worker", "run"])
def test_the_bytes_are_the_same_on_ray_after_a_worker_or_the_run_dies(
    made: World, dies: str
) -> None:
    # In a folder whose path is short enough for Ray's sockets; a killed run leaves files there.
    with tempfile.TemporaryDirectory(prefix="r", dir="/tmp", ignore_cleanup_errors=True) as folder:
        made.shell.env["TMPDIR"], service = folder, made.service
        made.model.slips = made.model.repeats = 0.1
        options = {"n": 20, "service": service, "cache": False}
        made.shell(*generate("mail.yaml", "here", **options))
        service.requests.clear()
        service.fault = lambda r: Fault(hang=True) if 20 <= r.number < 22 else None
        options |= {"executor": "ray", "workers": 2, "concurrency": 2, "hedge": False}
        process = made.shell.start(*generate("mail.yaml", **options))
        service.wait_for(22, 120)
        if dies == "run":
            kill(process)
            service.fault = lambda r: None
            made.shell(*resume())
        else:  # the calls that hang end by the death of their worker alone
            for pid in (found := workers(process)):
                os.kill(pid, signal.SIGKILL)
            assert found
            out, err = process.communicate(timeout=240)
            assert process.returncode == 0, out + err
        run = made.shell.run("run")
        assert run.counts().total() == 20 and run.digest == made.shell.run("here").digest
        assert not service.repeated()
