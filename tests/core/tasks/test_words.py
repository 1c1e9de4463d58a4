"""The words of a text, as comparisons see them."""

from __future__ import annotations

from targen_core.tasks.words import normalized, words


def test_words_keep_hyphens_and_apostrophes_inside():
    found = words("It’s the well-known O'Neill -- isn't it? 'Yes'")
    assert found == ["it’s", "the", "well-known", "o'neill", "isn't", "it", "yes"]
    assert normalized(" A  b,\tC\n") == "a b c"
