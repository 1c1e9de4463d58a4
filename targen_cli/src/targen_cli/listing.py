"""`targen list-tasks` and the lists of all other kinds."""

from __future__ import annotations

from typing import Annotated

import typer

from targen_cli.inventory import show_registered

_Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]


def list_tasks(json: _Json = False) -> None:
    """List the tasks that are installed.

    Example: targen list-tasks --json
    """
    show_registered("task", json=json)


def list_contexts(json: _Json = False) -> None:
    """List the contexts (step 1) that derived tasks may use.

    Example: targen list-contexts
    """
    show_registered("contexts", json=json)


def list_seeds(json: _Json = False) -> None:
    """List the seeds (step 2) that derived tasks may use.

    Example: targen list-seeds
    """
    show_registered("seeds", json=json)


def list_generators(json: _Json = False) -> None:
    """List the inverse generators (step 3) that derived tasks may use.

    Example: targen list-generators
    """
    show_registered("generator", json=json)


def list_checks(json: _Json = False) -> None:
    """List the checks that --check adds to those of a task.

    Example: targen list-checks
    """
    show_registered("check", json=json)


def list_filters(json: _Json = False) -> None:
    """List the filters that --filter passes rows through.

    Example: targen list-filters
    """
    show_registered("filter", json=json)


def list_backends(json: _Json = False) -> None:
    """List the backends that are installed.

    Example: targen list-backends
    """
    show_registered("backend", json=json)


def list_correctors(json: _Json = False) -> None:
    """List the correctors (step 4) that --corrector takes.

    Example: targen list-correctors
    """
    show_registered("corrector", json=json)


def list_exporters(json: _Json = False) -> None:
    """List the forms that a dataset can be exported in.

    Example: targen list-exporters
    """
    show_registered("exporter", json=json)


def list_metrics(json: _Json = False) -> None:
    """List what `targen analyze` measures.

    Example: targen list-metrics
    """
    show_registered("metric", json=json)


def list_trainers(json: _Json = False) -> None:
    """List what `targen train` trains.

    Example: targen list-trainers
    """
    show_registered("trainer", json=json)


def list_catalogues(json: _Json = False) -> None:
    """List the catalogues of datasets that `targen retrieve` searches.

    Example: targen list-catalogues
    """
    show_registered("catalogue", json=json)


def list_retrievers(json: _Json = False) -> None:
    """List what finds datasets for a task.

    Example: targen list-retrievers
    """
    show_registered("retriever", json=json)


def list_methods(json: _Json = False) -> None:
    """List other methods that make rows of a task, for `targen method`.

    Example: targen list-methods
    """
    show_registered("method", json=json)


def list_executors(json: _Json = False) -> None:
    """List where the models of a run can work, for --executor.

    Example: targen list-executors
    """
    show_registered("executor", json=json)
