"""The command in processes of its own that cost no start: forks of one that has imported it.

`python forks.py` is that one: it forks for each command that it is told. What a command imported
it imports too, unless only that command's folders have it; it runs nothing of it.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

_SECONDS = 300  # a guard against hanging: `plugins check` runs many tests


class Forks:
    """Runs commands, one after the other; `close` ends the process that forks."""

    def __init__(self, folder: Path) -> None:
        self._at = folder
        self._process = subprocess.Popen(
            [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __call__(
        self,
        args: Sequence[str],
        *,
        cwd: Path,
        path: Sequence[Path],
        env: Mapping[str, str],
        before: str = "",
    ) -> subprocess.CompletedProcess[str]:
        """Run `targen ARGS` to its end, with folders in front of sys.path.

        `before` is Python that the process runs first.
        """
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None and stdout is not None
        names = [str(self._at / name) for name in ("out", "err", "modules")]
        order = [list(args), str(cwd), [str(each) for each in path], dict(env), before, names]
        stdin.write(json.dumps(order) + "\n")
        stdin.flush()
        line = stdout.readline()
        assert line, f"the process that forks is gone ({self._process.poll()})"
        code = int(line)
        out, err = (Path(name).read_text(encoding="utf-8") for name in names[:2])
        return subprocess.CompletedProcess(list(args), code, out, err)

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.communicate()


def _run(
    args: Sequence[str],
    cwd: str,
    path: Sequence[str],
    env: Mapping[str, str],
    before: str,
    files: Sequence[str],
) -> int:
    """The command in a fork; its exit status, below 0 the signal that ended it."""
    from targen_cli import main

    if child := os.fork():
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    out, err, modules = files
    for number, name in ((0, os.devnull), (1, out), (2, err)):
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC if number else os.O_RDONLY
        os.dup2(os.open(name, flags, 0o600), number)
    signal.alarm(_SECONDS)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update({**env, "PYTHONPATH": os.pathsep.join(path)})
    sys.path[:] = [cwd, *path, *sys.path[1:]]  # as `python -m` has it
    sys.argv = ["targen", *args]
    code: object = 0
    try:
        exec(before, {"__name__": "before"})
        main()
    except SystemExit as stop:
        code = stop.code or 0
    except BaseException:
        import traceback

        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    Path(modules).write_text("\n".join(sys.modules), encoding="utf-8")
    os._exit(code if isinstance(code, int) else 1)


def _serve() -> None:
    importlib.import_module("targen_cli.app")
    answers = os.fdopen(os.dup(1), "w")
    for line in sys.stdin:
        order = json.loads(line)
        code = _run(*order)
        answers.write(f"{code}\n")
        answers.flush()
        modules = Path(order[-1][-1])
        for name in modules.read_text(encoding="utf-8").split("\n") if modules.exists() else ():
            with contextlib.suppress(Exception):  # only that command's folders have it
                importlib.import_module(name)


if __name__ == "__main__":
    _serve()
