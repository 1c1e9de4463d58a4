"""Connect to a Ray cluster, or start a small one here, and read its resources.

All functions block for seconds, so they are called in a thread.
"""

from __future__ import annotations

import contextlib
import logging
import math
import os
import secrets
import shutil
import socket
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from targen_core.calls.delivery import Workers
from targen_core.errors import UsageError

_log = logging.getLogger("targen.ray")

_REACHABLE = 5.0  # seconds for a connection to a cluster's head
_STORE = 100 << 20  # bytes of shared memory of a cluster that is started here; little goes through
_QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",  # no usage reports
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",  # else each worker warns of a change to come
    "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0",  # workers use this interpreter, whatever started it
}
_OWN = {
    # Ray's ports accept code from anyone who reaches them. So listen only on loopback, against
    # others' machines, and with a token, against others on this one; the first is Ray's default on
    # two systems of three.
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
    "RAY_AUTH_MODE": "token",
}


@dataclass(slots=True)
class Cluster:
    """A connection to a cluster.

    Attributes:
        started: whether the cluster was started here and ends with the run.
        connected: whether the connection is of the run, or was there before.
        gcs: host and port of what keeps the cluster together, or None.
    """

    started: bool
    connected: bool
    gcs: tuple[str, int] | None
    folder: Path | None = None

    def nodes(self) -> list[Mapping[str, float]]:
        """Return the resources of each present node, by Ray's names."""
        import ray

        return [node["Resources"] for node in ray.nodes() if node.get("Alive", node.get("alive"))]

    def free(self) -> Mapping[str, float]:
        """Return the free resources of all nodes together."""
        import ray

        free: Mapping[str, float] = ray.available_resources()
        return free

    def is_reachable(self) -> bool:
        """Return whether the head answers."""
        return self.gcs is None or _is_open(*self.gcs, seconds=2.0)

    def close(self) -> None:
        """Disconnect; a cluster that was started here ends."""
        import ray

        if self.connected:
            ray.shutdown()
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)


def prepare_environment(address: str) -> None:
    """Set what Ray reads when it is imported."""
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)
    if _is_own(address) and "ray" not in sys.modules:
        for name, value in _OWN.items():
            os.environ.setdefault(name, value)
        if os.environ["RAY_AUTH_MODE"] == "token":
            os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))


def _is_own(address: str) -> bool:
    """Return whether to start a cluster here."""
    return (address or os.environ.get("RAY_ADDRESS", "")) in ("", "local")


def connect(workers: Workers, count: int | None) -> Cluster:
    """Connect to what `workers` asks for; a cluster that is started here has room for `count`.

    Raises:
        UsageError: no cluster is at the address, or it has other versions.
    """
    import ray

    if ray.is_initialized():
        return Cluster(False, False, _gcs())
    address = workers.address or os.environ.get("RAY_ADDRESS", "")
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.CRITICAL}
    _log_what_ray_prints()
    if _is_own(address):
        folder = _folder()
        cores = os.cpu_count() or 1
        needed = math.ceil((count or cores) * workers.resources.get("cpu", 1.0))
        _log.info("starting Ray on this machine")
        ray.init(
            address="local",
            num_cpus=max(cores, needed),
            include_dashboard=False,
            object_store_memory=_STORE,
            _node_ip_address="127.0.0.1",
            _temp_dir=None if folder is None else str(folder),
            **quiet,
        )
        return Cluster(True, True, _gcs(), folder)
    _require_reachable(address)
    try:
        ray.init(address=address, **quiet)
    except Exception as error:
        with contextlib.suppress(Exception):
            ray.shutdown()
        raise _refused(address, error) from error
    return Cluster(False, True, _gcs())


def _folder() -> Path | None:
    """Return a folder for Ray's logs, removed afterwards; None if its path is too long."""
    folder = Path(tempfile.mkdtemp(prefix="targen-ray-"))
    if len(str(folder)) <= 40:  # of the 107 bytes of a socket's path Ray takes sixty
        return folder
    folder.rmdir()
    return None


def _log_what_ray_prints() -> None:
    """Messages of Ray's own processes go to the log: what they mean for the run is said by us."""
    import ray._private.worker as inside

    def said(data: Any, *args: Any, **more: Any) -> None:
        _log.debug("%s", "\n".join(map(str, data.get("lines", ()))))

    if hasattr(inside, "print_to_stdstream"):
        inside.print_to_stdstream = said


def _gcs() -> tuple[str, int] | None:
    import ray

    try:
        host, _, port = str(ray.get_runtime_context().gcs_address).rpartition(":")
        return host, int(port)
    except Exception:  # a client's connection lacks it
        return None


def _require_reachable(address: str) -> None:
    """Check that a server listens, since Ray would try for a minute.

    Raises:
        UsageError: no server listens.
    """
    if address == "auto":
        return
    where = urlsplit(address if "://" in address else f"//{address}")
    try:
        host, port = where.hostname, where.port
    except ValueError:
        host = port = None
    if "://" in address and where.scheme != "ray":
        host = None
    if not host:
        raise UsageError(
            f"--address {address} is not the address of a Ray cluster",
            hint="use HOST:6379 on one of its nodes, ray://HOST:10001 from outside, or auto",
        )
    port = port or (10001 if where.scheme == "ray" else 6379)
    if not _is_open(host, port, seconds=_REACHABLE):
        raise UsageError(
            f"--address {address}: no answer from {host}:{port}",
            hint="run ray start --head on its first node, and ray status to see whether it is "
            "running",
        )


def _is_open(host: str, port: int, *, seconds: float) -> bool:
    try:
        with socket.create_connection((host, port), timeout=seconds):
            return True
    except OSError:
        return False


def _refused(address: str, error: Exception) -> UsageError:
    words = " ".join(str(error).split())
    if "ersion" in words and "ismatch" in words.replace("M", "m"):
        return UsageError(
            f"--address {address}: {words[:400]}",
            hint="use the cluster's versions of Python and Ray, or the same image for both",
        )
    if address == "auto" or isinstance(error, ConnectionError):
        return UsageError(
            f"--address {address}: no Ray cluster was found: {words[:300]}",
            hint="run ray start --head, or pass --address HOST:6379; without --address, workers "
            "run here",
        )
    return UsageError(
        f"--address {address}: {type(error).__name__}: {words[:400]}",
        hint="on a node of the cluster, use HOST:6379 or auto; from outside, ray://HOST:10001",
    )
