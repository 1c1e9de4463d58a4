"""Defaults: who wins, what belongs together, and what a stranger's folder may say."""

from __future__ import annotations

from pathlib import Path

import pytest

from ...tables import mistakes, table

pytest.importorskip("targen_plugin_example")

USER = Path("config/targen.toml")
PROJECT = Path("targen.toml")


@pytest.fixture
def write(works):
    """Write a file of defaults."""

    def write(path, text):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)

    return write


@pytest.fixture
def held(works):
    """The values that hold here, by name."""

    def held(*args):
        values = works("config", "--json", *args).json["values"]
        return {name: one["value"] for name, one in values.items()}

    return held


# --- who wins ---


def test_each_source_wins_over_those_before_it(held, write, monkeypatch):
    write(USER, "rpm = 1\nconcurrency = 1\nmax-outage = 1\n[profile.p]\nmax-outage = 3\n")
    assert held() == {"rpm": 1, "concurrency": 1, "max-outage": 1}
    write(PROJECT, "rpm = 2\nconcurrency = 2\n")
    monkeypatch.setenv("TARGEN_RPM", "3")
    assert held() == {"rpm": 3, "concurrency": 2, "max-outage": 1}
    assert held("--profile", "p")["max-outage"] == 3


def test_the_command_line_wins_and_all_commands_take_defaults(works, write, service):
    write(USER, f'backend = "openai-compatible"\nbase-url = "{service.url}/v1"\nmodel = "one"\n')
    works("generate", "tickets", "-n", 2, "-q")
    works("preview", "tickets", "--no-cache", "--model", "two", "--json", "--no-correct")
    works("check", "--model", "three")
    asked = list(dict.fromkeys(seen.body["model"] for seen in service.seen))
    assert asked == ["one", "two", "three"]


# --- what belongs together ---

ALL = """backend = "llama"
model = "one"
base-url = "http://a.example/v1"
key-file = "k"
price-in = 1
price-out = 2
rpm = 5
[options]
temperature = 0.5
timeout = 9
correct.model = "judge"
[backend-for]
correct = "claude"
"""
KEPT = {"rpm": 5, "options.temperature": 0.5}
LOST = """
    BACKEND=scripted | model base-url key-file price-in price-out backend-for.correct options.timeout options.correct.model
    BACKEND=openai-compatible |
    BACKEND=targen-backends:llama |
    MODEL=two | price-in price-out
    MODEL=one |
    BASE_URL=http://b.example/v1 | key-file price-in price-out
"""  # noqa: E501


@pytest.mark.parametrize(("variable", "lost"), table(LOST, 2))
def test_what_belongs_to_another_backend_is_not_used(held, write, monkeypatch, variable, lost):
    write(USER, ALL)
    before = held()
    name, _, value = variable.partition("=")
    monkeypatch.setenv(f"TARGEN_{name}", value)
    after = held()
    assert before.keys() - after.keys() == set(lost.split())
    assert KEPT.items() <= after.items()


# --- errors ---


@pytest.mark.parametrize(("text", "where", "hint"), mistakes("settings"))
def test_what_is_wrong_in_a_file_is_said_by_its_line(write, refuses, text, where, hint):
    write(USER, text + "\n")
    result = refuses("config", where, hint)
    assert f"{USER.resolve()}" in result.err
    assert "\n  try: this" not in result.err, "a key must not forge a line of ours"
    assert "0123456789" not in result.err and "secret" not in result.err


# --- a stranger's folder ---


# --- changing a file ---


def test_a_default_is_set_and_taken_out_and_the_rest_stays(refuses, held, write, works):
    write(USER, "# mine\nrpm = 1  # slow\n")
    works("config set model 4")
    works("config set options.correct.temperature 0.5")
    works("config set rpm 2 --profile fast")
    assert held() == {"rpm": 1, "model": "4", "options.correct.temperature": 0.5}
    assert held("--profile", "fast")["rpm"] == 2
    assert USER.read_text().startswith("# mine\nrpm = 1  # slow\n")
    works("config unset model")
    assert "model" not in held()
    refuses("config unset model", "")


# --- where no backend is named ---


def test_the_one_backend_that_is_set_up_is_used_and_of_several_none_is_guessed(
    refuses, monkeypatch, service, works
):
    monkeypatch.setenv("TARGEN_DISABLE_PLUGINS", "local")
    none = "no backend was given, and none is set up: there is no key or address in the environment"
    refuses("estimate tickets -n 2", none, "targen list-backends")
    monkeypatch.setenv("TARGEN_LLAMA_BASE_URL", f"{service.url}/v1")
    works("generate tickets -n 2 -q --model m")
    assert service.seen
    service.seen.clear()
    monkeypatch.setenv("OPENAI_API_KEY", "sk-x-0123456789")
    monkeypatch.setenv("OPENAI_BASE_URL", f"{service.url}/v1")
    refuses(
        "generate tickets -n 2 --model m",
        "no backend was given, but 2 are set up: chatgpt, llama",
        "-b chatgpt; or -b llama; to set a default: targen config set backend chatgpt",
    )
    assert service.seen == []
