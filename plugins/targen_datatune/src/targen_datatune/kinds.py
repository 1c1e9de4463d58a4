"""Catalogues and retrievers as kinds of targen's: their hooks, and what is shown of one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from targen_core.cli.facts import Described, fields
from targen_core.plugins.hookspecs import hookspec

if TYPE_CHECKING:
    from targen_core.plugins.register import Register
    from targen_datatune.retrieval import Catalogue, Retriever

USE = {
    "catalogue": "targen catalogue build SPEC",
    "retriever": "targen retrieve TASK --retriever {name}",
}
"""Kind -> how its objects are used."""


@hookspec
def register_catalogues(register: Register) -> None:
    """Register catalogues: datasets that `targen retrieve --catalogue SPEC` searches.

    Example:
        ```python
        @hookimpl
        def register_catalogues(register):
            register("house", "my_package.house:HOUSE", summary="Our data warehouse")
        ```
    """


@hookspec
def register_retrievers(register: Register) -> None:
    """Register retrievers: what finds datasets that are near to a task.

    Example:
        ```python
        @hookimpl
        def register_retrievers(register):
            register("words", "my_package.words:WORDS", summary="Words in common")
        ```
    """


def catalogue_facts(part: Described) -> dict[str, Any]:
    """Return the options of a catalogue or a retriever."""
    target: Catalogue | Retriever = part.target
    return {
        "summary": target.summary,
        "options": fields(target.options),
        "about": target.summary,
    }


retriever_facts = catalogue_facts
