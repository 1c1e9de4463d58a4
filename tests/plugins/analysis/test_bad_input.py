"""Whatever a file holds, `targen analyze` ends with a report or with what is wrong with it."""

from __future__ import annotations

import json
import re

import pytest

pytest.importorskip("spacy")
pytest.importorskip("sklearn")

ALL = ("--without", "semantic", "--without", "difficulty", "--without", "entities")
ALL = (*ALL, "-o", "lexical.replicates=2", "-o", "differences.replicates=100")
"""But what needs a model, which has tests of its own."""


def test_odd_rows_are_analysed_by_every_metric(two_draws, targen, jsonl, sentences, tmp_path):
    huge = [{"text": unit * (100_000 // len(unit)), "label": "a"} for unit in ("word ", '{"a":[')]
    odd = [{"label": None}, {"text": None}, {"text": 3, "premise": "It rained.", "label": 3}]
    odd = [{**each, "more": [1, {"deep": None}]} for each in odd]
    labeled = [{"text": text, "label": "ab"[at % 2]} for at, text in enumerate(sentences(60))]
    mine = [row | (odd[at % 3] if at % 2 else {}) for at, row in enumerate(labeled[:30])]
    done = targen(
        *("analyze", jsonl("mine.jsonl", [*huge, *mine]), *ALL),
        *("--against", jsonl("original.jsonl", labeled[30:]), "--out", "out", "-q"),
    )
    assert (done.code, done.err) == (0, ""), done.out + done.err
    assert re.search(r"mine: \d+ rows", done.out)
    assert (tmp_path / "out" / "report.html").stat().st_size > 10_000
    analysis = json.loads((tmp_path / "out" / "analysis.json").read_text())
    assert all(part["findings"] for part in analysis["metrics"].values())
