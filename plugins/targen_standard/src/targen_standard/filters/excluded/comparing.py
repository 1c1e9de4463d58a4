"""Compare the words of two rows' texts, by each test."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from targen_core.tasks.prompt import texts_in
from targen_core.tasks.words import UNSPACED_LETTER
from targen_standard.filters.excluded import REASONS
from targen_standard.filters.likeness import alike

GRAM = 8
"""Words of a run that counts as shared."""

RUN = 13
"""Words of a shared run that says by itself that a text was taken over, as in GPT-3's test."""

COVERED = 0.5
"""Share of the words of an excluded text in a shared run from which on it was taken over."""

MIN_ALONE = 5
"""Words of a text that counts without the rest of its row: labels and single words do not."""

SIMILARITY = 90.0
"""From how alike on a row is refused where the near-duplicate filter, which says it, is off."""

TESTS = (*REASONS,)
"""The tests, the strictest first."""

_NO_TEXT = frozenset({"idx", "label"})
_UNSPACED_WORD = 2  # letters of a script without spaces between words
_UNSPACED_LETTER = re.compile(UNSPACED_LETTER)


def texts_of(row: Mapping[str, Any], columns: Iterable[str]) -> dict[str, list[str]]:
    """Return a row's texts by column, also in lists and objects, without its label."""
    found: dict[str, list[str]] = {}
    for name in columns:
        leaves = () if name in _NO_TEXT else texts_in(row.get(name))
        texts = [text for text in leaves if text.strip()]
        if texts:
            found[name] = texts
    return found


def counts_alone(words: str) -> bool:
    """Return whether `plain_words` of a text are enough to count without the rest of its row."""
    count = words.count(" ") + 1
    if count < MIN_ALONE and not words.isascii():
        count += len(_UNSPACED_LETTER.findall(words)) // _UNSPACED_WORD
    return count >= MIN_ALONE


@dataclass(frozen=True, slots=True)
class Part:
    """A text as comparisons see it, and the check sum of the original."""

    text: str
    sum: int

    @property
    def counts_alone(self) -> bool:
        """See `counts_alone`."""
        return counts_alone(self.text)


class Compared:
    """A candidate's texts, to be compared with those of excluded rows.

    Attributes:
        parts: the texts.
        counts: whether they count as a whole, however short they are.
    """

    def __init__(self, parts: Sequence[Part], similarity: float, complete: bool) -> None:
        self.parts = parts
        self.similarity = similarity
        self.whole = " ".join(part.text for part in parts)
        self.counts = complete or Part(self.whole, 0).counts_alone

    def to(self, theirs: Sequence[Part]) -> tuple[int, bool] | None:
        """The number of the strictest test that finds a row, and whether as a whole; or None."""
        if self.counts and self.whole == " ".join(part.text for part in theirs):
            same = [part.sum for part in self.parts] == [part.sum for part in theirs]
            return (0 if same else 1), True
        known: dict[str, set[int]] = {}
        for part in theirs:
            if part.counts_alone:
                known.setdefault(part.text, set()).add(part.sum)
        if equal := [part for part in self.parts if part.text in known]:
            return (0 if any(part.sum in known[part.text] for part in equal) else 1), False
        if any(_shares_words(runs, part.text) for part in theirs for runs in self._runs if runs):
            return 2, False
        return (3, True) if self.is_like(theirs) else None

    def is_like(self, theirs: Sequence[Part]) -> bool:
        """Return whether the whole rows are too alike for the near-duplicate filter."""
        other = " ".join(part.text for part in theirs)
        return self.counts and alike(self.whole, other, self.similarity)

    @cached_property
    def _runs(self) -> list[set[tuple[str, ...]]]:
        """The runs of eight words of each text."""
        return [set(_runs_of_words(part.text)) for part in self.parts]


def _runs_of_words(text: str) -> Iterator[tuple[str, ...]]:
    words = text.split(" ")
    return (tuple(words[at : at + GRAM]) for at in range(len(words) - GRAM + 1))


def _shares_words(runs: Set[tuple[str, ...]], excluded: str) -> bool:
    """Return whether a text with these runs of words has too much of an excluded one."""
    length = longest = 0
    for run in _runs_of_words(excluded):
        length = (length + 1 if length else GRAM) if run in runs else 0
        longest = max(longest, length)
    return longest >= min(RUN, max(GRAM, COVERED * (excluded.count(" ") + 1)))
