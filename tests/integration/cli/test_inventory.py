"""Lists and descriptions of every kind of thing that plugins register."""

from __future__ import annotations

import subprocess
import sys

import pytest

from targen_core import load_registry
from targen_core.wording import install

SOME = {
    "task": "rte",
    "contexts": "settings",
    "seeds": "events",
    "generator": "rte-entailment",
    "check": "no-placeholder",
    "filter": "first-words",
    "corrector": "vote",
    "backend": "scripted",
    "exporter": "csv",
    "metric": "labels",
    "trainer": "tfidf",
    "catalogue": "files",
    "retriever": "bm25",
    "method": "claims",
    "executor": "beside",
    "delivery": "batch",
    "form": "queues",
    "output": "spans",
    "embedder": "words",
}
TABLE = load_registry().kinds
LISTS = {kind.name: kind.listing for kind in TABLE.values() if kind.listing}


def test_every_kind_has_its_list():
    """But commands, which stand in `targen --help`, and what only code calls."""
    assert (
        set(LISTS)
        == set(SOME)
        == set(TABLE)
        - {*("adapter", "command", "dataset-reader", "function", "reader", "reporter")}
    )


def test_no_list_imports_anything_heavy():
    heavy = (
        "langchain_core pydantic typer rich click numpy pyarrow aiohttp diskcache difflib "
        "targen_core.tasks.model targen_standard.exporting targen_tasks_superglue.rte"
    ).split()
    code = (
        "import sys; from targen_cli import main\n"
        f"for command in {list(LISTS.values())}:\n"
        "    sys.argv = ['targen', command]; main()\n"
        f"print([name for name in {heavy} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=600, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("kind", LISTS)
def test_everything_that_is_registered_is_listed_and_can_be_described(kind, targen, works):
    listed = works(LISTS[kind]).out
    assert listed.startswith(kind)
    assert SOME[kind] in [line.split()[0] for line in listed.splitlines()]
    items = targen(LISTS[kind], "--json").json
    names = [item["name"] for item in items]
    assert SOME[kind] in names and names == sorted(names)
    for item in items:
        word = kind.split()[-1]
        facts = targen("describe", item["id"], "--kind", word, "--json").json
        assert facts["id"] == item["id"]
        assert facts["kind"] == kind
        text = works("describe", item["id"], "--kind", word)
        assert text.out.startswith(item["id"])


def test_a_backend_says_its_options_and_what_it_supports(targen):
    facts = targen("describe", "scripted", "--json").json
    options = {option["name"]: option for option in facts["options"]}
    assert options["down"] == {
        "name": "down",
        "type": "bool",
        "description": "every call fails with a simulated HTTP 5xx",
        "default": False,
    }
    assert facts["model"]["structured"] is True
    assert facts["model"]["price"]["input"] == 0
    assert facts["batches"] is False
    assert facts["install"] == "targen-standard"
    text = targen("describe", "llama", "-o", "model=m", "-o", "base_url=https://llm.example/v1").out
    for words in ("price: unknown", install("targen-backends[llama]"), "base_url", "secret"):
        assert words in text


def test_a_backend_that_needs_more_says_what(works):
    result = works("describe", "chatgpt")
    assert "abilities and prices are unknown: the chatgpt backend needs a model name" in result.out


def test_a_backend_keeps_its_key_to_itself(targen):
    result = targen("describe", "llama", "-o", "model=m", "-o", "api_key=sk-very-secret")
    assert "sk-very-secret" not in result.out + result.err


def test_a_list_says_what_its_items_look_like_and_who_uses_it(targen):
    facts = targen("describe", "article-titles", "--json").json
    assert [(field["name"], field["type"]) for field in facts["item"]] == [
        ("category", "str"),
        ("title", "str"),
    ]
    assert "targen-tasks-superglue:boolq" in facts["tasks"]
    assert facts["batch"] == 5
    text = targen("describe", "settings").out
    assert "An item is text." in text
    assert "Used by: targen-tasks-superglue:axg; " in text


def test_a_corrector_says_its_settings_parameters_and_prompts(targen):
    vote = targen("describe", "vote", "--json").json
    assert vote["settings"] == {"votes": 3}
    assert vote["parameters"] == {"temperature": 0.8}
    assert [(each["name"], each["default"]) for each in vote["options"]] == [("votes", 3)]
    assert "vote.votes" in targen("describe", "vote").out
    meta = targen("describe", "meta", "--prompts", "--json").json
    assert [prompt["name"] for prompt in meta["prompts"]] == ["meta", "solve"]
    assert "You check finished work" in meta["prompts"][0]["text"]
    assert "targen-tasks-superglue:rte" in meta["tasks"]
    assert "You check finished work" in targen("describe", "meta", "--prompts").out
