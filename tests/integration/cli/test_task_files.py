"""Tasks in files through every command that takes a task, and `init-task`."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import yaml

from targen_backends.local.backend import BACKEND as LOCAL
from targen_core.cli.flags import Said
from targen_core.runs.config import ModelFlags
from targen_standard import scripted

MAIL = "description: Mail.\nlabels: {a: Of a., b: Of b.}\n"


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


def test_hints_repeat_the_model_that_was_typed_but_no_key(works, monkeypatch):
    monkeypatch.setattr(scripted, "BACKEND", dataclasses.replace(scripted.BACKEND, made_up=False))
    again = "-b scripted -o top_p=0.9 -o script= --price-in 1.0 --price-out 2.0"
    typed = f"{again} --max-cost 9"
    made = works(f"init-task 'Are notes calm?' {typed}").out
    assert "This is a draft that has not been reviewed. Check:" in made
    assert made.endswith(f"  targen preview ./dry-run-task.yaml {again}\n")
    without_draft("dry-run-task.yaml")
    typed = ("-b", "http://name:word@host/v1", "-o", "api_key=short", "-o", "top_p=1")
    said = Said({"backend": typed[1], "options": typed[3::2]}, frozenset())
    assert said.typed(ModelFlags) == " -o top_p=1"


def test_a_model_too_small_for_drafts_writes_none_unasked(works, refuses, monkeypatch):
    assert not LOCAL.drafts(LOCAL.options()) and LOCAL.drafts(LOCAL.options(model="mine.gguf"))
    refuses(
        "init-task 'Are notes calm?'",
        "no backend was given, and the model of local is too small for a draft",
        "choose a different backend with -b",
    )
    small = dataclasses.replace(scripted.BACKEND, drafts=lambda options: False)
    monkeypatch.setattr(scripted, "BACKEND", small)
    said = "the model of scripted is too small for a draft, so its answer will hardly be usable"
    assert said in works("init-task 'Are notes calm?' -b scripted").err


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


def test_a_description_shows_texts_of_several_lines_on_one(works):
    keys = {
        "description": "Mails.",
        "labels": {"a": "one\ntwo\n", "b": "three"},
        "seeds": "four\nfive\n",
    }
    Path("t.yaml").write_text(yaml.safe_dump(keys), encoding="utf-8")
    table = " ".join(works("describe t.yaml").out.partition("\nColumns: ")[2].split())
    assert "a one two b three" in table and "seeds four five 5" in table
