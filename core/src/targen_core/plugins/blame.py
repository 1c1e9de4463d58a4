"""Raise what the code of a plugin raises as an error that names the plugin.

`targen_cli.blame` finds the plugin, from the error's traceback.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, ParamSpec, TypeVar

from targen_core.errors import PluginError, TargenError
from targen_core.plugins.loader import load_registry
from targen_core.plugins.registry import Registry
from targen_core.tracebacks import within

P = ParamSpec("P")
T = TypeVar("T")


@contextlib.contextmanager
def blaming(registry: Registry | None = None) -> Iterator[None]:
    """Raise what the code of a plugin raises inside the block as an error that names the plugin."""
    try:
        yield
    except Exception as error:
        if found := blamed(error, registry):
            raise found from error
        raise


def blaming_plugins(
    function: Callable[P, Coroutine[Any, Any, T]],
) -> Callable[P, Coroutine[Any, Any, T]]:
    """Return the same coroutine function, `blaming` within its keyword `registry`."""
    return within(function, lambda _, keywords: blaming(keywords.get("registry")))


def blamed(error: Exception, registry: Registry | None = None) -> PluginError | None:
    """Return the error that names the plugin in whose code another, its cause, was raised.

    Args:
        error: what was raised, with its traceback.
        registry: what is installed, if the caller has it.

    Returns:
        None if targen raised it itself, or if it names the right plugin.
    """
    try:
        find = load_registry().function("blamed-plugin", of="naming the plugin at fault")
    except TargenError:  # it is not installed
        return None
    found: PluginError | None = find(error, registry)
    return found
