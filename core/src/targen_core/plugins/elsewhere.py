"""Packages that provide what people ask for by name: data for the hints of errors.

These names are only for hints, never imported, and a part works the same whether it is listed here
or not. Only where a stranger's part has the same name does a distribution in here come first.
"""

from __future__ import annotations

from typing import Any


def _by(package: str, names: str) -> dict[str, str]:
    return dict.fromkeys(names.split(), package)


ELSEWHERE = {
    "task": {
        "": "targen-tasks-superglue",
        **_by("targen-tasks-superglue", "axg boolq cb copa record rte wic wsc"),
        "multirc": "targen-tasks-multirc",
    },
    "backend": {
        "": "targen-backends[local]",
        **{name: f"targen-backends[{name}]" for name in ["chatgpt", "claude", "llama", "local"]},
        "scripted": "targen-standard",
        "openai": "targen-backends[chatgpt]",
        "anthropic": "targen-backends[claude]",
        "openai-compatible": "targen-backends[llama]",
    },
    "method": {
        "": "targen-methods",
        **_by("targen-methods", "attrprompt coda selfinstruct supergen zerogen"),
        "progen": "targen-methods[progen]",
        "sungen": "targen-methods[sungen]",
    },
    "reader": _by("targen-standard", "json py toml yaml yml"),
    "executor": {"": "targen-ray", "ray": "targen-ray"},
    "delivery": {"": "targen-standard", **_by("targen-standard", "batch files")},
    "embedder": {"minilm": "targen-analysis[embeddings,minilm]", "words": "targen-standard"},
    "corrector": _by("targen-standard", "blind meta meta-paper vote"),
    "filter": _by("targen-standard", "distance examples excluded near-duplicates"),
    "option": _by(
        "targen-standard",
        "close_gap embedder examples exclude max_cosine max_refused near_duplicates show_examples",
    ),
    "metric": {"": "targen-analysis"},
    "output": {"": "targen-outputs"},
    "trainer": {"": "targen-training"},
    "catalogue": {"": "targen-datatune"},
    "retriever": {"": "targen-datatune"},
    "command": {
        **_by("targen-analysis", "analyze list-metrics rate sample"),
        **_by("targen-datatune", "catalogue list-catalogues list-retrievers retrieve transform"),
        **_by("targen-methods", "compare-methods import-rows list-methods select"),
        **_by("targen-review", "review view"),
        **_by(
            "targen-training",
            "ablate answer compare evaluate list-trainers predict reproduce reweigh train",
        ),
    },
    "adapter": _by("targen-standard", "langchain langchain_core"),
    "function": {
        **_by(
            "targen-standard",
            "Declaration RevisionPlan TaskForm acorrect aplan_revision areplay arevise correct "
            "diff export merge plan_revision preview profile publish replay revise trace validate "
            "Script ScriptedModel ScriptedOptions export_batch import_batch",
        ),
        **_by("targen-cli", "CostEstimate estimate show-progress"),
        "analyze": "targen-analysis",
        "check-plugin": "targen-testing",
        "retrieve": "targen-datatune",
        "review-figures": "targen-review",
        "reviewed": "targen-review",
    },
}
"""Kind -> name -> the package to install; the name "" matches any of the kind."""

OURS = {
    "targen-core",
    *(package.partition("[")[0] for names in ELSEWHERE.values() for package in names.values()),
}
"""targen's own distributions: what a stranger registers takes no name from one of these."""

_FORMER = "targen-core:"
"""Before the names of parts that were the core's own in earlier versions."""

_MAKERS = {
    "gpt-": "chatgpt",
    "o1": "chatgpt",
    "o3": "chatgpt",
    "o4": "chatgpt",
    "claude-": "claude",
}


def package_of(kind: str, name: str = "") -> str:
    """Return what to install for a name of a kind, or for any of the kind; "" if unknown."""
    ours = "targen-standard" if kind == "function" and "-" in name else ""  # for other plugins
    return ELSEWHERE.get(kind, {}).get(name, ours)


def id_today(name: Any) -> Any:
    """Return the id that a part has now: all that were the core's are targen-standard's today."""
    if not isinstance(name, str) or not name.startswith(_FORMER):
        return name
    return f"targen-standard:{name.removeprefix(_FORMER)}"


def backend_serving(model: str) -> str:
    """Return the backend that serves a model of this name; any server's, if no maker has it."""
    return next((_MAKERS[start] for start in _MAKERS if model.startswith(start)), "llama")
