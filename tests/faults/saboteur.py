"""The command in forked processes, where one write of many fails or is the last thing that happens.

Each of a command's *points* is one call of the system that changes a file: a command is run once to
count them, and then once for each of them and each way to fail. So what a test
says of "any moment" is said of every moment at which the files differ.
"""

from __future__ import annotations

import os
import signal
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from targen_testing.forks import COMMAND, Forks

KILLS = ("before", "within")
"""SIGKILL before a point (and so after the last one), or when half of its bytes are written."""

ERRORS = {"full": 28, "broken": 5, "read-only": 30, "denied": 13}
"""ENOSPC, EIO, EROFS and EACCES: at this point and all that follow."""

SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")
"""What people, queues and terminals that go away send: after a point."""

_HERE = Path(__file__).parent
_SECONDS = 300  # a guard against hanging
_WRITING = os.O_WRONLY | os.O_RDWR


@dataclass(frozen=True)
class Fault:
    """What goes wrong.

    Attributes:
        point: the number of the call of the system, from 0; -1 for none.
        how: one of `KILLS`, `ERRORS` or `SIGNALS`.
        first: Python that the process runs before the command.
        once: whether an error is of this point alone.
    """

    point: int = -1
    how: str = ""
    first: str = ""
    once: bool = False


@dataclass(frozen=True)
class Result:
    """How a command ended.

    Attributes:
        code: its exit status; below 0 the signal that ended it.
        points: calls of the system that changed a file, by name and file.
        out: what it printed.
        err: what it said on standard error.
    """

    code: int
    points: Sequence[str]
    out: str
    err: str


class Saboteur:
    """Runs commands in `folder`, one after the other, each in a fork of one warm process."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self._folder, self._environment = folder, environment
        self._own = tempfile.TemporaryDirectory()
        self._points = Path(self._own.name, "points")
        self._forks = Forks()

    def __call__(self, *args: object, fault: Fault = Fault()) -> Result:
        """Run `targen ARGS` to its end."""
        before = (
            f"{fault.first}\n"
            f"import signal, sys\n"
            f"signal.alarm({_SECONDS})\n"
            f"sys.path.append({str(_HERE)!r})\n"
            f"import saboteur\n"
            f"saboteur.watch(saboteur.{fault!r}, {str(self._points)!r})\n"
        )
        done = self._forks(
            before + COMMAND,
            [str(arg) for arg in args],
            cwd=self._folder,
            path=[str(self._folder)],
            env=self._environment,
        )
        points = self._points.read_text().splitlines()
        return Result(done.returncode, points, done.stdout, done.stderr)

    def works(self, *args: object, fault: Fault = Fault()) -> Result:
        """Run a command that must end well."""
        result = self(*args, fault=fault)
        assert result.code == 0, result.err
        return result

    def twin(self) -> Saboteur:
        """Another one, for commands at the same time."""
        return Saboteur(self._folder, self._environment)

    def close(self) -> None:
        """End the process."""
        self._forks.close()
        self._own.cleanup()


def watch(fault: Fault, points: str) -> None:
    """Have this process note its points in a file, and fail at one of them."""
    _Points(fault, os.open(points, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))


class _Points:
    """Counts calls of the system that change files, and fails one of them."""

    def __init__(self, fault: Fault, log: int) -> None:
        self._fault, self._log, self._count = fault, log, 0
        self._write = os.write
        for name in ("write", "pwrite"):
            self._wrap(name, getattr(os, name), cut=True)
        for name in ("ftruncate", "replace", "rename", "link", "unlink", "remove", "mkdir"):
            self._wrap(name, getattr(os, name))
        for name in ("fsync", "fdatasync"):  # a process dies here, never the machine
            self._wrap(name, lambda descriptor: None)
        self._opening(os.open)

    def _wrap(self, name: str, real: Callable[..., Any], *, cut: bool = False) -> None:
        def call(target: Any, *args: Any, **options: Any) -> Any:
            if isinstance(target, int) and target < 3:
                return real(target, *args, **options)  # the terminal
            half = (lambda: real(target, args[0][: len(args[0]) // 2], *args[1:])) if cut else None
            return self._point(name, target, lambda: real(target, *args, **options), half)

        setattr(os, name, call)

    def _opening(self, real: Callable[..., int]) -> None:
        def call(path: Any, flags: int, *args: Any, **options: Any) -> int:
            def opened() -> int:
                return real(path, flags, *args, **options)

            made = flags & os.O_CREAT and not os.path.lexists(path)
            if made or flags & os.O_TRUNC:
                return int(self._point("open", path, opened, None))
            if flags & _WRITING and self._failing:
                raise self._error(path)
            return opened()

        os.open = call  # type: ignore[assignment]

    @property
    def _failing(self) -> bool:
        fault = self._fault
        past = self._count > fault.point >= 0
        return past and fault.how in ERRORS and not fault.once

    def _error(self, target: Any) -> OSError:
        number = ERRORS[self._fault.how]
        return OSError(number, os.strerror(number), None if isinstance(target, int) else target)

    def _point(
        self, name: str, target: Any, real: Callable[[], Any], half: Callable[[], Any] | None
    ) -> Any:
        fault, here = self._fault, self._count == self._fault.point
        self._count += 1
        path = os.readlink(f"/proc/self/fd/{target}") if isinstance(target, int) else str(target)
        self._write(self._log, f"{name} {os.path.basename(path)}\n".encode())
        if here and fault.how == "before":
            _die()
        if here and fault.how == "within" and half is not None:
            half()
            _die()
        # To cut a file short and to take one away needs no room.
        spared = fault.how == "full" and name in ("ftruncate", "unlink", "remove")
        if ((here and fault.how in ERRORS) or self._failing) and not spared:
            if here and half is not None:
                half()
            raise self._error(target)
        value = real()
        if here and fault.how == "within":
            _die()
        if here and fault.how in SIGNALS:
            os.kill(os.getpid(), getattr(signal, fault.how))
        return value


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)
