"""The checks of `CatalogueSuite` and `RetrieverSuite` catch what they are for."""

from __future__ import annotations

import inspect
import json
from dataclasses import replace
from types import SimpleNamespace

import pytest

from targen_core.errors import DatasetUnavailable
from targen_datatune.retrieval import Catalogue, DatasetEntry, Hit, Listed, Retriever
from targen_datatune.testing import CatalogueSuite, RetrieverSuite, _entries

ROWS = [{"text": f"row {at}"} for at in range(3)]


def _entry(name="a", **changes):
    facts = {"id": f"made:{name}", "name": name, "revision": "1", "columns": {"text": "string"}}
    return DatasetEntry(**(facts | {"rows": 3, "location": name} | changes))


def _rows(entry):
    if entry.revision != "1":
        raise DatasetUnavailable("it has changed")
    return iter(ROWS)


CATALOGUE = Catalogue(
    summary="made up",
    opens=lambda spec: spec == "made:",
    listing=lambda spec, options: iter([Listed("a", "1"), Listed("b", "1")]),
    describe=lambda listed, options: [_entry(listed.key)],
    rows=_rows,
)


def _index(entries, options, folder, progress):
    texts = [entry.text.lower() for entry in entries]
    (folder / "texts.json").write_text(json.dumps(texts))


def _load(folder):
    try:
        texts = json.loads((folder / "texts.json").read_text())
    except OSError as error:
        raise ValueError(str(error)) from error

    def search(query, k):
        expected = set(query.lower().split())
        scores = [float(len(expected & set(text.split()))) for text in texts]
        order = sorted(range(len(texts)), key=lambda at: (-scores[at], at))
        return [Hit(at, scores[at]) for at in order[:k]]

    return search


RETRIEVER = Retriever(summary="common words", version="1", index=_index, load=_load)

_counter = iter(range(1000))


def _searching(change):
    def load(folder):
        search = _load(folder)
        return lambda query, k: change(search(query, k))

    return replace(RETRIEVER, load=load)


CATALOGUES = {
    "described": replace(CATALOGUE, summary=""),
    "opens_its_own": replace(CATALOGUE, opens=lambda spec: True),
    "lists_the_same_again": replace(
        CATALOGUE, listing=lambda spec, options: iter([Listed("a", str(next(_counter)))])
    ),
    "describes_each_by_an_id_of_its_own": replace(
        CATALOGUE, describe=lambda listed, options: [_entry("same")]
    ),
    "entries_survive_json": replace(
        CATALOGUE, describe=lambda listed, options: [_entry(listed.key, samples=({"x": (1, 2)},))]
    ),
    "rows_are_the_same_again": replace(
        CATALOGUE, rows=lambda entry: iter([{"text": str(next(_counter))}] * 3)
    ),
    "refuses_another_revision": replace(CATALOGUE, rows=lambda entry: iter(ROWS)),
}
RETRIEVERS = {
    "described": replace(RETRIEVER, version=""),
    "finds_what_says_the_same": _searching(lambda hits: []),
    "nearest_first_and_no_more_than_asked_for": _searching(lambda hits: [*hits, *hits]),
    "same_hits_again": _searching(
        lambda hits: [Hit(hit.at, hit.score + next(_counter)) for hit in hits]
    ),
    "refuses_what_is_no_index": replace(RETRIEVER, load=lambda folder: lambda query, k: []),
}


def _of(suite, thing):
    """The checks of a suite whose target is this."""

    class Registered:
        def find(self, kind, name):
            return SimpleNamespace(summary="")

        def get(self, kind, name):
            return thing

    facts = {"registry": lambda self: Registered(), suite.kind: "made", "_kept": {}}
    spec = {"spec": "made:"} if suite is CatalogueSuite else {}
    return type("TestMade", (suite,), facts | spec)()


def _run(made, check, tmp_path):
    method = getattr(made, f"test_{check}")
    have = {
        "tmp_path": lambda: tmp_path,
        "entries": lambda: made.described(),
        "search": lambda: made.indexed(_entries(), tmp_path / "kept"),
    }
    method(**{name: have[name]() for name in inspect.signature(method).parameters})


SUITES = {CatalogueSuite: (CATALOGUE, CATALOGUES), RetrieverSuite: (RETRIEVER, RETRIEVERS)}


@pytest.mark.parametrize(
    ("suite", "check"), [(suite, check) for suite, (_, bad) in SUITES.items() for check in bad]
)
def test_each_check_passes_a_good_part_and_catches_its_own(suite, check, tmp_path):
    good, bad = SUITES[suite]
    _run(_of(suite, good), check, tmp_path)
    (tmp_path / "bad").mkdir()
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        _run(_of(suite, bad[check]), check, tmp_path / "bad")
