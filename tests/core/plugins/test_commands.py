"""Commands of plugins: found, refused, ambiguous, broken."""

from __future__ import annotations

import sys

import pytest

from targen_core.cli import main
from targen_core.cli.commands import COMMANDS
from targen_core.plugins import loader
from targen_core.runs.shortcuts import shortcuts


@pytest.fixture
def typed(targen, monkeypatch, command_line):
    """Run the command line with these plugins and no others."""
    shortcuts()  # a process keeps those that it looks up first: they must not be these plugins'

    def run(sources, *args):
        monkeypatch.setattr(loader, "installed_sources", lambda: [command_line, *sources])
        return targen(*args)

    return run


@pytest.fixture
def command(plugin, source):
    """A source whose plugin has one command."""

    def make(name, target, distribution="acme", summary="Does things."):
        hook = {"register_commands": lambda register: register(name, target, summary=summary)}
        return source(plugin(f"{distribution.replace('-', '_')}_module", **hook), distribution)

    return make


def greet(name: str, loud: bool = False) -> None:
    """Say hello.

    Example: targen greet Ada
    """
    print(f"hello {name}{'!' if loud else ''}")


def test_it_is_in_the_help_and_has_its_own(command, typed):
    source = command("greet", greet)
    assert "More: greet" in typed([source], "--help").out
    assert "targen greet Ada" in typed([source], "greet", "--help").out


def test_two_of_one_name_need_their_ids(command, typed):
    sources = [command("greet", greet), command("greet", greet, "other-one")]
    done = typed(sources, "greet", "Ada")
    assert done.code == 2
    assert "command 'greet' is registered by 2 distributions" in done.err
    assert "acme:greet or other-one:greet" in done.err
    done = typed(sources, "other-one:greet", "Ada", "--loud")
    assert (done.code, done.out, done.err) == (0, "hello Ada!\n", "")
    help_text = typed(sources, "--help").out
    assert "acme:greet" in help_text and "other-one:greet" in help_text


@pytest.mark.parametrize("name", ["generate", "list-tasks", "plugins", "runs rows"])
def test_names_of_the_command_line_are_taken(name, command, command_line):
    registry = loader.load_registry([command(name, greet), command_line])
    plugin = registry.plugins[0]
    assert (plugin.state, plugin.check) == ("broken", "reserved-name")
    assert plugin.problem == f"the command name {name!r} is reserved by targen"
    assert registry.all("command") == []


def test_a_command_that_cannot_be_imported_spoils_no_help(command, typed):
    sources = [command("lost", "no_such_package_here.cli:lost")]
    done = typed(sources, "--help")
    assert done.code == 0 and "More: lost" in done.out
    assert "cannot be used" in typed(sources, "lost", "--help").out
    done = typed(sources, "lost", "--any", "thing")
    assert done.code == 1
    assert "command acme:lost: its module 'no_such_package_here.cli' does not exist" in done.err


def test_the_core_s_commands_load_no_plugin(monkeypatch):
    def fail():
        raise AssertionError("plugins were loaded")

    monkeypatch.setattr(loader, "installed_sources", fail)
    monkeypatch.setattr(sys, "argv", ["targen", "report", "--help"])
    with pytest.raises(SystemExit) as done:
        main()
    assert done.value.code == 0
    assert "report" in COMMANDS
