"""The lists that targen brings: clean, sorted, and read only when they are used."""

from __future__ import annotations

import pickle
import re
import subprocess
import sys

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


def test_a_vocabulary_is_one_object_that_can_be_sent_elsewhere():
    assert vocabulary("words") is vocabulary("words")
    assert pickle.loads(pickle.dumps(vocabulary("words"))) is vocabulary("words")
    assert vocabulary("places")[:2] == tuple(vocabulary("places"))[:2]


def test_one_that_there_is_not_is_named():
    with pytest.raises(ValueError, match="no vocabulary 'verbs'; there are fields, personas"):
        vocabulary("verbs")


def test_it_is_read_when_it_is_used():
    code = (
        "from targen_core import Dimension, vocabulary\n"
        "word = Dimension(name='word', values=vocabulary('words'))\n"
        "assert not vars(vocabulary('words')).get('_lines')\n"
        "word.at(0, (1,))\n"
        "assert vars(vocabulary('words'))['_lines']\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
