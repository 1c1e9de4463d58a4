"""Tasks whose branches are not their labels, from the command's first word to its last."""

from __future__ import annotations

import pytest

from ...runs import records

ROWS = "--label good=7 --label bad=11 -b scripted"


@pytest.fixture(autouse=True)
def _tasks(own_task):
    own_task("claims")


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
