"""`targen guide` and the skill tell coding agents what really works."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from targen_core.cli.app import build

pytestmark = pytest.mark.whole
SKILL = Path(__file__).resolve().parents[3] / "skills" / "targen" / "SKILL.md"


def commands_in(text: str) -> list[list[str]]:
    """The commands of a page, whether in a block or in a line."""
    found = re.findall(r"(?:^|`)(targen [^`\n#]+)", text, re.MULTILINE)
    return [shlex.split(each.replace("…", "").replace("...", ""))[1:] for each in found]


def assert_known(words: list[str]) -> None:
    group = build()
    names = group.list_commands(None)
    command = next((name for name in (" ".join(words[:2]), words[0]) if name in names), None)
    assert command is not None, words
    known = {
        option
        for param in group.get_command(None, command).params
        for option in (*param.opts, *param.secondary_opts)
    }
    options = {word.partition("=")[0] for word in words if re.match(r"--?[a-z]", word)}
    assert options <= known | {"--help", "--help-all"}, (words, options - known)


def test_all_commands_of_the_guide_and_the_skill_exist(works):
    pages = [works("guide").out, SKILL.read_text(encoding="utf-8")]
    commands = [words for page in pages for words in commands_in(page) if words[0] != "COMMAND"]
    assert len(commands) > 25
    for words in commands:
        assert_known(words)


def test_the_guide_is_short_and_shows_the_folder(works, monkeypatch):
    monkeypatch.setenv("HOUSE_API_KEY", "sk-very-secret")
    Path("weather.yaml").write_text("description: Remarks.\nlabels: {wet: rain, dry: no rain}\n")
    Path("other.yaml").write_text("name: something else\n")
    works("generate weather.yaml -n 2 -b scripted")
    shown = works("guide").out
    assert len(shown) / 4 < 3000
    assert "runs/weather-0 (file:weather, complete, 2 rows)" in shown
    assert "task files: weather.yaml\n" in shown
    assert "HOUSE_API_KEY" in shown
    assert "very-secret" not in shown
    facts = works("guide --json").json
    assert facts["runs"] == [
        {"path": "runs/weather-0", "task": "file:weather", "status": "complete", "rows": 2}
    ]
    assert facts["task_files"] == ["weather.yaml"]
    assert "HOUSE_API_KEY" in facts["keys"]
    assert facts["installed"]["targen-core"]
    assert "very-secret" not in works("guide --json").out
