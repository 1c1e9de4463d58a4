"""Existing datasets for a new task, as a targen plugin: it registers without other imports."""

from __future__ import annotations

from targen_core import Register, hookimpl
from targen_core.plugins.kinds import Kind, KindRegister


@hookimpl
def register_kinds(register: KindRegister) -> None:
    """Catalogues and retrievers: where datasets are, and what finds them."""
    register(
        Kind(
            "catalogue",
            "register_catalogues",
            "targen_datatune.retrieval:Catalogue",
            "list-catalogues",
            "targen_datatune.testing:CatalogueSuite",
            "targen_datatune.kinds",
        )
    )
    register(
        Kind(
            "retriever",
            "register_retrievers",
            "targen_datatune.retrieval:Retriever",
            "list-retrievers",
            "targen_datatune.testing:RetrieverSuite",
            "targen_datatune.kinds",
        )
    )


@hookimpl
def register_commands(register: Register) -> None:
    """`targen catalogue`, `targen retrieve` and `targen transform`."""
    register(
        "catalogue",
        "targen_datatune.cli.catalogue:catalogue",
        summary="Build or show the index for targen retrieve.",
        panel="Data",
    )
    register(
        "retrieve",
        "targen_datatune.cli.retrieve:retrieve",
        summary="Find datasets similar to a task.",
        panel="Data",
    )
    register(
        "transform",
        "targen_datatune.cli.transform:transform",
        summary="Transform rows of existing datasets into rows of a task.",
        panel="Data",
    )


@hookimpl
def register_catalogues(register: Register) -> None:
    """Register sources for `targen catalogue build`."""
    register(
        "files",
        "targen_datatune.catalogues.files:FILES",
        summary="your own folders and files: CSV, JSON, Parquet, runs",
    )
    register(
        "hub",
        "targen_datatune.catalogues.hub:HUB",
        summary="the Hugging Face hub, through its dataset viewer, without full downloads",
    )


@hookimpl
def register_retrievers(register: Register) -> None:
    """Register retrievers for `targen retrieve`."""
    register(
        "bm25",
        "targen_datatune.retrievers.bm25:BM25",
        summary="shared words, weighted by rarity; needs no download and no torch",
    )
    register(
        "dense",
        "targen_datatune.retrievers.dense:DENSE",
        summary="bi-encoder embeddings, which also match paraphrases: MiniLM, DataFinder's model",
    )
    register(
        "fused",
        "targen_datatune.retrievers.fused:FUSED",
        summary="bm25 and dense combined by rank: datasets that both find come first",
    )


@hookimpl
def register_task_forms(register: Register) -> None:
    """Register files that state the task, and the datasets from which its rows are transformed."""
    register(
        "transform",
        "targen_datatune.transforming.task:TRANSFORM",
        summary="transform rows of existing datasets for a new task",
    )
