"""Names that somebody may have meant."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from targen_core.suggestions import did_you_mean, suggestions_for

NAMES = st.lists(st.text("abcdefgh-", min_size=1, max_size=8), unique=True)


@given(NAMES, st.text(max_size=8))
def test_what_is_near_is_known_and_at_most_three(known, word):
    near = suggestions_for(word, known)
    assert set(near) <= set(known)
    assert len(near) == len(set(near)) <= 3


@given(NAMES)
def test_a_name_is_nearest_to_itself(known):
    assert all(suggestions_for(name, known)[0] == name for name in known)


def test_what_is_near_nothing_gets_the_list():
    assert did_you_mean("xyz", ["one", "two"], "one of") == "one of: one, two"
    assert did_you_mean("xyz", [], "presets") == ""
    assert did_you_mean("gen", ["generate"], "one of") == "did you mean generate?"
