"""Python in processes of its own that cost no start: forks of one that has imported the kit.

`python -m targen_testing.forks` is that one: it forks for each order that it reads. It also imports
the modules of an order, unless only that order's folders have them, but runs none of its code.
It reads the code of the installed distributions, for their digests, once for all orders.
Where processes cannot be forked safely, each order gets a fresh one.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import importlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from targen_core.engine import ledger
from targen_core.plugins.loader import canonical
from targen_testing.suite import fail

COMMAND = "import sys; sys.argv[0] = 'targen'; from targen_core.cli import main; main()"
"""Code that is the command `targen`."""

_FORK = os.fork if sys.platform == "linux" else None  # other systems' libraries fail in forks
_NAMES = ("out", "err", "modules")


class Forks:
    """Runs Python, one order after the other; `close` ends the process that forks."""

    def __init__(self, *, hashes_apart: bool = False) -> None:
        """Start the process that forks; in it, texts may hash differently from here."""
        self._own = tempfile.TemporaryDirectory(prefix="targen-forks-")
        apart = "2" if os.getenv("PYTHONHASHSEED") == "1" else "1"
        self._seed = {"PYTHONHASHSEED": apart} if hashes_apart else {}
        if _FORK is not None:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "targen_testing.forks"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env={**os.environ, **self._seed},
                text=True,
            )

    def __call__(
        self,
        code: str,
        args: Sequence[str],
        *,
        cwd: Path,
        path: Sequence[str],
        env: Mapping[str, str],
    ) -> subprocess.CompletedProcess[str]:
        """Run code to its end as `python -c CODE ARGS`, with `path` in front of sys.path."""
        env = {**env, "PYTHONPATH": os.pathsep.join(path)}
        if _FORK is None:
            return subprocess.run(  # noqa: S603 - this Python, on what the caller gives
                [sys.executable, "-P", "-c", code, *args],
                cwd=cwd,
                env={**env, **self._seed},
                capture_output=True,
                text=True,
                check=False,
            )
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None and stdout is not None
        names = [str(Path(self._own.name, name)) for name in _NAMES]
        stdin.write(json.dumps([code, list(args), str(cwd), list(path), env, names]) + "\n")
        stdin.flush()
        line = stdout.readline()
        assert line, f"the process that forks is gone ({self._process.poll()})"
        out, err = (Path(name).read_text(encoding="utf-8") for name in names[:2])
        return subprocess.CompletedProcess(list(args), int(line), out, err)

    def close(self) -> None:
        """End the process."""
        if _FORK is not None:
            self._process.kill()
            self._process.communicate()
        self._own.cleanup()


@cache
def _forks() -> Forks:
    """The one process in which texts hash differently, for as long as the tests run."""
    made = Forks(hashes_apart=True)
    atexit.register(made.close)
    return made


def in_another_process(code: str, args: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Run code in a process like this one, with another hash seed and without input."""
    return _forks()(
        code,
        args,
        cwd=Path.cwd(),
        path=sys.path,
        env=os.environ,
    )


def elsewhere(module: str, *args: str) -> str:
    """Return what the `main` of a module prints in another process; its failure fails the check."""
    run = f"import sys; from {module} import main; main(*sys.argv[1:])"
    done = in_another_process(run, args)
    if done.returncode:
        fail(f"it fails in another process:\n{done.stdout}{done.stderr}")
    return done.stdout


def _fork(
    code: str,
    args: Sequence[str],
    cwd: str,
    path: Sequence[str],
    env: Mapping[str, str],
    names: Sequence[str],
) -> int:
    """The exit status of code in a fork; below 0 the signal that ended it."""
    assert _FORK is not None
    if child := _FORK():
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    status: object = 1
    try:
        out, err, modules = names
        for number, name in ((0, os.devnull), (1, out), (2, err)):
            flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC if number else os.O_RDONLY
            os.dup2(os.open(name, flags, 0o600), number)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.chdir(cwd)
        os.environ.clear()
        os.environ.update(env)
        added = [Path(folder) for folder in path if folder not in sys.path]
        sys.path[:0] = path
        for info in (found for folder in added for found in folder.glob("*.dist-info")):
            ledger.known.pop(canonical(info.name.partition("-")[0]), None)
        sys.argv = ["-c", *args]
        try:
            exec(code, {"__name__": "__main__"})  # noqa: S102 - the caller's own
            status = 0
        except SystemExit as stop:
            status = stop.code or 0
        learned = json.dumps([list(sys.modules), list(ledger.known)])
        Path(modules).write_text(learned, encoding="utf-8")
        try:
            sys.stdout.flush()
        except OSError as error:  # an interpreter that ends says so, in one line, with this status
            status = 120
            sys.stderr.write(f"Exception ignored in: {sys.stdout!r}\n{error!r}\n")
    except BaseException:
        status = 1
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(status if isinstance(status, int) else 1)


def _serve() -> None:
    """Fork for each order, a line of standard input each."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the tests, which end this
    importlib.import_module("targen_core.cli.app")
    importlib.import_module("targen_testing.tasks")
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a module prints as it is imported is no answer
    for line in sys.stdin:
        gc.freeze()  # a fork that collects would copy all of it
        order = json.loads(line)
        answers.write(f"{_fork(*order)}\n")
        answers.flush()
        learned = Path(order[-1][-1])
        if not learned.exists():
            continue
        modules, distributions = json.loads(learned.read_text(encoding="utf-8"))
        for name in modules:
            with contextlib.suppress(Exception):  # only that order's folders have it
                importlib.import_module(name)
        for name in distributions:
            with contextlib.suppress(Exception):  # likewise
                ledger.code_of(name)


if __name__ == "__main__":
    _serve()
