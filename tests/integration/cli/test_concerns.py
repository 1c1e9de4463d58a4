"""What looks wrong with a run: at its end, in its report, page and card, and with --strict."""

from __future__ import annotations

import json
import re
from pathlib import Path

import targen_core

DOUBTED = ("-n", 20, "--give-up-after", 900, "-o", "correct.refusal_rate=0.75")
UNREADABLE = ("-n", 6, "--give-up-after", 900, "-o", "generate.garbage_rate=0.95")


def test_a_judge_that_rejects_most_is_a_concern_everywhere(targen, works):
    made = works("generate", "rte", "-b", "scripted", *DOUBTED, "--out", "run")
    told = made.out.partition("Possible problems\n")[2]
    assert re.match(r"- of \d+ candidates, step 4 relabelled 0 and rejected ", told)
    assert "  try: read some of them: targen show run --rejected; then" in told
    assert told.endswith("\n\nrun/dataset.jsonl\n")
    assert targen("report", "run").out.partition("Possible problems\n")[2] == told

    (found,) = json.loads(targen("report", "run", "--json").out)["concerns"]
    assert found["kind"] == "disagreement"
    assert f"- {found['message']}\n  try: {found['hint']}\n" in told
    assert "concerns" not in json.loads(Path("run/report.json").read_text())

    targen("report", "run", "--html")
    page = Path("run/report.html").read_text()
    assert "<h2>Possible problems</h2>" in page
    assert "Try: read some of them: targen show run --rejected" in page
    card = Path("run/README.md").read_text()
    assert "Possible problems, according to the run's figures:\n\n- of " in card

    report = targen_core.load("run").report
    assert [each.kind for each in report.concerns] == ["disagreement"]
    assert "run.rejects" in str(report.concerns[0].hint)
    assert report.summary.endswith(", 1 concern")
    assert found["message"] in report._repr_html_()


def test_a_filter_that_rejects_most_candidates_is_to_be_relaxed(targen):
    openings = ("--filter", "first-words", "-o", "first-words.words=1", "--give-up-after", 30)
    made = targen("generate", "rte", "-n", 200, "-b", "scripted", *openings, "--out", "run")
    advice = "relax the filter that rejects most candidates"
    assert f"larger --give-up-after, or {advice};" in made.err
    assert f"; then {advice}\n" in made.out.partition("Possible problems\n")[2]


def test_replies_that_cannot_be_used_are_a_concern_and_fail_a_strict_run(targen, works):
    asked = ("generate", "rte", "-b", "scripted", *UNREADABLE, "--out", "run", "-q")
    made = targen(*asked)
    assert (made.code, made.out) == (0, "run/dataset.jsonl\n")
    strict = targen(*asked, "--strict")
    assert (strict.code, strict.out) == (1, "run/dataset.jsonl\n")
    assert strict.err.startswith("run: step 3 rejected ")
    assert "\n  try: use a larger instruction-tuned model" in strict.err
    assert targen("resume", "run", "--strict", "-q").code == 1
    for form in ((), ("--json",), ("--html",)):
        works("report", "run", *form)
        assert targen("report", "run", "--strict", *form).code == 1
    assert targen("report", ".", "--strict").code == 1
    assert json.loads(targen("report", ".", "--json").out)["run"]["concerns"]
