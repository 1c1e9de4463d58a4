"""What costs far more than usual is typed or trusted; a stranger's file does not ask for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from ...mail import MAIL
from ...runs import edit, manifest

MAKE = "-n 2 -b scripted -q --no-cache"


def task(parameters):
    Path("t.yaml").write_text(f"{MAIL}parameters:\n  generate: {{{parameters}}}\n")


@pytest.mark.parametrize("costly", ["max_tokens: 100000000", "reasoning_effort: medium"])
def test_a_task_file_asks_for_no_long_replies(costly, works, refuses):
    task("max_tokens: 16384, reasoning_effort: low, top_p: 0.5")  # usual ones
    works(f"generate t.yaml {MAKE} --out usual")
    task(costly)
    for command in (f"generate t.yaml {MAKE}", "estimate t.yaml -n 2 -b scripted"):
        refuses(
            command, f"t.yaml sets parameters.generate.{costly.replace(':', ' =')}", "--trust=./"
        )
    works(f"generate t.yaml {MAKE} --trust=./t.yaml --out run")
    refuses(f"generate t.yaml {MAKE} --out again", "t.yaml sets")  # trust is not remembered


@pytest.mark.parametrize(
    ("limit", "value", "own"),
    [
        ("max_cost", 1e9, 2.5),
        ("max_tokens", 10**12, 10**6),
        ("concurrency", 5000, 3),
        ("rounds", 9000, 2),
    ],
)
def test_a_stranger_s_run_brings_no_caps_of_its_own(limit, value, own, works, finished, refuses):
    finished("rte", "-n", 2)
    edit("run", f"config.{limit}", value)
    refuses("resume run -n 4 -q", f"this run asks for {limit}={value}")
    works(f"resume run -n 4 -q --{limit.replace('_', '-')} {own}")
    assert manifest("run")["config"][limit] == own
