"""The kinds of parts that this distribution adds: their hooks, and what `targen describe` shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from targen_core.cli.describing import print_described
from targen_core.cli.facts import Described, about, fields
from targen_core.plugins.hookspecs import hookspec

if TYPE_CHECKING:
    from targen_core.plugins.register import Register


USE = {
    "embedder": "--max-cosine 0.8 --embedder {name}",
    "exporter": "targen export RUN --as {name}",
}
"""Kind -> how its objects are used."""


@hookspec
def register_embedders(register: Register) -> None:
    """Register embedders: what tells `targen generate --max-cosine` how near two rows are.

    Example:
        ```python
        @hookimpl
        def register_embedders(register):
            register("house", "my_package.embed:HOUSE", summary="Our sentence encoder")
        ```
    """


def embedder_facts(part: Described) -> dict[str, Any]:
    """Return what decides the vectors of an embedder."""
    return {"packages": [*part.target.packages], "about": about(part.target.open)}


@hookspec
def register_task_forms(register: Register) -> None:
    """Register forms of task files: files whose only key is the form's name.

    Example:
        ```python
        @hookimpl
        def register_task_forms(register):
            register("quiz", "my_package.quiz:QUIZ", summary="Quizzes by subject")
        ```
    """


@hookspec
def register_outputs(register: Register) -> None:
    """Register outputs of task files: what `output:` may declare in place of `labels`.

    Example:
        ```python
        @hookimpl
        def register_outputs(register):
            register("tree", "my_package.tree:TREE", summary="syntax trees")
        ```
    """


def output_facts(part: Described) -> dict[str, Any]:
    """Return the keys of a form of task files, or of an output."""
    return {"summary": part.target.summary, "keys": fields(part.target.spec)}


form_facts = output_facts


def print_form(facts: dict[str, Any]) -> None:
    """Print the keys of a form."""
    name = facts["id"].rpartition(":")[2]
    print_described("key", facts["keys"])
    print(f"In a task file, use no key but {name} and `name`, and put these options under {name}.")


def print_output(facts: dict[str, Any]) -> None:
    """Print the keys of an output."""
    print_described("key", facts["keys"])
    print("In a task file, put these keys under output.")


@hookspec
def register_exporters(register: Register) -> None:
    """Register exporters: forms that `targen export --as NAME` writes a dataset in.

    Example:
        ```python
        @hookimpl
        def register_exporters(register):
            register("report", "my_package.report:REPORT", summary="Rows to read")
        ```
    """


def exporter_facts(part: Described) -> dict[str, Any]:
    """Return the facts of an exporter."""
    return {"writes": part.target.suffix or "folder", "about": about(part.target.write)}


def print_exporter(facts: dict[str, Any]) -> None:
    """Print what an exporter writes."""
    writes = facts["writes"]
    print(f"writes: {'a folder' if writes == 'folder' else f'a {writes} file'}")
