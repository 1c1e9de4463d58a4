"""The command on a terminal: a pseudo-terminal of its own, and a service that can be held."""

from __future__ import annotations

import contextlib
import fcntl
import itertools
import math
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from targen_testing.fault_server import FaultServer, Response, Seen

from ...services import answer

DEADLINE = 600.0  # seconds: a guard against hanging, since a busy machine is no fault of ours

_ESCAPES = re.compile(r"\x1b(\[[0-9;?]*[A-Za-z]|\][^\x07]*\x07|.)")


class Terminal:
    """A process whose three streams are a pseudo-terminal, and which it controls."""

    def __init__(
        self,
        command: list[str],
        *,
        cwd: Path,
        env: dict[str, str],
        columns: int = 80,
        deaf_to_hangup: bool = False,
        stdout: Any = None,
    ) -> None:
        self.master, slave = pty.openpty()
        self.resize(columns)
        self._seen = bytearray()
        self._change = threading.Condition()

        def prepare() -> None:
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)
            if deaf_to_hangup:
                signal.signal(signal.SIGHUP, signal.SIG_IGN)

        self.process = subprocess.Popen(
            command,
            cwd=cwd,
            env=env,
            stdin=slave,
            stdout=slave if stdout is None else stdout,
            stderr=slave,
            start_new_session=True,
            preexec_fn=prepare,
        )
        os.close(slave)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        while True:
            try:
                part = os.read(self.master, 65536)
            except OSError:  # the process is gone, or we hung up
                part = b""
            with self._change:
                self._seen += part
                self._change.notify_all()
            if not part:
                return

    @property
    def text(self) -> str:
        """All that was ever shown, without what moves and colours it."""
        return _ESCAPES.sub("", self._seen.decode("utf-8", "replace")).replace("\r", "")

    def wait_for(self, words: str, *, after: int = 0) -> int:
        """Wait until `words` were shown behind `after`; returns where they end."""
        deadline = time.monotonic() + DEADLINE
        with self._change:
            while (at := self.text.find(words, after)) < 0:
                left = deadline - time.monotonic()
                if left <= 0 or (self.process.poll() is not None and not self._reader.is_alive()):
                    pytest.fail(f"{words!r} was never shown:\n{self.text}")
                self._change.wait(min(left, 0.2))
        return at + len(words)

    def type(self, keys: bytes) -> None:
        """Press keys."""
        os.write(self.master, keys)

    def interrupt(self) -> int:
        """Press Ctrl-C at a question, again if need be; the exit status.

        A key pressed just before `input()` blocks sets only Python's flag, and is noticed after
        the next key.
        """
        while self.process.poll() is None:
            self.type(b"\x03")
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(5)
        return self.exit_code()

    def resize(self, columns: int) -> None:
        """Make the window so wide."""
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))

    def hang_up(self) -> None:
        """Close the terminal."""
        os.close(self.master)
        self.master = -1

    def exit_code(self) -> int:
        """Wait for the end; the exit status, negative for a signal."""
        code = self.process.wait(DEADLINE)
        self._reader.join(5)
        return code

    def close(self) -> None:
        """Kill what still runs."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(DEADLINE)
        if self.master >= 0:
            os.close(self.master)
        self._reader.join(5)


class HeldService(FaultServer):
    """Answers as the schema asks; `moods(n)` comes instead for the n-th call, if it is a response.

    From the `hold_from`-th call on, calls wait for `go`.
    """

    def __init__(
        self,
        moods: Callable[[int], Response | None] = lambda number: None,
        hold_from: float = math.inf,
    ) -> None:
        super().__init__(self._plan)
        self._moods = moods
        self._hold_from = hold_from
        self._numbers = itertools.count(1)
        self.go = threading.Event()

    def _plan(self, seen: Seen) -> Response:
        number = next(self._numbers)
        if (mood := self._moods(number)) is not None:
            return mood
        if number >= self._hold_from and not self.go.wait(DEADLINE):
            return Response({}, status=500)
        return Response(answer(seen.body))

    def wait_for_calls(self, count: int) -> None:
        """Wait until so many calls came."""
        deadline = time.monotonic() + DEADLINE
        while len(self.seen) < count:
            assert time.monotonic() < deadline, f"{len(self.seen)} calls came, not {count}"
            self.arrived.wait(0.02)
            self.arrived.clear()

    def __exit__(self, *_: object) -> None:
        self.go.set()
        super().__exit__()


@pytest.fixture
def held() -> Iterator[Callable[..., HeldService]]:
    """Makes services."""
    with contextlib.ExitStack() as stack:
        yield lambda *args, **how: stack.enter_context(HeldService(*args, **how))


@pytest.fixture
def surroundings(tmp_path: Path) -> dict[str, str]:
    """The environment of a terminal with colours, and a cache of the test's own."""
    ours = ("TARGEN_", "COLUMNS", "NO_COLOR", "FORCE_COLOR", "LINES")
    kept = {k: v for k, v in os.environ.items() if not k.startswith(ours)}
    places = {name: str(tmp_path / name) for name in ("cache", "config")}
    folders = {f"TARGEN_{name.upper()}_DIR": place for name, place in places.items()}
    return {**kept, **folders, "TERM": "xterm-256color"}


@pytest.fixture
def terminal(tmp_path: Path, surroundings: dict[str, str]) -> Iterator[Callable[..., Terminal]]:
    """Starts the command on a terminal; what still runs at the end is killed."""
    started: list[Terminal] = []

    def start(*args: object, env: dict[str, str] | None = None, **options: Any) -> Terminal:
        command = [sys.executable, "-m", "targen_core.cli", *map(str, args)]
        made = Terminal(command, cwd=tmp_path, env={**surroundings, **(env or {})}, **options)
        started.append(made)
        return made

    yield start
    for made in started:
        made.close()


@pytest.fixture
def shell(tmp_path: Path, surroundings: dict[str, str]) -> Callable[..., Any]:
    """Runs the command by a line of bash, in which `targen` stands for it."""

    def run(line: str) -> subprocess.CompletedProcess[str]:
        begin = f'set -o pipefail; targen() {{ "{sys.executable}" -m targen_core.cli "$@"; }}; '
        return subprocess.run(
            ["bash", "-c", begin + line],
            cwd=tmp_path,
            env=surroundings,
            capture_output=True,
            text=True,
            timeout=DEADLINE,
            check=False,
        )

    return run
