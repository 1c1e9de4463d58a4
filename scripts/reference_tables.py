"""The tables of the documentation that the code has the words for.

A line `<!-- table: WHAT -->` of a page stands for one of these tables:

- `module:NAME`: the fields and methods of a class, or the keys of a model
- `backend NAME`, `metric NAME`: the options of that part
- `checks KIND`: what the conformance suite of a kind checks, besides what that of a task does
- `papers targen`, `papers datatune`: each table, figure and appendix with its command
- `rules`: what is checked before a plugin runs
"""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import re
from types import FunctionType
from typing import Any

from cli_reference import plain
from pydantic import BaseModel
from python_reference import default, items, split

from targen_core.plugins.kinds import looked_up
from targen_core.plugins.loader import load_registry
from targen_testing.rules import RULES
from targen_testing.tasks import TaskSuite
from targen_training.reproduction.items import items as items_of_papers

_LINE = re.compile(r"^<!-- table: (.+) -->$", re.MULTILINE)


_FOR_READERS_OF_FILES = re.compile(r"^<!-- This file .+ -->\n\n", re.MULTILINE)


def filled(text: str) -> str:
    """Return a page with its tables, and without the line that says where they are."""
    return _LINE.sub(lambda line: _table(line[1]), _FOR_READERS_OF_FILES.sub("", text))


def _table(what: str) -> str:
    kind, _, name = what.partition(" ")
    if what == "rules":
        return _rows("check", "what to do if it fails", RULES.items())
    if kind == "papers":
        return _papers(name)
    if kind == "checks":
        suite = looked_up(load_registry().kinds[name].suite)
        tests = [(test, getattr(suite, test)) for test in dir(suite) if test.startswith("test_")]
        if suite is not TaskSuite:
            tests = [pair for pair in tests if getattr(TaskSuite, pair[0], None) is not pair[1]]
        return _rows("test", "what must hold", [(test, _words(code)) for test, code in tests])
    if name:
        return _keys(load_registry().get(kind, name).options)
    module, _, name = what.partition(":")
    thing = getattr(importlib.import_module(module), name)
    return _keys(thing) if issubclass(thing, BaseModel) else _members(thing)


def _papers(name: str) -> str:
    lines = ["| item | shows | command |\n|---|---|---|"]
    for item in items_of_papers().values():
        paper, _, short = item.name.rpartition("-")
        if (paper or "targen") == name:
            called = re.sub("^([a-z]+)", lambda found: f"{found[0].capitalize()} ", short)
            page = f"../reference/papers.md#{item.name.replace('.', '').lower()}"
            command = f"`{item.command}`" if item.command else "none"
            lines.append(f"| [{called}]({page}) | {item.what} | {command} |")
    return "\n".join(lines)


def _keys(model: type[BaseModel]) -> str:
    lines = ["| key | default | meaning |\n|---|---|---|"]
    for name, field in model.model_fields.items():
        known = isinstance(field.default, str | bool | int | float) and field.default != ""
        given = f"`{field.default}`".removesuffix(".0`").removesuffix("`") + "`" if known else ""
        given = given if isinstance(field.default, str) else given.lower()
        given = "required" if field.is_required() else given
        lines.append(f"| `{name}` | {given} | {plain(field.description or '')} |")
    return "\n".join(lines)


def _members(kind: type) -> str:
    """Return a class's fields as its docstring has them, and methods by their first paragraph."""
    _, sections = split(inspect.getdoc(kind) or "")
    members = items(sections.get("Attributes", ""))
    if not dataclasses.is_dataclass(kind):
        own = [(name, code) for name, code in vars(kind).items() if not name.startswith("_")]
        documented = [pair for pair in own if isinstance(pair[1], property | FunctionType)]
        members += [(name, _words(code)) for name, code in documented]
        return _rows("member", "meaning", members)
    lines = ["| field | default | meaning |\n|---|---|---|"]
    known = {field.name: field for field in dataclasses.fields(kind)}
    for name, text in members:
        field = known[name]
        given = "required" if field.default_factory is dataclasses.MISSING else "empty"
        if field.default is not dataclasses.MISSING:
            given = f"`{default(field.default)}`"
        lines.append(f"| `{name}` | {given} | {plain(text)} |")
    return "\n".join(lines)


def _rows(head: str, meaning: str, rows: Any) -> str:
    lines = [f"| `{name}` | {plain(text)} |" for name, text in rows]
    return "\n".join([f"| {head} | {meaning} |\n|---|---|", *lines])


def _words(code: Any) -> str:
    return (inspect.getdoc(code) or "").split("\n\n")[0]
