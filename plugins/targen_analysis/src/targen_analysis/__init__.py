"""Analysis as a targen plugin: this module only registers it, without other imports."""

from __future__ import annotations

from targen_core import Register, hookimpl
from targen_core.plugins.kinds import Kind, KindRegister


@hookimpl
def register_kinds(register: KindRegister) -> None:
    """Metrics: what `targen analyze` measures."""
    register(
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
def register_commands(register: Register) -> None:
    """`targen analyze`, `targen rate` and `targen sample`."""
    register(
        "analyze",
        "targen_analysis.cli:analyze",
        summary="Show what is in a dataset, and how it differs from real rows.",
    )
    register(
        "rate",
        "targen_analysis.judging.rate:rate",
        summary="Have a model rate how difficult rows are.",
        panel="Data",
    )
    register(
        "sample",
        "targen_analysis.judging.sample:sample",
        summary="Draw rows for a person to judge.",
        panel="Data",
    )


@hookimpl
def register_task_forms(register: Register) -> None:
    """Register files that state which rows to rate."""
    register(
        "rate",
        "targen_analysis.judging.rating:RATE",
        summary="difficulty of rows, from 1 to 5, as rated by a model",
    )


@hookimpl
def register_embedders(register: Register) -> None:
    """Register embedders for `targen generate --max-cosine`."""
    register(
        "minilm",
        "targen_analysis.semantic.minilm:MINILM",
        summary="MiniLM, a small sentence encoder, on the CPU (sentence-transformers)",
    )


_METRICS = {
    "differences": (
        "differences.metric:DIFFERENCES",
        (
            "how rows differ from real ones, measured by a classifier and described in words "
            "(scikit-learn)"
        ),
    ),
    "labels": ("labels:LABELS", "rows by label, and the label flow of step 4"),
    "lexical": (
        "lexical.metric:LEXICAL",
        "vocabulary, distinct-n, entropy, HD-D, MATTR, compression, at equal sizes",
    ),
    "repetition": (
        "lexical.repetition:REPETITION",
        "exact repeats, self-BLEU, share of rows without a near copy (ROUGE-L)",
    ),
    "leakage": ("leakage:LEAKAGE", "rows of the reference that are also in a dataset"),
    "artifacts": (
        "artifacts.metric:ARTIFACTS",
        "what gives labels away: parts of a row, length, overlap, single words (scikit-learn)",
    ),
    "semantic": (
        "semantic.metric:SEMANTIC",
        "mean cosine, Vendi score, coverage of the reference, a map (an embedding model)",
    ),
    "difficulty": (
        "difficulty.metric:DIFFICULTY",
        "V-usable information, PVI, probable mislabels, with a model of your choice (torch)",
    ),
    "entities": ("entities:ENTITIES", "named entities by type and by name (a spaCy pipeline)"),
    "gender": ("gender:GENDER", "words for women and men, by label; AX-g's pairs"),
    "paper-vocabulary": (
        "lexical.paper:PAPER_VOCABULARY",
        "table 7 of the paper: unique non-stop tokens of each text, summed (spaCy)",
    ),
    "datatune": (
        "lexical.datatune:DATATUNE",
        "figure 4 and table 3 of DataTune: near copies, bigrams and tokens per row",
    ),
    "judged": (
        "judging.metric:JUDGED",
        "a person's verdicts on answers and a model's difficulty ratings, from files that you pass",
    ),
}
"""Name -> where it is in this package, and its summary."""


@hookimpl
def register_metrics(register: Register) -> None:
    """Register metrics for `targen analyze`."""
    for name, (target, summary) in _METRICS.items():
        register(name, f"targen_analysis.{target}", summary=summary)
