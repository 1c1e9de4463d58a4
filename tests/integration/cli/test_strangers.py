"""Files from strangers, taken apart: the short form of `bench/fuzz_strangers.py`."""

from __future__ import annotations

import importlib
import json
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ...tables import table

_BENCH = Path(__file__).parents[3] / "bench"
_MUTATIONS = 12  # the bench has 2,000 of each kind
_REFUSED = {"settings"}
"""Kinds whose good files are refused until they are trusted."""

sys.path.insert(0, str(_BENCH))
KINDS = importlib.import_module("strangers.kinds").KINDS
taking_apart: Any = importlib.import_module("strangers.taking_apart")
watching: Any = importlib.import_module("strangers.watching")
sys.path.remove(str(_BENCH))

Found = dict[str, Any]


@pytest.fixture(scope="session", name="fuzz")
def _fuzz():
    """Fuzz a kind in one process that has imported everything, and remember what was found."""
    process = subprocess.Popen(
        [sys.executable, str(_BENCH / "fuzz_strangers.py"), "--serve"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    known: dict[str, Found] = {}

    def fuzz(kind: str) -> Found:
        assert process.stdin is not None
        assert process.stdout is not None
        if kind not in known:
            process.stdin.write(f"{kind} {_MUTATIONS} 0\n")
            process.stdin.flush()
            known[kind] = json.loads(process.stdout.readline())
        return known[kind]

    yield fuzz
    process.stdin.close()
    process.wait()
    process.stdout.close()


@pytest.mark.parametrize("kind", KINDS)
def test_a_stranger_s_file_is_data(kind, fuzz):
    """No code, no file or address of others, no crash, no hang, no memory without bound."""
    found = fuzz(kind)
    faults = [fault for fault in found["faults"] if fault["category"] != "slow"]
    said = [
        f"{fault['category']}: {fault['detail']} at {fault['where']}\n"
        f"  targen {fault['command']}\n  {fault['again']}"
        for fault in faults
    ]
    assert not faults, "\n".join(sorted({*said}))
    assert found["mutations"] == _MUTATIONS


@pytest.mark.parametrize("kind", KINDS)
def test_a_good_file_is_taken(kind, fuzz):
    """Else the mutations of it would all be refused at the door, and prove nothing."""
    good = fuzz(kind)["good"]
    assert [fault for fault in good["faults"] if fault["category"] != "slow"] == []
    assert set(good["codes"]) == ({"0", "2"} if kind in _REFUSED else {"0"})


# --- the fuzzer itself --------------------------------------------------------


def test_a_mutation_changes_something_and_is_the_same_again(tmp_path):
    value = {"task": "rte", "data": [{"path": "rows.jsonl", "n": 4}], "options": {}}

    def once(number: int) -> str:
        hostile = taking_apart.Hostile(tmp_path, "http://127.0.0.1:9")
        return repr(taking_apart.mutated(value, random.Random(number), hostile))

    made = [once(number) for number in range(200)]
    assert made == [once(number) for number in range(200)]
    assert sum(one != repr(value) for one in made) >= 190
    assert sum("evil" in one for one in made) >= 40


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
    script = (
        "import sys, os\n"
        f"sys.path.append({str(_BENCH)!r})\n"
        "from strangers.watching import Fences, Hook\n"
        f"fences = Fences({str(tmp_path)!r}, {str(here)!r}, (), ({str(here)!r},))\n"
        "sys.addaudithook(Hook(fences, 1))\n"
        f"open({str(here)!r} + '/mine').read()\n"
        "import os; print('begin', flush=True)\n"
        + code.format(here=str(here), private=str(private))
        + "\nos._exit(0)"  # before the fork itself writes what it imported
    )
    done = in_fork(script, (), cwd=tmp_path, path=(), env=os.environ)
    before, _, after = done.stdout.partition("begin\n")
    assert before == "", done.stdout
    assert [json.loads(line)[0] for line in after.splitlines()] == [what], done.stdout + done.stderr
