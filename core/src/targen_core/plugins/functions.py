"""Functions for programs that plugins register: `targen_core.merge`, `targen_core.analyze`."""

from __future__ import annotations

from typing import Any

import targen_core
from targen_core.errors import AmbiguousName, TargenError, UnknownName
from targen_core.plugins.loader import load_registry
from targen_core.suggestions import suggestions_for

_looking: list[str] = []
"""Names that are being looked up: plugins are imported meanwhile, and may ask for others."""


def function(name: str) -> Any:
    """Return the function that a plugin registered as `name`, as `targen_core.NAME`.

    Raises:
        AttributeError: no plugin registers it, several do, or it cannot be imported.
    """
    problem = f"module 'targen_core' has no attribute {name!r}"
    if _looking:
        raise AttributeError(problem)
    _looking.append(name)
    try:
        return load_registry().get("function", name)
    except UnknownName as error:
        known = error.hint.startswith("pip install")
        if known:
            raise AttributeError(f"{problem}: {error.hint}") from None
        command = name.replace("_", "-")
        if any(each.name == command for each in load_registry().all("command")):
            raise AttributeError(f"{problem}: use the command targen {command}") from None
        near = suggestions_for(name, [*targen_core.__all__, *names()])
        meant = f"; did you mean {' or '.join(near)}?" if near else ""
        raise AttributeError(f"{problem}{meant}") from None
    except AmbiguousName as error:
        raise AttributeError(f"{error}; import it from one of them") from error
    except TargenError as error:  # hasattr() must not raise anything else
        raise AttributeError(f"{error}: {error.hint}") from error
    finally:
        _looking.pop()


def names() -> list[str]:
    """Return the names of these functions; those with a hyphen are for other plugins."""
    return [each.name for each in load_registry().all("function") if each.name.isidentifier()]
