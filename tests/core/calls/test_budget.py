"""The budget: a hard cap, whatever is in flight and whatever is lost."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from targen_core import ChatReply, Price
from targen_core.errors import BudgetExhausted, ServiceError

CAPS = st.one_of(
    st.fixed_dictionaries({"max_tokens": st.integers(50, 3000)}),
    st.fixed_dictionaries({"max_cost": st.floats(1e-4, 5e-3)}),
    st.fixed_dictionaries({"max_tokens": st.integers(50, 3000), "max_cost": st.floats(1e-4, 5e-3)}),
)


@given(caps=CAPS, concurrency=st.integers(1, 30), salt=st.integers(0, 10**6))
@settings(max_examples=30)
def test_no_cap_is_ever_passed(lab, desk, drive, folder, caps, concurrency, salt):
    """Random sizes, latencies, failures and lost answers, many calls at once."""
    paid, lost = {"tokens": 0, "dollars": 0.0}, 0
    price = Price(2.0, 6.0)

    def pay(input_tokens, output_tokens):
        paid["tokens"] += input_tokens + output_tokens
        paid["dollars"] += price.dollars(input_tokens, output_tokens)
        if "max_tokens" in caps:
            assert paid["tokens"] <= caps["max_tokens"]
        if "max_cost" in caps:
            assert paid["dollars"] <= caps["max_cost"] + 1e-9

    def reply(request):
        rng = random.Random(f"{salt} {request.key} {len(model.asked)}")
        bound = model.count_tokens(request)
        draw = rng.random()
        if draw < 0.1:
            raise ServiceError("refused the connection")
        if draw < 0.25:
            pay(bound, 50)  # the worst that a lost answer can have cost
            nonlocal lost
            lost += 1
            raise ServiceError("timed out", billed=True)
        input_tokens, output_tokens = rng.randint(0, bound), rng.randint(0, 50)
        pay(input_tokens, output_tokens)
        return ChatReply("x", "stop", input_tokens, output_tokens)

    model = lab.ToyModel(reply, latency=lab.latency(salt), price=price)
    with folder() as path:
        one = desk(
            model,
            path=path / "journal",
            concurrency=concurrency,
            price=price,
            max_outage=1e6,
            **caps,
        )

        async def work():
            outcomes = await one.many(40)
            for error in outcomes:
                assert error == "x" or isinstance(error, BudgetExhausted)
            return outcomes

        outcomes = drive(work())
        assert one.usage.tokens == paid["tokens"]
        assert one.usage.dollars == pytest.approx(paid["dollars"])
        assert one.usage.total.input_tokens + one.usage.total.output_tokens == paid["tokens"]
        if outcomes.count("x") < 40:
            stopped = next(error for error in outcomes if error != "x")
            assert " with a larger --max-" in stopped.hint
        assert one.usage.total.lost == lost
        assert one.limiter.in_flight == 0
        # ... and the cap holds over a restart
        again = desk(model, path=path / "journal", price=price, max_outage=1e6, **caps)
        assert again.usage.tokens == paid["tokens"]
        assert again.usage.by_place == one.usage.by_place
        drive(again.many(60))


def test_calls_wait_for_open_reservations_before_they_give_up(lab, desk, drive):
    """Each reserves 60 and takes 12: all fit one after the other, never two at once."""
    model = lab.ToyModel(lambda request: ChatReply("x", "stop", 2, 2), latency=lambda request: 5.0)
    one = desk(model, max_tokens=100)
    assert drive(one.many(8)) == ["x"] * 8
    assert model.peak == 1
    assert one.usage.tokens == 32
