"""The metric `datatune`: figure 4 and table 3 of DataTune, as its figures come out.

DataTune (Gandhi et al., arXiv:2404.14361), section 5.2. "Unique bigrams per example" are the
different bigrams of the dataset over its rows, in lower case, of words and punctuation. For
BIG-bench's temporal_sequences this gives the printed 1.0, and 99.7 tokens. A row is unique up to T
if its ROUGE-L with every other row of its dataset is below T.
"""

from __future__ import annotations

import re
from itertools import pairwise

import numpy as np
from pydantic import Field

from targen_analysis.lexical.repetition import THRESHOLDS
from targen_analysis.lexical.rouge import COMPARED, WordEncoder, nearest
from targen_analysis.metrics import Corpus, Metric, MetricOptions, Study
from targen_analysis.statistics import generator, mean, rate, subsample
from targen_analysis.views import figure_table
from targen_core.cli.findings import Cell, Estimate, Findings, Table

_TOKEN = re.compile(r"\w+|[^\w\s]")
_PAPER = {
    # task: unique bigrams and tokens an example, gold, synthetic, transformed; its threshold.
    "code_line_description": ((13.2, 32.3), (2.5, 35.0), (14.9, 86.9), 0.8),
    "elementary_math_qa": ((10.8, 48.6), (3.3, 34.4), (11.6, 43.8), 0.7),
    "implicatures": ((9.9, 24.1), (2.7, 27.7), (17.8, 39.8), 0.7),
    "temporal_sequences": ((1.0, 99.7), (20.8, 54.6), (0.2, 73.7), 0.9),
    "medical_questions_russian": ((62.0, 79.4), (20.8, 54.6), (11.6, 44.8), 0.7),
}
_SHOWN = {
    "unique bigrams": "distinct bigrams in the dataset",
    "unique bigrams a row": "distinct bigrams divided by the number of rows (table 3)",
    "tokens": "tokens in the dataset",
    "tokens a row": "tokens per row (table 3)",
    **{f"unique at {t}": f"rows with no other row at ROUGE-L {t} or above" for t in THRESHOLDS},
}


class DataTuneOptions(MetricOptions):
    """Options of `datatune`."""

    text: str = Field(
        "input", description="The text to measure. In a row without it, targen measures all texts."
    )
    among: int = Field(
        3000, ge=2, description="Maximum number of rows to compare, drawn at random."
    )


def _measure(study: Study, options: DataTuneOptions) -> Findings:
    figures = {corpus.name: _figures(study, corpus, options) for corpus in study.everything}
    sizes = "; ".join(f"{corpus.name}: {len(corpus):,} rows" for corpus in study.everything)
    table = figure_table("DataTune's measures of diversity", figures, _SHOWN, _SHOWN, note=sizes)
    return Findings(
        figures=figures,
        tables=(table, *_printed(study)),
        notes=(
            (
                "Whole datasets are measured, as in the paper; ROUGE-L uses up to "
                f"{options.among:,} random rows. Larger datasets have fewer bigrams per row and "
                "more near copies, so compare datasets of similar size. The metrics `lexical` and "
                "`repetition` compare equal numbers of rows."
            ),
            (
                f"The measured text is {options.text}, or all texts if a row does not have it. "
                f"Tokens are words and punctuation marks; ROUGE-L uses the first {COMPARED:,} "
                "words."
            ),
        ),
    )


def _figures(study: Study, corpus: Corpus, options: DataTuneOptions) -> dict[str, Estimate]:
    at = corpus.fields.index(options.text) if options.text in corpus.fields else None
    texts = ["\n".join(of) if at is None else of[at] for of in corpus.texts]
    bigrams: set[tuple[str, str]] = set()
    lengths = []
    for text in texts:
        tokens = _TOKEN.findall(text.lower())
        lengths.append(len(tokens))
        bigrams.update(pairwise(tokens))
    figures = {
        "unique bigrams": Estimate(float(len(bigrams))),
        "unique bigrams a row": Estimate(len(bigrams) / len(texts)),
        "tokens": Estimate(float(sum(lengths))),
        "tokens a row": mean(lengths),
    }
    if len(texts) > 1:
        rng = generator(study.rng(f"datatune/{corpus.name}"))
        rows = subsample(options.among, len(texts), rng)
        strings = WordEncoder().encode_all(texts[row] for row in rows)
        best, _ = nearest(strings, strings, own=range(len(strings)))
        for threshold in THRESHOLDS:
            unique = int((best < np.float32(threshold)).sum())
            figures[f"unique at {threshold}"] = rate(unique, len(best))
    return figures


def _printed(study: Study) -> list[Table]:
    """Return the paper's figures for the tasks at hand."""
    names = dict.fromkeys(_task(corpus) for corpus in study.everything)
    rows: list[tuple[Cell, ...]] = [
        (name, kind, *of, _PAPER[name][3])
        for name in names
        if name in _PAPER
        for kind, of in zip(("gold", "synthetic", "transformed"), _PAPER[name][:3], strict=True)
    ]
    columns = ("task", "dataset", "unique bigrams", "tokens", "threshold of figure 4")
    return [Table("Figures from DataTune's table 3", columns, rows)] if rows else []


def _task(corpus: Corpus) -> str:
    name = corpus.task.name if corpus.task is not None else corpus.name
    return name.replace("-", "_")


DATATUNE = Metric(
    title="DataTune's measures",
    measure=_measure,
    options=DataTuneOptions,
    order=95,
)
