"""Commands on datasets that are there already, and on all tasks of a suite."""

from __future__ import annotations

from pathlib import Path

import pytest

from ...files import lines, write_lines
from ...runs import report

PREMISE = "The ferry to Ostra left at nine with forty cars."
GOOD = [
    {"premise": PREMISE, "hypothesis": text, "label": label, "idx": at}
    for at, (text, label) in enumerate(
        [
            ("A ferry carried cars to Ostra.", "entailment"),
            ("The ferry to Ostra left at noon.", "not_entailment"),
            ("Forty cars left for Ostra at nine.", "entailment"),
            ("The captain of the ferry lives in Ostra.", "not_entailment"),
        ]
    )
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
def oracle(alone):
    Path("judge.py").write_text(JUDGE)
    return "-b scripted -o script=judge.py:reply"


# --- validate ---


def test_each_problem_is_named_with_its_line_and_idx(targen):
    rows = [
        GOOD[0],
        {**GOOD[1], "label": "neutral"},
        {"hypothesis": "No premise.", "label": "entailment", "idx": 2},
        {**GOOD[3], "idx": 0},
    ]
    with write_lines("rows.jsonl", rows).open("a") as file:
        file.write("{not json\n")
    command = "validate rows.jsonl --task rte"
    result = targen(f"{command} --json")
    assert result.code == 1
    actual = {problem["line"]: problem for problem in result.json["problems"]}
    assert sorted(actual) == [2, 3, 4, 5]
    assert actual[3]["message"].startswith("premise:")
    assert actual[4]["message"] == "idx 0 was already used (line 1)"
    assert actual[5]["idx"] is None
    text = targen(f"{command} --limit 2")
    assert "and 2 more" in text.out and "4 lines of" in text.err
    assert "run: jq -c 'del(.idx)' FILE… > joined.jsonl" in text.err
    assert "--limit" not in targen(f"{command} --limit 0").out
    write_lines("rows.jsonl", [{"premise": "It rained."}] * 3)
    text = targen(command)
    assert " more" not in text.out and text.out.rstrip().endswith("--limit 0 lists each row")


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


def test_checks_show_which_real_rows_a_task_would_refuse(targen, works):
    Path("mail.yaml").write_text(MAIL)
    rows = [{"text": text, "label": "asks", "idx": at} for at, text in enumerate(TYPED)]
    write_lines("rows.jsonl", rows)
    command = "validate rows.jsonl --task mail.yaml"
    result = works(f"{command} --checks")
    assert result.err == ""
    assert "\nchecks reject 5 of 6 instances (83%)\nreason     count\ncut-off" in result.out
    assert "nearly repeats row 0" in result.out
    rows += [{**rows[-1], "text": f"Hi {at}", "idx": at} for at in range(6, 10)]
    write_lines("more.jsonl", rows)
    for limit, shown in ((20, 3), (0, 5)):
        done = works(f"validate more.jsonl --task mail.yaml --checks --limit {limit}")
        assert done.out.partition("detail")[2].count("too-short") == shown
    found = targen(f"{command} --checks --json").json["checks"]
    assert found["reasons"] == {"cut-off": 2, "duplicate": 1, "markup": 1, "too-short": 1}
    assert [row["row"] for row in found["rows"]] == [1, 2, 3, 4, 5]
    Path("mail.yaml").write_text(MAIL.replace("form: prose, words: [3, 12]", "words: [2, 12]"))
    found = targen(f"{command} --checks --json").json["checks"]
    assert found["reasons"] == {"duplicate": 1}
    assert "checks" not in targen(f"{command} --json").json


# --- correct ---


def test_flipped_labels_are_found_and_counted(targen, oracle, works, refuses):
    source = write_lines("rows.jsonl", GOOD)
    line = f"correct rows.jsonl --task rte --corrector vote {oracle} --flip 0.5"
    result = works(f"{line} --seed 1")
    assert "correct labels: 50.0% before, 100.0% after, among the 4 instances kept" in result.out
    assert "flipped labels found: 2 of 2 (recall 100.0%)" in result.out
    assert "labels changed or rejected: 2, 2 of them flipped (precision 100.0%)" in result.out
    folder = Path("runs/rows-vote")
    assert (folder / "dataset.jsonl").read_bytes() == source.read_bytes()
    verdicts = [change["verdict"] for change in lines(folder / "changes.jsonl")]
    assert verdicts.count("relabelled") == 2
    again = targen(f"{line} --seed 1 --json").json["usage"]["total"]
    assert again["calls"] == report(folder)["usage"]["total"]["calls"]
    assert works(f"{line} --seed 2").err == (
        f"{folder} contains a different correction (it differs in: seed). Writing this "
        f"correction to {folder}-2\n"
    )
    refuses(f"{line} --seed 2 --out {folder}", "contains a different correction")


def test_a_row_changes_in_its_label_alone(works, oracle):
    """Numbers, the order of columns and what else the file says stay."""
    rows = [{"idx": 70 + at, "label": row["label"], **row} for at, row in enumerate(GOOD)]
    rows[1]["label"] = "entailment"
    before = write_lines("rows.jsonl", rows).read_text().splitlines()
    done = works(f"correct rows.jsonl --task rte {oracle} --out out")
    assert "\n3 unchanged, 1 changed, 0 rejected\n" in done.out
    assert "\nto see the changed rows: targen show out --changed\n" in done.out
    assert "correct labels" not in done.out  # the command cannot know which labels were right
    assert works("show out --changed").out.startswith("1  not_entailment  was entailment\n")
    before[1] = before[1].replace('"label": "entailment"', '"label": "not_entailment"')
    assert Path("out/dataset.jsonl").read_text().splitlines() == before


# --- suites ---


def test_a_suite_makes_a_run_of_each_task(works):
    reports = works("generate --suite superglue -n 4 -b scripted -q --json").json
    made = {each["task"].partition(":")[2]: each for each in reports}
    assert [*made] == "axg boolq cb copa record rte wic wsc".split()
    for name, each in made.items():
        assert sum(each["rows"].values()) == 4
        assert (Path("runs") / "superglue-0" / name / "dataset.jsonl").exists()

    def settings(name):
        (found,) = [s for s in made[name]["usage"]["by_step"] if s["step"] == "contexts"]
        return found

    # AX-g, COPA and WSC go through the same settings, which are listed once.
    assert settings("axg")["cached"] == 0
    assert settings("copa")["calls"] == settings("wsc")["calls"] == 0
