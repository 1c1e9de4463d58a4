"""Tasks in files through every command that takes a task, and `init-task`."""

from __future__ import annotations

from pathlib import Path

YAML = """\
description: Notes of a night porter.
labels:
  yes: something happened
  no: nothing happened
"""


def test_a_draft_is_written_refused_and_then_run(refuses, works):
    made = works("init-task", "Are notes of a night porter calm?", "-b", "scripted")
    assert "This is a draft that has not been reviewed" in made.out
    assert "targen preview ./dry-run-task.yaml --backend scripted" in made.out
    path = Path("dry-run-task.yaml")
    text = path.read_text(encoding="utf-8")
    assert "\ndraft: true\n" in text
    refuses(
        f"generate {path} -n 2",
        "a draft that has not been reviewed",
        "remove the line `draft: true`",
    )
    works("generate", path, "-n", 2, "-b", "scripted", "-q", "--out", "draft")
    path.write_text(text.replace("draft: true\n", ""), encoding="utf-8")
    works("generate", path, "-n", 2, "-b", "scripted", "-q")
    refuses(("init-task", "Other notes", "-b", "scripted"), "dry-run-task.yaml exists")
    works("init-task", "Other notes", "-b", "scripted", "--force")


def test_a_blank_is_a_declaration_but_for_its_draft_line(targen, works):
    made = targen("init-task", "--blank", "--out", "mine.yml")
    assert made.out.strip().endswith("targen preview ./mine.yml")
    path = Path("mine.yml")
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("draft: true\n", ""), encoding="utf-8")
    works("generate", path, "--preset", "small", "-b", "scripted", "-q")
