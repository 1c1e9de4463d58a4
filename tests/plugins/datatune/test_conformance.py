"""Our catalogues and retrievers pass the kit, each of whose checks catches what it is for."""

from __future__ import annotations

import inspect
import json
from dataclasses import replace
from itertools import count
from types import SimpleNamespace

import pytest

from targen_datatune.catalogues.files import FILES
from targen_datatune.retrieval import Hit, Listed
from targen_datatune.retrievers.bm25 import BM25
from targen_datatune.testing import CatalogueSuite, RetrieverSuite, _entries


class TestBm25(RetrieverSuite):
    retriever = "bm25"


class TestFiles(CatalogueSuite):
    catalogue = "files"
    spec = "data"

    @pytest.fixture(autouse=True)
    def _data(self, tmp_path_factory, monkeypatch):
        folder = self.kept("folder", lambda: tmp_path_factory.mktemp("files"))
        (folder / "data").mkdir(exist_ok=True)
        for name in ("orders", "talk"):
            path = folder / "data" / f"{name}.jsonl"
            if not path.exists():
                path.write_text("".join(json.dumps({"n": at}) + "\n" for at in range(5)))
        monkeypatch.chdir(folder)


_counter = count()


def _describing(**changes):
    """A catalogue of files, with something wrong about its entries."""

    def describe(listed, options):
        return [entry.model_copy(update=changes) for entry in FILES.describe(listed, options)]

    return replace(FILES, describe=describe)


def _searching(change):
    """A retriever, with something wrong about its hits."""

    def load(folder):
        search = BM25.load(folder)
        return lambda query, k: change(search(query, k))

    return replace(BM25, load=load)


CATALOGUES = {
    "described": replace(FILES, summary=""),
    "opens_its_own": replace(FILES, opens=lambda spec: True),
    "lists_the_same_again": replace(
        FILES, listing=lambda spec, options: iter([Listed("a", str(next(_counter)))])
    ),
    "describes_each_by_an_id_of_its_own": _describing(id="same"),
    "entries_survive_json": _describing(samples=({"x": (1, 2)},)),
    "rows_are_the_same_again": replace(
        FILES, rows=lambda entry: iter([{"text": str(next(_counter))}] * entry.rows)
    ),
    "refuses_another_revision": replace(FILES, rows=lambda entry: iter([{"text": "row"}])),
}
RETRIEVERS = {
    "described": replace(BM25, version=""),
    "finds_what_says_the_same": _searching(lambda hits: []),
    "nearest_first_and_no_more_than_asked_for": _searching(lambda hits: [*hits, *hits]),
    "same_hits_again": _searching(
        lambda hits: [Hit(hit.at, hit.score + next(_counter)) for hit in hits]
    ),
    "refuses_what_is_no_index": replace(BM25, load=lambda folder: lambda query, k: []),
}


def _run(suite, thing, check, tmp_path):
    """Run a check of a suite whose target is this thing."""
    registry = SimpleNamespace(
        find=lambda kind, name: SimpleNamespace(summary=""), get=lambda kind, name: thing
    )
    facts = {"registry": lambda self: registry, suite.kind: "made", "_kept": {}, "spec": "data"}
    made = type("TestMade", (suite,), facts)()
    method = getattr(made, f"test_{check}")
    have = {
        "tmp_path": lambda: tmp_path,
        "entries": lambda: made.described(),
        "search": lambda: made.indexed(_entries(), tmp_path / "kept"),
    }
    method(**{name: have[name]() for name in inspect.signature(method).parameters})


SUITES = {CatalogueSuite: (FILES, CATALOGUES), RetrieverSuite: (BM25, RETRIEVERS)}


@pytest.mark.parametrize(
    ("suite", "check"), [(suite, check) for suite, (_, bad) in SUITES.items() for check in bad]
)
def test_each_check_passes_a_good_part_and_catches_its_own(suite, check, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    for name in ("a", "b"):
        (tmp_path / "data" / f"{name}.csv").write_text("text\nrow\n")
    good, bad = SUITES[suite]
    _run(suite, good, check, tmp_path)
    (tmp_path / "bad").mkdir()
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        _run(suite, bad[check], check, tmp_path / "bad")
