"""Rows that come from somewhere, not from a model: lists and generators that ask nothing."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

TASK = """
from pathlib import Path
from typing import Literal

from pydantic import BaseModel

from targen_core import ListStep, read_dataset
from targen_testing.sample import SAMPLE


class Passage(BaseModel):
    source: str
    text: str


class Review(BaseModel):
    text: str
    label: Literal["good", "bad"] | None = None


async def retrieved(llm, parent, existing):
    rows = read_dataset(Path("reviews.jsonl"), task=SAMPLE).rows
    rows = list(rows)[len(existing) : len(existing) + llm.batch]
    return [Passage(source="reviews.jsonl", text=row["text"]) for row in rows]


async def as_it_is(llm, passage):
    llm.note(source=passage.source)
    return Review(text=passage.text)


def labelled(label, words):
    async def write(llm, passage):
        return Review(text=f"{words} {passage.text}", label=label)

    return write


PASSAGES = ListStep(item=Passage, propose=retrieved, batch=5)
JUDGED = SAMPLE.replace(
    name="judged",
    instance=Review,
    contexts=None,
    seeds=(PASSAGES,),
    generators={"row": as_it_is},
    branch_labels={"row": None},
)
CODE = JUDGED.replace(
    name="code",
    generators={"good": labelled("good", "glad:"), "bad": labelled("bad", "sorry:")},
    branch_labels={},
    judging={"corrector": None},
)
SEEDED = SAMPLE.replace(name="seeded", contexts=None, seeds=(PASSAGES,))
"""
WORDS = "lamp kettle ferry hotel novel garden tunnel printer violin market bridge coat".split()
FILES = ("dataset.jsonl", "provenance.jsonl", "rejects.jsonl")


@pytest.fixture(autouse=True)
def _folder() -> None:
    Path("tasks.py").write_text(TASK)
    texts = [
        f"{'glad' if n % 3 else 'sorry'}: {' '.join(WORDS[(n * k) % 12] for k in (1, 5, 7))} {n}"
        for n in range(60)
    ]
    rows = [{"text": text, "label": "good", "idx": n} for n, text in enumerate(texts)]
    Path("reviews.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))


def _lines(name: str) -> list[dict]:
    return [json.loads(line) for line in Path(name).read_text().splitlines()]


def _grown_as_made(targen, task: str, *options: str) -> None:
    """A run that is made at once, and one that grows, are the same bytes."""
    whole = targen("generate", f"tasks.py:{task}", "-n", "12", *options, "-q", "--out", "a")
    assert whole.code == 0, whole.err
    for n in ("6", "12"):
        command = ("generate", f"tasks.py:{task}", "--out", "b") if n == "6" else ("resume", "b")
        more = options if n == "6" else ()
        assert targen(*command, "-n", n, *more, "-q").code == 0
    assert Counter(row["label"] for row in _lines("a/dataset.jsonl")) == {"good": 6, "bad": 6}
    assert Counter(row["label"] for row in _lines("b/dataset.jsonl")) == {"good": 6, "bad": 6}
    assert targen("resume", "a", "--verify", "-q").code == 0
    before = [Path("a", name).read_bytes() for name in FILES]
    Path("a/ledger").unlink(missing_ok=True)
    Path("a/report.json").unlink()
    assert targen("resume", "a", "-q").code == 0
    assert [Path("a", name).read_bytes() for name in FILES] == before


def test_retrieved_rows_are_labelled_by_step_4(targen):
    _grown_as_made(targen, "JUDGED", "-b", "scripted", "--near-duplicates", "0")
    for record in _lines("a/provenance.jsonl"):
        assert record["seed"]["source"] == record["notes"]["source"] == "reviews.jsonl"
        assert record["claimed"] is None
        assert len(record["calls"]) == 1  # step 4 alone
    usage = targen("report", "a", "--json").json["usage"]
    assert {line["step"] for line in usage["by_step"] if line["calls"]} == {"correct"}


def test_rows_of_code_rest_on_no_call(targen):
    _grown_as_made(targen, "CODE", "-b", "scripted", "--near-duplicates", "0")
    records = _lines("a/provenance.jsonl")
    assert [record["calls"] for record in records] == [[]] * 12
    assert {record["seed"]["source"] for record in records} == {"reviews.jsonl"}
    assert targen("report", "a", "--json").json["usage"]["total"]["calls"] == 0
    shown = targen("show", "a", "0")
    assert shown.code == 0, shown.err
    assert "reviews.jsonl" in shown.out


def test_retrieved_rows_are_seeds_of_generators_that_ask(targen):
    _grown_as_made(targen, "SEEDED", "-b", "scripted")
    for record in _lines("a/provenance.jsonl"):
        assert record["seed"]["source"] == "reviews.jsonl"
        assert len(record["calls"]) == 2


def test_a_source_that_is_used_up_ends_the_run_and_says_so(targen):
    result = targen(
        "generate",
        "tasks.py:JUDGED",
        "--label",
        "bad=40",
        "--give-up-after",
        "200",
        "-b",
        "scripted",
        "-q",
        "--out",
        "a",
    )
    assert result.code == 1, result.err
    assert "the lists of contexts and seeds ran out of new items" in result.err
    assert 0 < len(_lines("a/dataset.jsonl")) <= 20
