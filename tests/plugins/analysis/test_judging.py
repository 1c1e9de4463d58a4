"""Judgements by people and models: sheets out and in, and ratings as a run."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from tests.files import lines

RATER = """
def reply(request):
    asked = str(request.messages)
    if any(f"question {at}?" in asked for at in HARD):
        return "Hard."
    return {"difficulty": 5 if "deep" in asked else 2}
"""


pytestmark = pytest.mark.usefixtures("alone")


@pytest.fixture
def rows(jsonl):
    """Ten questions, half of them deep."""
    asked = [f"A {('deep', 'shallow')[at % 2]} question {at}?" for at in range(10)]
    return jsonl("mine.jsonl", [{"input": text, "output": text[-2]} for text in asked])


def read_sheet():
    """The lines of the sheet, each as a dictionary."""
    with open("sheet.csv", encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def fill_in(*words):
    """Write these words into the column right of the sheet, row by row."""
    sheet = read_sheet()
    with open("sheet.csv", "w", newline="") as file:
        writer = csv.DictWriter(file, sheet[0])
        writer.writeheader()
        writer.writerows({**line, "right": w} for line, w in zip(sheet, words, strict=True))


def test_a_sheet_is_written_filled_in_and_read(works, rows):
    done = works("sample", rows, "-n", "8", "--out", "sheet.csv")
    assert "Wrote 8 of 10 rows to sheet.csv. Fill in the column `right`" in done.out
    first = read_sheet()[0]
    assert first["text"].endswith(f" question {first['row']}?")
    assert first["answer"] == first["row"]
    fill_in("yes", "Y", "1", "no", "", "right", "n", "")
    done = works("analyze", rows, "-o", "judged.sheet=sheet.csv", "--metric", "judged")
    assert "A person judged 6 rows of mine: 67% have the right answer." in done.out
    assert "Answers that a person found wrong" in done.out


FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "'=1", "''=1", "plain", "'plain", "a\r\n=1"]


@pytest.mark.parametrize("kept", [True, False], ids=["as it was", "without apostrophes"])
def test_a_sheet_has_no_formulas_and_its_rows_are_found_again(kept, works, jsonl):
    data = jsonl("f.jsonl", [{"input": f"{text} {text}", "output": text} for text in FORMULAS])
    works("sample", data, "--out", "sheet.csv")
    cells = [cell for line in read_sheet() for cell in line.values()]
    assert "'=1+1" in cells
    begin = ("=", "+", "-", "@", "\t", "\r")
    assert {cell for cell in cells if cell.lstrip(" ")[:1] in begin} <= {"+1", "-1"}  # numbers
    fill_in(*["yes"] * len(FORMULAS))
    if not kept:
        sheet = Path("sheet.csv")
        sheet.write_bytes(sheet.read_bytes().replace(b"'=1+1", b"=1+1"))
    done = works("analyze", data, "-o", "judged.sheet=sheet.csv", "--metric", "judged")
    assert f"A person judged {len(FORMULAS)} rows of f: 100%" in done.out
    works("sample", data, "--out", "sheet.jsonl")
    answers = {line["answer"] for line in lines("sheet.jsonl")}
    assert answers >= {"=1+1", "'=1"}, "these are not for a spreadsheet"


def test_ratings_are_a_run_and_come_back(works, rows):
    Path("rater.py").write_text(f"HARD = []{RATER}")
    Path("rated.csv").write_text("input,difficulty\nWhat is 1+1?,1\n")
    about = ("--about", "Answer the question.", "--examples", "rated.csv")
    model = ("-b", "scripted", "-o", "script=rater.py:reply", "--out", "rated", "-q")
    works("rate", rows, *about, *model)
    ratings = {each["row"]: each["output"] for each in lines("rated/dataset.jsonl")}
    assert ratings == {at: "25"[at % 2 == 0] for at in range(10)}
    assert " question " in works("show", "rated", "1").out
    done = works("analyze", rows, "-o", "judged.ratings=rated", "--metric", "judged")
    assert "the difficulty of the rows of mine at 3.5 on average, on a scale of 1 to 5." in done.out
