"""Counts of tokens that are none: the budget is charged with the request's bound."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from targen_core import ChatReply, Price
from targen_core.calls.model import counted
from targen_core.errors import BudgetExhausted, ServiceError

ODD = [-1, -(10**9), 10**30, 10**9 + 1, True, 1.5, float("nan"), "7", None, [], {}]


@pytest.mark.parametrize("odd", ODD, ids=repr)
def test_what_is_no_count_is_the_bound(odd):
    reply = counted(ChatReply("x", "stop", odd, odd), 70, 40)
    assert (reply.input_tokens, reply.output_tokens) == (70, 40)
    more = dict.fromkeys(("cache_read_tokens", "cache_write_tokens", "reasoning_tokens"), odd)
    assert counted(ChatReply("x", "stop", 9, 5, **more), 70, 40).input_tokens == 9


COUNT = st.integers() | st.sampled_from([value for value in ODD if not isinstance(value, list)])


@given(COUNT, COUNT, COUNT, COUNT, COUNT)
def test_no_reply_ever_gives_money_back(input_tokens, output_tokens, read, written, thought):
    reply = ChatReply(
        *("x", "stop", input_tokens, output_tokens),
        cache_read_tokens=read,
        cache_write_tokens=written,
        reasoning_tokens=thought,
    )
    counts = counted(reply, 70, 40)
    price = Price(3.0, 15.0, cache_read=0.3, cache_write=3.75, long_from=100, long_input=2.0)
    dollars = price.dollars(
        *(counts.input_tokens, counts.output_tokens),
        cache_read=counts.cache_read_tokens,
        cache_write=counts.cache_write_tokens,
    )
    assert 0 <= dollars < 1e6
    assert 0 <= counts.reasoning_tokens <= counts.output_tokens


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


@pytest.mark.parametrize("odd", [float("inf"), float("nan"), -3.0])
def test_a_wait_that_is_no_time_is_none(odd):
    assert ServiceError("x", retry_after=odd).retry_after is None
