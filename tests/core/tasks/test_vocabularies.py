"""The lists that targen brings: clean and sorted."""

from __future__ import annotations

import re

import pytest

from targen_core import Dimension, vocabulary
from targen_core.tasks.vocabularies import VOCABULARIES

MINIMUM = {"words": 1500, "fields": 120, "personas": 200, "places": 200}
NAMES = set(
    """adam alice amber andrea anna ben bill bob brian carol charles daisy david dick don drew emma
    eve faith frank gene george grace grant harry harvey heather henry holly iris ivy jack jade
    james jasmine jean john joy june lance lily mark martin mary mason max miles neil nick olive
    pat paul pearl peter phil piper ray robin rob rose ruby sally sam sandy sean sue tim tom
    victor violet will""".split()
)


@pytest.mark.parametrize("name", VOCABULARIES)
def test_a_vocabulary_is_clean(name):
    values = vocabulary(name)
    assert len(values) >= MINIMUM[name]
    assert list(values) == sorted(set(values))
    for value in values:
        assert re.fullmatch(r"[a-z]+" if name == "words" else r"[a-zé' -]+", value), value
        assert value == value.strip()
    Dimension(name=name, values=tuple(values))


def test_words_are_nobodys_names():
    assert not NAMES & set(vocabulary("words"))


def test_one_that_there_is_not_is_named():
    with pytest.raises(ValueError, match="no vocabulary 'verbs'; there are fields, personas"):
        vocabulary("verbs")
