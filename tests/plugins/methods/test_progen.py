"""ProGen: rounds learn from the rows before them, and the same rows come out however it is run."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

import targen_core
from targen_core import ChatReply
from targen_core.calls.model import ChatRequest
from tests.files import lines

pytestmark = pytest.mark.whole  # influence is measured with targen-training

GLAD = "sunny bright cheerful golden gentle warm lucky merry happy radiant".split()
SAD = "rainy gloomy bitter broken hollow frozen weary dismal lonely grey".split()
PLAIN = "street market window garden harbour kitchen teacher village morning letter".split()


class Diarist:
    """Writes notes whose words tell the label, but every fifth has the other label's words."""

    identity, structured, seeded = "diarist", True, True
    max_concurrency = price = None

    def __init__(self, *, learns: bool = True) -> None:
        self.learns = learns
        self.shown: list[str] = []

    async def complete(self, request: ChatRequest) -> ChatReply:
        rng = random.Random(request.key)
        said = request.messages[-1].content
        if "of one such text" in said:
            return ChatReply(f'{" ".join(rng.sample(PLAIN, 3))}"', "stop", 5, 5)
        self.shown.append(said)
        words = GLAD if ("label loan" in said) == (rng.random() < 0.8) else SAD
        mine = [*rng.sample(words, 5), *rng.sample(PLAIN, 6)]
        if not self.learns:  # no word stands in two rows
            mine = [f"w{rng.randrange(10**12)}" for _ in mine]
        rng.shuffle(mine)
        return ChatReply(f'{" ".join(mine).capitalize()}."', "stop", 9, 9)

    def count_tokens(self, request: ChatRequest) -> int:
        return 50

    async def aclose(self) -> None:
        pass


@pytest.fixture
def notes(mail, tmp_path):
    path = tmp_path / "asked.yaml"
    path.write_text(
        "method:\n  use: progen\n  task: mail.yaml\n  preset: small\n"
        "  options: {min_words: 5, examples: 4, plain: 0.25}\n",
        encoding="utf-8",
    )
    return path


def rounds(run: Path) -> dict[int, dict[str, Any]]:
    """The rounds of a run by number, each with its rows' numbers."""
    found: dict[int, dict[str, Any]] = {}
    for number, record in enumerate(lines(run / "provenance.jsonl")):
        one = record["above"][0]
        found.setdefault(one["number"], {**one, "made": []})["made"].append(number)
    return found


def is_true(row: dict[str, Any]) -> bool:
    """Whether a row's words are those of its label."""
    return any(word in row["text"].lower() for word in (GLAD if row["label"] == "loan" else SAD))


def test_later_rounds_are_shown_rows_that_help_a_model(notes, tmp_path):
    run, model = tmp_path / "run", Diarist()
    targen_core.generate(str(notes), model=model, n=160, out=run)
    found = rounds(run)
    known = [one["rows"] for one in found.values()]
    assert known == [one["made"][0] for one in found.values()]  # all rows before it
    assert found[1]["chosen"].startswith(f"of all {known[1]} rows")
    assert found[2]["chosen"].startswith("by influence on a model that is right in")
    rows = lines(run / "dataset.jsonl")
    pool = [rows[number] for numbers in found[2]["pool"].values() for number in numbers]
    for label, numbers in found[2]["pool"].items():
        assert {rows[number]["label"] for number in numbers} <= {label}
    of_all = sum(map(is_true, rows[: known[2]])) / known[2]
    assert sum(map(is_true, pool)) / len(pool) > of_all + 0.1
    for record in lines(run / "provenance.jsonl"):
        label = record["id"].split("/")[1]
        texts = {rows[number]["text"] for number in found[2]["pool"][label]}
        for examples in record["above"][1]["examples"] if record["notes"]["round"] == 2 else ():
            assert {*examples[label]} <= texts
    # They stand in the prompt without their label.
    told = [said for said in model.shown if said.count("\n\n") > 2]
    assert len(told) > 10
    assert all(said.count("label loan") + said.count("label room") == 1 for said in told)
