"""`EmbedderSuite`: the checks that every embedder must pass.

    from targen_testing.embedders import EmbedderSuite as Suite

    class TestLetters(Suite):
        embedder = "letters"

If a package or a model is missing on this machine, its error is checked. The checks of its vectors
are skipped, and named.
"""

from __future__ import annotations

import json
import math
import sys
from typing import ClassVar

import pytest

from targen_core.errors import TargenError, UsageError
from targen_standard.embedding import Embedder, Encode
from targen_testing.chance import homes_of, watching
from targen_testing.forks import elsewhere
from targen_testing.hostile import TEXTS
from targen_testing.suite import Described, PartSuite, fail

_SAID = "The lamp by the door was quite cold."
_TEXTS = (
    _SAID,
    "",
    " ",
    "a" * 5000,
    "日本語の文章には空白がありません。",
    "\u202e\u2066 שלום",
    *TEXTS,
)
_CLOSE = 1e-6


class EmbedderSuite(Described[Embedder], PartSuite[Embedder]):
    """Checks of an embedder; set `embedder` to its registered name."""

    embedder: ClassVar[str]
    kind = "embedder"

    @pytest.fixture
    def encode(self) -> Encode:
        """Return the function that embeds a text; skip the check if something is missing."""
        try:
            return self.kept("encode", self.target().open)
        except TargenError as error:
            pytest.skip(str(error))

    # --- what must hold ---

    def test_says_what_is_missing(self) -> None:
        """If something is not installed, `open` raises a `UsageError` that says what to install."""
        try:
            self.target().open()
        except UsageError as error:
            if not error.hint:
                fail("its UsageError has no hint: name what to install")
        except Exception as error:
            fail(f"open() raised {type(error).__name__}: {error}")

    def test_gives_numbers_of_one_length(self, encode: Encode) -> None:
        """Every text, even an empty one, gets a vector of the same length with finite numbers."""
        lengths = set()
        for text in _TEXTS:
            vector = _vector(encode, text)
            if not all(map(math.isfinite, vector)):
                fail(f"the vector of {text[:40]!r} has a number that is not finite")
            lengths.add(len(vector))
        assert len(lengths) == 1, f"its vectors differ in length: {sorted(lengths)}"

    def test_equal_texts_have_equal_vectors(self, encode: Encode) -> None:
        """A text always gets the same vector, whatever was embedded in between."""
        first = [_vector(encode, text) for text in _TEXTS]
        again = [_vector(encode, text) for text in reversed(_TEXTS)][::-1]
        assert first == again, "a text got a different vector the second time"

    def test_tells_texts_apart(self, encode: Encode) -> None:
        """Texts with nothing in common have different vectors."""
        assert _vector(encode, _SAID) != _vector(encode, "Zwölf Boxkämpfer jagen Viktor")

    def test_uses_no_chance_and_no_clock(self, encode: Encode) -> None:
        """It does not use randomness or clocks, since rows depend on the vectors."""
        with watching(homes_of(self.target().open, encode)) as seen:
            _vector(encode, _SAID)
        seen.require_none(instead="")

    def test_same_vector_in_another_process(self, encode: Encode) -> None:
        """A process with a different hash seed returns the same vectors."""
        here = [_vector(encode, text) for text in _TEXTS[:5]]
        printed = elsewhere(__name__, self.embedder, str(self.folder))
        there = json.loads(printed.splitlines()[-1])
        same = all(
            math.isclose(a, b, rel_tol=_CLOSE, abs_tol=_CLOSE)
            for one, two in zip(here, there, strict=True)
            for a, b in zip(one, two, strict=True)
        )
        assert same, "a different process gives different vectors"


def _vector(encode: Encode, text: str) -> list[float]:
    return [float(number) for number in encode(text)]


def main(embedder: str, folder: str) -> None:
    """Print the vectors of some texts."""
    suite = type("Suite", (EmbedderSuite,), {"folder": folder, "embedder": embedder})()
    encode = suite.target().open()
    sys.stdout.write(json.dumps([_vector(encode, text) for text in _TEXTS[:5]]) + "\n")
