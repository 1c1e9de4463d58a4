"""Records that are read back from a journal: money spent and answers given, so they are checked."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from targen_core.calls.usage import Usage

CALL = {
    "key": "00112233445566778899aabbccddeeff",
    "step": "generate",
    "label": "yes",
    "place": "generate/3.2/yes/0",
    "prompt": "write-yes",
    "text": '{"text": "a row"}',
    "finish": "stop",
    "in": 300,
    "out": 50,
    "cost": 0.001,
}
LOST = {"lost": CALL["key"], **{k: CALL[k] for k in ("step", "label", "in", "out", "cost")}}
GOOD = [
    CALL,
    {**CALL, "cost": None, "label": None},
    {**CALL, "cached": True, "cost": 0.0},
    {**CALL, "cost": 0, "cache_read": 5, "cache_write": 7, "reasoning": 9},
    LOST,
]
ODD = st.sampled_from(
    [None, True, -1, 10**30, -0.5, float("nan"), float("inf"), "", "x", [], {}, ["generate"]]
)


@given(
    record=st.sampled_from(GOOD),
    name=st.sampled_from([*CALL, "cache_read", "read", "lost"]),
    odd=ODD,
)
def test_what_is_counted_is_never_negative_endless_or_of_another_kind(record, name, odd):
    made: dict[str, Any] = {**record, name: odd}
    usage = Usage()
    try:
        usage.recall(made)
    except ValueError:
        assert usage.by_place == {}
        return
    total = usage.total
    figures = (
        *(total.input_tokens, total.output_tokens, total.dollars),
        *(total.cache_read_tokens, total.saved_input_tokens),
    )
    assert all(type(figure) in (int, float) and 0 <= figure < 10**13 for figure in figures)
    usage.as_dict()
