"""A check that refuses much of a run: the run says so, and what lets it pass."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest

import targen_core as tg
from targen_standard.task_files import dry_run
from targen_standard.task_files.easing import eased

LENGTHS = [3, 4, 5, 20]


@pytest.fixture
def short_texts(monkeypatch):
    """Dry runs whose texts are shorter than asked for, most of them."""
    monkeypatch.setattr(
        dry_run._Speaker, "text", lambda self, part, length: self.words(self.rng.choice(LENGTHS))
    )


@pytest.mark.parametrize(
    ("part", "reason", "detail", "line"),
    [
        ({"words": [9, 40]}, "too-short", "the text has 3 words", "words: [3, 40]"),
        ({"words": [1, 9]}, "too-long", "the text has 12 words, more", "words: [1, 12]"),
        ({"sentences": 1}, "too-many-sentences", "the text has 2 sentences", "sentences: [1, 2]"),
        ({"form": "prose"}, "cut-off", "the text ends mid-sentence: 'so'", "form: any"),
        ({"form": "question"}, "no-question", "the text ends with no question", "form: any"),
        ({}, "not-english", "the text is not in English", "check_language: false"),
        ({}, "copy-of-seed", "the text is the seed itself", "may_copy_seed: true"),
        ({}, "meta-text", "the text talks about the answer", ""),
        ({}, "own-reason", "what a plugin says", ""),
    ],
)
def test_the_line_that_lets_them_pass(declared, part, reason, detail, line):
    words = eased(declared(fields={"text": part}), "mail.yaml", reason, [detail])
    expected = f"to accept them, put `{line}` under `fields.text` in mail.yaml" if line else ""
    assert words == expected


def _run(declared, tmp_path: Path, n: int) -> tg.Run:
    path = tmp_path / "mail.json"
    path.write_text(declared(fields={"text": {"words": [10, 40]}}).as_json())
    return tg.generate(str(path), n=n, model="scripted", out=tmp_path / f"run-{n}")


def test_a_run_notes_a_check_that_refuses_many(declared, short_texts, tmp_path, caplog):
    with caplog.at_level(logging.WARNING):
        made = _run(declared, tmp_path, 20)
    [note] = made.report.notes
    refused = made.report.labels["calm"].reasons["too-short"]
    refused += made.report.labels["alarm"].reasons["too-short"]
    assert note.startswith(f"the check too-short rejected {refused} of ")
    assert note.endswith(": to accept them, put `words: [3, 40]` under `fields.text` in mail.json")
    assert caplog.messages.count(note) == 1
    assert json.loads((tmp_path / "run-20" / "report.json").read_text())["notes"] == [note]


def test_a_few_candidates_say_too_little(declared, short_texts, tmp_path):
    assert _run(declared, tmp_path, 4).report.notes == ()


def test_a_run_that_goes_well_has_no_note(declared, tmp_path):
    assert "notes" not in _run(declared, tmp_path, 20).report.raw
