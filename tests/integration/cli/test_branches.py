"""Tasks whose branches are not their labels, from the command's first word to its last."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ...runs import records

ROWS = "--label good=7 --label bad=11 -b scripted"


@pytest.fixture(autouse=True)
def _tasks(own_task):
    own_task("claims")


TOLD = {
    "ONE": ("claim   determined by step 4", "claim (any label)", "label before step 4  none"),
    "FINER": ("doubted", "doubted (bad)", ""),
}


@pytest.mark.parametrize("task", TOLD)
def test_all_commands_that_tell_of_it_know_its_branches(task, works):
    name = f"claims.py:{task}"
    works(f"generate {name} {ROWS} -q --out a")
    described, flow, shown = TOLD[task]
    assert described in works(f"describe {name}").out
    assert flow in works("report a").out.partition("Label flow")[2]
    assert shown in re.sub("  +", "  ", works("show a 0").out)
    works(f"estimate {name} {ROWS} --yield 0.5")
    works(f"preview {name} -b scripted -n 2")
    works("validate a")
    works("correct a -b scripted --corrector blind --out d")
    works("analyze a --metric labels --out e -q")
    measured = Path("e/analysis.json").read_text()
    assert ("of the candidates of a that got a label" in measured) == (task == "FINER")
    assert "Row: the task's branch" in measured


def test_a_label_that_came_with_the_text_is_a_claim_like_any_other(rows, own_task, works, refuses):
    """Half of them are wrong: step 4 is asked of them, and has the last word."""
    given = "Claim(text=made, label=label or ('good' if len(topic) % 2 else 'bad'))"
    own_task("claims", ("Claim(text=made, label=label)", given))
    generate = f"generate claims.py:ONE {ROWS} -q --out"
    works(f"{generate} a")
    assert {record["claimed"] for record in records("a")} == {"good", "bad"}
    assert [row["label"] for row in rows("a")] == [record["label"] for record in records("a")]
    prompts = {call["prompt"] for call in works("show a 0 --json").json["calls"]}
    assert prompts >= {"inline", "meta"}, "a claim is checked, and not solved anew"
    own_task("claims", ("Literal[", "str | Literal["), ("label=label", "label='martian'"))
    said = "most common cause: illegal-label, 50 times"
    refuses(f"{generate} b", said, code=1, keeps=False)
