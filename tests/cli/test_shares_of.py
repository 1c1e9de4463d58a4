"""`--shares-of`: rows in the label shares of labelled rows of one's own."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

import targen_core
from targen_core.errors import UsageError

TASK = """
description: Weather reports of a local radio station.
labels:
  warm: it is warm
  cold: it is cold
  wet: it rains
"""


@pytest.fixture
def own(tmp_path, monkeypatch):
    """A task, and labelled rows: warm 5, cold 2, wet 1."""
    monkeypatch.chdir(tmp_path)
    Path("weather.yaml").write_text(TASK)
    labels = ["warm"] * 5 + ["cold"] * 2 + ["wet"]
    lines = [f"report number {at} of the day,{label}\n" for at, label in enumerate(labels)]
    Path("own.csv").write_text("".join(["text,label\n", *lines]))


def labels(run):
    rows = (Path(run) / "dataset.jsonl").read_text().splitlines()
    return Counter(json.loads(row)["label"] for row in rows)


@pytest.mark.whole  # an estimate needs a backend
@pytest.mark.usefixtures("own")
def test_rows_have_the_shares_by_the_largest_remainders(targen):
    done = targen("generate", "weather.yaml", "-n", "12", "--shares-of", "own.csv", "-b",
                  "scripted", "--out", "run", "-q")  # fmt: skip
    assert done.code == 0, done.err
    # 7.5, 3 and 1.5: the first of equal remainders gets the row.
    assert labels("run") == {"warm": 8, "cold": 3, "wet": 1}
    again = targen("generate", "weather.yaml", "-n", "12", "--shares-of", "own.csv", "-b",
                   "scripted", "--out", "run", "-q")  # fmt: skip
    assert again.code == 0
    estimated = targen("estimate", "weather.yaml", "-n", "12", "--shares-of", "own.csv", "--json")
    assert estimated.code == 0


@pytest.mark.usefixtures("own")
def test_the_same_from_python():
    run = targen_core.generate(
        "weather.yaml", n=20, shares_of="own.csv", model="scripted", out="run", progress=False
    )
    assert labels(run.path) == {"warm": 13, "cold": 5, "wet": 2}
    with pytest.raises(UsageError, match="shares_of"):
        targen_core.generate("weather.yaml", shares_of="own.csv", model="scripted", out="other")


@pytest.mark.usefixtures("own")
@pytest.mark.parametrize(
    ("words", "said"),
    [("--shares-of own.csv", "--shares-of FILE needs a single total number of rows"),
     ("--label warm=2 --shares-of own.csv", "--shares-of FILE"),
     ("-n 4 --shares-of strange.csv", "strange.csv")],
)  # fmt: skip
def test_what_cannot_be_is_said(refuses, words, said):
    Path("strange.csv").write_text("text,label\nit snows today,snow\n")
    refuses(f"generate weather.yaml {words} -b scripted --out run", said)


@pytest.mark.usefixtures("own")
def test_a_label_that_the_rows_lack_is_named(targen):
    Path("two.csv").write_text("text,label\nvery warm today,warm\nvery cold today,cold\n")
    done = targen("generate", "weather.yaml", "-n", "4", "--shares-of", "two.csv", "-b",
                  "scripted", "--out", "run", "-q")  # fmt: skip
    assert done.code == 0
    assert labels("run") == {"warm": 2, "cold": 2}
    assert "two.csv has no rows with these labels, so targen will not generate any: wet" in done.err
