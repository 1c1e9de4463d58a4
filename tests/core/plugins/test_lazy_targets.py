"""Lazy targets: imported on use, and every way that can go wrong named."""

from __future__ import annotations

import sys

import pytest

from targen_core import load_registry
from targen_core.errors import MissingDependency, PluginError


@pytest.fixture
def resolve(plugin, source, tmp_path, monkeypatch):
    """Register `target` lazily, with modules on the path, and ask for it."""
    monkeypatch.syspath_prepend(tmp_path)
    before = set(sys.modules)

    def ask(target, **modules):
        for name, text in modules.items():
            (tmp_path / f"{name}.py").write_text(text + "\n")
        module = plugin(register_tasks=lambda register: register.register("lazy", target))
        registry = load_registry([source(module, extras=("extra",))])
        assert [p.state for p in registry.plugins] == ["ok"]  # nothing was imported yet
        return registry.get("task", "lazy")

    yield ask
    for name in set(sys.modules) - before:
        if getattr(sys.modules[name], "__file__", "") and str(tmp_path) in str(
            sys.modules[name].__file__
        ):
            del sys.modules[name]


def test_it_is_imported_when_it_is_asked_for(resolve):
    assert resolve("lazy_ok:TASK", lazy_ok="TASK = 'this one'") == "this one"


def test_a_dotted_attribute(resolve):
    assert resolve("lazy_dotted:Box.inner", lazy_dotted="class Box:\n    inner = 7") == 7


@pytest.mark.parametrize("target", ["lazy_nowhere:TASK", "lazy_nowhere.below.that:TASK"])
def test_a_module_that_does_not_exist(target, resolve):
    with pytest.raises(PluginError) as caught:
        resolve(target)
    assert "does not exist" in str(caught.value)
    assert "acme:lazy" in str(caught.value)
    assert caught.value.distribution == "acme"
    assert caught.value.hint == "report it to the authors of acme"
    assert not isinstance(caught.value, MissingDependency)


def test_an_attribute_that_does_not_exist(resolve):
    with pytest.raises(PluginError, match="'lazy_bare' has no attribute 'TASK'") as caught:
        resolve("lazy_bare:TASK", lazy_bare="")
    assert caught.value.distribution == "acme"


def test_a_package_that_is_not_installed(resolve):
    with pytest.raises(MissingDependency) as caught:
        resolve("lazy_needy:TASK", lazy_needy="import no_such_sdk.client")
    assert "needs the package 'no_such_sdk', which is not installed" in str(caught.value)
    assert caught.value.hint == "pip install 'acme[extra]'"


@pytest.mark.parametrize(
    "text", ["raise ValueError('at import')", "raise SystemExit('at import')", "1 / 0  # at import"]
)
def test_a_module_that_raises(text, resolve):
    with pytest.raises(PluginError) as caught:
        resolve("lazy_raises:TASK", lazy_raises=text)
    assert "importing lazy_raises raised" in str(caught.value)
    assert caught.value.distribution == "acme"
