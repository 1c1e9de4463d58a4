"""Run a command in a fork of this warm process, and note what it opens, executes and connects to.

The fork has an audit hook (`sys.addaudithook`), limits, and a working folder of its own. What the
hook notes is the strongest sign: it sees each `open`, `exec`, import and connection of Python code,
whether or not any of it reaches the output.
"""

# ruff: noqa: PTH100, PTH118, PTH119, PTH120
from __future__ import annotations

import contextlib
import json
import os
import resource
import select
import signal
import sys
import time
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

GIVE_UP = 60  # seconds of the clock after which a command hangs
_IDLE = 5  # looks, a second apart, at which it waits and has not worked, after which it does
_CPU = 20  # seconds of work after which it is killed
_MEMORY = 3 << 30  # bytes of address space: a bomb ends in an error, not in a dead machine
_FILE = 256 << 20  # bytes of a file that it may write
_KEPT = 1 << 20  # bytes of its output that are kept

_HERE = Path(__file__).resolve()
_SYSTEM = ("/usr/", "/lib", "/etc/", "/sys/", "/proc/", "/dev/null", "/dev/urandom")
_NEVER = ("/etc/passwd", "/proc/self/environ", "/dev/zero", "/dev/stdin")
_WRITES = {
    "os.mkdir": (0,),
    "os.remove": (0,),
    "os.rmdir": (0,),
    "os.rename": (0, 1),
    "os.link": (1,),
    "os.symlink": (1,),
    "os.truncate": (0,),
    "os.chmod": (0,),
    "os.chown": (0,),
    "os.utime": (0,),
    "shutil.rmtree": (0,),
}
_PROCESSES = (
    "subprocess.Popen",
    "os.system",
    "os.exec",
    "os.posix_spawn",
    "os.fork",
    "webbrowser.open",
)


@dataclass
class Fences:
    """Where a command may read and write, and whom it may ask.

    Attributes:
        root: the folder of everything; code in it is never to be executed.
        here: the working folder.
        reads: folders that a command may read, beside Python's own.
        writes: folders that it may change.
        decoys: files in `here` that were never typed.
        addresses: hosts and ports that were typed.
        marker: the file by which code says that it ran.
    """

    root: str
    here: str
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    decoys: frozenset[str] = frozenset()
    addresses: frozenset[tuple[str, int]] = frozenset()
    marker: str = ""


@dataclass
class Outcome:
    """What a command did.

    Attributes:
        args: the command.
        code: its exit code, "hang", or how it ended.
        text: standard output and standard error, at most 1 MiB.
        cpu: seconds of work.
        silent: the longest time of the clock without output.
        peak: MB of memory at most, of the fork with all that it shares.
        noted: what the hook noted: a category, what it was, and where in our code.
    """

    args: Sequence[str]
    code: Any = 0
    text: str = ""
    cpu: float = 0.0
    silent: float = 0.0
    peak: int = 0
    noted: list[tuple[str, str, str]] = field(default_factory=list)


def _where() -> str:
    """The innermost functions of targen that led here: "file:line < file:line"."""
    found = []
    frame = sys._getframe(2)
    while frame is not None and len(found) < 3:
        name = frame.f_code.co_filename
        if "/targen_" in name and "/bench/" not in name:
            found.append(f"{name.split('/src/')[-1]}:{frame.f_lineno}")
        frame = frame.f_back  # type: ignore[assignment]
    return " < ".join(found)


class Hook:
    """Notes what leaves the fences."""

    def __init__(self, fences: Fences, notes: int) -> None:
        self._fences = fences
        self._notes = notes
        self._busy = False
        packages = {sys.prefix, sys.base_prefix, *filter(None, sys.path)}
        self._packages = tuple(sorted(os.path.realpath(each) for each in packages))
        self._reads = (*self._packages, *fences.reads, *fences.writes)
        self._seen: set[tuple[str, str, str]] = set()

    def __call__(self, event: str, args: tuple[Any, ...]) -> None:
        if self._busy:
            return
        self._busy = True
        try:
            self._look(event, args)
        finally:
            self._busy = False

    def _look(self, event: str, args: tuple[Any, ...]) -> None:
        if event == "open":
            path, mode, flags = args
            if isinstance(path, int) or path in ("<string>", "<unknown>"):
                return  # a traceback of Python 3.13 looks for the lines of code that has no file
            writes = bool((flags or 0) & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC))
            self._path(path, writes or (isinstance(mode, str) and set(mode) & set("wax+")), flags)
        elif event in ("os.listdir", "os.scandir", "sqlite3.connect"):
            if args and isinstance(args[0], str | bytes | os.PathLike):
                self._path(args[0], False, 0)
        elif event in _WRITES:
            for number in _WRITES[event]:
                if isinstance(args[number], str | bytes | os.PathLike):
                    self._path(args[number], True, os.O_NOFOLLOW)
        elif event == "exec":
            name = getattr(args[0], "co_filename", "")
            if name.startswith(self._fences.root):
                self._note("code", f"executed {name}")
        elif event == "import":
            if str(args[0]).split(".")[0] in ("evilmod", "evil", "antigravity", "this"):
                self._note("code", f"imported {args[0]}")
        elif event == "pickle.find_class":
            self._note("code", f"unpickled {args[0]}.{args[1]}")
        elif event == "ctypes.dlopen":
            if str(args[0]).startswith(self._fences.root):
                self._note("code", f"loaded {args[0]}")
        elif event in _PROCESSES:
            # The default model is downloaded when it is first asked: no file names that command.
            ours = event == "subprocess.Popen" and list(args[1])[1:4] == ["-m", "pip", "download"]
            if not ours:
                self._note("code", f"{event} {args[:2]!r}"[:200])
            raise PermissionError(f"{event} is not for a stranger's file")
        elif event == "socket.connect" or event == "socket.sendto":
            address = args[1]
            typed = isinstance(address, tuple) and address[:2] in self._fences.addresses
            if not typed:
                self._note("request", f"{event} {address!r}")
                if not (isinstance(address, tuple) and address[0] == "127.0.0.1"):
                    raise PermissionError("the tests reach no network")
        elif event == "socket.getaddrinfo":
            host = args[0].decode() if isinstance(args[0], bytes) else args[0]
            if host not in (None, "", "localhost", "127.0.0.1", "::1"):
                self._note("request", f"looked up {host!r}")
                raise PermissionError("the tests reach no network")

    def _path(self, path: Any, writes: Any, flags: int) -> None:
        text = os.path.abspath(os.fsdecode(path))
        if (flags or 0) & os.O_NOFOLLOW:
            text = os.path.join(os.path.realpath(os.path.dirname(text)), os.path.basename(text))
        else:
            text = os.path.realpath(text)
        if not self._allowed(text, bool(writes)):
            self._note("outside", f"{'wrote' if writes else 'read'} {text}")

    def _allowed(self, text: str, writes: bool) -> bool:
        fences = self._fences
        if text == fences.marker:
            return True
        if text.startswith(fences.writes):
            return text not in fences.decoys
        if writes:
            return text in ("/dev/null", "/dev/tty")
        if text in _NEVER or text in fences.decoys:
            return False
        if f"{fences.root}/".startswith(f"{text}/"):
            return True  # a folder above, which is looked at for defaults
        return text.startswith((*self._reads, *_SYSTEM))

    def _note(self, what: str, text: str) -> None:
        note = (what, text[:300], _where())
        if note not in self._seen and len(self._seen) < 200:
            self._seen.add(note)
            os.write(self._notes, json.dumps(note).encode() + b"\n")


