"""`targen replay`: a run rebuilt from its journal, through the command; nothing is sent."""

from __future__ import annotations

from pathlib import Path

import pytest

from ...runs import manifest, outputs, records, report
from ...tables import table

REVIEWS = """\
description: A review of a restaurant, one or two sentences.
contexts: occasions
labels:
  good: it praises
  bad: it blames
"""


CHECKED = """
from targen_standard.task_files.model import Declaration
from targen_core import Rejected

labels = {"good": "praise", "bad": "blame"}
declared = Declaration(description="A review.", contexts="occasions", labels=labels)
plain = declared.task(name="reviews")

def check(instance, seed):
    if WORD in instance.text:
        raise Rejected("word", f"it contains {WORD}")

TASK = plain.replace(checks=(*plain.checks, check))
WORD = "nothing holds this"
"""


def test_changed_checks_ask_nothing_where_the_rows_suffice(works, silent):
    Path("reviews.py").write_text(CHECKED)
    works("generate reviews.py -n 16 -b scripted -q --out run")
    word = records("run", "dataset.jsonl")[0]["text"].split()[0].strip(".,")
    Path("reviews.py").write_text(CHECKED.replace("nothing holds this", word))
    silent()
    works("replay run --task reviews.py --out strict -n 4")
    assert report("strict")["status"] == "complete"
    rows = [row["text"] for row in records("strict", "dataset.jsonl")]
    assert len(rows) == 4 and not any(word in text for text in rows)
    assert any(record["reason"] == "word" for record in records("strict", "rejects.jsonl"))


LACKING = """
    --corrector vote | correct | the corrector is targen-standard:vote
    --near-duplicates 2 | generate | the run did not make this call
    -n 40 | generate | the run did not make this call
"""


@pytest.mark.parametrize(("words", "step", "why"), table(LACKING))
def test_what_is_lacking_is_no_reject_and_resume_makes_it(works, words, step, why):
    Path("reviews.yaml").write_text(REVIEWS)
    generate = "generate reviews.yaml -b scripted -o refusal_rate=0.1 -q"
    # Few scripted rows of one label are at all alike.
    rows = 60 if words.startswith("--near-duplicates") else 16
    works(f"{generate} -n {rows} --out run")
    replayed = works(f"replay run {words} --out new")
    pending = records("new", "pending.jsonl")
    assert pending and step in {record["step"] for record in pending}
    assert any(record["why"].startswith(why) for record in pending)
    assert manifest("new")["replay_of"] == "run"
    waiting = {record["id"] for record in pending if "id" in record}
    assert not waiting & {r.get("id") for r in records("new", "rejects.jsonl")}
    assert not waiting & {r["id"] for r in records("new")}
    assert "not-recorded" not in Path("new/rejects.jsonl").read_text()
    assert report("new")["status"] == "stopped" and not report("new")["met"]
    needed = report("new")["replay"]["needed"]
    assert why in replayed.out and "targen resume new" in replayed.out
    assert {each["step"] for each in needed} == {record["step"] for record in pending}
    quiet = works(f"replay run {words} --out quiet -q")
    assert quiet.out == "quiet/dataset.jsonl\n"
    assert "any that follow: targen resume quiet" in quiet.err
    if words.startswith("--near-duplicates"):
        return  # a scripted task never has so many unlike rows
    journaled = len(Path("new/journal").read_bytes().splitlines())
    works("resume new -q")
    assert not Path("new/pending.jsonl").exists()
    changed = words if words.startswith("-n") else f"{words} -n 16"
    works(f"{generate} {changed} --no-cache --out fresh")
    assert outputs("new") == outputs("fresh")
    total = report("new")["usage"]["total"]
    # What the old run paid for was not asked again.
    assert (total["copied"], total["cached"]) == (journaled, 0)
    assert 0 < total["calls"] < report("fresh")["usage"]["total"]["calls"] + journaled
