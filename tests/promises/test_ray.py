"""The same bytes on Ray, where workers die (`sh scripts/test --ray`)."""

import tempfile

import pytest

from .driver import World, kill, resume
from .service import Fault

pytest.importorskip("ray", reason="needs targen-ray: sh scripts/test --ray")


def test_the_bytes_are_the_same_on_ray_after_a_kill(made: World) -> None:
    # In a folder whose path is short enough for Ray's sockets; a killed run leaves files there.
    with tempfile.TemporaryDirectory(prefix="r", dir="/tmp", ignore_cleanup_errors=True) as folder:
        made.shell.env["TMPDIR"], service = folder, made.service
        made.model.slips = made.model.repeats = 0.1
        made.shell(*made.mail("here", n=20, cache=False))
        ray = {"executor": "ray", "workers": 2, "concurrency": 2, "hedge": False}
        service.requests.clear()
        service.fault = lambda r: Fault(hang=True) if r.number >= 20 else None
        process = made.shell.start(*made.mail("there", n=20, cache=False, **ray))
        service.wait_for(22, 120)
        kill(process)
        service.fault = lambda r: None
        made.shell(*resume("there"))
        assert made.shell.run("there").bytes == made.shell.run("here").bytes
        assert made.shell.run("here").counts().total() == 20 and not service.repeated()
