"""The hooks: each documented with an example, each registered through."""

from __future__ import annotations

import ast
import inspect
import textwrap

import pytest

from targen_core import load_registry
from targen_core.plugins import hookspecs, kinds

KINDS = {
    "register_tasks": "task",
    "register_contexts": "contexts",
    "register_seeds": "seeds",
    "register_inverse_generators": "generator",
    "register_checks": "check",
    "register_filters": "filter",
    "register_correctors": "corrector",
    "register_backends": "backend",
    "register_embedders": "embedder",
    "register_executors": "executor",
    "register_adapters": "adapter",
    "register_deliveries": "delivery",
    "register_task_readers": "reader",
    "register_reporters": "reporter",
    "register_functions": "function",
}


def test_there_are_these_hooks():
    assert {kind.hook: name for name, kind in kinds.KINDS.items()} == KINDS


@pytest.mark.parametrize("hook", KINDS)
def test_a_hook_is_documented_with_an_example_that_works(hook, plugin, source):
    text = inspect.getdoc(getattr(hookspecs, hook))
    assert text
    example = textwrap.dedent(text.partition("```python")[2].partition("```")[0])
    assert ast.parse(example), "the docstring has an example"
    module = plugin()
    exec("from targen_core import hookimpl\n" + example, module.__dict__)
    registry = load_registry([source(module)])
    assert [p.state for p in registry.plugins] == ["ok"]
    assert len(registry.all(KINDS[hook])) == 1
    assert sum(len(registry.all(kind)) for kind in KINDS.values()) == 1
