"""Tasks in files through every command that takes a task, and `init-task`."""

from __future__ import annotations

import re
from pathlib import Path

import yaml


def without_draft(path):
    text = Path(path).read_text(encoding="utf-8")
    assert "\ndraft: true\n" in text
    Path(path).write_text(text.replace("draft: true\n", ""), encoding="utf-8")


def test_a_draft_is_written_refused_and_then_run(refuses, works):
    made = works("init-task 'Are notes of a night porter calm?' -b scripted -o temperature=0").out
    assert made.startswith("dry-run-task.yaml is only a placeholder: scripted calls no model")
    assert "  targen init-task --blank\n" in made and "Check:" not in made
    assert made.endswith("  targen preview ./dry-run-task.yaml -b scripted -o temperature=0\n")
    generate = "generate dry-run-task.yaml -n 2"
    said = "a draft that has not been reviewed"
    refuses(generate, said, "remove the line `draft: true`")
    works(f"{generate} -b scripted -q --out draft")
    without_draft("dry-run-task.yaml")
    works(f"{generate} -b scripted -q")
    refuses("init-task 'Other notes' -b scripted", "dry-run-task.yaml exists")
    works("init-task 'Other notes' -b scripted --force")


def test_a_blank_has_an_output_to_take_the_place_of_its_labels(works):
    made = works("init-task --blank --out mine.yml").out
    assert made.strip().endswith("targen preview ./mine.yml")
    blank = Path("mine.yml").read_text(encoding="utf-8")
    output = re.search(r"(?m)^# output:\n(#   .*\n)+", blank)
    assert output is not None
    keys = yaml.safe_load(blank) | yaml.safe_load(re.sub("(?m)^# ", "", output[0]))
    for key in ("draft", "labels"):
        del keys[key]
    Path("mine.yml").write_text(yaml.safe_dump(keys), encoding="utf-8")
    works("generate mine.yml -n 4 -b scripted -q --out run")
    assert '"spans": [{' in Path("run/dataset.jsonl").read_text(encoding="utf-8")
