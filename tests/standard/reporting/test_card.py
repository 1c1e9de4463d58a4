"""The dataset card's front matter: YAML, written without its library."""

from __future__ import annotations

import yaml
from hypothesis import given
from hypothesis import strategies as st

from targen_standard.reporting.card import front_matter

WORDS = st.text(st.characters(exclude_categories=("Cs",)), max_size=12)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=6,
)


@given(st.lists(VALUES, max_size=4))
def test_front_matter_is_yaml_of_the_same_values(values):
    named = {f"key_{number}": value for number, value in enumerate(values)}
    text = front_matter(named)
    assert (yaml.safe_load(text) or {}) == named
    assert text.count("\n") == len(text.splitlines()) == len(named)
