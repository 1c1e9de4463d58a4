"""`targen list`: the kinds, and what is installed of one, from the table of kinds."""

from __future__ import annotations

import pytest

from targen_core.plugins.loader import load_registry


def test_the_kinds_how_many_of_each_and_each_by_any_form_of_its_name(works):
    registry = load_registry()
    kinds = {row["kind"]: row["installed"] for row in works("list --json").json}
    assert kinds == {name: len(registry.all(name)) for name in registry.kinds}
    assert "reader" in works("list").out
    for named in ("reader", "readers", "task-readers"):
        assert {row["name"] for row in works(f"list {named} --json").json} >= {"yaml", "py"}
    for kind in registry.kinds.values():
        listed = works("list", kind.name).out
        assert not kind.listing or listed == works(kind.listing).out


@pytest.mark.parametrize(
    ("name", "kind", "words"),
    [
        ("yaml", "reader", "Read a declaration, or a file in a form of a plugin."),
        ("langchain", "adapter", "Return a LangChain chat model as a `ChatModel`"),
    ],
)
def test_describe_shows_an_object_s_own_words(works, name, kind, words):
    """Not those of its type, which are the same for all of its kind."""
    facts = works(f"describe {name} --kind {kind} --json").json
    assert facts["about"].startswith(words)
