"""The metric `paper-vocabulary`: table 7 of the paper, as its figures come out.

TarGEN (arXiv:2310.17876), table 7, calls its figures lexical diversity. They are sums over texts:
of each, the different tokens that are not stop words, by spaCy's blank English tokenizer,
case-sensitive. Such a sum grows with the rows and counts a template's words once in each text.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from targen_analysis.metrics import Corpus, Metric, MetricOptions, Study
from targen_analysis.statistics import mean
from targen_analysis.texts import TEMPLATES, break_runs, values
from targen_analysis.views import figure_table
from targen_core.cli.findings import Estimate, Findings


class _Tokens:
    """Texts as spaCy splits them: of each the different tokens that are not stop words."""

    def __init__(self) -> None:
        import spacy
        from spacy.attrs import ORTH

        self._orth = ORTH
        self._spacy = spacy.blank("en")
        self._stops: dict[int, bool] = {}

    def kept(self, texts: Sequence[str]) -> list[NDArray[np.uint64]]:
        """Return the kept tokens of each text, as spaCy's numbers."""
        kept = []
        limit = self._spacy.max_length
        for text in texts:
            whole = break_runs(text)
            parts = [whole[at : at + limit] for at in range(0, len(whole), limit)] or [""]
            ids = np.concatenate(
                [self._spacy.make_doc(part).to_array([self._orth]).ravel() for part in parts]
            )
            kinds = np.unique(ids)
            kept.append(kinds[[not self._is_stop(int(kind)) for kind in kinds]])
        return kept

    def _is_stop(self, kind: int) -> bool:
        if kind not in self._stops:
            self._stops[kind] = bool(self._spacy.vocab[kind].is_stop)
        return self._stops[kind]


def _measure(study: Study, options: MetricOptions) -> Findings:
    tokens = _Tokens()
    figures = {corpus.name: _figures(corpus, tokens) for corpus in study.everything}
    table = figure_table(
        "Table 7 of the paper and its components",
        figures,
        _SHOWN,
        _SHOWN,
        note="The sum grows with the number of rows; the true vocabulary is what a dictionary of "
        "the whole dataset would contain. Both exclude stop words and are case-sensitive.",
    )
    return Findings(
        figures=figures,
        tables=(table,),
        notes=(
            (
                "Table 13 of the paper gives a different figure for lexical diversity, between 0 "
                "and 1, without defining it. No ratio of distinct words to all words in the "
                "originals reproduces it."
            ),
        ),
    )


_SHOWN = {
    "sum of unique non-stop tokens": "sum over texts of unique non-stop tokens (table 7)",
    "a text": "mean number of these tokens per text",
    "share of template words": "share of words from the template",
    "sum without template": "sum without words from the template",
    "vocabulary": "true vocabulary without stop words",
}


def _figures(corpus: Corpus, tokens: _Tokens) -> dict[str, Estimate]:
    shown = tokens.kept(corpus.rendered)
    sizes = [len(kinds) for kinds in shown]
    bare_texts = _without_template(corpus)
    plain = shown if bare_texts == list(corpus.rendered) else tokens.kept(bare_texts)
    total, rest = sum(sizes), sum(len(kinds) for kinds in plain)
    return {
        "sum of unique non-stop tokens": Estimate(float(total)),
        "a text": mean(sizes),
        "share of template words": Estimate((total - rest) / total if total else None),
        "sum without template": Estimate(float(rest)),
        "vocabulary": Estimate(float(len(np.unique(np.concatenate(plain))))),
    }


def _without_template(corpus: Corpus) -> list[str]:
    template = TEMPLATES.get(corpus.task.name) if corpus.task is not None else None
    if template is not None:
        return [values(template, row) for row in corpus.rows]
    pairs = zip(corpus.texts, corpus.rendered, strict=True)
    return [shown if shown == "\n".join(row) else " ".join(row) for row, shown in pairs]


PAPER_VOCABULARY = Metric(
    title="The paper's vocabulary figure",
    measure=_measure,
    extra="spacy",
    order=90,
)
