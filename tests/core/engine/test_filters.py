"""Filters: what is kept of each in the ledger, so that a resumed run knows it."""

from __future__ import annotations

import pytest

from targen_core.engine.filters import Candidate, Filter, Filters, Refusal
from targen_standard.filters.near_duplicates.filter import NearDuplicateFilter


class Excluded(Filter):
    """Refuses the texts of a list."""

    def __init__(self, texts):
        self.texts = frozenset(texts)

    def find(self, candidate):
        if candidate.written in self.texts:
            return Refusal("excluded", "it stands in the list")
        return None


class Varied(Filter):
    """Takes so many rows of each word that they begin with; keeps what it learned in the ledger."""

    def __init__(self, limit):
        self.limit = limit
        self.begun = []

    def find(self, candidate):
        word = candidate.written.split()[0]
        if self.begun.count(word) >= self.limit:
            return Refusal("too-many", f"{self.limit} rows begin with {word}")
        return None

    def add(self, accepted):
        self.begun.append(accepted.written.split()[0])
        return self.begun[-1].encode()

    def restore(self, entries):
        self.begun += [entry.decode() for entry in entries]


class TestEntries:
    ROWS = tuple(Candidate(w, None, f"{w} is {w}", w) for w in ("one", "seven", "twelve"))

    def test_those_of_near_duplicates_alone_are_kept_as_they_are(self):
        alone, one = NearDuplicateFilter(90), Filters([NearDuplicateFilter(90)])
        assert [one.add(row) for row in self.ROWS] == [alone.add(row) for row in self.ROWS]

    def test_each_filter_gets_its_own_back(self):
        def make():
            return Varied(1), Excluded([]), NearDuplicateFilter(90), Varied(2)

        entries = [Filters(make()).add(row) for row in self.ROWS]
        again = make()
        Filters(again).restore(entries)
        assert again[0].begun == again[3].begun == ["one", "seven", "twelve"]
        assert again[2].find(self.ROWS[2]).detail == "nearly repeats accepted instance 2"

    @pytest.mark.parametrize("bad", [b"", b"\x01", b"\x09\0\0\0red"])
    def test_what_is_cut_is_refused(self, bad):
        with pytest.raises(ValueError, match="an entry ends after"):
            Filters([Varied(1), Excluded([])]).restore([bad])
