"""The distance filter, which compares a candidate's embedding with those of the rows.

Vectors are scaled to a length of 2,047 and rounded to whole numbers. Their products are then whole
numbers below 2^24, which single-precision floats add up exactly in any order. So a cosine depends
only on the two vectors, not on the number of rows, their place in memory or the library. Rounding
moves it by less than 0.001.

Most of what a model says is near to something that it said, so it could be refused for ever.
Refusals are therefore at most a share of each branch's candidates: what is too near when the share
is used up passes, and is counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from fractions import Fraction
from struct import Struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

from targen_core.engine.events import Commit
from targen_core.engine.filters import Candidate, Filter, Refusal
from targen_core.engine.guard import named
from targen_core.errors import PluginError, TargenError
from targen_standard.embedding import Encode
from targen_standard.filters.distance import DistanceSection
from targen_standard.filters.likeness import check_sum

MAX_ROWS = 100_000
"""Rows that a candidate is compared with, the latest: 4 bytes a dimension each."""

TOO_NEAR = "too-near"
"""The reason of its refusals."""

_LENGTH = 2047
_HEAD = Struct("<?I")  # of an entry: whether it was too near, and the sum of its seed

Vector = NDArray[np.float32]
"""Whole numbers, of a length of about 2,047; shape (d,)."""


class DistanceFilter(Filter):
    """Refuses candidates that are too near to an existing row, up to a share of them.

    Rows of one seed whose generator got a part of the text are not compared with each other, nor
    are others that the task excludes. They share that part by design, and the near-duplicate filter
    compares the rest.

    Attributes:
        passed: accepted rows that were too near, since the share was used up.
    """

    gives_way = (TOO_NEAR,)

    def __init__(
        self, encode: Encode, max_cosine: float, max_refused: float, *, embedder: str = ""
    ) -> None:
        """Refuse what has a higher cosine than `max_cosine`, at most `max_refused` of a branch.

        `embedder` is the full id of what `encode` is from, for reports and error messages.
        """
        self.share = max_refused
        self.passed = 0
        self._encode = encode
        self._embedder = embedder
        self._limit = max_cosine
        self._share = Fraction(max_refused).limit_denominator(10**6)
        self._accepted: Counter[str] = Counter()  # by branch
        self._refused: Counter[str] = Counter()
        self._rows = 0
        self._vectors = np.zeros((0, 0), np.float32)  # row n is at n % MAX_ROWS
        self._lengths = np.zeros(0)
        self._seeds = np.zeros(0, np.uint32)
        self._last: tuple[str, Vector] | None = None  # what was looked for is most often added
        self._was_near = False

    def find(self, candidate: Candidate) -> Refusal | None:
        """See `Filter.find`."""
        vector = self._embed(candidate.text)
        nearest = self._nearest(vector, candidate)
        self._was_near = nearest is not None
        if nearest is None:
            return None
        accepted, refused = (of[candidate.branch] for of in (self._accepted, self._refused))
        if refused + 1 > self._share * (refused + 1 + accepted):
            return None
        row, cosine = nearest
        return Refusal(
            TOO_NEAR,
            f"too similar to accepted instance {row}, with a cosine of {cosine:.3f}",
            facts={"near": row, "cosine": cosine},
        )

    def _nearest(self, vector: Vector, candidate: Candidate) -> tuple[int, float] | None:
        """Return the nearest row, from 0, and its cosine; None if it is not too near."""
        held = min(self._rows, MAX_ROWS)
        if not held:
            return None
        cosines = self._vectors[:held] @ vector / self._lengths[:held] / _lengths(vector)
        if candidate.written != candidate.text:
            cosines[self._seeds[:held] == check_sum(candidate.among)] = -1
        at = int(cosines.argmax())
        if cosines[at] <= self._limit:
            return None
        before = (self._rows - 1 - at) // MAX_ROWS * MAX_ROWS  # rows that stood there before
        return before + at, round(float(cosines[at]), 3)

    def add(self, accepted: Candidate) -> bytes:
        """See `Filter.add`: 5 bytes, and 2 a dimension."""
        vector, seed = self._embed(accepted.text), check_sum(accepted.among)
        self._keep(vector[np.newaxis], np.array([seed], np.uint32))
        self.passed += self._was_near
        return _HEAD.pack(self._was_near, seed) + vector.astype("<i2").tobytes()

    def restore(self, entries: Sequence[bytes]) -> None:
        """See `Filter.restore`."""
        sizes = {len(entry) for entry in entries}
        if len(sizes) > 1 or not entries or (size := sizes.pop() - _HEAD.size) <= 0 or size % 2:
            raise ValueError("not entries of the distance filter")
        heads = [_HEAD.unpack_from(entry) for entry in entries]
        body = b"".join(entry[_HEAD.size :] for entry in entries)
        vectors = np.frombuffer(body, "<i2").reshape(len(entries), -1).astype(np.float32)
        if self._rows and vectors.shape[1] != self._vectors.shape[1]:
            raise ValueError("entries of a different embedder")
        self._keep(vectors, np.array([seed for _, seed in heads], np.uint32))
        self.passed += sum(near for near, _ in heads)

    def count(self, branch: str, commit: Commit) -> None:
        """See `Filter.count`."""
        self._accepted[branch] += commit.verdict == "accepted"
        self._refused[branch] += commit.stage == "filter" and commit.reason == TOO_NEAR

    def report(self, reasons: Mapping[str, int]) -> Mapping[str, Any]:
        """See `Filter.report`: rows that were too near, and their outcomes."""
        return DistanceSection(
            embedder=self._embedder,
            max_cosine=self._limit,
            max_refused=self.share,
            refused=reasons.get(TOO_NEAR, 0),
            accepted=self.passed,
        ).model_dump()

    def _embed(self, text: str) -> Vector:
        """The vector of a text.

        Raises:
            PluginError: the embedder fails, or returns something other than a vector of its rows'
                length.
        """
        if self._last is not None and self._last[0] == text:
            return self._last[1]
        try:
            made = self._encode(text)
        except TargenError:
            raise
        except Exception as error:  # what models raise has no end
            raise self._failed(f"{type(error).__name__}: {error}") from error
        try:
            vector = np.asarray(made, np.float64).ravel()
        except (TypeError, ValueError):
            raise self._wrong(f"{type(made).__name__} is not a vector of numbers") from None
        length = np.linalg.norm(vector)
        if not np.isfinite(length):
            raise self._wrong("its vectors contain infinity or NaN")
        if self._rows and len(vector) != self._vectors.shape[1]:
            raise self._wrong(
                f"its vectors have {len(vector)} dimensions, but earlier ones had "
                f"{self._vectors.shape[1]}"
            )
        whole = np.rint(vector * (_LENGTH / (length or 1))).astype(np.float32)
        self._last = text, whole
        return whole

    def _wrong(self, words: str) -> PluginError:
        """Return the error for a vector that cannot be used."""
        return self._failed(f"{words}, from {named(self._encode)}")

    def _failed(self, words: str) -> PluginError:
        """Return the error that names the embedder."""
        distribution = self._embedder.partition(":")[0]
        return PluginError(
            f"embedder {self._embedder}: {words}",
            distribution=distribution,
            hint=f"report it to the authors of {distribution}, and resume when it is fixed",
        )

    def _keep(self, vectors: Vector, seeds: NDArray[np.uint32]) -> None:
        """Enter rows behind the others, in place of the earliest if there are too many."""
        end = self._rows + len(vectors)
        room = len(self._seeds)
        if room < min(end, MAX_ROWS):
            room = min(MAX_ROWS, max(end, 1024, room + room // 2))
            self._vectors.resize((room, vectors.shape[1]), refcheck=False)  # only one copy exists
            self._seeds.resize(room, refcheck=False)
            self._lengths.resize(room, refcheck=False)
        at = np.arange(self._rows, end) % MAX_ROWS
        self._vectors[at] = vectors
        self._lengths[at] = _lengths(vectors)
        self._seeds[at] = seeds
        self._rows = end


def _lengths(vectors: Vector) -> NDArray[np.float64]:
    """The length of each vector; 1 of zeros. Shape of all axes but the last."""
    squared = np.einsum("...i,...i", vectors, vectors, dtype=np.float64)
    return np.asarray(np.sqrt(np.where(squared > 0, squared, 1)))
