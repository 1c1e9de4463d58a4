"""What others say reaches the terminal as something to read, and never decides the outcome."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from targen_core.display.terminal import Guard, guarded

from ...runs import report

TASK = """
name: gefuehl
summary: Gefühle
description: Kurze Sätze über Gefühle.
labels: {"süß|bitter": froh, traurig: nicht froh}
"""


def run(line, streams="", **environment):
    """The command in a process of its own; what it writes, as bytes."""
    return subprocess.run(
        ["/bin/sh", "-c", f'"{sys.executable}" -m targen_core.cli {line} {streams}'],
        env={**os.environ, **environment},
        capture_output=True,
        timeout=600,
        check=False,
    )


def test_no_result_depends_on_the_terminal_s_encoding():
    """Those of a task whose labels no ASCII terminal can show."""
    Path("gefuehl.yaml").write_text(TASK, encoding="utf-8")
    ascii_only = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = run("generate gefuehl.yaml -n 4 -b scripted --out run", **ascii_only)
    assert b"targen failed" not in done.stderr and b"Traceback" not in done.stderr
    assert done.returncode == 0, done.stderr
    made = report("run")
    assert made["status"] == "complete"
    assert made["rows"] == {"süß|bitter": 2, "traurig": 2}
    assert "| süß\\|bitter | 2 | 2 |" in Path("run/README.md").read_text(encoding="utf-8")
    assert b"s\\xfc\\xdf|bitter" in done.stdout
    output = run("report run --json", **ascii_only)
    assert json.loads(output.stdout.decode("ascii")) == {**made, "concerns": []}


def test_a_closed_standard_error_spoils_no_json():
    done = run("list-tasks --json", "2>&-")
    assert done.returncode == 0
    assert any(task["name"] == "rte" for task in json.loads(done.stdout))


def test_rich_may_draw_and_no_more(capsys, monkeypatch):
    from rich.console import Console

    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("TERM", "xterm")
    with guarded():
        console = Console(force_terminal=True, color_system="standard", highlight=False)
        console.print("[red]red[/] \x1b]0;title \u202e")
        assert isinstance(sys.stdout, Guard)
    out = capsys.readouterr().out
    assert "\x1b[31mred\x1b[0m" in out
    assert "\\x1b]0;title" in out and "\u202e" not in out


@pytest.mark.parametrize(("columns", "lines"), [(20, 2), (0, 1)])
def test_what_is_printed_fits_a_terminal_and_is_one_line_in_a_pipe(monkeypatch, columns, lines):
    monkeypatch.setenv("COLUMNS", "20")
    seen = io.StringIO()
    monkeypatch.setattr(seen, "isatty", lambda: bool(columns), raising=False)
    print("no service answers at this address, or", file=Guard(seen))
    assert len(seen.getvalue().splitlines()) == lines
    assert " ".join(seen.getvalue().split()) == "no service answers at this address, or"
