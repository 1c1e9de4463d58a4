"""The checks of `CatalogueSuite` and `RetrieverSuite` catch what they are for."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from targen_core.errors import DatasetUnavailable
from targen_datatune.retrieval import Catalogue, DatasetEntry, Hit, Listed, Retriever
from targen_datatune.testing import CatalogueSuite, RetrieverSuite

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
            return type("Item", (), {"summary": ""})()

        def get(self, kind, name):
            return thing

    names = {"registry": lambda self: Registered(), suite.kind: "made", "_kept": {}}
    return type("TestMade", (suite,), names | ({"spec": "made:"} if suite.kind[0] == "c" else {}))()


def _run(made, check, tmp_path, factory):
    method = getattr(made, f"test_{check}")
    names = method.__code__.co_varnames[1 : method.__code__.co_argcount]
    have = {"tmp_path": lambda: tmp_path}
    if isinstance(made, CatalogueSuite):
        have["entries"] = made.described
    else:
        have["search"] = lambda: made.indexed(
            __import__("targen_datatune.testing", fromlist=["_entries"])._entries(),
            tmp_path / "kept",
        )
    method(**{name: have[name]() for name in names})


def _checks(suite):
    return [name.removeprefix("test_") for name in vars(suite) if name.startswith("test_")]


@pytest.mark.parametrize(
    ("suite", "thing", "check"),
    [
        *((CatalogueSuite, CATALOGUE, check) for check in _checks(CatalogueSuite)),
        *((RetrieverSuite, RETRIEVER, check) for check in _checks(RetrieverSuite)),
    ],
)
def test_a_good_one_passes(suite, thing, check, tmp_path, tmp_path_factory):
    _run(_of(suite, thing), check, tmp_path, tmp_path_factory)


@pytest.mark.parametrize(
    ("suite", "check", "thing"),
    [
        *((CatalogueSuite, check, thing) for check, thing in CATALOGUES.items()),
        *((RetrieverSuite, check, thing) for check, thing in RETRIEVERS.items()),
    ],
)
def test_each_check_catches_its_own(suite, check, thing, tmp_path, tmp_path_factory):
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        _run(_of(suite, thing), check, tmp_path, tmp_path_factory)
