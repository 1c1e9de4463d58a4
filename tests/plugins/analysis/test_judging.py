"""Judgements by people and models: sheets out and in, and ratings as a run."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from ...tables import table

RATED = """
def reply(request):
    return {"difficulty": 5 if "deep" in request.messages[-1].content else 2}
"""


pytestmark = pytest.mark.usefixtures("alone")


@pytest.fixture
def rows(jsonl):
    """Ten questions, half of them deep."""
    asked = [f"A {('deep', 'shallow')[at % 2]} question {at}?" for at in range(10)]
    return jsonl("mine.jsonl", [{"input": text, "output": text[-2]} for text in asked])


def filled(path, words):
    """A sheet with these words in the column right, row by row."""
    with open(path, newline="") as file:
        lines = list(csv.DictReader(file))
    for line, word in zip(lines, words, strict=True):
        line["right"] = word
    with open(path, "w", newline="") as file:
        writer = csv.DictWriter(file, lines[0])
        writer.writeheader()
        writer.writerows(lines)


def test_a_sheet_is_written_filled_in_and_read(works, rows):
    done = works("sample", rows, "-n", "8", "--out", "sheet.csv")
    assert "Wrote 8 of 10 rows to sheet.csv. Fill in the column `right`" in done.out
    with open("sheet.csv", encoding="utf-8-sig", newline="") as file:
        (first, *_) = csv.DictReader(file)
    assert first["text"].endswith(f" question {first['row']}?")
    assert first["answer"] == first["row"]
    filled("sheet.csv", ["yes", "Y", "1", "no", "", "right", "n", ""])
    done = works("analyze", rows, "-o", "judged.sheet=sheet.csv", "--metric", "judged")
    assert "A person judged 6 rows of mine: 67% have the right answer." in done.out
    assert "Answers that a person found wrong" in done.out


FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "'=1", "''=1", "plain", "'plain", "a\r\n=1"]


@pytest.mark.parametrize("kept", [True, False], ids=["as it was", "without apostrophes"])
def test_a_sheet_has_no_formulas_and_its_rows_are_found_again(kept, works, jsonl):
    data = jsonl("f.jsonl", [{"input": f"{text} {text}", "output": text} for text in FORMULAS])
    works("sample", data, "--out", "sheet.csv")
    with open("sheet.csv", encoding="utf-8-sig", newline="") as file:
        cells = [cell for line in csv.reader(file) for cell in line[1:]]
    assert "'=1+1" in cells
    assert not [cell for cell in cells if cell.lstrip(" ")[:1] in ("=", "+", "-", "@", "\t", "\r")]
    filled("sheet.csv", ["yes"] * len(FORMULAS))
    if not kept:
        sheet = Path("sheet.csv")
        sheet.write_bytes(sheet.read_bytes().replace(b"'=1+1", b"=1+1"))
    done = works("analyze", data, "-o", "judged.sheet=sheet.csv", "--metric", "judged")
    assert f"A person judged {len(FORMULAS)} rows of f: 100%" in done.out
    works("sample", data, "--out", "sheet.jsonl")
    lines = [json.loads(line) for line in Path("sheet.jsonl").read_text().splitlines()]
    assert {line["answer"] for line in lines} >= {"=1+1", "'=1"}, "these are not for a spreadsheet"


def test_ratings_are_a_run_and_come_back(targen, works, rows):
    Path("rater.py").write_text(RATED)
    Path("rated.csv").write_text("input,difficulty\nWhat is 1+1?,1\n")
    about = ("--about", "Answer the question.", "--examples", "rated.csv")
    model = ("-b", "scripted", "-o", "script=rater.py:reply", "--out", "rated", "-q")
    done = works("rate", rows, *about, *model)
    ratings = [json.loads(line) for line in Path("rated/dataset.jsonl").read_text().splitlines()]
    assert sorted(each["row"] for each in ratings) == list(range(10))
    assert {each["output"] for each in ratings if each["row"] % 2 == 0} == {"5"}
    shown = targen("show", "rated", "1").out
    assert "A " in shown
    done = targen("analyze", rows, "-o", "judged.ratings=rated", "--metric", "judged")
    assert "the difficulty of the rows of mine at 3.5 on average, on a scale of 1 to 5." in done.out


def test_a_reply_that_is_none_costs_its_row_alone(targen, works, rows):
    rater = "def reply(request):\n"
    rater += "    text = ' '.join(message.content for message in request.messages)\n"
    rater += "    return 'Hard.' if any(each in text for each in NONE) else {'difficulty': 3}\n"
    line = ("rate", rows, "--about", "Answer.", "-b", "scripted", "-o", "script=rater.py:reply")
    texts = [json.loads(text)["input"] for text in Path(rows).read_text().splitlines()]
    Path("rater.py").write_text(f"NONE = {texts[:1]!r}\n{rater}")
    made = works(*line, "--out", "one", "-q")
    words = "1 of 10 rows did not get a rating (malformed-reply, 1 time); targen show one"
    assert words in made.err
    Path("rater.py").write_text(f"NONE = {texts[:2]!r}\n{rater}")
    made = targen(*line, "--out", "two", "-q")
    assert made.code == 1
    assert "has 8 of 10 rows" in made.err


SHEET = "1 | analyze mine.jsonl -o judged.sheet=sheet.csv --metric judged"
REFUSED = f"""
    2 | sample bare.jsonl --out s.csv | none of the rows of bare.jsonl have an answer to judge
    2 | rate mine.jsonl -b scripted | --about
    2 | rate mine.jsonl --about Answer. --examples rated.csv -b scripted | less than or equal to 5
    {SHEET} | match a row of these data
    {SHEET} | the column `right` contains 'perhaps'; it must be yes, no or empty | perhaps yes
    {SHEET} | is not filled in: no row has yes or no in the column `right` | - -
    1 | analyze mine.jsonl -o judged.ratings=mine.jsonl --metric judged | not a rating from 1 to 5
"""


"""A code, a command, what it says, and what is filled into a sheet of these rows, not others."""


@pytest.mark.parametrize(("code", "line", "said", "words"), table(REFUSED, 4))
def test_what_cannot_be_judged(code, line, said, words, targen, works, rows, jsonl):
    jsonl("bare.jsonl", [{"text": "a b c"}] * 3)
    other = jsonl("other.jsonl", [{"input": "Something else", "output": "1"}] * 3)
    works("sample", rows if words else other, "-n", "2", "--out", "sheet.csv")
    filled("sheet.csv", words.replace("-", "").split(" ") if words else ["yes", "yes"])
    Path("rated.csv").write_text("input,difficulty\nWhat is 1+1?,9\n")
    done = targen(*line.split())
    assert (done.code, said in done.err) == (int(code), True), done.err
    assert "try: \n" not in done.out, "a hint without words"