def _child(args: Sequence[str], fences: Fences, out: int, notes: int) -> None:
    """Become the command; never returns."""
    code = 1
    try:
        os.setsid()
        os.chdir(fences.here)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(out, 1)
        os.dup2(out, 2)
        # They stay open as long as the process.
        sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
        sys.stderr = open(2, "w", encoding="utf-8", errors="backslashreplace", closefd=False)  # noqa: SIM115
        sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
        for what, most in (
            (resource.RLIMIT_CPU, _CPU),
            (resource.RLIMIT_FSIZE, _FILE),
            (resource.RLIMIT_CORE, 0),
            (resource.RLIMIT_AS, _MEMORY),
        ):
            with contextlib.suppress(ValueError, OSError):
                resource.setrlimit(what, (most, most))
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        from targen_core.cli import main

        sys.argv = ["targen", *args]
        sys.addaudithook(Hook(fences, notes))
        try:
            main()
            code = 0
        except SystemExit as stopped:
            code = stopped.code if isinstance(stopped.code, int) else 1 if stopped.code else 0
    except BaseException as error:
        with contextlib.suppress(BaseException):
            where = traceback.extract_tb(error.__traceback__)[-1]
            note = (
                "crash",
                f"{type(error).__name__}: {error}"[:300],
                f"{where.filename}:{where.lineno}",
            )
            os.write(notes, json.dumps(note).encode() + b"\n")
            traceback.print_exc()
    finally:
        with contextlib.suppress(BaseException):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code & 0xFF)


def _state(pid: int) -> tuple[str, float]:
    """Whether a process waits, as a letter, and what it has worked."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return fields[0], float(fields[11]) + float(fields[12])


def run(args: Sequence[str], fences: Fences, notes_file: Path) -> Outcome:
    """Run `targen` with these arguments in a fork, and watch it."""
    reading, writing = os.pipe()
    notes = os.open(notes_file, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND)
    sys.stdout.flush()
    sys.stderr.flush()
    begun = time.monotonic()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        _child(args, fences, writing, notes)
    os.close(writing)
    outcome, kept, heard = Outcome(args), bytearray(), begun
    idle, before = 0, -1.0
    try:
        while True:
            ready, _, _ = select.select([reading], [], [], 1.0)
            if not ready:
                # Whoever waits works no further; a machine that is busy lets it work at some time.
                state, worked = _state(pid)
                idle = idle + 1 if state in "SD" and worked == before else 0
                before = worked
                if idle < _IDLE and time.monotonic() - begun < GIVE_UP:
                    continue
                outcome.code = "hang"
                break
            data = os.read(reading, 1 << 16)
            now = time.monotonic()
            outcome.silent, heard = max(outcome.silent, now - heard), now
            if not data:
                break
            kept += data[: _KEPT - len(kept)] if len(kept) < _KEPT else b""
    finally:
        if outcome.code == "hang":
            with contextlib.suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)
        _, status, used = os.wait4(pid, 0)
        with contextlib.suppress(ProcessLookupError):  # what it started and left behind
            os.killpg(pid, signal.SIGKILL)
        os.close(reading)
        lines = os.pread(notes, 1 << 20, 0).splitlines()
        os.close(notes)
    if outcome.code != "hang":
        ended = os.waitstatus_to_exitcode(status)
        outcome.code = ended if ended >= 0 else signal.Signals(-ended).name
    outcome.text = kept.decode("utf-8", "replace")
    outcome.cpu = used.ru_utime + used.ru_stime
    outcome.peak = used.ru_maxrss // 1024
    outcome.noted = [tuple(json.loads(line)) for line in lines]
    return outcome
