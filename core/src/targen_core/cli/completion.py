"""Shell completion: names from the registry, of the wanted kind."""

from __future__ import annotations

from collections.abc import Callable

from targen_core.plugins.loader import load_registry


def completer(*kinds: str) -> Callable[[str], list[tuple[str, str]]]:
    """A completion of registered names of these kinds, with their summaries as help.

    Without kinds, of all. A name that two distributions register is offered as its full ids.
    """

    def complete(incomplete: str) -> list[tuple[str, str]]:
        registry = load_registry()
        matches: list[tuple[str, str]] = []
        for kind in kinds or registry.kinds:
            items = registry.all(kind)
            names = [item.name for item in items]
            for item in items:
                alone = names.count(item.name) == 1 and ":" not in incomplete
                word = item.name if alone else item.id
                if word.startswith(incomplete):
                    matches.append((word, item.summary))
                elif incomplete:
                    matches += [(a, item.summary) for a in item.aliases if a.startswith(incomplete)]
        return matches

    return complete


complete_registered = completer()
"""Names of any kind of thing."""


def complete_kind(incomplete: str) -> list[str]:
    """Names of kinds."""
    return [name for name in load_registry().kinds if name.startswith(incomplete)]


def complete_template(incomplete: str) -> list[str]:
    """Return the names of kinds that `targen new` can make."""
    from targen_core.cli.scaffold.writing import has_template

    kinds = load_registry().kinds
    return [name for name in complete_kind(incomplete) if has_template(kinds[name])]
