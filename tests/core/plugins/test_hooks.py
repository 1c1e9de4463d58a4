"""The hooks: each documented with an example, each registered through."""

from __future__ import annotations

import ast
import inspect
import textwrap

import pytest

from targen_core.plugins import hookspecs
from targen_core.plugins.kinds import KINDS
from targen_core.plugins.loader import load_registry


@pytest.mark.parametrize("kind", KINDS)
def test_a_hook_is_documented_with_an_example_that_works(kind, plugin, source):
    text = inspect.getdoc(getattr(hookspecs, KINDS[kind].hook))
    assert text
    example = textwrap.dedent(text.partition("```python")[2].partition("```")[0])
    assert ast.parse(example), "the docstring has an example"
    module = plugin()
    exec("from targen_core import hookimpl\n" + example, module.__dict__)
    registry = load_registry([source(module)])
    assert [p.state for p in registry.plugins] == ["ok"]
    assert [item.kind for item in registry.everything()] == [kind]
