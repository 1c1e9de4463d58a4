"""Texts of files on a terminal: they are shown as they are, and draw nothing."""

from __future__ import annotations

import json
import re
import sys

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminals there")

EVIL = (
    "[bold]x[/bold] [link=http://x.y]click[/link] [/] :warning: {x} "
    "\x1b]8;;http://x.y\x1b\\here\x1b]8;;\x1b\\ \x1b[31mred"
)
SHOWN = ("[bold]x[/bold]", "[link=http://x.y]click[/link]", "[/]", ":warning:", "{x}", "\\x1b[31m")


@pytest.fixture
def shown(terminal):
    """What a command shows on a narrow terminal."""

    def run(*command):
        made = terminal(*command, columns=40)
        assert made.exit_code() == 0, made.text
        assert "\x1b]8" not in made.text and "\x1b[31m" not in made.text
        return made.text

    return run


def check(text: str) -> None:
    """Markup is text."""
    words = re.sub(r"\s+", "", re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text))  # but for Rich's own
    for said in SHOWN:
        assert re.sub(r"\s+", "", said) in words, said


def test_a_task_s_markup_is_text_in_a_description(shown, tmp_path):
    task = {
        "description": EVIL,
        "labels": {EVIL[:75]: EVIL, "b": "two"},
        "fields": {"text": {"description": EVIL}},
        "contexts": [EVIL],
    }
    (tmp_path / "t.yaml").write_text(json.dumps(task))
    check(shown("describe", "t.yaml"))


def test_a_catalogue_s_markup_is_text_in_all_that_shows_it(shown, tmp_path):
    pytest.importorskip("targen_datatune")
    (tmp_path / "data").mkdir()
    rows = [{"text": f"{EVIL} {at}", "label": EVIL} for at in range(4)]
    (tmp_path / "data" / "a.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    front = "".join(f"{key}: {json.dumps(EVIL)}\n" for key in ("license", "pretty_name"))
    plain = EVIL.replace("\x1b", "ESC")
    (tmp_path / "data" / "a.md").write_text(f"---\n{front}---\n\n{plain}\n")
    shown("catalogue", "build", "data")
    check(shown("catalogue", "show", "file:data/a.jsonl"))
    shown("retrieve", "click here")
