"""Every member of the zoo is caught by its own check, and harms nobody else."""

from __future__ import annotations

import json
import os
import sys

import pytest

from targen_core.cli import main
from targen_testing import command
from targen_testing.rules import RULES, Finding

from .zoo import members

MEMBERS = members()

# Each member is checked in a process of its own, as the command does it.
CHECK = """
import signal, sys
signal.alarm(300)
sys.dont_write_bytecode = True
caught_by = sys.argv.pop()
from targen_testing import backends, check, fault_server, tasks
fault_server.SILENCE = 2.0  # four members wait for all of it
# What takes longest is tried on those that it is to catch alone.
if caught_by != "same-bytes-in-another-process":
    tasks.require_same_elsewhere = lambda *args: None
if caught_by != "survives-hostile-answers":
    backends.BackendSuite.test_survives_hostile_answers = None
check.main()
"""
ELSEWHERE = {
    "bare-targen-dependency",  # tests/testing/test_folder.py
    # test_check.py: the members have no tests
    "suite-without-a-name",
    "tests-not-collected",
    "module-not-loaded",  # tests/integration/cli/test_new.py
    "bad-entry-point",  # a pyproject.toml has none: it would be no TOML
}


@pytest.fixture
def checked(tmp_path, monkeypatch, capsys, in_fork):
    """The failed checks of `targen plugins check` of a member."""

    def check(member):
        folder, results = member.lay_out(tmp_path / "plugin"), tmp_path / "results.json"

        def run(folder):
            args = (str(folder), str(results), member.check)
            in_fork(CHECK, args, cwd=folder, path=(), env=os.environ)
            return [Finding(**entry) for entry in json.loads(results.read_text(encoding="utf-8"))]

        monkeypatch.setattr(command, "_run", run)
        monkeypatch.setattr(sys, "argv", ["targen", "plugins", "check", str(folder), "--json"])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        assert ended.value.code == 1, out + err
        return [each for each in json.loads(out)["checks"] if each["outcome"] == "failed"]

    return check


def test_every_rule_has_a_member():
    assert {*RULES} - ELSEWHERE <= {member.check for member in MEMBERS}


@pytest.mark.parametrize("member", MEMBERS, ids=lambda member: member.check)
def test_it_is_caught_by_its_check_and_no_other(member, checked):
    [failed] = checked(member)
    assert failed["check"] == member.check, failed
    assert failed["problem"]
    assert failed["hint"]
