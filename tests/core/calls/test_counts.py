"""Counts of tokens that are none: the budget is charged with the request's bound."""

from __future__ import annotations

import pytest

from targen_core import ChatReply
from targen_core.errors import BudgetExhausted


@pytest.mark.parametrize("odd", [-50, 10**30, 1.5, "7"], ids=repr)
def test_a_budget_holds_against_a_service_that_lies(lab, desk, drive, odd):
    """However negative the usage is: as many calls as the bounds allow, and no more."""
    model = lab.ToyModel(lambda request: ChatReply("x", "stop", odd, odd))
    one = desk(model, max_tokens=1000, concurrency=1)
    counts = drive(one.many(40))
    bound = one.usage.tokens // sum(answer == "x" for answer in counts)
    assert bound > 40
    assert one.usage.tokens <= 1000
    assert all(answer == "x" or isinstance(answer, BudgetExhausted) for answer in counts)
    assert sum(isinstance(answer, BudgetExhausted) for answer in counts) >= 20
