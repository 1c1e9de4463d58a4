"""The command in forked processes, where one write of many fails or is the last thing that happens.

`python saboteur.py`, or `Saboteur`, which starts it: a process that has loaded targen and
forks for each command that it is told, so that hundreds of runs cost no start-up.
Each of a command's *points* is one call of the system that changes a file: a command is run once to
count them, and then once for each of them and each way to fail. So what a test
says of "any moment" is said of every moment at which the files differ.
"""

from __future__ import annotations

import builtins
import contextlib
import importlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

__all__ = ["ERRORS", "KILLS", "SIGNALS", "Fault", "Result", "Saboteur"]

KILLS = ("before", "within", "after")
"""SIGKILL before a point, when half of what it writes is written, or after it."""

ERRORS = {"full": 28, "broken": 5, "read-only": 30, "denied": 13}
"""ENOSPC, EIO, EROFS and EACCES: at this point and all that follow."""

SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")
"""What people, queues and terminals that go away send: after a point."""

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
        self._made_with = (folder, environment)
        self._process = subprocess.Popen(
            [sys.executable, __file__],
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __call__(self, *args: object, fault: Fault = Fault()) -> Result:
        """Run `targen ARGS` to its end."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None and stdout is not None
        stdin.write(json.dumps([[str(arg) for arg in args], asdict(fault)]) + "\n")
        stdin.flush()
        line = stdout.readline()
        assert line, f"the process that forks is gone ({self._process.poll()})"
        return Result(*json.loads(line))

    def twin(self) -> Saboteur:
        """Another one, for commands at the same time."""
        return Saboteur(*self._made_with)

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.communicate()


class _Points:
    """Counts calls of the system that change files, and fails one of them."""

    def __init__(self, fault: Fault, log: int) -> None:
        self._fault, self._log, self._count = fault, log, 0
        self._write = os.write
        for name in ("write", "pwrite"):
            self._wrap(name, getattr(os, name), cut=True)
        for name in ("ftruncate", "replace", "rename", "link", "unlink", "remove", "mkdir"):
            self._wrap(name, getattr(os, name))
        self._wrap("fsync", os.fsync)
        self._wrap("fdatasync", os.fdatasync)
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
        if here and fault.how in ("within", "after"):
            _die()
        if here and fault.how in SIGNALS:
            os.kill(os.getpid(), getattr(signal, fault.how))
        return value


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _run(main: Callable[[], None], args: Sequence[str], fault: Fault, log: Path) -> int:
    """The command in a fork; its exit status, below 0 the signal that ended it."""
    sys.stdout.flush()
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    with contextlib.suppress(BaseException):
        for number, name in ((1, "out"), (2, "err")):
            os.dup2(os.open(log.with_suffix(f".{name}"), _CREATE, 0o600), number)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        points = os.open(log.with_suffix(".points"), _CREATE, 0o600)
        sys.argv = ["targen", *args]
        code = 1
        try:
            exec(fault.first, {"__name__": "first", "builtins": builtins})
            _Points(fault, points)
            main()
            code = 0
        except SystemExit as stop:
            code = stop.code if isinstance(stop.code, int) else int(stop.code is not None)
        except BaseException:
            import traceback

            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            log.with_suffix(".modules").write_text("\n".join(sys.modules))
            os._exit(code)
    os._exit(99)


_CREATE = os.O_WRONLY | os.O_CREAT | os.O_TRUNC


def _commands() -> Iterator[tuple[list[str], Fault]]:
    for line in sys.stdin:
        args, fault = json.loads(line)
        yield args, Fault(**fault)


def _serve() -> None:
    import tempfile

    from targen_cli import main

    answers = os.fdopen(os.dup(1), "w")
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        for args, fault in _commands():
            code = _run(main, args, fault, log)
            texts = [log.with_suffix(f".{name}").read_text() for name in ("points", "out", "err")]
            points, out, err = texts
            answers.write(json.dumps([code, points.splitlines(), out, err]) + "\n")
            answers.flush()
            with contextlib.suppress(FileNotFoundError):
                for name in log.with_suffix(".modules").read_text().splitlines():
                    with contextlib.suppress(Exception):
                        importlib.import_module(name)  # so that the next fork need not


if __name__ == "__main__":
    _serve()
