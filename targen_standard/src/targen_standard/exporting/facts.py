"""The kind of exporters: the words of its hook, and its facts for `targen describe`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from targen_cli.facts import Described, about
from targen_core.plugins.hookspecs import hookspec

if TYPE_CHECKING:
    from targen_core import Register
    from targen_standard.exporting.model import Exporter

__all__ = ["exporter_facts", "print_exporter", "register_exporters"]


@hookspec
def register_exporters(register: Register[Exporter]) -> None:
    """Register exporters: forms that `targen export --as NAME` writes a dataset in.

    Example:
        ```python
        @hookimpl
        def register_exporters(register):
            register.register("report", "my_package.report:REPORT", summary="Rows to read")
        ```
    """


def exporter_facts(part: Described) -> dict[str, Any]:
    """Return the facts of an exporter."""
    return {"writes": part.target.suffix or "folder", "about": about(part.target.write)}


def print_exporter(facts: dict[str, Any]) -> None:
    """Print what an exporter writes."""
    writes = facts["writes"]
    print(f"writes: {'a folder' if writes == 'folder' else f'a {writes} file'}")
