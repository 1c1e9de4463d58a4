"""The filter of `--exclude`, and the reasons that it gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from targen_core.engine.exclusion.comparing import SIMILARITY, TESTS, texts_of
from targen_core.engine.exclusion.index import ExclusionIndex, Match
from targen_core.engine.filters import Candidate, Filter, Refusal
from targen_core.errors import TargenError

__all__ = ["REASONS", "Excluded", "ExclusionFilter"]

REASONS = {
    "exact": "excluded-exact",
    "normalized": "excluded-normalized",
    "8-gram": "excluded-8-gram",
    "similar": "excluded-similar",
}
"""By the name of each test, the strictest first, the reason that it gives."""


@dataclass(frozen=True, slots=True)
class Excluded:
    """An excluded dataset as the filter sees it.

    Attributes:
        name: what it is called.
        columns: those of its columns that are compared.
        index: its rows.
    """

    name: str
    columns: tuple[str, ...]
    index: ExclusionIndex


class ExclusionFilter(Filter):
    """Refuses candidates one of whose rows equals or nearly equals an excluded one."""

    precedence = -20

    def __init__(self, sources: Sequence[Excluded], similarity: float) -> None:
        """Refuse what any of `sources` holds; of 0, `similarity` is `SIMILARITY`."""
        self._sources = tuple(sources)
        self._similarity = similarity or SIMILARITY

    def find(self, candidate: Candidate) -> Refusal | None:
        """See `Filter.find`: the first source of those whose strictest test refuses it."""
        nearest: tuple[int, Match, Excluded] | None = None
        for row in candidate.rows():
            for source in self._sources:
                match = self._match(row, source)
                if match is None:
                    continue
                rank = TESTS.index(match.test)
                if nearest is None or rank < nearest[0]:
                    nearest = rank, match, source
        if nearest is None:
            return None
        _, match, source = nearest
        return Refusal(
            REASONS[match.test],
            f"{_WORDS[match.test, match.whole]} row {match.row:,} of {source.name}, which is "
            "excluded",
            facts={"excluded_source": source.name, "excluded_row": match.row},
        )

    def _match(self, row: Mapping[str, Any], source: Excluded) -> Match | None:
        found = texts_of(row, row)
        texts = [text for name in source.columns for text in found.pop(name, ())]
        try:
            return source.index.find(texts, similarity=self._similarity, complete=not found)
        except OSError as error:
            raise TargenError(
                f"the index of {source.name}, which is excluded, cannot be read: {error.strerror}"
            ) from error


_WORDS = {
    ("exact", True): "equal to",
    ("exact", False): "holds a text of",
    ("normalized", True): "equal, but for case, punctuation and spaces, to",
    ("normalized", False): "holds, but for case, punctuation and spaces, a text of",
    ("8-gram", False): "shares runs of words with",
    ("similar", True): "nearly equal to",
}
