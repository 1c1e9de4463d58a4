"""Lazy targets: imported on use, and every way that can go wrong named."""

from __future__ import annotations

import sys

import pytest

from targen_core.errors import MissingDependency, PluginError
from targen_core.plugins.kinds import KINDS
from targen_core.plugins.loader import load_registry


@pytest.fixture
def resolve(plugin, source, tmp_path, monkeypatch):
    """Register `target` lazily, with modules on the path, and ask for it."""
    monkeypatch.syspath_prepend(tmp_path)
    before = set(sys.modules)

    def ask(target, **modules):
        for name, text in modules.items():
            (tmp_path / f"{name}.py").write_text(text + "\n")
        module = plugin(register_correctors=lambda register: register("lazy", target))
        registry = load_registry([source(module, extras=("extra",))])
        assert [p.state for p in registry.plugins] == ["ok"]  # nothing was imported yet
        return registry.get("corrector", "lazy")

    yield ask
    for name in set(sys.modules) - before:
        if str(tmp_path) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


def test_it_is_imported_when_it_is_asked_for(resolve):
    assert resolve("lazy_ok:judge", lazy_ok="def judge():\n    return 'this one'")() == "this one"
    assert resolve("lazy_dotted:Box.inner", lazy_dotted="class Box:\n    inner = len") is len


@pytest.mark.parametrize(
    ("target", "text", "words"),
    [
        ("lazy_nowhere:judge", None, "does not exist"),
        ("lazy_nowhere.below.that:judge", None, "does not exist"),
        ("lazy_made:judge", "", "'lazy_made' has no attribute 'judge'"),
        ("lazy_made:judge", "raise ValueError('at import')", "importing lazy_made raised Value"),
        ("lazy_made:judge", "raise SystemExit('at import')", "importing lazy_made raised System"),
        ("lazy_made:judge", "1 / 0  # at import", "importing lazy_made raised ZeroDivision"),
    ],
)
def test_what_cannot_be_imported_is_named_with_whose_it_is(target, text, words, resolve):
    with pytest.raises(PluginError) as caught:
        resolve(target, **({} if text is None else {"lazy_made": text}))
    assert words in str(caught.value)
    assert "acme:lazy" in str(caught.value)
    assert caught.value.distribution == "acme"
    assert caught.value.hint == "report it to the authors of acme"
    assert not isinstance(caught.value, MissingDependency)


def _function():
    """Registered as what it is not."""


async def _coroutine():
    """Never awaited."""


@pytest.mark.parametrize(
    ("kind", "target", "words"),
    [
        ("task", _function, "a function, not a targen_core.Task"),
        ("seeds", ("a",), "a tuple, not a targen_core.tasks.steps.ListStep"),
        ("generator", 5, "an int, not a callable"),
        ("check", _coroutine, "an async function, not an ordinary function: it would never be"),
        ("reader", 5, "an int, not a targen_core.task_files.TaskReader"),
    ],
)
def test_what_is_nothing_of_its_kind(kind, target, words, load):
    registry = load(acme={KINDS[kind].hook: lambda register: register("x", target)})
    with pytest.raises(PluginError) as caught:
        registry.get(kind, "x")
    assert str(caught.value).startswith(f"{kind} acme:x is {words}")
    assert caught.value.distribution == "acme"
    assert caught.value.hint == "report it to the authors of acme"
