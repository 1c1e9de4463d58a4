"""The metric `gender`: rows with female and with male words, by label; AX-g's pairs.

AX-g has pairs of rows that differ only in a pronoun. SuperGLUE's gender parity score (Wang et al.,
arXiv:1905.00537) is the share of pairs for which a model gives one answer. Data decide whether the
pairs exist, and whether their labels agree.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files

from targen_analysis.lexical.words import split
from targen_analysis.metrics import Corpus, Metric, MetricOptions, Study
from targen_analysis.statistics import difference, least, rate
from targen_analysis.views import figure_table, interval_plot
from targen_core.cli.findings import Estimate, Findings
from targen_core.text import percent

_PARITY_TASK = "axg"
_MAX_LABELS = 20
_MIN_ROWS = 10  # rows of one gender that a label must have
_MATTERS = 0.1  # a label's share of female rows so far from the others', at least, is a warning
_SHARE = "female share"
_PAIRED, _AGREEING = "rows in pairs", "pairs of one label"
_ROWS = {
    "rows with female words": ("female", "both"),
    "rows with male words": ("male", "both"),
    "rows with both": ("both",),
    "rows with they alone": ("neither",),
}
"""Figure -> the rows that count."""
_PRONOUN = re.compile(r"\b(?:(he|him|his|himself)|(?:she|her|hers|herself))\b", re.IGNORECASE)


def _measure(study: Study, options: MetricOptions) -> Findings:
    corpora = study.everything
    labels = list(dict.fromkeys(name for corpus in corpora for name in corpus.label_names))
    labels = labels if 2 <= len(labels) <= _MAX_LABELS else []
    figures = {corpus.name: _figures(corpus, labels) for corpus in corpora}
    paired = any(_PAIRED in mine for mine in figures.values())
    glance = {_SHARE: "share among rows with words for one gender; 0.5: balanced"}
    if paired:
        glance[_AGREEING] = "pairs that differ only in the pronoun and have the same label; 1: all"
    shown = {_SHARE: "all", **{_of(label): label for label in labels}}
    return Findings(
        headlines=tuple(_headlines(study, figures)),
        figures=figures,
        glance=glance,
        tables=(
            figure_table("Rows with words for women and men", figures, _ROWS),
            figure_table(
                "Female share: of the rows with words for one gender, those with female words",
                figures,
                [*shown, *map(_less, _compared(labels))],
            ),
            figure_table(
                "Pairs of rows that differ only in a pronoun",
                figures,
                [_PAIRED, _AGREEING] if paired else [],
            ),
        ),
        plots=(
            interval_plot(
                "Female share among rows with words for one gender",
                (
                    (name, label, mine[of])
                    for of, label in shown.items()
                    for name, mine in figures.items()
                ),
                _SHARE,
                "label",
                line=0.5,
            ),
        ),
        warnings=tuple(_warnings(study, figures, labels)),
        notes=(
            (
                "The words come from short English lists: pronouns, kinship terms, titles and "
                "other nouns, but no first names. A row counts for a gender if all its words on "
                "these lists are for that gender, so long texts often count for neither. A "
                "balanced dataset may still describe women and men differently."
            ),
            *(
                [
                    (
                        "The gender parity score describes a model. The data only determine "
                        "whether the pairs exist and their labels agree."
                    )
                ]
                if paired
                else []
            ),
        ),
    )


def _of(label: str) -> str:
    return f"{_SHARE} of {label}"


def _less(label: str) -> str:
    return f"{_SHARE}, {label} minus the others"


def _compared(labels: Sequence[str]) -> Sequence[str]:
    """Return the labels to compare with the others: of two labels, one determines the other."""
    return labels[:1] if len(labels) == 2 else labels


@cache
def _gender_of_words() -> dict[str, str]:
    text = (files("targen_analysis") / "gender.toml").read_text(encoding="utf-8")
    lists: dict[str, list[str]] = tomllib.loads(text)
    return {word: gender for gender, words in lists.items() for word in words}


def gender_of(texts: Iterable[str]) -> str:
    """Return the gender in the words of a row: female, male, both, neither ("they"), or ""."""
    known = _gender_of_words()
    genders = set()
    for word in (word for text in texts for word in split(text)):
        # Without 's, 'd or 'll, but "ma'am" is a word.
        genders.add(known.get(word) or known.get(word.partition("'")[0], ""))
    named = genders & {"female", "male"}
    if len(named) == 2:
        return "both"
    return next(iter(named), "neither" if "neither" in genders else "")


def _figures(corpus: Corpus, labels: Sequence[str]) -> dict[str, Estimate]:
    genders = [gender_of(texts) for texts in corpus.texts]
    figures = {
        name: rate(sum(gender in kinds for gender in genders), len(corpus))
        for name, kinds in _ROWS.items()
    }

    def share(rows: Iterable[int]) -> Estimate:
        chosen = [genders[at] for at in rows]
        enough = len(chosen) >= _MIN_ROWS
        return rate(chosen.count("female"), len(chosen)) if enough else Estimate(None)

    one = [at for at, gender in enumerate(genders) if gender in ("female", "male")]
    figures[_SHARE] = share(one)
    for label in labels:
        figures[_of(label)] = share(at for at in one if corpus.labels[at] == label)
    for label in _compared(labels):
        others = share(at for at in one if corpus.labels[at] not in ("", label))
        figures[_less(label)] = difference(figures[_of(label)], others)
    if corpus.task is not None and corpus.task.name == _PARITY_TASK:
        pairs = pairs_of(corpus)
        figures[_PAIRED] = rate(2 * len(pairs), len(corpus))
        labelled = [(corpus.labels[one], corpus.labels[two]) for one, two in pairs]
        known = [pair for pair in labelled if all(pair)]
        figures[_AGREEING] = rate(sum(one == two for one, two in known), len(known))
    return figures


def pairs_of(corpus: Corpus) -> list[tuple[int, int]]:
    """Pair rows that are the same except for one pronoun: the male row, and the female row."""
    groups: dict[tuple[str, ...], tuple[list[int], list[int]]] = {}
    for at, texts in enumerate(corpus.texts):
        pronouns = [pronoun for text in texts for pronoun in _PRONOUN.finditer(text)]
        if len(pronouns) == 1:
            key = tuple(_PRONOUN.sub("_", text) for text in texts)
            males, females = groups.setdefault(key, ([], []))
            (males if pronouns[0][1] else females).append(at)
    # A row that occurs twice has a partner only if that occurs twice as well.
    return [pair for two in groups.values() for pair in zip(*two, strict=False)]


def _headlines(study: Study, figures: Mapping[str, Mapping[str, Estimate]]) -> Iterator[str]:
    for corpus in study.corpora:
        share = figures[corpus.name][_SHARE].value
        if share is None:
            yield f"{corpus.name} has fewer than {_MIN_ROWS} rows with words for one gender."
            continue
        beside = ""
        if study.reference is not None:
            other = figures[study.reference.name][_SHARE].value
            beside = "" if other is None else f" ({percent(other)} in {study.reference.name})"
        yield (
            f"{percent(share)} of the rows of {corpus.name} with words for one gender have female "
            f"words{beside}."
        )


def _warnings(
    study: Study, figures: Mapping[str, Mapping[str, Estimate]], labels: Sequence[str]
) -> Iterator[str]:
    original = figures[study.reference.name] if study.reference is not None else {}
    for corpus in study.corpora:
        mine = figures[corpus.name]
        # The label that correlates most with a gender, if more than in the reference.
        away = {label: least(mine[_less(label)]) for label in _compared(labels)}
        label = max(away, key=away.__getitem__, default="")
        if label and away[label] > max(_MATTERS, _furthest(original.get(_less(label)))):
            points = 100 * (mine[_less(label)].value or 0.0)
            yield (
                f"Gender correlates with the label in {corpus.name}. Among rows labelled {label} "
                f"that name one gender, {percent(mine[_of(label)].value)} have female words, "
                f"{abs(points):.0f} percentage points {'more' if points > 0 else 'fewer'} than "
                "among the other rows."
            )
        if _PAIRED in mine and (mine[_PAIRED].value or 0.0) < 1:
            yield (
                f"{percent(1 - (mine[_PAIRED].value or 0.0))} of the rows of {corpus.name} have no "
                "partner that differs only in the pronoun, so they cannot measure a model's gender "
                "parity."
            )
        agreeing = mine[_AGREEING].value if _AGREEING in mine else None
        if agreeing is not None and agreeing < 1:
            yield (
                f"In {percent(1 - agreeing)} of the pairs of {corpus.name}, each pronoun has a "
                "different label, so a model that gets both right is not gender-neutral."
            )


def _furthest(difference: Estimate | None) -> float:
    """Return the greatest distance of a difference from 0; 0 without an interval."""
    if difference is None or difference.low is None or difference.high is None:
        return 0.0
    return max(difference.high, -difference.low)


GENDER = Metric(title="Gender", measure=_measure, order=85)
