r"""`CommandSuite`: the checks that every command must pass.

from targen_testing.commands import CommandSuite as Suite

class TestDesk(Suite):
    command = "desk"

    def good(self, folder):
        (folder / "rows.jsonl").write_text('{"text": "It rained."}\n')
        return "desk rows.jsonl"
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pytest

from targen_core.errors import UsageError
from targen_core.plugins.register import Registration
from targen_core.plugins.registry import Registry
from targen_testing.forks import COMMAND, in_another_process
from targen_testing.suite import Suite, fail


@dataclass(frozen=True)
class Ended:
    """The end of a command: its exit status, and its output."""

    code: int
    out: str
    err: str


Run = Callable[[Sequence[str]], Ended]


class CommandSuite(Suite):
    """Checks of a command; set `command` to its name, and `good` to a use of the command.

    Attributes:
        command: its name, or that of a group, whose commands are all checked.
        missing: command lines that name a file which is not there, such as
            `("desk no-such-rows.jsonl",)`; by default, each command of `command` with one.
    """

    command: ClassVar[str]
    missing: ClassVar[Sequence[str] | None] = None
    kind = "command"

    @classmethod
    def defaults(cls, registry: Registry, item: Registration[Any], task: str) -> dict[str, Any]:
        """Refuse: only the command's author knows how to use it."""
        raise UsageError("write a CommandSuite whose good() returns an example of the command")

    def good(self, folder: Path) -> str | Sequence[str]:
        """Write what a use of the command needs into `folder`, which is empty.

        Return the command line, such as `"desk rows.jsonl"`, or its words. The command runs in that
        folder, prints JSON with `--json` if it has that option, and asks no model but `scripted`.
        """
        pytest.skip("does not provide an example of the command: see `good`")

    # --- how the tests run it ---

    def each(self) -> Mapping[str, Any]:
        """The command, or those of its group, as they parse their options, by their names."""
        import typer

        from targen_core.cli.app import build

        def below(name: str, command: Any) -> Iterator[tuple[str, Any]]:
            if not hasattr(command, "list_commands"):
                yield name, command
                return
            context = typer.Context(command)
            for part in command.list_commands(context):
                yield from below(f"{name} {part}", command.get_command(context, part))

        app = build()
        found = app.get_command(typer.Context(app), self.command)
        if found is None:
            fail(f"there is no command {self.command!r}: `targen --help` lists the commands")
        return dict(below(self.command, found))

    @pytest.fixture
    def there(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """An empty folder in which commands run, with a cache of its own."""
        folder = tmp_path / "there"
        folder.mkdir()
        monkeypatch.chdir(folder)
        monkeypatch.setenv("TARGEN_CACHE_DIR", str(tmp_path / "cache"))
        monkeypatch.setenv("TARGEN_CONFIG_DIR", str(tmp_path / "config"))
        monkeypatch.setenv("COLUMNS", "200")
        monkeypatch.setenv("TERM", "dumb")
        monkeypatch.setenv("NO_COLOR", "1")
        for name in ("TARGEN_DEBUG", "FORCE_COLOR", "GITHUB_ACTIONS"):
            monkeypatch.delenv(name, raising=False)
        return folder

    @pytest.fixture
    def ends(
        self, there: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> Run:
        """Run `targen` in this process, in that folder."""
        from targen_core.cli import main

        def run(args: Sequence[str]) -> Ended:
            monkeypatch.setattr(sys, "argv", ["targen", *args])
            capsys.readouterr()
            code: Any = 0
            try:
                main()
            except SystemExit as stopped:
                code = stopped.code or 0
            out, err = capsys.readouterr()
            typed = shlex.join(["targen", *args])
            if "Traceback" in out + err or "targen failed" in err:
                fail(f"{typed} fails with an exception:\n{err}")
            return Ended(code, out, err)

        return run

    # --- the checks ---

    def test_help_shows_an_example(self, ends: Run) -> None:
        """Its help has an example."""
        for name in self.each():
            ended = ends([*name.split(), "--help"])
            if ended.code or ended.err:
                fail(f"targen {name} --help exits with {ended.code}:\n{ended.err}")
            if f"targen {name}" not in ended.out.partition("Example")[2]:
                fail(f"the help of {name} does not show an Example: targen {name} …")

    def test_a_file_that_is_missing_is_named(self, there: Path, ends: Run) -> None:
        """For a missing file, it prints only an error message and exits with 2."""
        for line in self._missing():
            ended = ends(line.split())
            if ended.code != 2 or ended.out or "no-such-" not in ended.err:
                fail(
                    f"targen {line} must exit with 2 and print only an error that names the file, "
                    f"but exits with {ended.code}:\n{ended.out}{ended.err}"
                )
            if left := sorted(each.name for each in there.iterdir()):
                fail(f"targen {line} leaves files behind: {left}")

    def test_what_is_there_already_is_kept(self, there: Path, ends: Run) -> None:
        """Existing files at the output's path remain unchanged."""
        line = self._used(there)
        out = self._out(line)
        if out.suffix:
            out.write_text("mine")
        else:
            out.mkdir()
            (out / "mine.txt").write_text("mine")
        before = _contents(there)
        ended = ends(line)
        after, typed = _contents(there), shlex.join(["targen", *line])
        if before.items() - after.items():
            fail(f"{typed} changes {out}, which it did not create")
        if ended.code and (ended.code != 2 or str(out) not in ended.err or after != before):
            fail(
                f"{typed} must exit with 2, name {out}, which exists, and write nothing, but exits "
                f"with {ended.code}:\n{ended.err}"
            )

    def _used(self, folder: Path) -> Sequence[str]:
        """The words of its use."""
        line = self.good(folder)
        return tuple(shlex.split(line) if isinstance(line, str) else line)

    def _missing(self) -> Sequence[str]:
        """Command lines that name a file whose name begins with no-such-."""
        if self.missing is not None:
            return self.missing
        return [f"{name} no-such-file.jsonl" for name in self.each()]

    def _out(self, line: Sequence[str]) -> Path:
        """Where the use of the command writes."""
        if "--out" not in line:
            pytest.skip("its example does not use --out")
        return Path(line[line.index("--out") + 1])

    def test_json_is_alone(self, there: Path, ends: Run) -> None:
        """With `--json`, the output is only JSON, or one line of JSON per row."""
        line = self._used(there)
        (name,) = [name for name in self.each() if line[: len(name.split())] == (*name.split(),)]
        ended = ends(line)
        if ended.code:
            fail(f"{shlex.join(['targen', *line])} exits with {ended.code}:\n{ended.err}")
        if "--json" not in [opt for param in self.each()[name].params for opt in param.opts]:
            pytest.skip("does not have --json")
        shutil.rmtree(there)
        there.mkdir()
        os.chdir(there)
        ended = ends([*self._used(there), "--json"])
        if not _is_json(ended.out):
            typed = shlex.join(["targen", *line, "--json"])
            fail(f"{typed} prints text that is not JSON:\n{ended.out[:500]}")

    def test_a_pipe_may_close(self, there: Path) -> None:
        """`targen … | head -0` ends without an error, and with 0 or 141, as other tools do."""
        line = self._used(there)
        closed = "import os; read, write = os.pipe(); os.close(read); os.dup2(write, 1); "
        done = in_another_process(closed + COMMAND, line)
        told = re.search(r"^(Traceback|error)", done.stderr, re.MULTILINE)
        if told or done.returncode not in (0, 141):
            typed = shlex.join(["targen", *line])
            fail(f"{typed} | head -0 exits with {done.returncode}:\n{done.stderr}")


def _contents(folder: Path) -> dict[str, bytes | None]:
    """Everything below a folder: the bytes of files, None for folders."""
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in folder.rglob("*")
    }


def _is_json(text: str) -> bool:
    """Return whether a text is a value, or lines that are one each."""
    try:
        json.loads(text)
    except ValueError:
        lines = text.splitlines()
        return len(lines) > 1 and all(map(_is_json, lines))
    return True
