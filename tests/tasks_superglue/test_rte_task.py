"""What RTE is: where its rows are from, and what is drawn for them."""

from __future__ import annotations

from collections import Counter


def test_an_empty_list_is_told_in_the_words_of_the_worked_one(plain):
    first = plain("rte", 40).asked("premises")[0]
    worked, asked = (
        [line for line in message.content.split("\n") if line.startswith("Earlier texts")]
        for message in (first.messages[1], first.messages[-1])
    )
    assert worked == asked == ["Earlier texts on this topic: none"]


def test_without_seeds_a_call_writes_the_whole_pair(plain):
    ran = plain("rte", 24, variants=("no-seeds",), contexts_limit=4)
    assert Counter(row["label"] for row in ran.rows) == {"entailment": 12, "not_entailment": 12}
    kinds = {e["dimensions"]["kind"] for e in ran.provenance if e["intended"] == "not_entailment"}
    assert kinds == {"contradicted", "open"}
    assert {"text_length", "register", "about", "wording"} < set(ran.provenance[0]["dimensions"])
    # A topic that comes again is told its earlier premises.
    output = [request.messages[-1].content for request in ran.asked("pair")]
    assert any("Earlier premises on this topic: none" not in text for text in output)
