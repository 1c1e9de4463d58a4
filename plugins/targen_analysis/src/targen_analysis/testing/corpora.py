"""Datasets to try a metric on: ordinary ones, and odd ones as files have them."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import replace

from targen_analysis.metrics import Corpus, Study
from targen_testing.hostile import TEXTS
from targen_testing.sample import SAMPLE

_NOUNS = (
    "lamp kettle ferry hotel novel garden tunnel printer violin market bridge coat dinner river "
    "doctor engine letter mirror island tower winter blanket concert teacher window station"
).split()
_VERBS = "was seemed became looked felt sounded stayed turned".split()
_WORDS = (
    "quite rather hardly very never always still almost cold warm loud quiet heavy light bright "
    "dim old new broken clean empty full cheap costly slow quick early late near far"
).split()

_SCRIPTS = (
    "Zażółć gęślą jaźń; İstanbul, STRASSE und Straße, ﬁne, ΣΊΣΥΦΟΣ",  # change length in lower case
    "日本語の文章には空白がありません。",
    "ประโยคภาษาไทยไม่มีช่องว่าง",
    "مرحبا بالعالم \u202e\u2066 שלום עולם",
    "👩‍👩‍👧‍👦 🏳️‍🌈 👍🏽 e\u0301\u0302\u0303\u0304 Z\u0338a\u0338",
    "１２３ ٤٥٦ ½ ² Ⅷ",
    "a\u00a0b\u2028c\u2029d\u0085e\u200bf\ufefff\x0bg",
    "\x00\x01\x1f\x7f\ufffe\uffff\U0010ffff\ue000",
    "=1+1; | \t \\ # * _ < & > [x](y) {z} $a %s \" ' `",
)
_LONG = "The lamp was cold. " * 20_000
_LABELS = ("<b>good</b>", "a.b[c]'d\"", "{x} %s $y", "日本語", "two\nlines", "l" * 3000)


def dataset(
    name: str = "mine",
    count: int = 40,
    *,
    fields: Sequence[str] = ("text",),
    label: Callable[[int], str] | None = None,
    text: Callable[[int, str], str] | None = None,
) -> Corpus:
    """Make a dataset of reviews, every other one glad, of the kit's own task.

    With other fields it is of no task.

    Args:
        name: what it is called; it decides the texts.
        count: how many rows.
        fields: names of the texts of a row.
        label: gives a row's label, by its place.
        text: gives a row's text, by its place and the field's name.
    """
    rng = random.Random(f"dataset {name}")
    text = text or (lambda at, field: _review(rng, glad=at % 2 == 0))
    labels = [label(at) if label else ("good", "bad")[at % 2] for at in range(count)]
    texts = [tuple(text(at, field) for field in fields) for at in range(count)]
    return Corpus(
        name=name,
        rows=[
            {**dict(zip(fields, of, strict=True)), "label": mine, "idx": at}
            for at, (of, mine) in enumerate(zip(texts, labels, strict=True))
        ],
        fields=tuple(fields),
        texts=texts,
        labels=labels,
        rendered=["\n".join(of) for of in texts],
        task=SAMPLE if tuple(fields) == ("text",) else None,
    )


def _review(rng: random.Random, *, glad: bool) -> str:
    noun, other = rng.sample(_NOUNS, 2)
    words = " and ".join(rng.sample(_WORDS, rng.randint(1, 4)))
    mood = "glad" if glad else "sorry"
    return f"The {noun} {rng.choice(_VERBS)} {words}, and the {other} made me {mood}."


def ordinary() -> Study:
    """Three datasets, and a reference of yet another size."""
    return _against(dataset(), dataset("other", 30), dataset("third", 60))


def _against(*corpora: Corpus) -> Study:
    return Study(corpora, dataset("original", 50))


def _intended() -> Study:
    datasets = (dataset(), dataset("other", 30))
    return _against(*(replace(mine, intended=["", *mine.labels[:-1]]) for mine in datasets))


def _gaps() -> Study:
    def text(at: int, field: str) -> str:
        if field == "title":
            return "" if at % 2 else f"Review {at}"
        return " \n" if at % 2 == 0 else f"The {_NOUNS[at % len(_NOUNS)]} came late."

    mine = dataset(fields=("title", "text"), text=text)
    return Study((mine,), dataset("original", 50, fields=("title", "text")))


def _worded(*texts: str) -> Callable[[], Study]:
    return lambda: _against(dataset(text=lambda at, field: texts[at % len(texts)]))


def _labeled(*labels: str) -> Callable[[], Study]:
    return lambda: _against(dataset(label=lambda at: labels[at % len(labels)]))


ODD: dict[str, Callable[[], Study]] = {
    "no reference": lambda: Study((dataset(),)),
    "one row": lambda: _against(dataset(count=1)),
    "the reference itself": lambda: Study((dataset(),), replace(dataset(), name="original")),
    "equal rows": _worded("The lamp was cold."),
    "one label": _labeled("good"),
    "no labels": _labeled(""),
    "a label for each row": _labeled(*(f"label {at}" for at in range(40))),
    "odd labels": _labeled(*_LABELS),
    "intended labels": _intended,
    "other columns": lambda: _against(dataset(fields=("title", "body.text"))),
    "empty texts": _gaps,
    "no words": _worded("...", "?!", "-"),
    "a long text": _worded(_LONG, "x" * 100_000, *(f"The ferry came at {at}." for at in range(38))),
    "other scripts": _worded(*_SCRIPTS),
    "hostile texts": _worded(*(text.encode(errors="replace").decode() for text in TEXTS)),
}
"""Unusual data, and a study of them: no metric may raise an error for these."""
