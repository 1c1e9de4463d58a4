"""What RTE is: its rows, its prompts, its worked examples and its counts."""

from __future__ import annotations

import json
from collections import Counter


def test_each_row_leads_back_to_its_seed_and_calls(run):
    ran = run(rows=10)
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


def kinds(ran) -> Counter[str]:
    """The kinds of the not-entailed candidates of a run."""
    return Counter(
        record["dimensions"]["kind"]
        for record in (*ran.provenance, *ran.rejects)
        if record.get("intended") == "not_entailment"
    )


def test_a_quarter_of_what_is_not_entailed_is_contradicted(run):
    """As in the original data: the prompt of each call is the one that its draw names."""
    ran = run(quotas={"entailment": 0, "not_entailment": 200})
    drawn = kinds(ran)
    assert set(drawn) == {"contradicted", "open"}
    assert abs(drawn["contradicted"] / drawn.total() - 0.25) < 0.05
    prompts = Counter(
        request.origin.prompt for request in ran.requests if request.origin.step == "generate"
    )
    assert set(prompts) == {"contradicted", "open"}
    assert abs(prompts["contradicted"] / prompts.total() - 0.25) < 0.05


def test_the_kinds_do_not_depend_on_the_label_s_neighbours(run, tmp_path):
    """The kind is the place's: the same seed has the same kind whatever else is requested."""
    runs = []
    for name, quotas in (
        ("both", {"entailment": 20, "not_entailment": 20}),
        ("one", {"entailment": 0, "not_entailment": 30}),
    ):
        ran = run(quotas=quotas)
        runs.append({entry["id"]: entry["dimensions"]["kind"] for entry in ran.provenance})
        (tmp_path / "run").rename(tmp_path / name)
    shared = runs[0].keys() & runs[1].keys()
    assert len(shared) >= 10
    assert all(runs[0][place] == runs[1][place] for place in shared)


def test_both_labels_of_a_premise_keep_to_the_same_draws(run):
    """Nothing that is drawn tells the label: the same for both, and said in the same words."""
    by_seed: dict[str, list[dict[str, str]]] = {}
    for entry in run(rows=40, labels_per_seed="all").provenance:
        by_seed.setdefault(entry["seed"]["premise"], []).append(entry["dimensions"])
    pairs = [drawn for drawn in by_seed.values() if len(drawn) == 2]
    assert pairs
    assert all(first == second for first, second in pairs)


def test_an_empty_list_is_told_in_the_words_of_the_worked_one(run):
    (first, *_) = [r for r in run(rows=2).requests if r.origin.prompt == "premises"]
    worked, asked = (
        [line for line in message.content.split("\n") if line.startswith("Earlier texts")]
        for message in (first.messages[1], first.messages[-1])
    )
    assert worked == asked == ["Earlier texts on this topic: none"]


# --- worked examples --------------------------------------------------------


# --- counts and versions ----------------------------------------------------


# --- the paper's variant, official rows, instruction tuning -----------------


def test_without_seeds_a_call_writes_the_whole_pair(run):
    ran = run(rows=24, variants=("no-seeds",), contexts_limit=4)
    assert Counter(row["label"] for row in ran.rows) == {"entailment": 12, "not_entailment": 12}
    assert {request.origin.prompt for request in ran.requests} == {"themes", "pair", "meta"}
    assert set(kinds(ran)) == {"contradicted", "open"}
    assert {"text_length", "register", "about", "wording"} < set(ran.provenance[0]["dimensions"])
    # A topic that comes again is told its earlier premises.
    output = [r.messages[-1].content for r in ran.requests if r.origin.prompt == "pair"]
    assert any("Earlier premises on this topic: none" not in text for text in output)
