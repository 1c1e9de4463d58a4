"""What Windows lacks is used only where something else stands in for it there."""

from __future__ import annotations

import ast
import os
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from targen_core.plain import read_at, write_at

from ..tables import table

ROOT = Path(__file__).parents[2]
# "Availability: Unix" in the documentation of `os`, `signal` and `asyncio`.
LACKING = {
    "os": {
        *("chown", "chroot", "ctermid", "fchdir", "fchmod", "fchown", "fdatasync", "fork"),
        *("forkpty", "fpathconf", "fstatvfs", "getegid", "geteuid", "getgid", "getgrouplist"),
        *("getgroups", "getloadavg", "getpgid", "getpgrp", "getpriority", "getresuid", "getsid"),
        *("getuid", "killpg", "lchown", "lockf", "mkfifo", "mknod", "nice", "openpty", "pathconf"),
        *("posix_fadvise", "posix_fallocate", "posix_spawn", "pread", "preadv", "pwrite"),
        *("pwritev", "readv", "register_at_fork", "sched_getaffinity", "sched_setaffinity"),
        *("sendfile", "setpgid", "setsid", "setuid", "statvfs", "sync", "sysconf", "tcgetpgrp"),
        *("ttyname", "uname", "wait", "wait3", "wait4", "writev", "O_NOFOLLOW", "O_NONBLOCK"),
        *("O_CLOEXEC", "O_DIRECTORY", "O_SYNC"),
    },
    "signal": {
        *("SIGALRM", "SIGCHLD", "SIGCONT", "SIGHUP", "SIGKILL", "SIGPIPE", "SIGQUIT", "SIGSTOP"),
        *("SIGTSTP", "SIGUSR1", "SIGUSR2", "SIGWINCH", "alarm", "pause", "pthread_sigmask"),
        *("setitimer", "sigwait"),
    },
}
MODULES = {"crypt", "fcntl", "grp", "posix", "pty", "pwd", "resource", "syslog", "termios", "tty"}


def sources():
    for folder in ("core", "targen_*", "plugins/*"):
        yield from sorted(ROOT.glob(f"{folder}/src/**/*.py"))


NAMED = re.compile(rf"\b(?:{'|'.join([*MODULES, *LACKING['os'], *LACKING['signal']])})\b")


def lacking(source):
    """What Windows lacks and code uses without asking whether it is there."""
    if not NAMED.search(source):
        return  # few modules are worth parsing
    tree = ast.parse(source)
    above = dict[ast.AST, ast.AST]()
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(value=ast.Name(id=module), attr=name):
                used = f"{module}.{name}" if name in LACKING.get(module, ()) else ""
            case ast.Import(names=[ast.alias(name=name)]) if name in MODULES:
                used = f"import {name}"
            case _:
                continue
        if used and not above:  # few modules use any of it
            above |= {
                child: each for each in ast.walk(tree) for child in ast.iter_child_nodes(each)
            }
        if used and not is_guarded(node, above):
            yield f"line {node.lineno}: {used}"


def is_guarded(node, above):
    while (parent := above.get(node)) is not None:
        match parent:
            case ast.If(test=test) | ast.IfExp(test=test) if test is not node:
                if any(word in ast.unparse(test) for word in ("sys.platform", "hasattr(")):
                    return True
            case ast.Try(handlers=handlers, body=body) if node in body:
                if any("ImportError" in ast.unparse(each) for each in handlers):
                    return True
        node = parent
    return False


def test_the_product_runs_where_there_is_no_posix():
    found = {
        path.relative_to(ROOT).as_posix(): [*lacking(path.read_text(encoding="utf-8"))]
        for path in sources()
    }
    assert {name: uses for name, uses in found.items() if uses} == {}


FOUND = table(r"""
    import os\nos.pread(1, 2, 3) | line 2: os.pread
    import fcntl | line 1: import fcntl
    try:\n    import fcntl\nexcept OSError:\n    pass | line 2: import fcntl
    try:\n    import fcntl\nexcept ImportError:\n    fcntl = None |
    if hasattr(signal, 'SIGHUP'):\n    signal.SIGHUP |
    if sys.platform != 'win32':\n    os.pread(1, 2, 3) |
    os.getpid(), signal.SIGINT |
""")


@pytest.mark.parametrize(("code", "found"), [row[:2] for row in FOUND])
def test_the_rule_finds_what_is_not_guarded(code, found):
    assert "".join(lacking(code)) == found


def test_files_are_read_and_written_in_place_without_pread(tmp_path, monkeypatch):
    monkeypatch.setattr("sys.platform", "win32")
    path = tmp_path / "file"
    path.write_bytes(bytes(range(256)) * 64)
    descriptor = os.open(path, os.O_RDWR)
    try:
        with ThreadPoolExecutor(8) as pool:
            there = list(pool.map(lambda at: read_at(descriptor, 16, at), range(256)))
        assert there == [path.read_bytes()[at : at + 16] for at in range(256)]
        assert write_at(descriptor, b"here", 100) == 4
        assert path.read_bytes()[99:105] == b"\x63here\x68"
    finally:
        os.close(descriptor)
