"""Each check of `CommandSuite` catches what it is for."""

from __future__ import annotations

import inspect
import sys
from pathlib import Path
from typing import Annotated

import pytest
import typer

from targen_core import hookimpl
from targen_core.plugins import loader
from targen_core.plugins.loader import Source
from targen_testing.commands import CommandSuite as Suite


def sound(
    file: Path,
    most: Annotated[int, typer.Option("--most")] = 1,
    json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Count lines.

    Example: targen sound rows.jsonl
    """
    if not file.exists():
        from targen_core.errors import UsageError

        raise UsageError(f"there is no file {file}")
    lines = len(file.read_bytes().splitlines())
    print(f'{{"lines": {lines}}}' if json else f"{lines} lines")


def silent(file: Path, most: Annotated[int, typer.Option("--most")] = 1) -> None:
    """Count lines."""


def careless(file: Path, json: Annotated[bool, typer.Option("--json")] = False) -> None:
    """Count lines.

    Example: targen careless rows.jsonl
    """
    Path("made").touch()
    print("reading", file)
    print(file.read_text())


def hasty(file: Path, out: Annotated[Path, typer.Option("--out")] = Path("made.txt")) -> None:
    """Count lines.

    Example: targen hasty rows.jsonl
    """
    from targen_core.errors import UsageError

    out.touch()
    if b"\xff" in file.read_bytes():
        raise UsageError(f"{file} is not UTF-8")
    out.write_text("some lines")


COMMANDS = {"sound": sound, "silent": silent, "careless": careless, "hasty": hasty}


@pytest.fixture(autouse=True)
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A distribution with these commands."""
    module = type(sys)("of_commands")

    @hookimpl
    def register_commands(register):
        for name, command in COMMANDS.items():
            register(name, command, summary="Count lines.")

    module.register_commands = register_commands
    own = [each for each in loader.installed_sources() if each.distribution == "targen-core"]
    sources = [*own, Source("acme", "1", "a", module)]
    monkeypatch.setattr(loader, "installed_sources", lambda: sources)


class Sound(Suite):
    command = "sound"

    def good(self, folder):
        (folder / "rows.jsonl").write_text("{}\n{}\n")
        return self.command, "rows.jsonl"


class Silent(Sound):
    command = "silent"


class Careless(Sound):
    command = "careless"


class Hasty(Sound):
    command = "hasty"

    def good(self, folder):
        return *super().good(folder), "--out", "made.txt"


class TestSound(Sound):
    """A good one passes all checks but the one in a process, which has no such command."""

    test_a_pipe_may_close = None


MISSING = "test_a_file_that_is_missing_is_named"
BROKEN = [
    (Hasty, "test_what_is_there_already_is_kept", "changes made.txt, which it did not"),
    (Silent, "test_help_shows_an_example", "the help of silent does not show an Example"),
    (Silent, MISSING, "exits with 0"),
    (Careless, MISSING, "fails with an exception"),
    (Careless, "test_json_is_alone", "prints text that is not JSON:\nreading rows.jsonl"),
]


@pytest.mark.parametrize(("suite", "check", "words"), BROKEN)
def test_what_is_wrong_is_caught(suite, check, words, monkeypatch, capsys, tmp_path):
    there = Suite.there.__wrapped__(suite(), tmp_path, monkeypatch)
    ends = Suite.ends.__wrapped__(suite(), there, monkeypatch, capsys)
    test = getattr(suite(), check)
    folder = [there] if "there" in inspect.signature(test).parameters else []
    with pytest.raises(pytest.fail.Exception) as caught:
        test(*folder, ends)
    assert words in str(caught.value)


def test_a_command_that_there_is_not_is_said():
    class Other(Suite):
        command = "other"

    with pytest.raises(pytest.fail.Exception, match="no command 'other'"):
        Other().each()
