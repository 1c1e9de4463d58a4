"""What others say reaches the terminal as something to read, and never decides the outcome."""

from __future__ import annotations

import io
import json
import logging
import os
import subprocess
import sys
from itertools import chain, repeat
from pathlib import Path

import pytest

from targen_core.display.terminal import Guard, guarded
from targen_testing.fault_server import FaultServer, Response
from targen_testing.wire import OPENAI

from ...runs import edit, report

ODD = "\x1b]52;c;eA==\x07\x9b2J\u202e\ud800\x00"
SHOWN = "\\x1b]52;c;eA==\\x07\\x9b2J\\u202e\\ud800\\x00"

CONTROLS = set("\x1b\x07\x9b\u202e\ud800\x00")

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


def test_an_error_of_a_service_is_shown_and_kept_escaped(targen):
    fault = {"error": {"message": f"no {ODD} <b>|x|</b>", "code": ODD}}
    refused = Response(fault, 400, {"x-request-id": "a\x9bb"})
    answers = chain([Response(OPENAI.answer("Hm.", "stop"))], repeat(refused))
    with FaultServer(lambda _: next(answers)) as server:
        where = f"-b llama -q -o base_url={server.url}/v1 -o model=tiny"
        result = targen(f"generate rte -n 2 --out run --no-cache {where}")
    assert result.code == 1
    assert SHOWN in result.err
    assert not CONTROLS & set(result.out + result.err)
    assert SHOWN in report("run")["problem"]
    assert "<b>" not in Path("run/README.md").read_text()


SPOILING = """
import json
def reply(request):
    made = request.dry_run()
    spoil = lambda v: v + '\\x9b2J\\u202e' if isinstance(v, str) else v
    if isinstance(made, dict):
        made = {k: spoil(v) for k, v in made.items()}
    return json.dumps(made, ensure_ascii=False)
"""


def test_replies_are_shown_escaped_and_given_as_they_are_to_programs(targen):
    Path("script.py").write_text(SPOILING)
    preview = "preview rte -b scripted -o script=script.py:reply -n 2"
    shown = targen(f"{preview} --prompts")
    assert "\\x9b2J\\u202e" in shown.out
    assert not {"\x9b", "\u202e"} & set(shown.out + shown.err)
    asked = targen(f"{preview} --json")
    assert not {"\x9b", "\u202e"} & set(asked.out)
    calls = [call for one in asked.json["candidates"] for call in one["calls"]]
    assert any("\x9b2J\u202e" in call["reply"] for call in calls)


def test_a_crafted_report_is_shown_escaped(targen, finished):
    finished("rte", "-n", 2)
    for name, value in (
        ("problem", f"bad {ODD}"),
        ("status", "\x1b[8m"),
        ("rows.\x1b[1mx\ny", 1),
        ("requested.\x1b[1mx\ny", 1),
    ):
        edit("run", name, value, "report.json")
    result = targen("report run")
    assert SHOWN in result.out
    assert "\\x1b[1mx\\ny  " in result.out  # a row of a table stays one line
    assert not CONTROLS & set(result.out + result.err)
    assert targen("report run --json").json == {**report("run"), "concerns": []}


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


def test_a_traceback_is_escaped_too():
    done = run("describe x\x1b[31m --debug")
    assert b"Traceback" in done.stderr
    assert b"\x1b" not in done.stderr and b"\\x1b[31m" in done.stderr


def test_a_closed_standard_error_spoils_no_json():
    done = run("list-tasks --json", "2>&-")
    assert done.returncode == 0
    assert any(task["name"] == "rte" for task in json.loads(done.stdout))


def test_log_lines_go_the_same_way(capsys):
    with guarded():
        handler = logging.StreamHandler()
        handler.emit(logging.LogRecord("targen", 30, "", 0, f"said {ODD}", (), None))
    assert capsys.readouterr().err == f"said {SHOWN}\n"


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
