"""The examples of the documentation are run as a reader would run them.

A fenced block is marked by an HTML comment in the line above its fence:

- `<!-- tested -->` before `console`: every `$ command` is run in a shell, but
  `targen` and plain words in this process, with or without a filter such as
  `| head` behind them; it must exit 0
  (`<!-- tested exit=2 -->`: 2), and the lines shown must come out in that
  order, whatever comes between them. What `_VARYING` finds in a line may
  differ. Before `python`: the block is run.
- `<!-- file: NAME -->`: the block is written to that file first.
- `<!-- file: NAME from PATH -->`: the block is an excerpt, as of `from:`, of that file of the
  repository, which is copied whole to NAME.
- `<!-- from: PATH -->`: the block is an excerpt of that file of the repository,
  word for word.

A page that has `<!-- service: PATH at ADDRESS -->` in it is run beside what `served()` of that
file starts, which the commands find at this address.

The blocks of one page run one after the other in one empty folder, its Python
blocks in one namespace, with an empty cache and no address or key of a model.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import runpy
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from targen_core.cli import main

ROOT = Path(__file__).resolve().parents[2]
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *sorted((ROOT / "docs").rglob("*.md")),
    ROOT / "core" / "README.md",
    ROOT / "targen_tasks_superglue" / "README.md",
]
_BLOCK = re.compile(
    r"^<!-- (?P<mark>(?:tested|file:|from:)[^\n]*?) -->\n"
    r"(?P<fence>`{3,})(?P<kind>\w*)[^\n]*\n(?P<body>.*?)\n(?P=fence)$",
    re.MULTILINE | re.DOTALL,
)
_PLAIN = re.compile(
    r"(targen (?:[\w./:=,@%+ -]|\\\n|'[^']*'|\"[^\"$`\\]*\")*)(?:\| ((?:head|tail|grep) [^|]*))?"
)
_SERVICE = re.compile(r"^<!-- service: (\S+) at (\S+) -->$", re.MULTILINE)
_PLACES = {"config": "~/.config/targen", "cache": "~/.cache/targen", "work": "~"}
"""What pages call the folders of a test."""

_VARYING = re.compile(
    r"\b[0-9a-f]{8,64}\b"  # digests
    r"|\b\d+(?:\.\d+)?(?= (?:s|ms|seconds?)\b)"
    r"|\b\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d)?\w*)?"
    r"|\b\d+\.\d+\.\d+\b"  # versions
    r"|(?<=127\.0\.0\.1:)\d+"
)
_BY_CHANCE = re.compile(r"\d+ calls? (?:was|were) made ahead of time")  # a line that may be absent
_MARK = re.compile(r"^<!-- (?:tested|file:|from:)", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    mark: str
    kind: str
    body: str
    where: str


def blocks(page: Path) -> list[Block]:
    text = page.read_text(encoding="utf-8")
    return [
        Block(
            match["mark"],
            match["kind"],
            match["body"],
            f"{page.relative_to(ROOT)}:{text.count(chr(10), 0, match.start()) + 1}",
        )
        for match in _BLOCK.finditer(text)
    ]


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


WITH_BLOCKS = [page for page in PAGES if blocks(page)]


def test_every_mark_stands_before_a_block() -> None:
    assert len(WITH_BLOCKS) >= 8
    for page in PAGES:
        assert len(_MARK.findall(page.read_text(encoding="utf-8"))) == len(blocks(page)), page


@pytest.mark.parametrize("page", WITH_BLOCKS, ids=name)
def test_examples_of(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("PYTHONPATH", "TARGEN_DEBUG", "TARGEN_DISABLE_PLUGINS"):
        monkeypatch.delenv(variable, raising=False)
    for variable in list(os.environ):
        if variable.startswith(("TARGEN_LLAMA", "OPENAI")):
            monkeypatch.delenv(variable)
    monkeypatch.setenv("TARGEN_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("TARGEN_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("COLUMNS", "200")
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    with _service(page) as (address, real):
        if address:  # how many calls go ahead depends on time
            monkeypatch.setenv("TARGEN_CONCURRENCY", "1")
        _run_all(page, folder, address, real)


@contextlib.contextmanager
def _service(page: Path) -> Iterator[tuple[str, str]]:
    """The address that a page names, and the one at which its service is; both "" without one."""
    named = _SERVICE.search(page.read_text(encoding="utf-8"))
    if named is None:
        yield "", ""
        return
    with runpy.run_path(str(ROOT / named[1]))["served"]() as server:
        yield named[2], f"{server.url}/v1"


def _run_all(page: Path, folder: Path, address: str, real: str) -> None:
    namespace: dict[str, object] = {"__name__": "__example__"}
    for block in blocks(page):
        if address:
            block = replace(block, body=block.body.replace(address, real))
        word, _, rest = block.mark.partition(" ")
        if word == "file:":
            name, _, origin = rest.partition(" from ")
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            text = block.body + "\n"
            if origin:
                text = (ROOT / origin).read_text(encoding="utf-8")
                _is_excerpt(block, text)
            target.write_text(text, encoding="utf-8")
        elif word == "from:":
            _is_excerpt(block, (ROOT / rest).read_text(encoding="utf-8"))
        elif block.kind == "python":
            exec(compile(block.body, block.where, "exec"), namespace)
        else:
            assert block.kind == "console", f"{block.where}: cannot run a {block.kind} block"
            _run(block, int(rest.removeprefix("exit=") or 0))


def _run(block: Block, expected: int) -> None:
    commands = re.split(r"^\$ ", block.body, flags=re.MULTILINE)
    assert not commands[0].strip(), f"{block.where}: output before the first command"
    for text in commands[1:]:
        command, shown = _split(text)
        plain = _PLAIN.fullmatch(command)
        code, out = _here(*plain.groups()) if plain else _in_a_shell(command)
        what = f"{block.where}\n$ {command}\n{out}"
        assert code == expected, f"exit {code}: {what}"
        _in_order(shown, out.splitlines(), what)


def _here(command: str, filtered: str | None) -> tuple[int, str]:
    """Run `targen` in this process: most pages have many commands, and each would import all."""
    printed, said = (io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in range(2))
    if not filtered:
        said = printed
    code: object = 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", shlex.split(command.replace("\\\n", " ")))
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(said):
            try:
                main()
            except SystemExit as ended:
                code = ended.code or 0
    assert isinstance(code, int)
    out, err = (stream.buffer.getvalue().decode() for stream in (printed, said))
    if not filtered:
        return code, out
    code, out = _in_a_shell(filtered, out)
    return code, err + out


def _in_a_shell(command: str, text: str = "") -> tuple[int, str]:
    done = subprocess.run(
        command,
        shell=True,
        input=text,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        timeout=600,
        check=False,
    )
    return done.returncode, done.stdout


def _split(text: str) -> tuple[str, list[str]]:
    """A command, with the lines that a backslash continues it by, and its output."""
    lines = text.splitlines()
    end = next(n for n, line in enumerate(lines) if not line.endswith("\\"))
    return "\n".join(lines[: end + 1]), lines[end + 1 :]


def _in_order(shown: list[str], actual: list[str], what: str) -> None:
    """Each shown line occurs, after the one before it; spacing does not count."""
    rest = map(_constant, actual)
    for line in shown:
        words = _constant(line)
        if words and not _BY_CHANCE.match(words):
            assert words in rest, f"missing {line!r}: {what}"


def _constant(line: str) -> str:
    """Return what is the same each time: a line without digests, durations, dates and ports."""
    for folder, called in _PLACES.items():
        line = line.replace(str(Path.cwd().parent / folder), called)
    return _VARYING.sub("*", " ".join(line.split()))


def _is_excerpt(block: Block, source: str) -> None:
    assert block.body in source, f"{block.where}: not in {block.mark}:\n{block.body}"
