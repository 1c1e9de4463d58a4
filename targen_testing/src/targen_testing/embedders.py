"""`EmbedderSuite`: the checks that every embedder must pass.

from targen_testing import EmbedderSuite as Suite

class TestLetters(Suite):
    embedder = "letters"
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import pytest
from numpy.typing import NDArray

from targen_core.embedding import Embedder
from targen_core.errors import UsageError
from targen_testing.suite import PartSuite, fail

__all__ = ["EmbedderSuite"]

_TEXTS = (
    "The parcel is late.",
    "The parcel is late!",
    "A boat lies in the harbour, and nobody is on board.",
    "Zażółć gęślą jaźń, 日本語, 🙂.",
    "",
)


class EmbedderSuite(PartSuite[Embedder]):
    """Checks of an embedder; set `embedder` to its registered name.

    Attributes:
        embedder: the registered name.
        options: its options, each `"KEY=VALUE"` as after `-o NAME.`.
    """

    embedder: ClassVar[str]
    kind = "embedder"
    own: ClassVar[frozenset[str]] = PartSuite.own | {"embedder"}

    def vectors(self) -> list[NDArray[Any]]:
        """The vectors of a few texts, by a function that was opened anew."""
        try:
            encode = self.target().open()
        except UsageError as error:
            pytest.skip(f"it cannot be opened here: {error}")
        return [np.asarray(encode(text)) for text in _TEXTS]

    def test_described(self) -> None:
        """It is registered with a summary, which the listings show."""
        assert self.item().summary.strip(), "register it with a summary"

    def test_gives_vectors(self) -> None:
        """Each text, an empty one too, gets finite numbers of one shape (d,)."""
        made = self.vectors()
        shapes = {vector.shape for vector in made}
        if len(shapes) > 1 or len(made[0].shape) != 1:
            fail(f"vectors are of one shape (d,), not {shapes}")
        if not all(np.issubdtype(v.dtype, np.number) and np.isfinite(v).all() for v in made):
            fail("a vector holds something else than finite numbers")

    def test_tells_texts_apart(self) -> None:
        """Texts of other words have other directions."""
        late, _, boat, *_ = self.vectors()
        lengths = float(np.linalg.norm(late) * np.linalg.norm(boat))
        if not lengths:
            fail("the vector of a sentence is all zeros, which is near to nothing")
        if float(late @ boat) / lengths > 0.999:
            fail("two sentences without a common topic have the same vector")

    def test_same_vectors_again(self) -> None:
        """Equal texts get equal vectors, whatever was embedded before: rows depend on them."""
        first, again = self.vectors(), self.vectors()
        if not all(np.array_equal(one, other) for one, other in zip(first, again, strict=True)):
            fail("the same text gets another vector when it is embedded again")
