"""Commands on datasets that are there already: validate, correct, preview --variants."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

GOOD = [
    {
        "premise": "The ferry to Ostra left at nine with forty cars.",
        "hypothesis": text,
        "label": label,
    }
    for text, label in [
        ("A ferry carried cars to Ostra.", "entailment"),
        ("The ferry to Ostra left at noon.", "not_entailment"),
        ("Forty cars left for Ostra at nine.", "entailment"),
        ("The captain of the ferry lives in Ostra.", "not_entailment"),
    ]
]

JUDGE = """
def reply(request):
    # An oracle: what GOOD says of the hypothesis.
    text = request.origin.values["input"]
    wrong = "noon" in text or "captain" in text
    answer = "not_entailment" if wrong else "entailment"
    explanation = "The premise says when the ferry left, and with what."
    if request.origin.prompt == "solve":
        return {"explanation": explanation, "answer": answer}
    said = request.origin.values["output"]
    verdict = "correct" if said == answer else "incorrect"
    return {"explanation": explanation, "actual": answer, "verdict": verdict}
"""


@pytest.fixture
def file(tmp_path):
    """Write rows, or lines as they are, to a file."""

    def write(rows, name="rows.jsonl"):
        lines = [
            row if isinstance(row, str) else json.dumps({**row, "idx": row.get("idx", number)})
            for number, row in enumerate(rows)
        ]
        (tmp_path / name).write_text("".join(f"{line}\n" for line in lines))
        return tmp_path / name

    return write


@pytest.fixture
def oracle(tmp_path):
    (tmp_path / "judge.py").write_text(JUDGE)
    return ("-b", "scripted", "-o", "script=judge.py:reply")


# --- validate ---


def test_each_problem_is_named_with_its_line_and_idx(targen, file):
    rows = [
        GOOD[0],
        {**GOOD[1], "label": "neutral"},
        {"hypothesis": "No premise.", "label": "entailment"},
        {**GOOD[3], "idx": 0},
        "{not json",
    ]
    result = targen("validate", file(rows), "--task", "rte", "--json")
    assert result.code == 1
    actual = {problem["line"]: problem for problem in result.json["problems"]}
    assert sorted(actual) == [2, 3, 4, 5]
    assert actual[3]["message"].startswith("premise:")
    assert actual[4]["message"] == "idx 0 was already used (line 1)"
    assert actual[5]["idx"] is None
    text = targen("validate", file(rows), "--task", "rte", "--limit", "2")
    assert "and 2 more" in text.out and "4 lines of" in text.err
    assert "more; --limit" not in targen("validate", file(rows), "--task", "rte", "--limit", 0).out


MAIL = """\
description: Mails to a shop.
labels: {asks: it asks, complains: it complains}
fields: {text: {description: the mail, form: prose, words: [3, 12]}}
"""
TYPED = [
    "Where is my parcel with the two lamps?",
    "where is it",
    "Where is my parcel with the two  lamps?",
    "Two cups are broken.\n\nAna",
    "the glass broke",
    "Nothing came.",
]


def test_checks_show_which_real_rows_a_task_would_refuse(targen, file):
    Path("mail.yaml").write_text(MAIL)
    path = file([{"text": text, "label": "asks"} for text in TYPED])
    result = targen("validate", path, "--task", "mail.yaml", "--checks")
    assert (result.code, result.err) == (0, "")
    assert "\nchecks reject 5 of 6 instances (83%)\nreason     count\ncut-off" in result.out
    assert "nearly repeats row 0" in result.out
    found = targen("validate", path, "--task", "mail.yaml", "--checks", "--json").json["checks"]
    assert found["reasons"] == {"cut-off": 2, "duplicate": 1, "markup": 1, "too-short": 1}
    assert [row["row"] for row in found["rows"]] == [1, 2, 3, 4, 5]
    Path("mail.yaml").write_text(MAIL.replace("form: prose, words: [3, 12]", "words: [2, 12]"))
    found = targen("validate", path, "--task", "mail.yaml", "--checks", "--json").json["checks"]
    assert found["reasons"] == {"duplicate": 1}
    assert "checks" not in targen("validate", path, "--task", "mail.yaml", "--json").json


def test_checks_of_a_pair_know_its_seed(targen, file):
    Path("pairs.yaml").write_text(
        "description: Pairs.\nlabels: {yes: so, no: not so}\nseeds: {field: a}\n"
        "fields: {a: {words: [3, 9]}, b: {words: [3, 9]}}\n"
    )
    rows = [("Ana is in", "Ana is in"), ("Ana", "She is out"), ("Ana is out", "She is not in")]
    path = file([{"a": a, "b": b, "label": "yes"} for a, b in rows])
    found = targen("validate", path, "--task", "pairs.yaml", "--checks", "--json").json["checks"]
    assert found["reasons"] == {"copy-of-seed": 1, "too-short": 1}


def test_a_check_that_needs_a_seed_is_named(works, file):
    result = works("validate", file(GOOD), "--task", "rte", "--checks")
    assert "not checked: check_row needs the seeds from which rows are generated" in result.out


# --- correct ---


@pytest.mark.parametrize("corrector", ["meta", "blind", "vote"])
def test_flipped_labels_are_found_and_counted(targen, file, oracle, corrector, works, refuses):
    source = file(GOOD)
    args = ["correct", source, "--task", "rte", "--corrector", corrector, *oracle]
    result = works(*args, "--flip", "0.5", "--seed", "1")
    assert "correct labels: 50.0% before, 100.0% after, among the 4 instances kept" in result.out
    assert "flipped labels found: 2 of 2 (recall 100.0%)" in result.out
    assert "labels changed or rejected: 2, 2 of them flipped (precision 100.0%)" in result.out
    folder = Path("runs") / f"rows-{corrector}"
    assert (folder / "dataset.jsonl").read_bytes() == source.read_bytes()
    changes = [json.loads(line) for line in (folder / "changes.jsonl").read_text().splitlines()]
    assert sum(change["verdict"] == "relabelled" for change in changes) == 2
    again = targen(*args, "--flip", "0.5", "--seed", "1", "--json")
    assert (
        again.json["usage"]["total"]["calls"]
        == json.loads((folder / "report.json").read_text())["usage"]["total"]["calls"]
    )
    other = works(*args, "--flip", "0.5", "--seed", "2")
    assert other.err == (
        f"{folder} contains a different correction (it differs in: seed). Writing this "
        f"correction to {folder}-2\n"
    )
    said = "contains a different correction"
    refuses((*args, "--flip", "0.5", "--seed", "2", "--out", folder), said)


def test_a_row_changes_in_its_label_alone(works, file, oracle):
    """Numbers, the order of columns and what else the file says stay."""
    rows = [{"idx": 70 + at, "label": row["label"], **row} for at, row in enumerate(GOOD)]
    rows[1]["label"] = "entailment"
    source = file(rows)
    done = works("correct", source, "--task", "rte", *oracle, "--out", "out")
    assert "\n3 unchanged, 1 changed, 0 rejected\n" in done.out
    assert "\nto see the changed rows: targen show out --changed\n" in done.out
    assert "correct labels" not in done.out  # the command cannot know which labels were right
    assert works("show", "out", "--changed").out.startswith("1  not_entailment  was entailment\n")
    before = source.read_text().splitlines()
    after = Path("out/dataset.jsonl").read_text().splitlines()
    assert after[0] == before[0]
    assert after[2:] == before[2:]
    assert after[1] == before[1].replace('"label": "entailment"', '"label": "not_entailment"')


# --- what is refused ---


# --- variants ---


# --- suites and shares ---


def test_a_suite_makes_a_run_of_each_task(works):
    args = ["generate", "--suite", "superglue", "-n", "4", "-b", "scripted", "-q"]
    result = works(*args, "--json")
    tasks = [report["task"].partition(":")[2] for report in result.json]
    assert tasks == "axg boolq cb copa record rte wic wsc".split()
    assert all(sum(report["rows"].values()) == 4 for report in result.json)
    for name in tasks:
        assert (Path("runs") / "superglue-0" / name / "dataset.jsonl").exists()
    # AX-g, COPA and WSC go through the same settings, which are listed once.
    settings = {
        report["task"].partition(":")[2]: next(
            step for step in report["usage"]["by_step"] if step["step"] == "contexts"
        )
        for report in result.json
        if any(step["step"] == "contexts" for step in report["usage"]["by_step"])
    }
    assert settings["axg"]["cached"] == 0
    assert settings["copa"]["calls"] == settings["wsc"]["calls"] == 0


def test_an_estimate_of_a_suite_adds_up(targen, monkeypatch):
    monkeypatch.setattr("targen_cli.estimating.SAMPLE", 4)
    monkeypatch.setattr("targen_cli.estimating._LONGEST", 20)
    args = ["estimate", "--suite", "superglue", "-n", "8", "-b", "scripted"]
    priced = [*args, "-o", "price_in=1", "-o", "price_out=2", "--json"]
    actual = targen(*priced).json
    assert sum(one["rows"] for one in actual) == 64
    assert all(one["dollars"] > 0 for one in actual)
    text = targen(*args).out
    assert text.startswith("64 rows, based on a dry run")
    (line,) = [line for line in text.splitlines() if line.startswith("all ")]
    assert f"{sum(one['calls'] for one in actual):,}" in line
