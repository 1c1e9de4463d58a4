"""Plugins made on the spot, as module objects."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from targen_core import hookimpl
from targen_core.plugins.loader import Source, installed_sources, load_registry
from targen_core.plugins.registry import Registry


def plugin(name: str = "made_on_the_spot", **hooks: Callable[..., Any]) -> ModuleType:
    """A plugin module; each hook is a function of `register`."""
    module = ModuleType(name)
    for hook, function in hooks.items():
        setattr(module, hook, hookimpl(function))
    return module


def source(
    module: Any, distribution: str = "acme", entry_point: str = "main", **more: Any
) -> Source:
    """A `Source` of distribution `acme` 1.0."""
    return Source(distribution, "1.0", entry_point, module, **more)


@pytest.fixture(name="plugin")
def _plugin() -> Callable[..., ModuleType]:
    return plugin


@pytest.fixture(name="source")
def _source() -> Callable[..., Source]:
    return source


@pytest.fixture
def load() -> Callable[..., Registry]:
    """Load distributions, each of one plugin that has these hooks."""

    def made(**distributions: dict[str, Callable[..., Any]]) -> Registry:
        return load_registry([source(plugin(**has), name) for name, has in distributions.items()])

    return made


@pytest.fixture
def command_line() -> Source:
    """The distribution that owns the kind of commands."""
    return next(each for each in installed_sources() if each.distribution == "targen-core")
