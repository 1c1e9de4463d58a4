"""Filters: what is kept of each in the ledger, so that a resumed run knows it."""

from __future__ import annotations

from targen_core.engine.filters import Candidate, Filter, Filters
from targen_standard.filters.near_duplicates.filter import NearDuplicateFilter


class Idle(Filter):
    """Accepts all rows, and keeps nothing."""

    def find(self, candidate):
        return None


class Begun(Idle):
    """Keeps the word that each row begins with in the ledger."""

    def __init__(self):
        self.words = []

    def add(self, accepted):
        self.words.append(accepted.written.split()[0])
        return self.words[-1].encode()

    def restore(self, entries):
        self.words += [entry.decode() for entry in entries]


def made():
    return Begun(), NearDuplicateFilter(90), Begun(), Idle()


def test_each_filter_gets_its_own_entries_back():
    words = ["one", "seven", "twelve"]
    rows = [Candidate(word, None, f"{word} is {word}", word) for word in words]
    entries = [Filters(made()).add(row) for row in rows]
    first, near, last, _ = again = made()
    Filters(again).restore(entries)
    assert first.words == last.words == words
    assert near.find(rows[2]).detail == "nearly repeats accepted instance 2"
