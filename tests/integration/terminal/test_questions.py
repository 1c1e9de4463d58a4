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


def test_an_answer_that_is_none_is_asked_for_again_and_none_means_no(terminal, works, tmp_path):
    works("generate tickets -n 2 -b scripted -q --out run")
    shown = terminal("runs", "rm", "run")
    shown.wait_for("Remove run? [y/N]:")
    shown.type(b"maybe\n")
    at = shown.wait_for("type y for yes, or n for no\nRemove run? [y/N]:")
    shown.type(b"\x04")
    shown.wait_for("did not remove any runs", after=at)
    assert shown.exit_code() == 1, shown.text
    assert "error" not in shown.text.lower() and "Abort" not in shown.text
    assert (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("args", "error"),
    [
        ((*DEAR, "--yes"), ""),
        ((*DEAR, "--max-cost", "0.9"), "cost budget exhausted"),
        (("--model", "tiny"), ""),
        ((*DEAR, "--out", "taken"), "taken already exists, but is not a run directory"),
    ],
    ids=["agreed to", "capped", "cheap", "impossible"],
)
def test_what_need_not_be_asked_is_not(person, service, args, error, tmp_path):
    (tmp_path / "taken").touch()
    done = person(*TICKETS, "-b", "llama", "--base-url", f"{service.url}/v1", "-q", *args)
    assert "Continue?" not in done.err
    assert error in done.err
    assert bool(service.seen) == (not error), "it went on"


def test_reasoning_that_no_estimate_counts_is_named_in_the_question(person, service, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    dear = (*TICKETS, "-b", "chatgpt", "--base-url", f"{service.url}/v1", *DEAR)
    said = " plus the model's reasoning, which is billed as output. This is an estimate"
    assert said in person(*dear, "-o", "thinks=true").err
    assert "reasoning" not in person(*dear, "-o", "thinks=false").err


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


def test_what_a_command_would_refuse_is_not_asked_about(person, service, finished):
    finished("tickets", "-n", 4, out="rows")
    model = ("-o", f"base_url={service.url}/v1", "-o", "model=m")
    done = person("correct", "rows", "--corrector", "blind", "-b", "llama", *model, "--max-cost", 3)
    assert (done.code, "Continue?" in done.err) == (2, False), done.err
    assert "--max-cost needs a price" in done.err


def test_of_several_backends_a_person_says_which(asked, service):
    shown = asked(
        "--model", "tiny", OPENAI_API_KEY="sk-x-0123456789", TARGEN_DISABLE_PLUGINS="local"
    )
    shown.wait_for("  2  llama")
    shown.type(b"3\nopenai-compatible\n")
    assert shown.exit_code() == 0, shown.text
    assert service.seen[0].body["model"] == "tiny"
