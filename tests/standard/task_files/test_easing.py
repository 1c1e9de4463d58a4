"""A check that refuses much of a run: the run says so, and what lets it pass."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest
import yaml

import targen_core as tg
from targen_standard.task_files import dry_run
from targen_standard.task_files.easing import eased

from ...tables import table

LENGTHS = [3, 4, 5, 20]


@pytest.fixture
def short_texts(monkeypatch):
    """Dry runs whose texts are shorter than asked for, most of them."""
    monkeypatch.setattr(
        dry_run._Speaker, "text", lambda self, part, length: self.words(self.rng.choice(LENGTHS))
    )


EASED = table(Path(__file__).with_name("eased.txt").read_text(encoding="utf-8"), columns=4)


@pytest.mark.parametrize(("part", "reason", "detail", "line"), EASED)
def test_the_line_that_lets_them_pass(declared, part, reason, detail, line):
    words = eased(declared(fields={"text": yaml.safe_load(part)}), "mail.yaml", reason, [detail])
    expected = f"to accept them, put `{line}` under `fields.text` in mail.yaml" if line else ""
    assert words == expected


@pytest.mark.parametrize("n", [4, 20])
def test_a_run_notes_a_check_that_refuses_many(n, declared, short_texts, tmp_path, caplog):
    path = tmp_path / "mail.json"
    asked = declared(contexts="occasions", fields={"text": {"words": [10, 40]}})
    path.write_text(asked.as_json())
    with caplog.at_level(logging.WARNING):
        made = tg.generate(str(path), n=n, model="scripted", out=tmp_path / "run")
    if n == 4:  # a few candidates say too little
        assert made.report.notes == ()
        return
    [note] = made.report.notes
    refused = sum(made.report.labels[name].reasons["too-short"] for name in ("calm", "alarm"))
    assert note.startswith(f"the check too-short rejected {refused} of ")
    assert note.endswith(": to accept them, put `words: [3, 40]` under `fields.text` in mail.json")
    assert caplog.messages.count(note) == 1
    assert json.loads((tmp_path / "run" / "report.json").read_text())["notes"] == [note]
