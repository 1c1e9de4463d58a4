"""A targen plugin: this module only registers, without heavy imports."""

from __future__ import annotations

from targen_core import Register, hookimpl


@hookimpl
def register_tasks(register: Register) -> None:
    """Register the task of `targen generate tickets`."""
    register(
        "tickets",
        "targen_plugin_example.task:TICKETS",
        summary="support tickets: urgent or routine?",
    )


@hookimpl
def register_contexts(register: Register) -> None:
    """Step 1, for other tasks to reuse."""
    register("businesses", "targen_plugin_example.steps:BUSINESSES", summary="kinds of business")


@hookimpl
def register_seeds(register: Register) -> None:
    """Step 2, for other tasks to reuse."""
    register(
        "problems", "targen_plugin_example.steps:PROBLEMS", summary="what customers write about"
    )


@hookimpl
def register_inverse_generators(register: Register) -> None:
    """Step 3, for derived tasks to reuse."""
    register(
        "urgent-ticket",
        "targen_plugin_example.steps:write_urgent",
        summary="a ticket that cannot wait",
    )
    register(
        "routine-ticket",
        "targen_plugin_example.steps:write_routine",
        summary="a ticket that can wait",
    )


@hookimpl
def register_checks(register: Register) -> None:
    """A rule for rows of any task: `--check no-placeholder`."""
    register(
        "no-placeholder",
        "targen_plugin_example.rules:no_placeholder",
        summary="rejects rows with a placeholder in brackets",
    )


@hookimpl
def register_filters(register: Register) -> None:
    """A filter with options: `--filter first-words -o first-words.most=1`."""
    register(
        "first-words",
        "targen_plugin_example.rules:FIRST_WORDS",
        summary="rejects rows that begin like several others",
    )


@hookimpl
def register_correctors(register: Register) -> None:
    """Step 4: `--corrector keywords` works with any task of these labels."""
    register(
        "keywords",
        "targen_plugin_example.corrector:keywords",
        summary="rejects a ticket whose words contradict its label; does not call a model",
    )


@hookimpl
def register_backends(register: Register) -> None:
    """A backend: `--backend canned` answers from a list, to show the form."""
    register(
        "canned",
        "targen_plugin_example.backend:BACKEND",
        summary="canned ticket texts, as an example of a backend",
    )


@hookimpl
def register_exporters(register: Register) -> None:
    """A form to export in: `targen export RUN --as page`."""
    register(
        "page",
        "targen_plugin_example.exporter:PAGE",
        summary="the rows of a dataset as a Markdown list",
    )


@hookimpl
def register_metrics(register: Register) -> None:
    """A figure of `targen analyze`, where targen-analysis is installed."""
    register(
        "loudness",
        "targen_plugin_example.metric:LOUDNESS",
        summary="the share of rows with an exclamation mark",
    )


@hookimpl
def register_trainers(register: Register) -> None:
    """Register the trainer of `targen train RUN --trainer bayes`, for targen-training."""
    register("bayes", "targen_plugin_example.trainer:BAYES", summary="naive Bayes on words")


@hookimpl
def register_catalogues(register: Register) -> None:
    """Register the catalogue of `targen retrieve TASK --catalogue archive:`."""
    register(
        "archive", "targen_plugin_example.catalogue:ARCHIVE", summary="past tickets of a help desk"
    )


@hookimpl
def register_retrievers(register: Register) -> None:
    """Register the retriever of `targen retrieve TASK --retriever shared`."""
    register(
        "shared",
        "targen_plugin_example.retriever:SHARED",
        summary="the share of a query's words that an entry contains",
    )


@hookimpl
def register_methods(register: Register) -> None:
    """Register the method of `targen method claims TASK`."""
    register(
        "claims",
        "targen_plugin_example.method:CLAIMS",
        summary="generates a disputed claim, then a row about it",
    )


@hookimpl
def register_task_forms(register: Register) -> None:
    """A file with the key `queues` is a task: `targen generate ./letters.yaml`."""
    register("queues", "targen_plugin_example.form:QUEUES", summary="letters to a shop, by queue")


@hookimpl
def register_embedders(register: Register) -> None:
    """Register the embedder of `targen generate TASK --max-cosine 0.8 --embedder letters`."""
    register(
        "letters", "targen_plugin_example.embedder:LETTERS", summary="how often each letter occurs"
    )


@hookimpl
def register_executors(register: Register) -> None:
    """Register the executor for `targen generate TASK --executor beside`."""
    register(
        "beside",
        "targen_plugin_example.executor:BESIDE",
        summary="a thread in this process, as an example",
    )


@hookimpl
def register_commands(register: Register) -> None:
    """Register a command in addition to targen's own: `targen desk RUN`."""
    register(
        "desk", "targen_plugin_example.command:desk", summary="show tickets, urgent ones first"
    )
