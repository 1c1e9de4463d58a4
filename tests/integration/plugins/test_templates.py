"""A new plugin that is broken in one place fails the check that is for it."""

from __future__ import annotations

import json

import pytest

BROKEN = [
    ("delivery", "self.identity = model.identity", 'self.identity = "x"', "places-each-model"),
    ("adapter", "if isinstance(thing, Client) else None", "", "leaves-other-objects"),
    ("adapter", 'f"acme:{client.name}"', "str(id(client))", "is-a-model"),
    ("reader", "declaration.as_json()", '"{}"', "its-copy-is-read-back"),
    ("reader", "if len(lines) < 3:", "if len(lines) > 99:", "refuses-in-words"),
    ("filter", "self._rows.update(entry.decode() for entry in entries)", "return", "remembers"),
    ("check", "raise Rejected(", "raise ValueError(", "makes-rows"),
    ("command", "- targen acme runs/rte-0", "- a line", "help-shows-an-example"),
]


@pytest.mark.parametrize(("kind", "before", "after", "check"), BROKEN)
def test_its_check_catches_it(kind, before, after, check, targen, tmp_path):
    assert targen("new", kind, "acme").returncode == 0
    file = tmp_path / f"acme/src/acme/{kind}.py"
    text = file.read_text()
    assert before in text
    text = text.replace(before, after).replace("> 200", "> 1").replace(">= 3", ">= 1")
    file.write_text(text)
    done = targen("plugins", "check", "acme", "--json")
    failed = [each for each in json.loads(done.stdout)["checks"] if each["outcome"] == "failed"]
    assert done.returncode == 1
    assert check in {each["check"] for each in failed}, failed
