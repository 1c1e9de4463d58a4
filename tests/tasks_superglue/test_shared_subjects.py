"""Subject pairs and mentions, which WSC and AX-g share."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from targen_tasks_superglue.shared.mentions import core, find, mentions, same_words, words_of
from targen_tasks_superglue.shared.subjects import (
    PronounPair,
)


def test_a_pronoun_fits_its_pair_s_number():
    with pytest.raises(ValidationError, match="a plural pair cannot have the pronoun 'he'"):
        PronounPair(first="nurses", second="patients", number="plural", pronoun="he")
    with pytest.raises(ValidationError, match="a singular pair cannot have the pronoun 'they'"):
        PronounPair(first="nurse", second="patient", number="singular", pronoun="they")


@pytest.mark.parametrize("shape", ["The {}", "a {}", "{}.", '"{}"', " {} "])
def test_a_phrase_is_taken_without_what_stands_around_it(shape, run):
    def bend(step, good, repair):
        if step != "seeds":
            return good
        return {
            "pairs": [
                {"first": shape.format(pair["first"]), "second": pair["second"].title()}
                for pair in good["pairs"]
            ]
        }

    ran = run(bend, task="wsc", rows=8)
    assert len(ran.rows) == 8
    for entry in ran.provenance:
        if entry["seed"]["named"]:
            continue  # code drew it
        for phrase in (entry["seed"]["first"], entry["seed"]["second"]):
            assert phrase == phrase.lower().strip(' ."')
            assert not phrase.startswith(("the ", "a "))


# --- mentions ---------------------------------------------------------------


def test_mentions_inside_the_other_phrase_are_none():
    tokens = "The cook, the ship's cook and another cook".split()
    assert find("cook", tokens) == [1, 4, 7]
    assert mentions("cook", "ship's cook", tokens) == ([1, 7], [3])
    assert mentions("ship's cook", "cook", tokens) == ([3], [1, 7])


_TOKENS = st.lists(
    st.sampled_from(["the", "Cook", "cook's", "guest,", "\u2014", "ran"]), max_size=9
)


@given(_TOKENS, st.sampled_from(["cook", "the cook", "guest", "the cook guest"]))
def test_every_mention_reads_as_the_phrase(tokens, phrase):
    size = len(words_of(phrase))
    actual = find(phrase, tokens)
    for start in actual:
        assert same_words(" ".join(tokens[start : start + size]), phrase)
    assert len(actual) == sum(
        list(map(core, tokens[start : start + size])) == words_of(phrase)
        for start in range(len(tokens))
    )
