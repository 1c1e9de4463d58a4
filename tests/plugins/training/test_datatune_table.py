"""`targen reproduce datatune-table2`, with made-up tasks and rows in the place of BIG-bench's."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from tests.files import write_lines
from tests.tables import table

SMALLEST = ("--trainer", "tfidf", "--repeats", 1)
TABLE = ("reproduce", "datatune-table2", "--original", "bigbench")

THINGS = "lamp boat garden letter bridge coat kitchen song river carpet engine candle".split()


def yes_no(start, count, **names):
    """Rows that one word decides, in these columns."""
    text, answer = names.get("text", "input"), names.get("answer", "output")
    for n in range(start, start + count):
        kind = ("lovely", "yes") if n % 2 else ("awful", "no")
        things = " or the ".join(random.Random(n).sample(THINGS, 5))
        yield {text: f"Is the {things} {kind[0]}?", answer: kind[1]}


@pytest.fixture(autouse=True)
def _folder(alone):
    examples = [
        {"input": row["input"], "target_scores": {"yes": 0.0, "no": 0.0} | {row["output"]: 1.0}}
        for row in yes_no(0, 30)
    ]
    said = {"name": "implicatures", "description": "Say.", "examples": examples}
    Path("bigbench").mkdir()
    Path("bigbench/implicatures.json").write_text(json.dumps(said))
    write_lines("transformed/implicatures.jsonl", yes_no(1000, 40, answer="label"))
    write_lines("synthetic/implicatures.jsonl", yes_no(2000, 40))
    write_lines("existing/implicatures.jsonl", yes_no(3000, 20, text="question", answer="label"))


def test_all_arms_beside_the_paper_s(targen, works):
    given = ("--transformed", "transformed", "--synthetic", "synthetic", "--existing", "existing")
    write_lines("answers/implicatures.jsonl", yes_no(0, 30))
    done = works(*TABLE, *given, "--answers", "answers", *SMALLEST)
    for words in ("44.5", "Prompt2Model", "DataTune+synthetic", "Differences from the paper"):
        assert words in done.out
    facts = targen(*TABLE, *given, "--answers", "answers", *SMALLEST, "--json").json
    arms = {each["arm"]: each["scores"]["implicatures"] for each in facts["here"]}
    assert set(arms) == {
        "existing", "synthetic", "DataTune", "Prompt2Model", "DataTune+synthetic",
    }  # fmt: skip
    assert facts["few_shot"]["implicatures"]["value"] == 100
    assert all(each["low"] <= each["value"] <= each["high"] <= 100 for each in arms.values())


REFUSED = """
    --repeats 1 | have rows to train on
    --tasks rte | datatune-table2 has no task rte
    --transformed nowhere | the folder nowhere does not exist
    --models huge | unknown --models huge
    --transformed alike | does not have two different outputs
"""


@pytest.mark.parametrize(("more", "words", "hint"), table(REFUSED))
def test_what_cannot_be_done(more, words, hint, refuses):
    alike = [{"input": f"x {n}", "output": "yes"} for n in range(9)]
    write_lines("alike/implicatures.jsonl", alike)
    refuses((*TABLE, *more.split(), *SMALLEST), words, hint, keeps=False)
