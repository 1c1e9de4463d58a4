"""The lists that targen brings: clean and sorted."""

from __future__ import annotations

import re

import pytest

from targen_core.tasks.dimensions import VOCABULARIES, Dimension, vocabulary

MINIMUM = {"words": 1500, "fields": 120, "personas": 200, "places": 200}


@pytest.mark.parametrize("name", VOCABULARIES)
def test_a_vocabulary_is_clean(name):
    values = vocabulary(name)
    assert len(values) >= MINIMUM[name]
    assert list(values) == sorted(set(values))
    for value in values:
        assert re.fullmatch(r"[a-z]+" if name == "words" else r"[a-zé' -]+", value), value
        assert value == value.strip()
    Dimension(name=name, values=tuple(values))
