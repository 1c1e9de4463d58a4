"""Declarations from strangers: bounded in size and depth."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from targen_core.errors import UsageError
from targen_standard.task_files.model import Declaration

HEAD = "description: Notes of a night porter.\nlabels:\n  calm: nothing\n  alarm: something\n"
JSON = '{"description": "Notes.", "labels": {"a": "x", "b": "y"},\n "samples": [%s]}'
TOML = 'description = "Notes."\nlabels = {a = "x", b = "y"}\nsamples = [\n%s]\n'
# Aliases of aliases: nine to the ninth values in a few lines.
BOMB = "x0: &x0 [lol, lol]\n" + "".join(
    f"x{n}: &x{n} [{', '.join([f'*x{n - 1}'] * 9)}]\n" for n in range(1, 10)
)
LABELS = "".join(f"  label_{n}: rows of kind number {n}\n" for n in range(1001))
DEEP = "nested more than 16 levels deep"
REFUSED = [
    ("t.yaml", HEAD + BOMB, "line 11: too large once its aliases are expanded"),
    ("t.yaml", HEAD + "".join(f"{' ' * n}a:\n" for n in range(100)), f"line 20: {DEEP}"),
    ("t.toml", 'description = "Notes."\n' + ".".join(["a"] * 5000) + " = 1\n", f"line 2: {DEEP}"),
    ("t.yaml", HEAD + "zz: [" + "a," * 1000 + "a]\n", "line 5: more than 1,000 keys and values"),
    ("t.yaml", f"description: x\nlabels:\n{LABELS}", "line 2: labels: dictionary should have at"),
] + [
    (name, text.replace("%s", "[" * depth + "]" * depth), f"{line}: {DEEP}")
    for depth in (30, 300, 30_000)
    for name, text, line in (
        ("t.yaml", HEAD + "samples: %s\n", "line 5"),
        ("t.json", JSON, "line 2"),
        ("t.toml", TOML, "line 4"),
    )
]


@pytest.mark.parametrize(("name", "text", "said"), REFUSED, ids=lambda text: text[-40:])
def test_a_file_that_is_too_large_or_too_deep_is_refused_at_once(name, text, said, monkeypatch):
    if "zz:" in text:
        monkeypatch.setattr("targen_core.reading.nodes._MOST_NODES", 1000)
    Path(name).write_text(text, encoding="utf-8")
    begun = time.process_time()
    with pytest.raises(UsageError) as caught:
        Declaration.from_file(name)
    assert str(caught.value).startswith(f"{name}, {said}")
    assert time.process_time() - begun < 2


def test_what_is_within_the_limits_is_read():
    """Hundreds of labels, an alias, and fields named nearly like those that pydantic reserves."""
    names = ["model", "model_name", "copy", "schema", "json"]
    fields = "".join(f"  {name}: the note\n" for name in names)
    labels = LABELS[: LABELS.index("  label_400")].replace("rows of kind number 0", "&same nothing")
    text = f"description: x\nlabels:\n{labels}summary: *same\n"
    Path("t.yaml").write_text(text)
    declaration = Declaration.from_file("t.yaml")
    assert declaration.summary == "nothing"
    assert len(declaration.task().labels) == 400
    Path("t.yaml").write_text(f"{text}fields:\n{fields}")
    assert [*Declaration.from_file("t.yaml").fields] == names
