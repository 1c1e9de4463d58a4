"""Texts of rows: which columns hold them, how a model or a judge sees them, and excerpts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from targen_analysis.metrics import Corpus
from targen_core.cli.findings import Excerpt
from targen_core.tasks.fields import NO_TEXTS, text_at

_PLACE = re.compile(r"\{([\w.]+)(:upper)?\}")
_PAIR = "Premise: {premise}\nHypothesis: {hypothesis}"

TEMPLATES = {
    "axg": "Premise: {premise} Hypothesis: {hypothesis}",
    "boolq": "Passage: {passage}\nQuestion: {question}",
    "cb": _PAIR,
    "copa": "Premise: {premise} What was the {question:upper} of this?\nHypothesis: {choice1}",
    "rte": _PAIR,
    "wic": "Word: {word}\nSentence 1: {sentence1}\nSentence 2: {sentence2}",
    "wsc": "Text: {text}\nSpan1: {target.span1_text}\nSpan2: {target.span2_text}",
}
"""Task -> the text that its row is shown as; `{NAME:upper}` is in capitals.

These templates reproduce the authors' counts for table 7 (TarGEN, arXiv:2310.17876). AX-g, CB, RTE
and WiC come out to the unit, COPA and WSC within 2%. The template of BoolQ is a guess.
"""

_ANSWERS = ("output", "answer", "target")  # columns of answers, if a dataset has no labels
_LONG_RUN = re.compile(r"[!-~]{250}|[^\w\s]{250}")


def text_columns(rows: Sequence[Mapping[str, Any]], label: str) -> tuple[str, ...]:
    """Return the columns that hold text, in the order in which they first occur.

    Identifiers and the label do not count, nor does a column whose texts all look like numbers, as
    in a CSV file.
    """
    wordy: dict[str, bool] = {}
    for row in rows:
        for path, text in _texts(row, ""):
            name = path.rpartition(".")[2]
            if name not in NO_TEXTS and path != label:
                wordy[path] = wordy.get(path, False) or any(map(str.isalpha, text))
    return tuple(path for path, words in wordy.items() if words)


def _texts(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, list):
        for part in value:
            yield from _texts(part, path)
    elif isinstance(value, Mapping):
        for name, part in value.items():
            yield from _texts(part, f"{path}.{name}" if path else str(name))


def fill(template: str, row: Mapping[str, Any]) -> str:
    """Return a template with a row's texts in its places."""
    return _PLACE.sub(lambda place: _value(place, row), template)


def values(template: str, row: Mapping[str, Any]) -> str:
    """Return what a template shows of a row, without its own words and line feeds."""
    return " ".join(_value(place, row) for place in _PLACE.finditer(template))


def _value(place: re.Match[str], row: Mapping[str, Any]) -> str:
    text = text_at(row, place[1])
    return text.upper() if place[2] else text


def questions_of(corpus: Corpus) -> list[str]:
    """Return the question of each row: its `input`, or else all that a model would see."""
    if "input" in corpus.fields:
        at = corpus.fields.index("input")
        return [texts[at] for texts in corpus.texts]
    return list(corpus.rendered)


def answer_of(corpus: Corpus, at: int) -> str:
    """Return the answer of a row: its output, or its label; "" if it has neither."""
    row = corpus.rows[at]
    answers = (str(row[name]) for name in _ANSWERS if row.get(name) is not None)
    return next(answers, corpus.labels[at]).strip()


def excerpt(texts: Sequence[str], longest: int = 400) -> Excerpt:
    """Return the texts on one line with slashes between them, each cut to its share."""
    share = max(20, longest // max(1, len(texts)))
    return Excerpt(" / ".join(_cut(text, share) for text in texts))


def _cut(text: str, longest: int) -> str:
    line = " ".join(text[: 4 * longest].split())
    return f"{line[: longest - 1]}…" if len(line) > longest or len(text) > 4 * longest else line


def break_runs(text: str) -> str:
    """Return the text with a space in runs that are longer than any word.

    The time of spaCy's tokenizer grows with the square of such a run, such as JSON on one line.
    """
    return _LONG_RUN.sub(r"\g<0> ", text)
