"""`targen list`: the kinds, and what is installed of one, from the table of kinds."""

from __future__ import annotations

import pytest

from targen_core import load_registry


def test_the_kinds_and_how_many_of_each(targen):
    registry = load_registry()
    kinds = {row["kind"]: row["installed"] for row in targen("list", "--json").json}
    assert kinds == {name: len(registry.all(name)) for name in registry.kinds}
    assert "reader" in targen("list").out


@pytest.mark.parametrize("named", ["reader", "readers", "task-readers"])
def test_a_kind_is_named_in_any_form(targen, named):
    assert {row["name"] for row in targen("list", named, "--json").json} >= {"yaml", "py"}


def test_every_kind_is_listed(targen):
    for kind in load_registry().kinds.values():
        done = targen("list", kind.name)
        assert done.code == 0
        if kind.listing:
            assert done.out == targen(kind.listing).out


def test_another_word_is_refused_with_the_kinds(targen):
    done = targen("list", "raeder")
    assert done.code == 2
    assert "unknown kind 'raeder'" in done.err
    assert "reader" in done.err


def test_new_names_all_that_it_writes(targen):
    words = targen("new", "--help").out
    assert not [
        kind.name
        for kind in load_registry().kinds.values()
        if kind.template and kind.name not in words
    ]


@pytest.mark.parametrize(
    ("name", "kind", "words"),
    [
        ("yaml", "reader", "Read a declaration, or a file in a form of a plugin."),
        ("langchain", "adapter", "Return a LangChain chat model as a `ChatModel`"),
    ],
)
def test_describe_shows_an_object_s_own_words(targen, name, kind, words):
    """Not those of its type, which are the same for all of its kind."""
    assert targen("describe", name, "--kind", kind, "--json").json["about"].startswith(words)
