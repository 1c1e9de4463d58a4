"""Declarations from strangers: bounded in size and depth, and of their own folder alone."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from targen_core import Declaration
from targen_core.errors import UsageError

HEAD = "description: Notes of a night porter.\nlabels:\n  calm: nothing\n  alarm: something\n"
JSON = '{"description": "Notes.", "labels": {"a": "x", "b": "y"},\n "samples": [%s]}'
TOML = 'description = "Notes."\nlabels = {a = "x", b = "y"}\nsamples = [\n%s]\n'


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    (tmp_path / "mine").mkdir()
    monkeypatch.chdir(tmp_path / "mine")


def refused(name: str, text: str) -> str:
    Path(name).write_text(text, encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        Declaration.from_file(name)
    return str(caught.value)


def bomb(levels: int, wide: int = 9) -> str:
    """Aliases of aliases: wide ** levels values in a few lines."""
    lines = ["x0: &x0 [lol, lol]"]
    lines += [f"x{n}: &x{n} [{', '.join([f'*x{n - 1}'] * wide)}]" for n in range(1, levels + 1)]
    return "\n".join(lines) + "\n"


def test_aliases_of_aliases_are_refused_at_once():
    begun = time.process_time()
    assert "t.yaml, line 11: too large once its aliases are expanded" in refused(
        "t.yaml", HEAD + bomb(9)
    )
    assert time.process_time() - begun < 2


def test_an_alias_that_is_used_a_few_times_is_good():
    text = HEAD.replace("nothing", "&same nothing") + "summary: *same\n"
    Path("t.yaml").write_text(text)
    assert Declaration.from_file("t.yaml").summary == "nothing"


@pytest.mark.parametrize("depth", [30, 300, 30_000])
@pytest.mark.parametrize(
    ("name", "text", "line"),
    [
        ("t.yaml", HEAD + "samples: {deep}\n", "line 5"),
        ("t.json", JSON.replace("%s", "{deep}"), "line 2"),
        ("t.toml", TOML.replace("%s", "{deep}"), "line 4"),
    ],
)
def test_what_is_nested_too_deeply_is_refused_with_its_line(name, text, line, depth):
    message = refused(name, text.replace("{deep}", "[" * depth + "]" * depth))
    assert message == f"{name}, {line}: nested more than 16 levels deep"


def test_block_yaml_and_dotted_toml_may_be_too_deep_as_well():
    deep = "".join(f"{' ' * n}a:\n" for n in range(100))
    assert "line 20: nested more than 16 levels deep" in refused("t.yaml", HEAD + deep)
    dotted = 'description = "Notes."\n' + ".".join(["a"] * 5000) + " = 1\n"
    assert "line 2: nested more than 16 levels deep" in refused("t.toml", dotted)


@pytest.mark.parametrize("name", ["model", "model_name", "copy", "schema", "json"])
def test_other_names_like_these_are_good(name):
    Path("t.yaml").write_text(f"{HEAD}fields:\n  {name}: the note\n")
    assert name in Declaration.from_file("t.yaml").fields


def test_thousands_of_labels_are_refused_and_a_thousand_are_quick():
    def labels(count: int) -> str:
        lines = "".join(f"  label_{n}: rows of kind number {n}\n" for n in range(count))
        return f"description: Sort mails.\nlabels:\n{lines}"

    message = refused("t.yaml", labels(1001))
    assert "t.yaml, line 2: labels: dictionary should have at most 1000 items" in message
    Path("t.yaml").write_text(labels(400))
    assert len(Declaration.from_file("t.yaml").task().labels) == 400


@pytest.mark.parametrize(("name", "size"), [("t.yaml", 2), ("t.toml", 2), ("t.json", 37)])
def test_a_file_that_nobody_wrote_is_not_read(name, size):
    with open(name, "wb") as file:
        file.truncate(size << 20)
    with pytest.raises(UsageError, match=f"{name}: it is larger than {size - 1} MiB"):
        Declaration.from_file(name)


def test_a_list_of_too_many_values_is_given_up_early(monkeypatch):
    monkeypatch.setattr("targen_cli.reading.nodes._MOST_NODES", 1000)
    message = refused("t.yaml", HEAD + "zz: [" + "a," * 1000 + "a]\n")
    assert "line 5: more than 1,000 keys and values" in message
