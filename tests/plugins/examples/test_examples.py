"""The examples pass the conformance kit, and give what their presets say through the command."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from hatchling.builders.wheel import WheelBuilder

from targen_core import read_dataset
from targen_testing.tasks import TaskSuite as Suite

EXAMPLES = Path(__file__).resolve().parents[3] / "plugins" / "examples"
SIZES = {
    **dict.fromkeys(
        ("sentiment.yaml", "question_types.yaml", "german_mail.yaml", "nli.py"),
        ("--preset", "small"),
    ),
    **dict.fromkeys(("entities.py", "span_answers.py"), ("-n", 24)),  # OutputSuite checks the rest
    "banking_intents.yaml": ("-n", 77),  # its steps are those of German mail
}
CLAUSES = EXAMPLES / "targen_contract_clauses"


class TestGermanMail(Suite):
    task = str(EXAMPLES / "german_mail.yaml")
    rows = 12


class TestNli(Suite):
    task = str(EXAMPLES / "nli.py")


class TestContractClauses(Suite):
    task = "contract-clauses"
    folder = CLAUSES


@pytest.mark.parametrize("name", SIZES)
def test_an_example_makes_as_many_rows_of_each_label(works, name):
    works("generate", EXAMPLES / name, *SIZES[name], "-b", "scripted", "-q", "--out", "run")
    counts = read_dataset("run").labels
    assert len(counts) > 1
    assert len(set(counts.values())) == 1
    works("validate", "run")


def test_the_table_names_every_example():
    table = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    there = [
        p for p in EXAMPLES.iterdir() if p.suffix != ".md" and not p.name.startswith(("_", "."))
    ]
    assert [path.name for path in there if f"]({path.name})" not in table] == []


def test_the_distribution_carries_its_declaration(tmp_path):
    (wheel,) = WheelBuilder(str(CLAUSES)).build(directory=str(tmp_path))
    assert "targen_contract_clauses/task.yaml" in zipfile.ZipFile(wheel).namelist()
