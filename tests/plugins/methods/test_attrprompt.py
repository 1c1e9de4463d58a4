"""AttrPrompt: what its prompts say, which values are dropped, and how they are dealt to labels."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest


def of_label(*names: str) -> Callable[[Any, Any], Any]:
    """Replies in which the model proposes these attributes, all of them for each label."""

    def bend(request: Any, reply: Any) -> Any:
        if request.origin.prompt == "attributes":
            return {"attributes": [{"name": name, "depends_on_label": True} for name in names]}
        return reply

    return bend


@pytest.mark.parametrize(
    ("base", "quotas"),
    [
        ("kit-texts", {"thanks": 20, "asks": 20}),
        ("kit-texts", {"thanks": 10, "asks": 30}),
        ("kit-pairs", {"agrees": 20, "objects": 20, "evades": 20}),
    ],
)
def test_no_shared_value_tells_the_label(bent, base, quotas):
    own = {
        "place": [f"place {number}" for number in range(10)],
        "mood": [f"mood {number}" for number in range(5)],
    }
    ran = bent("attrprompt", quotas, base=base, attributes=0, attribute=own, lengths=[20, 40])
    assert ran.problem == ""
    # With nothing to propose or to list, rows alone are asked for.
    assert {one.origin.prompt for one in ran.requests} == {"write"}
    facts = ran.provenance
    for name, values in own.items():
        for label, count in quotas.items():
            seen = Counter(fact["dimensions"][name] for fact in facts if fact["label"] == label)
            assert [*seen.values()] == [count // len(values)] * len(values)
    together = {tuple(fact["dimensions"].values()) for fact in facts}
    assert len(together) > len(facts) / 2  # the attributes are dealt apart


def test_values_are_dropped_for_suiting_another_label_only_where_a_row_is_one_text(bent):
    unfit = "thanks; and more"

    def bend(request: Any, reply: Any) -> Any:
        if request.origin.prompt == "values":
            return {"values": [unfit, f"fit {request.key[:6]}", "third"]}
        if request.origin.prompt == "overlap":
            assert unfit in json.loads(str(request.origin.values["values"]))
            return {"values": [unfit]}
        return of_label("way")(request, reply)

    ran = bent("attrprompt", {"thanks": 4, "asks": 4}, bend, values=3)
    assert len(ran.asked("overlap")) == 2
    ways = {fact["dimensions"]["way"] for fact in ran.provenance}
    assert unfit not in ways
    assert len(ways) == 3


@pytest.mark.parametrize(
    ("settings", "lengths"),
    [
        ({}, None),
        ({"lengths": [5, 60], "span": 20}, {"5 to 25 words", "60 to 80 words"}),
        ({"attribute": {"length": ["a line", "a page"]}}, {"a line", "a page"}),
    ],
)
def test_rows_differ_in_length(bent, settings, lengths):
    ran = bent("attrprompt", {"thanks": 10, "asks": 10}, values=4, **settings)
    asked = [str(one.origin.values["attribute"]) for one in ran.asked("values")]
    assert any(one.startswith("length. ") for one in asked) is (lengths is None)
    seen = {fact["dimensions"]["length"] for fact in ran.provenance}
    assert len(seen) == 4 if lengths is None else seen == lengths
