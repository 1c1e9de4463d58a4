"""The metric `repetition`: how alike the rows of one dataset are."""

from __future__ import annotations

from collections import Counter

import numpy as np
from pydantic import Field

from targen_analysis.lexical.rouge import COMPARED, WordEncoder, nearest
from targen_analysis.lexical.selfbleu import self_bleu
from targen_analysis.metrics import Corpus, Metric, MetricOptions, Study
from targen_analysis.statistics import generator, mean, rate, subsample
from targen_analysis.texts import excerpt
from targen_analysis.views import figure_table, rouge_plot
from targen_core.cli.findings import Cell, Estimate, Findings, Table
from targen_core.text import percent

THRESHOLDS = (0.7, 0.8, 0.9)
"""ROUGE-L from which a row repeats another (DataTune, section 5)."""


class RepetitionOptions(MetricOptions):
    """Options of `repetition`."""

    texts: int = Field(500, ge=2, description="Number of rows for self-BLEU.")
    probes: int = Field(
        500, ge=1, description="Number of rows for which to find the most similar row."
    )
    among: int = Field(5000, ge=2, description="Number of rows among which to search for it.")
    shown: int = Field(5, ge=0, description="Number of pairs of rows to show.")


def _measure(study: Study, options: RepetitionOptions) -> Findings:
    corpora = study.everything
    smallest = min(map(len, corpora))
    texts, among = min(options.texts, smallest), min(options.among, smallest)
    probes = min(options.probes, among)
    figures: dict[str, dict[str, Estimate]] = {}
    tables: list[Table] = []
    found: dict[str, np.ndarray] = {}
    warnings: list[str] = []
    repeated: list[tuple[Cell, ...]] = []
    for corpus in corpora:
        rng = generator(study.rng(f"repetition/{corpus.name}"))
        again = len(corpus) - len(set(corpus.texts))
        mine: dict[str, Estimate] = {"repeated word for word": rate(again, len(corpus))}
        repeated += _repeated(corpus, options.shown) if again else []
        if again and corpus is not study.reference:
            warnings.append(
                f"In {again:,} of {len(corpus):,} rows of {corpus.name}, an earlier row is "
                "repeated word for word."
            )
        if smallest > 1:
            strings = WordEncoder().encode_all("\n".join(row) for row in corpus.texts)
            chosen = subsample(texts, len(corpus), rng)
            mine["self-bleu"] = mean(self_bleu([strings[row] for row in chosen.tolist()]))
            place = subsample(among, len(corpus), rng)
            probed = rng.permutation(len(place))[:probes]
            others = [strings[row] for row in place.tolist()]
            best, which = nearest([others[at] for at in probed], others, own=probed.tolist())
            for threshold in THRESHOLDS:
                unique = int((best < threshold).sum())
                mine[f"unique at {threshold}"] = rate(unique, len(probed))
            found[corpus.name] = best
            if options.shown:
                tables.append(_pairs(corpus, best, place[probed], place[which], options.shown))
        figures[corpus.name] = mine
    names = next(iter(figures.values()))  # the same for all
    table = figure_table("Similarity of the rows within a dataset", figures, names, _SHOWN)
    notes = (
        (
            f"Self-BLEU: {texts:,} random rows compared with each other; its value depends on that "
            "number. The interval is for the mean over these rows."
        ),
        (
            f"Uniqueness: for each of {probes:,} random rows, the most similar of {among:,} others "
            f"by ROUGE-L over the first {COMPARED:,} words of a row. All datasets use the same "
            "numbers."
        ),
    )
    return Findings(
        headlines=_headlines(study, figures),
        figures=figures,
        glance={
            "self-bleu": "overlap between rows; lower is more diverse",
            f"unique at {THRESHOLDS[0]}": "rows without a near copy; higher is more diverse",
        },
        better={"self-bleu": "lower", f"unique at {THRESHOLDS[0]}": "higher"},
        tables=(
            table,
            *tables,
            Table("Repeated word for word", ("dataset", "rows", "text"), repeated),
        ),
        plots=(rouge_plot("ROUGE-L between a row and the most similar other row", found),)
        if found
        else (),
        warnings=tuple(warnings),
        notes=notes if smallest > 1 else ("A single row cannot be compared with others.",),
    )


_SHOWN = {
    "repeated word for word": "rows that repeat an earlier one word for word",
    "self-bleu": "self-BLEU (lower is more diverse)",
    **{f"unique at {t}": f"rows with no other row at ROUGE-L {t} or above" for t in THRESHOLDS},
}


def _repeated(corpus: Corpus, shown: int) -> list[tuple[Cell, ...]]:
    """Return the texts of most rows, with the numbers of rows."""
    often = Counter(corpus.texts).most_common(shown)
    return [(corpus.name, count, excerpt(text)) for text, count in often if count > 1]


def _pairs(
    corpus: Corpus, best: np.ndarray, probes: np.ndarray, others: np.ndarray, shown: int
) -> Table:
    seen: set[frozenset[int]] = set()
    rows = []
    for at in np.argsort(-best, kind="stable"):
        pair = frozenset((int(probes[at]), int(others[at])))
        if pair in seen:
            continue
        seen.add(pair)
        one, two = int(probes[at]), int(others[at])
        rows.append(
            (round(float(best[at]), 2), excerpt(corpus.texts[one]), excerpt(corpus.texts[two]))
        )
        if len(rows) == shown:
            break
    return Table(
        f"Most similar rows in {corpus.name}", ("ROUGE-L", "row", "most similar row"), rows
    )


def _headlines(study: Study, figures: dict[str, dict[str, Estimate]]) -> tuple[str, ...]:
    lines = []
    name = f"unique at {THRESHOLDS[0]}"
    for corpus in study.corpora:
        mine = figures[corpus.name].get(name)
        if mine is None or mine.value is None:
            continue
        line = (
            f"{percent(mine.value)} of the rows of {corpus.name} do not have a near copy (ROUGE-L "
            f"{THRESHOLDS[0]} or above)"
        )
        if study.reference is not None:
            other = figures[study.reference.name][name].value or 0
            line += f", compared with {percent(other)} of {study.reference.name}"
        lines.append(f"{line}.")
    return tuple(lines)


REPETITION = Metric(
    title="Repetition",
    measure=_measure,
    options=RepetitionOptions,
    order=30,
)
