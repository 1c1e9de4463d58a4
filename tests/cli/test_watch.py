"""What a display shows of a run: one estimate, the cap, the reasons, the last rows."""

from __future__ import annotations

from types import MappingProxyType, SimpleNamespace

from targen_core.calls.budget import Budget
from targen_core.calls.usage import Usage
from targen_core.display.watch import Watch, state_of


def layer(calls=0, dollars=0.0, **caps):
    """What a watch reads of a call layer."""
    usage = Usage()
    for _ in range(calls):
        usage.record(
            {"key": "00", "finish": "stop", "step": "generate", "label": None}
            | {"in": 90, "out": 10, "cost": dollars / calls}
        )
    budget = Budget(usage, **caps)
    flying = {"generate": 2, "correct": 1}
    nothing = {"pauses": MappingProxyType({}), "trouble": "", "answered": True}
    return SimpleNamespace(usage=usage, in_flight=3, flying=flying, budget=budget, **nothing)


def watching(of, steps):
    """The states of a watch at times with so much done."""
    watch = Watch()
    watch.on_layer(layer())
    count = watch.counted("rows")
    states = []
    for now, done in steps:
        count(done, of)
        states.append(state_of(watch, now))
    return states


def test_the_pace_is_that_of_what_was_done_and_the_estimate_follows_it():
    states = watching(100, [(0, 0), (10, 0), (20, 1), *((20 + n, 1 + n) for n in range(1, 50))])
    assert [state.pace for state in states[:8]] == [""] * 8, "too little to go by"
    assert states[-1].pace == "60 rows per minute, about 50 s left"


def test_dollars_stand_beside_their_cap_and_what_all_should_cost():
    watch = Watch()
    watch.counted("rows")(20, 100)
    watch.on_layer(layer(10, 0.5, max_cost=3.0))
    assert state_of(watch, 1.0).money == "$0.5000 of $3.00, about $2.50 in total"
    watch.on_layer(layer(10, 0.5, max_cost=2.0, max_tokens=3000))
    state = state_of(watch, 1.0)
    assert state.money == "$0.5000 of $2.00, about $2.50 needed"
    assert state.figures == (
        "10 calls, 3 in flight (generate 2, correct 1), 1,000 of 3,000 tokens, about 5,000 needed"
    )
