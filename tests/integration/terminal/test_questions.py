"""What a person at a terminal is asked before money, a stranger's file or a guess."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import pytest

from ...mail import MAIL
from ...tables import table

pytest.importorskip("targen_plugin_example")
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminals there")

DEAR = ("--price-in", "5000", "--price-out", "5000", "--model", "tiny")
TICKETS = ("generate", "tickets", "-n", "4")


@pytest.fixture
def service(held):
    """What each command here would ask."""
    return held()


@pytest.fixture
def asked(terminal, service):
    """A command on a terminal."""
    return lambda *args, **env: terminal(
        *TICKETS, "--base-url", f"{service.url}/v1", *args, env=env
    )


@pytest.fixture
def person(in_process, monkeypatch):
    """The command for a person who says no to each question, in this process."""
    monkeypatch.setattr("targen_core.cli.ahead.can_ask", lambda: True)
    monkeypatch.setattr(
        "targen_core.cli.ahead.confirmed", lambda question: print(question, file=sys.stderr)
    )
    return in_process


def test_what_is_dear_is_asked_about_first(asked, service, tmp_path):
    shown = asked("-b", "llama", *DEAR)
    shown.wait_for("4 rows would cost about $")
    shown.wait_for("Continue? [y/N]")
    shown.type(b"n\n")
    assert shown.exit_code() == 1, shown.text
    stopped = asked("-b", "llama", *DEAR)
    stopped.wait_for("Continue? [y/N]")
    assert stopped.interrupt() == 130, stopped.text
    assert stopped.text.endswith("error: stopped\n")
    assert service.seen == []
    assert not (tmp_path / "runs").exists()


DEARER = """
    correct rows --corrector blind | This correction would cost about $
    preview tickets -n 4 | This preview would cost about $
    init-task 'notes of a night porter' | A draft would cost about $
    compare-methods ./mail.yaml --methods targen -n 4 | This comparison would cost about $
    ablate ./mail.yaml --test rows -n 4 --arms correction | Generating the rows would cost about $
"""


@pytest.mark.parametrize(("line", "question"), table(DEARER, 2))
def test_every_command_that_may_be_dear_is_asked_about_first(
    person, service, finished, line, question
):
    command = shlex.split(line)
    Path("mail.yaml").write_text(MAIL)
    if "rows" in command:
        finished("tickets" if command[0] == "correct" else "mail.yaml", "-n", 4, out="rows")
    options = ("base_url=" + service.url + "/v1", "model=m", "price_in=5000", "price_out=5000")
    backend = ("--generator", "llama") if command[0] == "ablate" else ("-b", "llama")
    done = person(*command, *backend, *(word for option in options for word in ("-o", option)))
    assert question in done.err and "Continue?" in done.err
    assert (done.code, service.seen) == (1, []), done.err
    assert "targen made no calls." in done.err


def test_a_person_is_asked_which_column_is_meant(terminal, tmp_path):
    (tmp_path / "mail.yaml").write_text(MAIL)
    (tmp_path / "own.csv").write_text("first,second,label\nHi.,Where is my rake?,order\n")
    line = ("validate", "own.csv", "--task", "mail.yaml")
    shown = terminal(*line)
    shown.wait_for("Which one? [1-2]")
    shown.type(b"2\n")
    assert shown.exit_code() == 0, shown.text
    assert "to skip this question: --map text=second" in shown.text
    shown = terminal(*line)
    shown.wait_for("Which one? [1-2]")
    shown.type(b"no\n")
    assert shown.exit_code() == 2 and "try: --map text=first" in shown.text
