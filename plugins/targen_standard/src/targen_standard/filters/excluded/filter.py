"""The exclusion filter as a run uses it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from targen_core.engine.filters import Candidate, Filter, Refusal
from targen_core.runs.manifest import SourcePlan
from targen_core.tasks.model import Task
from targen_standard.filters.excluded import REASONS
from targen_standard.filters.excluded.comparing import SIMILARITY, TESTS, texts_of
from targen_standard.filters.excluded.index import ExclusionIndex, Match
from targen_standard.filters.excluded.sources import open_excluded


class ExclusionFilter(Filter):
    """Refuses candidates one of whose rows equals or nearly equals an excluded one."""

    precedence = -20
    stateless = True

    def __init__(self, named: Sequence[str], similarity: float) -> None:
        """Refuse what any dataset of these names holds; of 0, `similarity` is `SIMILARITY`."""
        self.sources: tuple[SourcePlan, ...] = ()
        self._named = named
        self._similarity = similarity or SIMILARITY
        self._indexes: list[ExclusionIndex] = []

    def check_task(self, task: Task[Any, Any]) -> None:
        """Read the datasets, as far as they have columns of the task's.

        Raises:
            UnreadSource: one cannot be read, is empty, or has no text to compare.
            MissingDependency: the library that reads its form is not installed.
        """
        opened = open_excluded(self._named, task)
        self.sources = tuple(source.plan for source in opened)
        self._indexes = [source.index for source in opened]  # both in the order of their digests

    def find(self, candidate: Candidate) -> Refusal | None:
        """See `Filter.find`: the first source of those whose strictest test refuses it."""
        found = [
            (match, source)
            for row in candidate.rows()
            for source, index in zip(self.sources, self._indexes, strict=True)
            if (match := self._match(row, source, index)) is not None
        ]
        if not found:
            return None
        match, source = min(found, key=lambda pair: TESTS.index(pair[0].test))
        return Refusal(
            REASONS[match.test],
            f"{_WORDS[match.test, match.whole]} row {match.row:,} of {source.source}, which is "
            "excluded",
            facts={"excluded_source": source.source, "excluded_row": match.row},
        )

    def _match(
        self, row: Mapping[str, Any], source: SourcePlan, index: ExclusionIndex
    ) -> Match | None:
        found = texts_of(row, row)
        texts = [text for name in source.columns for text in found.pop(name, ())]
        return index.find(texts, similarity=self._similarity, complete=not found)


_WORDS = {
    ("exact", True): "equal to",
    ("exact", False): "contains a text of",
    ("normalized", True): "equal, except for case, punctuation and spaces, to",
    ("normalized", False): "contains, except for case, punctuation and spaces, a text of",
    ("8-gram", False): "shares runs of words with",
    ("similar", True): "nearly equal to",
}
