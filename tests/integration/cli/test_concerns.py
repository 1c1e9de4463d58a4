"""What looks wrong with a run: at its end, in its report, page and card, and with --strict."""

from __future__ import annotations

import re
from pathlib import Path

import targen_core

from ...runs import report

RTE = "generate rte -b scripted --out run"
DOUBTED = "-n 20 --give-up-after 900 -o correct.refusal_rate=0.75"
UNREADABLE = "-n 6 --give-up-after 900 -o generate.garbage_rate=0.95 -q"


def test_a_judge_that_rejects_most_is_a_concern_everywhere(works):
    assert "Possible problem: of " in works(f"{RTE} {DOUBTED}").out
    told = works("report run").out.partition("Possible problems\n")[2]
    assert re.match(r"- of \d+ candidates, step 4 relabelled 0 and rejected ", told)
    assert "  try: read some of them: targen show run --rejected; then" in told
    assert told.endswith("\n\nrun/dataset.jsonl\n")

    (found,) = works("report run --json").json["concerns"]
    assert found["kind"] == "disagreement"
    assert f"- {found['message']}\n  try: {found['hint']}\n" in told
    assert "concerns" not in report("run")

    works("report run --html")
    page = Path("run/report.html").read_text()
    assert "<h2>Possible problems</h2>" in page
    assert "Try: read some of them: targen show run --rejected" in page
    card = Path("run/README.md").read_text()
    assert "Possible problems, according to the run's figures:\n\n- of " in card

    loaded = targen_core.load("run").report
    assert [each.kind for each in loaded.concerns] == ["disagreement"]
    assert "targen show RUN --rejected" in str(loaded.concerns[0].hint)
    assert loaded.summary.endswith(", 1 concern")
    assert found["message"] in loaded._repr_html_()


def test_replies_that_cannot_be_used_are_a_concern_and_fail_a_strict_run(targen, works):
    assert works(f"{RTE} {UNREADABLE}").out == "run/dataset.jsonl\n"
    strict = targen(f"{RTE} {UNREADABLE} --strict")
    assert (strict.code, strict.out) == (1, "run/dataset.jsonl\n")
    assert strict.err.startswith("run: step 3 rejected ")
    assert "\n  try: use a larger instruction-tuned model" in strict.err
    for form in ("", "--json", "--html"):
        works(f"report run {form}")
        assert targen(f"report run --strict {form}").code == 1
    for line in ("resume run --strict -q", "report . --strict"):
        assert targen(line).code == 1
    assert targen("report . --json").json["run"]["concerns"]
