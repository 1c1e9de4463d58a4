"""Analysis as a targen plugin: this module only registers it, without other imports."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from targen_core import hookimpl
from targen_core.plugins.kinds import Kind
from targen_core.plugins.register import Register

if TYPE_CHECKING:
    from targen_analysis.metrics import Metric
    from targen_core.plugins.kinds import KindRegister
    from targen_standard.embedding import Embedder
    from targen_standard.task_files.forms import TaskForm


@hookimpl
def register_kinds(register: KindRegister) -> None:
    """Metrics: what `targen analyze` measures."""
    register.register(
        Kind(
            "metric",
            "register_metrics",
            "targen_analysis.metrics:Metric",
            "list-metrics",
            "targen_analysis.testing.suite:MetricSuite",
            "targen_analysis.kinds",
        )
    )


@hookimpl
def register_commands(register: Register[Callable[..., Any]]) -> None:
    """`targen analyze`, `targen rate` and `targen sample`."""
    register.register(
        "analyze",
        "targen_analysis.cli:analyze",
        summary="Show what is in a dataset, and how it differs from real rows.",
    )
    register.register(
        "rate",
        "targen_analysis.judging.rate:rate",
        summary="Have a model rate how difficult rows are.",
        panel="Data",
    )
    register.register(
        "sample",
        "targen_analysis.judging.sample:sample",
        summary="Draw rows for a person to judge.",
        panel="Data",
    )


@hookimpl
def register_task_forms(register: Register[TaskForm[Any]]) -> None:
    """Register files that state which rows to rate."""
    register.register(
        "rate",
        "targen_analysis.judging.rating:RATE",
        summary="difficulty of rows, from 1 to 5, as rated by a model",
    )


@hookimpl
def register_embedders(register: Register[Embedder]) -> None:
    """Register embedders for `targen generate --max-cosine`."""
    register.register(
        "minilm",
        "targen_analysis.semantic.minilm:MINILM",
        summary="MiniLM, a small sentence encoder, on the CPU (sentence-transformers)",
    )


@hookimpl
def register_metrics(register: Register[Metric]) -> None:
    """Register metrics for `targen analyze`."""
    register.register(
        "differences",
        "targen_analysis.differences.metric:DIFFERENCES",
        summary="how rows differ from real ones, measured by a classifier and described in words",
    )
    register.register(
        "labels",
        "targen_analysis.labels:LABELS",
        summary="rows by label, and the label flow of step 4",
    )
    register.register(
        "lexical",
        "targen_analysis.lexical.metric:LEXICAL",
        summary="vocabulary, distinct-n, entropy, HD-D, MATTR, MTLD, compression, at equal sizes",
    )
    register.register(
        "repetition",
        "targen_analysis.lexical.repetition:REPETITION",
        summary="exact repeats, self-BLEU, share of rows without a near copy (ROUGE-L)",
    )
    register.register(
        "leakage",
        "targen_analysis.leakage:LEAKAGE",
        summary="rows of the reference that are also in a dataset",
    )
    register.register(
        "artifacts",
        "targen_analysis.artifacts.metric:ARTIFACTS",
        summary="what gives labels away: parts of a row, length, overlap, single words "
        "(scikit-learn)",
    )
    register.register(
        "semantic",
        "targen_analysis.semantic.metric:SEMANTIC",
        summary="mean cosine, Vendi score, coverage of the reference, a map (an embedding model)",
    )
    register.register(
        "difficulty",
        "targen_analysis.difficulty.metric:DIFFICULTY",
        summary="V-usable information, PVI, probable mislabels, with a model of your "
        "choice (torch)",
    )
    register.register(
        "entities",
        "targen_analysis.entities:ENTITIES",
        summary="named entities by type and by name (a spaCy pipeline)",
    )
    register.register(
        "gender",
        "targen_analysis.gender:GENDER",
        summary="words for women and men, by label; AX-g's pairs",
    )
    register.register(
        "paper-vocabulary",
        "targen_analysis.lexical.paper:PAPER_VOCABULARY",
        summary="table 7 of the paper: unique non-stop tokens of each text, summed (spaCy)",
    )
    register.register(
        "datatune",
        "targen_analysis.lexical.datatune:DATATUNE",
        summary="figure 4 and table 3 of DataTune: near copies, bigrams and tokens per row",
    )
    register.register(
        "judged",
        "targen_analysis.judging.metric:JUDGED",
        summary="a person's verdicts on answers and a model's difficulty ratings, from files that "
        "you pass",
    )
