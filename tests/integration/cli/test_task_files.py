"""Tasks in files through every command that takes a task, and `init-task`."""

from __future__ import annotations

from pathlib import Path

import pytest

from ...tables import table

YAML = """\
description: Notes of a night porter.
labels:
  yes: something happened
  no: nothing happened
"""


def test_a_draft_is_written_refused_and_then_run(targen):
    made = targen("init-task", "Are notes of a night porter calm?", "-b", "scripted")
    assert made.code == 0, made.err
    assert "It is a draft that has not been reviewed" in made.out
    assert "targen preview ./dry-run-task.yaml --backend scripted" in made.out
    path = Path("dry-run-task.yaml")
    text = path.read_text(encoding="utf-8")
    assert "\ndraft: true\n" in text
    refused = targen("generate", path, "-n", 2)
    assert refused.code == 2
    assert "a draft that has not been reviewed" in refused.err
    assert "remove its line `draft: true`" in refused.err
    path.write_text(text.replace("draft: true\n", ""), encoding="utf-8")
    assert targen("generate", path, "-n", 2, "-b", "scripted", "-q").code == 0
    again = targen("init-task", "Other notes", "-b", "scripted")
    assert again.code == 2
    assert "dry-run-task.yaml exists" in again.err
    assert targen("init-task", "Other notes", "-b", "scripted", "--force").code == 0


def test_a_blank_is_a_declaration_but_for_its_draft_line(targen):
    made = targen("init-task", "--blank", "--out", "mine.yml")
    assert made.out.strip().endswith("targen preview ./mine.yml")
    path = Path("mine.yml")
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("draft: true\n", ""), encoding="utf-8")
    assert targen("generate", path, "--preset", "small", "-b", "scripted", "-q").code == 0


NO_DRAFTS = """
    2 | | describe the task, or pass --blank
    2 | words --blank | --blank asks no model, so it takes no description
    2 | w.yaml --blank | w.yaml names a file
    2 | ' ' -b scripted | the description is empty
    2 | words --out t.json | the file is YAML
    2 | words -b nothing | no backend named 'nothing'
    1 | --blank --out no/such/folder.yaml | cannot write
    1 | notes -b scripted --max-tokens 10 | token budget exhausted
"""


@pytest.mark.parametrize(("code", "words", "error"), table(NO_DRAFTS))
def test_what_init_task_cannot_do(code, words, error, refuses):
    refuses(f"init-task {words}", error, code=int(code))
