"""From the name that a user typed to the names of a new distribution and its module."""

from __future__ import annotations

import keyword
import re
import sys
from dataclasses import dataclass
from importlib.util import find_spec

import importlib_metadata

from targen_core.errors import UnknownName, UsageError
from targen_core.hints import quoted
from targen_core.plugins.loader import canonical
from targen_core.plugins.registry import Registry

_LEGAL = re.compile(r"[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?", re.IGNORECASE)
_LONGEST = 32  # lines of the templates keep within their lint's limit


@dataclass(frozen=True, slots=True)
class Names:
    """The names of a plugin: as a distribution (and in lists), and as a module."""

    distribution: str
    module: str


def choose_names(registry: Registry, kind: str, name: str) -> Names:
    """The names of a new plugin that registers one `kind`.

    The module is the distribution's name with underscores. Where Python could
    not import that, or would find something else under it, it gets the kind in
    front: `class` becomes the module `task_class`.

    Raises:
        UsageError: no distribution may be called so, or something is already.
    """
    if not _LEGAL.fullmatch(name):
        near = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
        raise UsageError(
            f"{name!r} is not a valid distribution name: use letters, digits, '.', '-' and '_'",
            hint=f"targen new {kind} {quoted(near or f'my-{kind}')}",
        )
    if len(name) > _LONGEST:
        raise UsageError(f"{name!r} has {len(name)} characters; at most {_LONGEST} are allowed")
    distribution = canonical(name)
    _require_free(registry, kind, distribution)
    module = distribution.replace("-", "_")
    if (
        not module.isidentifier()
        or keyword.iskeyword(module)
        or module in sys.stdlib_module_names
        or _is_importable(module)
    ):
        module = f"{kind.replace('-', '_')}_{module}"
    return Names(distribution, module)


def _is_importable(module: str) -> bool:
    """Return whether Python can import a name; a mere folder of that name does not count."""
    spec = find_spec(module)
    return spec is not None and spec.origin is not None


def _require_free(registry: Registry, kind: str, name: str) -> None:
    """Refuse a name that means something here already, or elsewhere."""
    if name == "targen":
        raise UsageError(
            "a distribution named targen exists, and is an unrelated project",
            hint=f"targen new {quoted(kind)} targen-my-{kind}",
        )
    if name in registry.reserved.get(kind, ()):
        raise UsageError(
            f"the {kind} name {name!r} is reserved by targen", hint="choose a different name"
        )
    try:
        there = importlib_metadata.distribution(name)
    except importlib_metadata.PackageNotFoundError:
        pass
    else:
        raise UsageError(
            f"a distribution with this name is already installed: {name} {there.version}",
            hint=f"choose a different name, or run pip uninstall {name} first",
        )
    try:
        taken = registry.find(kind, name)
    except UnknownName:
        return
    raise UsageError(
        f"the name {name!r} is already used by an installed {kind}: {taken.id}",
        hint="choose a different name; users have to type the full id if two distributions "
        "register the same name",
    )
