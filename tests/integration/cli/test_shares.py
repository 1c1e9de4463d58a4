"""Exact shares of properties: `--share language=German:15,English:15`."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

TASK = """
description: E-mails that customers write to a small shop.
labels:
  order: The customer asks about an order.
  refund: The customer wants money back.
  other: Anything else.
"""


@pytest.fixture
def task() -> str:
    Path("mail.yaml").write_text(TASK)
    return "mail.yaml"


def counted(run: str, *columns: str) -> Counter[tuple[str, ...]]:
    lines = Path(run, "dataset.jsonl").read_text().splitlines()
    return Counter(tuple(json.loads(line)[name] for name in columns) for line in lines)


def test_ratios_unequal_labels_and_a_growing_run(works, task):
    works(
        f"generate {task} --label order=8,refund=4,other=4 -b scripted "
        "--share size=small:3,large:1 --out run"
    )
    assert counted("run", "size") == {("small",): 12, ("large",): 4}
    assert counted("run", "label") == {("order",): 8, ("refund",): 4, ("other",): 4}
    works("resume run -n 32")
    assert counted("run", "size") == {("small",): 24, ("large",): 8}


def test_a_dimension_of_a_file_is_exact_and_its_splits_are(works, task):
    exact = "dimensions: {tone: {values: {dry: 2, warm: 1}, exact: true}}\n"
    Path(task).write_text(TASK + exact)
    assert "dry 20; warm 10" in works(f"generate {task} -n 30 -b scripted --dry-run").out
    works(f"generate {task} -n 30 -b scripted --out run")
    assert counted("run", "tone") == {("dry",): 20, ("warm",): 10}
    works("resume run -n 36")
    assert counted("run", "tone") == {("dry",): 24, ("warm",): 12}
    works("export run --split 0.5/0.5 --out halves")
    train = [json.loads(line) for line in Path("halves/train.jsonl").read_text().splitlines()]
    assert Counter(row["label"] for row in train) == {"order": 6, "refund": 6, "other": 6}
    assert abs(Counter(row["tone"] for row in train)["dry"] - 12) <= 1


def test_two_properties_are_crossed(works, targen, task):
    shares = "--share language=German,English --share tone=dry:2,warm:1"
    works(f"generate {task} -n 18 -b scripted {shares} --out run")
    assert counted("run", "language", "tone") == {
        (language, tone): 6 if tone == "dry" else 3
        for language in ("German", "English")
        for tone in ("dry", "warm")
    }
    refused = targen(f"generate {task} -n 20 -b scripted {shares} --out other")
    assert refused.code == 2
    assert "20 rows cannot be divided into the 4 combinations of language and tone" in refused.err
    assert "try: -n 18" in refused.err


@pytest.mark.parametrize(
    ("share", "said"),
    [
        ("tone", "'tone' is not NAME=VALUE:ROWS,..."),
        ("tone=@words", "--share tone=@words does not list its values"),
        ("tone=dry", "a property needs two values or more"),
        ("tone=dry:0,warm:2", "each value needs a whole number of rows"),
        ("label=a:1,b:1", "rows have a column with that name"),
        ("my tone=a,b", "a property cannot be called 'my tone'"),
    ],
)
def test_a_share_that_cannot_be_is_refused(targen, task, share, said):
    done = targen("generate", task, "-n", "4", "-b", "scripted", "--share", share)
    assert done.code == 2
    assert said in done.err
    assert not Path("runs").exists()
