"""The loop: each call requests many rows of one label, and later ones the missing rows."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from tests.files import lines

from ...runs import journal


def sizes(ran: Any) -> list[tuple[str, int]]:
    """The label and the number of rows that each call requested."""
    values = [request.origin.values for request in ran.asked("write")]
    return [(str(each["label"]).split(":")[0], int(str(each["count"]))) for each in values]


def test_calls_share_the_rows_of_a_label_evenly(bent):
    ran = bent("loop", {"thanks": 50, "asks": 7})
    assert ran.problem == ""
    assert sorted(sizes(ran)) == [("asks", 7), ("thanks", 16), ("thanks", 17), ("thanks", 17)]
    assert Counter(row["label"] for row in ran.rows) == {"thanks": 50, "asks": 7}
    assert ran.rejects == []
    assert len(ran.requests) == 4  # without step 4


def test_further_calls_request_the_missing_rows(bent):
    seen: list[Any] = []

    def bend(request: Any, good: Any) -> Any:
        seen.append(request)
        if len(seen) > 1:
            return good
        first = good["rows"][0]
        return {"rows": [first, first, {"text": " "}, *good["rows"][3:-1]]}

    ran = bent("loop", {"thanks": 20}, bend)
    assert ran.problem == ""
    # A repeat, an empty text, and a row less than requested: 17 of 20, and so 4 for the other 3.
    assert sizes(ran) == [("thanks", 20), ("thanks", 4)]
    assert len(ran.rows) == 20
    assert ran.reasons == {"repeated", "empty-text"}


def test_a_model_that_repeats_itself_ends_the_run_and_costs_few_calls(bent):
    same = {"text": "The hedge is cut, and the cat is back."}
    ran = bent("loop", {"thanks": 20}, lambda request, good: {"rows": [same] * 40})
    assert "1 of 20 rows" in ran.problem
    assert len(ran.requests) < 20


@pytest.fixture
def start(mail):
    """A command that makes rows by the loop."""
    return ("method", "loop", mail, "--set", "rows_per_call=5", "-b", "scripted", "--out", "run")


def test_a_cap_stops_the_loop_before_it_is_passed_and_a_larger_one_goes_on(targen, works, start):
    prices = ("-o", "price_in=10", "-o", "price_out=20", "--concurrency", "1")
    works(*start[:-1], "whole", "-n", 40, *prices)
    dollars = sum(record["cost"] for record in journal("whole"))
    capped = targen(*start, "-n", 40, *prices, "--max-cost", dollars)
    assert capped.code != 0  # since the next call may cost more than the others did
    assert 0 < sum(record["cost"] for record in journal("run")) < dollars
    works("resume", "run", "--max-cost", dollars * 3)
    assert lines("run/dataset.jsonl") == lines("whole/dataset.jsonl")
