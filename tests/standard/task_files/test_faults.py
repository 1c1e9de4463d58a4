"""What a task file may not say: `wrong.txt` has it, what is said of it, and the hint."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from targen_core.errors import UsageError
from targen_standard.task_files.model import Declaration

from ...tables import table

DESCRIPTION = "description: Notes of a night porter.\n"
LABELS = "labels:\n  calm: nothing\n  alarm: something\n"
WRONG = table(Path(__file__).with_name("wrong.txt").read_text(encoding="utf-8"))


@pytest.fixture(autouse=True)
def _files(tmp_path, monkeypatch):
    (tmp_path / "secret.txt").write_text("the canary sings\n")
    folder = tmp_path / "mine"
    (folder / "sub").mkdir(parents=True)
    (folder / "empty.txt").write_text("\n")
    (folder / "link").symlink_to(tmp_path / "secret.txt")
    os.mkfifo(folder / "places")
    monkeypatch.chdir(folder)


@pytest.mark.parametrize(("text", "message", "hint"), WRONG)
def test_it_is_refused_with_its_key(text, message, hint):
    text = text.replace("HUGE", f"1{'0' * 40}").replace("LONG", f"1{'0' * 5000}")
    labels = "" if "labels:" in text else LABELS
    Path("t.yaml").write_text(f"{DESCRIPTION}{labels}{text}\n")
    with pytest.raises(UsageError) as caught:
        Declaration.from_file("t.yaml").task()
    assert message in str(caught.value)
    assert hint in caught.value.hint
    assert len(str(caught.value)) < 500
    assert "\n" not in str(caught.value), "a key must not forge a line of ours"


def test_a_file_of_a_list_needs_the_folder_of_a_file(declared):
    with pytest.raises(UsageError, match="so the task must be in a file") as caught:
        declared(seeds={"file": "a.txt"})
    assert "from_file" in caught.value.hint


@pytest.mark.parametrize(
    ("keys", "message", "hint"),
    [
        (
            {"presets": {"x": {"calms": 3}}},
            "presets.x.calms: 'calms' is not a label",
            "mean calm or",
        ),
        ({"seeds": {"field": "tex"}}, "seeds.field: no field 'tex'", "did you mean text?"),
        ({"parameters": {"generate": {"x": 1}}}, "parameters.generate.x: no such", "temperature"),
    ],
)
def test_a_program_is_told_the_key_when_it_makes_a_declaration(keys, message, hint):
    labels = {"calm": "nothing", "alarm": "something"}
    with pytest.raises(UsageError) as caught:
        Declaration(description="Notes.", labels=labels, **keys)
    assert str(caught.value).startswith(f"declaration: {message}")
    assert hint in caught.value.hint
