"""Files from strangers, taken apart: the short form of `bench/fuzz_strangers.py`."""

from __future__ import annotations

import functools
import importlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ...tables import table

_BENCH = Path(__file__).parents[3] / "bench"
_MUTATIONS = 1  # the bench has 2,000 of each kind
_REFUSED = {"settings"}
"""Kinds whose good files are refused until they are trusted."""

sys.path.insert(0, str(_BENCH))
KINDS = importlib.import_module("strangers.kinds").KINDS
sys.path.remove(str(_BENCH))


@pytest.fixture(scope="session", name="fuzz")
def _fuzz():
    """Fuzz a kind in one process that has imported everything, and remember what was found."""
    process = subprocess.Popen(
        [sys.executable, str(_BENCH / "fuzz_strangers.py"), "--serve"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )

    @functools.cache
    def fuzz(kind):
        process.stdin.write(f"{kind} {_MUTATIONS} 0\n")
        process.stdin.flush()
        return json.loads(process.stdout.readline())

    yield fuzz
    process.stdin.close()
    process.wait()
    process.stdout.close()


def faults(found):
    return [fault for fault in found["faults"] if fault["category"] != "slow"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_stranger_s_file_is_data(kind, fuzz):
    """No code, no file or address of others, no crash, no hang, no memory without bound.

    A good file is taken: else all its mutations would be refused at the door, and prove nothing.
    """
    found = fuzz(kind)
    assert set(found["good"]["codes"]) == ({"0", "2"} if kind in _REFUSED else {"0"})
    said = [
        f"{fault['category']}: {fault['detail']} at {fault['where']}\n"
        f"  targen {fault['command']}\n  {fault['again']}"
        for fault in faults(found["good"]) + faults(found)
    ]
    assert not said, "\n".join(sorted({*said}))
    assert found["mutations"] == _MUTATIONS


# --- the fuzzer itself --------------------------------------------------------


LEAVES = """
    open({private!r} + '/secret').read() | outside
    open({here!r} + '/link').read() | outside
    import os; os.rename({here!r} + '/mine', {private!r} + '/mine') | outside
    import runpy; runpy.run_path({here!r} + '/evil.py') | code
    import os; os.system('true') | code
    import socket; socket.create_connection(('127.0.0.1', 1), 1) | request
    import socket; socket.getaddrinfo('example.org', 80) | request
"""


@pytest.mark.parametrize(("code", "what"), table(LEAVES, 2))
def test_what_leaves_the_fences_is_noted(code, what, tmp_path, in_fork):
    """Each of the oracle's eyes, in a process of its own: an audit hook cannot be taken back."""
    here, private = tmp_path / "here", tmp_path / "private"
    here.mkdir()
    private.mkdir()
    (private / "secret").write_text("the canary sings")
    (here / "link").symlink_to(private / "secret")
    (here / "mine").write_text("mine")
    (here / "evil.py").write_text("x = 1\n")
    script = f"""
import sys, os
sys.path.append({str(_BENCH)!r})
from strangers.watching import Fences, Hook
fences = Fences({str(tmp_path)!r}, {str(here)!r}, (), ({str(here)!r},))
sys.addaudithook(Hook(fences, 1))
open({str(here)!r} + '/mine').read()
import os; print('begin', flush=True)
{code.format(here=str(here), private=str(private))}
os._exit(0)  # before the fork itself writes what it imported
"""
    done = in_fork(script, (), cwd=tmp_path, path=(), env=os.environ)
    before, _, after = done.stdout.partition("begin\n")
    assert before == "", done.stdout
    assert [json.loads(line)[0] for line in after.splitlines()] == [what], done.stdout + done.stderr
