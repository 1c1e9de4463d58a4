"""What RTE is: where its rows are from, and what is drawn for them."""

from __future__ import annotations

import json
from collections import Counter


def test_each_row_leads_back_to_its_seed_and_calls(plain):
    ran = plain("rte", 40)
    journal = {
        record["key"]: record
        for line in (ran.path / "journal").read_text().splitlines()
        for record in [json.loads(line[9:])]
    }
    for row, entry in zip(ran.rows, ran.provenance, strict=True):
        assert entry["idx"] == row["idx"]
        assert entry["seed"]["premise"] == row["premise"]
        steps = [journal[key]["step"] for key in entry["calls"]]
        assert set(steps) == {"contexts", "seeds", "generate", "correct"}
        assert any(row["hypothesis"] in journal[key]["text"] for key in entry["calls"])


def test_a_quarter_of_what_is_not_entailed_is_contradicted(plain):
    """As in the original data: the prompt of each call is the one that its draw names."""
    ran = plain("rte", quotas={"entailment": 0, "not_entailment": 80})
    drawn = Counter(record["dimensions"]["kind"] for record in (*ran.provenance, *ran.rejects))
    prompts = Counter(r.origin.prompt for r in ran.requests if r.origin.step == "generate")
    for kinds in (drawn, prompts):
        assert set(kinds) == {"contradicted", "open"}
        assert abs(kinds["contradicted"] / kinds.total() - 0.25) < 0.05


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


# --- on replies as models write them ----------------------------------------


def test_without_a_schema_the_form_is_asked_for_in_words(run):
    bent = run(lambda step, good, repair: f"```json\n{json.dumps(good)}\n```", structured=False)
    assert len(bent.rows) == 8
    for request in bent.requests:
        assert "Its JSON schema:" in request.messages[-1].content
