"""Mistakes in the commands that train, compare and weigh: the error, the hint, nothing changed."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.files import changed, lines, write_lines
from tests.tables import table

TOGETHER = """
together = true
[tasks.mood]
task = "mood.yaml"
test = "test.jsonl"
arms = { Og = "rows.jsonl", Syn = "other.jsonl" }
[tasks.other]
task = "other.yaml"
test = "test.jsonl"
arms = { Og = "other.jsonl", Syn = "rows.jsonl" }
"""
EXPERIMENTS = {
    "odd.toml": 'task="rte"\ntest="t"\ncolour=1\n[arms]\na="b"\n',
    "arms.toml": TOGETHER.replace('Og = "other.jsonl"', 'Odd = "other.jsonl"'),
    "curve.toml": TOGETHER.replace("together = true", "together = true\nrows = [16]"),
    "lost.toml": TOGETHER.replace('Og = "other.jsonl"', 'Og = "lost.jsonl"'),
    "paid.toml": TOGETHER.replace('Og = "rows.jsonl"', "Og = { generate = { n = 4 } }"),
    "twice.toml": TOGETHER.replace('"other.yaml"', '"mood.yaml"'),
}


@pytest.fixture
def _there(mood, decoder):
    """Rows of all kinds, models in m and d, and tasks."""
    mood("one.jsonl", 30, labels=("praise",))
    mood("few.jsonl", 12)
    mood("rows.jsonl", 40)
    mood("other.jsonl", 20, seed=1)
    mood("test.jsonl", 20, seed=2)
    rows = lines("rows.jsonl")
    write_lines("bare.jsonl", ({"text": row["text"], "idx": row["idx"]} for row in rows))
    mood("odd.jsonl", 40)
    with changed("odd.jsonl") as rows:
        for at, row in enumerate(rows):
            row["label"] = "praise" if at % 4 < 2 else "blame"  # nothing tells them apart
            row["text"] = f"The lamp is {['lovely', 'awful'][at % 2]}."
    Path("said.csv").touch()
    Path("other.csv").write_text("one,two,category\nall is well,so far,praise\n")
    Path("full").mkdir()
    Path("full/file").touch()
    Path("third.yaml").write_text(Path("mood.yaml").read_text())
    Path("other.yaml").write_text(Path("mood.yaml").read_text())
    Path("else").mkdir()
    Path("else/mood.yaml").write_text(Path("mood.yaml").read_text().replace("A sentence", "One"))
    for name, text in EXPERIMENTS.items():
        Path(name).write_text(text)


# In a line, MOOD stands for the task, and VERSUS for what a comparison is made with.
LINES = """
    train rows.jsonl MOOD -o speed=1 | tfidf has no option 'speed'
    train rows.jsonl MOOD -o regularization=0 | option regularization of tfidf: it must be above 0
    train rows.jsonl MOOD --trainer vectors -o embedder=wrods | | did you mean words
    train one.jsonl MOOD | all rows have the label praise
    train mood.yaml=rows.jsonl else/mood.yaml=rows.jsonl | that have the same name | --task FILE
    train rows.jsonl MOOD --model tfidf | tfidf is a trainer
    train rows.jsonl MOOD --model ./nowhere | no model folder ./nowhere
    train rows.jsonl MOOD --from nowhere | no folder nowhere
    train rows.jsonl MOOD --from m | always trains a new model
    train rows.jsonl MOOD --from m --model x | cannot be used together
    evaluate full rows.jsonl | full does not contain a model: model.json
    evaluate m bare.jsonl MOOD | none of the rows have a label
    evaluate m rows.jsonl MOOD --by colour | the rows do not have this column
    evaluate m rows.jsonl MOOD --out said.csv | said.csv already exists
    evaluate m rows.jsonl MOOD --out new.xlsx | must end in .csv or .jsonl | --out new.csv
    evaluate d rows.jsonl --harness arc_easy | has its own data
    evaluate d | no rows for evaluation were given
    evaluate m --harness arc_easy | | --trainer decoder
    predict m bare.jsonl | missing option '--out'
    predict m bare.jsonl --out new | must end in .csv or .jsonl | --out new.csv
    predict m bare.jsonl --out said.csv | said.csv already exists
    predict nowhere bare.jsonl --out new.csv | no folder nowhere | targen predict MODEL DATA

    compare rows.jsonl --test test.jsonl | | --task NAME
    compare A=rows.jsonl A=other.jsonl VERSUS | two datasets have the name A
    compare A=rows.jsonl+ VERSUS | a dataset is missing
    compare rows.jsonl --test bare.jsonl MOOD | none of the test rows have a label
    compare one.jsonl VERSUS | all rows have the label praise
    compare test.jsonl VERSUS | all 20 rows, or near copies of them, are also in the test set
    compare rows.jsonl --test other.csv MOOD | columns one, two may each be the text | text=one
    compare rows.jsonl VERSUS --trainer tfidf,speed=5 | has no option 'speed'
    compare rows.jsonl VERSUS --metric bleu | | use one of: accuracy
    compare rows.jsonl VERSUS --curve 2,x | --curve 2,x is not a list of numbers
    compare rows.jsonl VERSUS --real other.jsonl --curve 5,2 | --curve: must be increasing numbers
    compare rows.jsonl a=few.jsonl VERSUS --real other.jsonl --curve 2 | needs exactly one dataset
    compare rows.jsonl VERSUS --real other.jsonl --curve 2,all | --curve: input should be
    compare rows.jsonl VERSUS --real none.jsonl | none.jsonl
    compare odd.toml | odd.toml: colour: unknown key
    compare odd.toml --repeats 3 | odd.toml already sets --repeats
    compare arms.toml | with the same arms
    compare curve.toml | cannot be combined with learning curves
    compare lost.toml | no file lost.jsonl
    compare paid.toml | paid.toml has arms to generate | targen ablate
    compare twice.toml | two parts contain rows of mood

    ablate ./mood.yaml ABLATED --arms corection | there is no arm corection
    ablate ./mood.yaml ABLATED -o odd | option 'odd' is not KEY=VALUE

    reweigh one.jsonl MOOD | all rows have the label praise
    reweigh few.jsonl MOOD | few has 12 labelled rows: too few
    reweigh rows.jsonl MOOD -o colour=red | sungen has no option 'colour' | options:
    reweigh rows.jsonl MOOD -o trust=2 | option trust of sungen: it must be at most 1
    reweigh rows.jsonl MOOD --features nothing | nothing
    reweigh rows.jsonl MOOD --validation few.jsonl | --validation requires --by influence
    reweigh rows.jsonl MOOD --by influence --validation one.jsonl | rows have the label praise
    reweigh odd.jsonl MOOD --by influence | of the 40 held-out rows, but always
    reweigh rows.jsonl MOOD --out full --force | contains something other than weighted rows
"""
WORDS = {
    "MOOD": "--task mood.yaml",
    "VERSUS": "--test test.jsonl --task mood.yaml",
    "ABLATED": "--test test.jsonl --generator scripted -n 8",
}


@pytest.mark.usefixtures("_there")
@pytest.mark.parametrize(("line", "error", "hint"), table(LINES))
def test_a_line_is_refused(line, error, hint, refuses):
    for short, whole in WORDS.items():
        line = line.replace(short, whole)
    refuses(line, error, hint)


def test_a_package_that_a_trainer_lacks_is_named(mood, refuses, monkeypatch):
    monkeypatch.setitem(sys.modules, "transformers", None)
    mood("rows.jsonl", 12)
    line = "train rows.jsonl --task mood.yaml --trainer encoder --out n"
    refuses(line, "needs the package 'transformers'", "[torch]", code=1)
