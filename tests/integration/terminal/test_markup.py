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


def check(text: str) -> None:
    """Markup is text, and no control of a file is left."""
    whole = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)  # Rich's own
    words = re.sub(r"\s+", "", whole)
    for said in SHOWN:
        assert re.sub(r"\s+", "", said) in words, said
    assert "\x1b]8" not in text
    assert "\x1b[31m" not in text


def test_a_task_s_markup_is_text_in_a_description(terminal, tmp_path):
    task = {
        "description": EVIL,
        "labels": {EVIL[:75]: EVIL, "b": "two"},
        "fields": {"text": {"description": EVIL}},
        "contexts": [EVIL],
    }
    (tmp_path / "t.yaml").write_text(json.dumps(task))
    shown = terminal("describe", "t.yaml", columns=40)
    assert shown.exit_code() == 0, shown.text
    check(shown.text)


def test_a_catalogue_s_markup_is_text_in_all_that_shows_it(terminal, tmp_path):
    pytest.importorskip("targen_datatune")
    (tmp_path / "data").mkdir()
    rows = [{"text": f"{EVIL} {at}", "label": EVIL} for at in range(4)]
    (tmp_path / "data" / "a.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    front = "".join(f"{key}: {json.dumps(EVIL)}\n" for key in ("license", "pretty_name"))
    plain = EVIL.replace("\x1b", "ESC")
    (tmp_path / "data" / "a.md").write_text(f"---\n{front}---\n\n{plain}\n")
    built = terminal("catalogue", "build", "data", columns=40)
    assert built.exit_code() == 0, built.text
    assert "\x1b]8" not in built.text
    shown = terminal("catalogue", "show", "file:data/a.jsonl", columns=40)
    assert shown.exit_code() == 0, shown.text
    check(shown.text)
    found = terminal("retrieve", "click here", columns=40)
    assert found.exit_code() == 0, found.text
    assert "\x1b]8" not in found.text
    assert "\x1b[31m" not in found.text
