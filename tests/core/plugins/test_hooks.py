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
    "register_dataset_readers": "dataset-reader",
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


@pytest.mark.parametrize(("hook", "kind"), KINDS.items())
def test_what_is_registered_through_a_hook_is_found_under_its_kind_alone(
    hook, kind, plugin, source
):
    thing = object()
    module = plugin(**{hook: lambda register: register.register("thing", thing)})
    registry = load_registry([source(module)])
    assert registry.find(kind, "thing").target is thing
    assert [k for k in KINDS.values() if registry.all(k)] == [kind]


def test_one_plugin_may_use_all_hooks(plugin, source):
    hooks = {
        hook: lambda register, hook=hook: register.register("thing", (hook,)) for hook in KINDS
    }
    registry = load_registry([source(plugin(**hooks))])
    assert {kind: registry.find(kind, "thing").target for kind in KINDS.values()} == {
        kind: (hook,) for hook, kind in KINDS.items()
    }
