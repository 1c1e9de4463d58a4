"""`--shares-of`: rows in the label shares of labelled rows of one's own."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

import targen_core

from ..files import lines

TASK = """
description: Weather reports of a local radio station.
labels: {warm: it is warm, cold: it is cold, wet: it rains}
"""


@pytest.fixture
def own(tmp_path, monkeypatch):
    """A task, and labelled rows: warm 5, cold 2, wet 1."""
    monkeypatch.chdir(tmp_path)
    Path("weather.yaml").write_text(TASK)
    labels = ["warm"] * 5 + ["cold"] * 2 + ["wet"]
    rows = [f"report number {at} of the day,{label}\n" for at, label in enumerate(labels)]
    Path("own.csv").write_text("".join(["text,label\n", *rows]))


def labels(run="run"):
    return Counter(row["label"] for row in lines(f"{run}/dataset.jsonl"))


GENERATE = "generate weather.yaml -b scripted --out run -q"


@pytest.mark.whole  # an estimate needs a backend
@pytest.mark.usefixtures("own")
def test_rows_have_the_shares_by_the_largest_remainders(works):
    for _ in range(2):
        works(f"{GENERATE} -n 12 --shares-of own.csv")
        # 7.5, 3 and 1.5: the first of equal remainders gets the row.
        assert labels() == {"warm": 8, "cold": 3, "wet": 1}
    works("estimate weather.yaml -n 12 --shares-of own.csv --json")


@pytest.mark.usefixtures("own")
def test_a_label_that_the_rows_lack_is_named(works):
    Path("two.csv").write_text("text,label\nvery warm today,warm\nvery cold today,cold\n")
    done = works(f"{GENERATE} -n 4 --shares-of two.csv")
    assert labels() == {"warm": 2, "cold": 2}
    assert "two.csv has no rows with these labels, so targen will not generate any: wet" in done.err


@pytest.mark.usefixtures("own")
def test_the_shares_may_be_those_of_the_examples(works):
    works(f"{GENERATE} -n 8 --shares-of examples --examples own.csv")
    assert labels() == {"warm": 5, "cold": 2, "wet": 1}
    Path("weather.yaml").write_text(f"{TASK}examples: own.csv\n")
    works("generate weather.yaml -b scripted --out file -q -n 8 --shares-of examples")
    assert labels("file") == {"warm": 5, "cold": 2, "wet": 1}


@pytest.mark.usefixtures("own")
def test_rows_with_a_misspelt_label_are_told(works):
    Path("own.csv").write_text(Path("own.csv").read_text().replace(",cold", ",Cold", 1))
    said = works(f"{GENERATE} -n 7 --shares-of own.csv").err
    assert "own.csv: 1 row not counted, such as line 7: label: 'Cold' is not " in said
    assert "did you mean cold?" in said
    assert labels() == {"warm": 5, "cold": 1, "wet": 1}


@pytest.mark.usefixtures("own")
def test_rows_in_memory_are_not_printed(caplog):
    rows = [{"text": f"report {at}", "label": "warm"} for at in range(9)]
    asked = {"model": "scripted", "out": "run", "progress": False}
    targen_core.generate("weather.yaml", n=4, shares_of=rows, **asked)
    assert "the given data has no rows with these labels" in caplog.text
    assert "report 3" not in caplog.text
