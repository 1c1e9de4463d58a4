"""The metric `gender`: rows with female and with male words, by label and by occupation."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist

from pydantic import Field

from targen_analysis.bias.genderwords import FEMALE, MALE, gender_of, occupations_of, words_in
from targen_analysis.bias.parity import Pairs, pairs_of
from targen_analysis.metrics import Corpus, Metric, MetricOptions, Study
from targen_analysis.statistics import apart, difference, least, rate
from targen_analysis.views import figure_table, interval_plot
from targen_core.cli.findings import (
    Cell,
    Estimate,
    Findings,
    Plot,
    Table,
)
from targen_core.text import percent


class GenderOptions(MetricOptions):
    """Options of `gender`."""

    shown: int = Field(5, ge=0, description="Maximum number of occupations to show.")


_PARITY_TASK = "axg"
_MAX_LABELS = 20

_MIN_ROWS = 10
"""Rows of one gender that a label or an occupation must have."""

_MATTERS = 0.1
"""A label whose share of female rows is off by so much, at the nearer end of the interval."""

_SHARE = "female share"

_SHOWN = {
    "rows with female words": (FEMALE, "both"),
    "rows with male words": (MALE, "both"),
    "rows with both": ("both",),
    "rows with they alone": ("neither",),
}
"""Figure -> the rows that count."""


@dataclass(frozen=True, slots=True)
class _Occupation:
    """An occupation, in rows with words of one gender.

    Attributes:
        z: standard deviations from the dataset's own share of female rows.
        beyond: whether that is beyond chance, for as many occupations as were tried.
    """

    name: str
    rows: int
    share: Estimate
    z: float
    beyond: bool


@dataclass(frozen=True, slots=True)
class _Counted:
    """A dataset's figures, its occupations and its pairs, if it is to have any."""

    figures: dict[str, Estimate]
    occupations: Sequence[_Occupation]
    pairs: Pairs | None


def _measure(study: Study, options: GenderOptions) -> Findings:
    corpora = study.everything
    labels = list(dict.fromkeys(name for corpus in corpora for name in corpus.label_names))
    labels = labels if 2 <= len(labels) <= _MAX_LABELS else []
    counts = {corpus.name: _counted(corpus, labels) for corpus in corpora}
    figures = {name: each.figures for name, each in counts.items()}
    glance = {_SHARE: "share among rows with words for one gender; 0.5: balanced"}
    of_pairs = next((each.pairs.figures for each in counts.values() if each.pairs), {})
    if of_pairs:
        glance["pairs of one label"] = (
            "pairs that differ only in the pronoun and have the same label; 1: all"
        )
    return Findings(
        headlines=tuple(_headlines(study, counts)),
        figures=figures,
        glance=glance,
        tables=(
            figure_table("Rows with words for women and men", figures, _SHOWN),
            figure_table(
                "Female share: of the rows with words for one gender, those with female words",
                figures,
                [_SHARE, *map(_of, labels), *map(_less, _held(labels))],
            ),
            figure_table("Pairs of rows that differ only in a pronoun", figures, of_pairs),
            *(_occupation_table(study, corpus, counts, options.shown) for corpus in corpora),
        ),
        plots=(_plot(figures, labels),),
        warnings=tuple(_warnings(study, counts, labels)),
        notes=tuple(_notes(bool(of_pairs))),
    )


def _of(label: str) -> str:
    return f"{_SHARE} of {label}"


def _less(label: str) -> str:
    return f"{_SHARE}, {label} minus the others"


def _held(labels: Sequence[str]) -> Sequence[str]:
    """Return the labels to compare with the others: of two labels, one determines the other."""
    return labels[:1] if len(labels) == 2 else labels


def _counted(corpus: Corpus, labels: Sequence[str]) -> _Counted:
    words = [words_in(texts) for texts in corpus.texts]
    genders = [gender_of(each) for each in words]
    figures = {
        name: rate(sum(gender in kinds for gender in genders), len(corpus))
        for name, kinds in _SHOWN.items()
    }
    one = [at for at, gender in enumerate(genders) if gender in (FEMALE, MALE)]

    def share(rows: Iterable[int]) -> Estimate:
        chosen = [genders[at] for at in rows]
        return (
            rate(chosen.count(FEMALE), len(chosen)) if len(chosen) >= _MIN_ROWS else Estimate(None)
        )

    figures[_SHARE] = share(one)
    for label in labels:
        figures[_of(label)] = share(at for at in one if corpus.labels[at] == label)
    for label in _held(labels):
        others = share(at for at in one if corpus.labels[at] not in ("", label))
        figures[_less(label)] = difference(figures[_of(label)], others)
    standing: dict[str, list[int]] = {}
    for at in one:
        for name in occupations_of(words[at]):
            standing.setdefault(name, []).append(at)
    tried = {name: share(rows) for name, rows in standing.items() if len(rows) >= _MIN_ROWS}
    figures |= {f"{_SHARE} with {name}": each for name, each in tried.items()}
    pairs = None
    if corpus.task is not None and corpus.task.name == _PARITY_TASK:
        pairs = pairs_of(corpus)
        figures |= pairs.figures
    occupations = _occupations(figures[_SHARE], tried, {n: len(standing[n]) for n in tried})
    return _Counted(figures, occupations, pairs)


def _occupations(
    overall: Estimate, tried: Mapping[str, Estimate], rows: Mapping[str, int]
) -> list[_Occupation]:
    """The occupations that were tried, those first that are the furthest from all rows."""
    chance = overall.value
    if not tried or chance is None or not 0 < chance < 1:
        return []
    threshold = NormalDist().inv_cdf(1 - 0.025 / len(tried))
    occupations = []
    for name, share in tried.items():
        z = ((share.value or 0.0) - chance) / math.sqrt(chance * (1 - chance) / rows[name])
        occupations.append(_Occupation(name, rows[name], share, z, abs(z) >= threshold))
    return sorted(occupations, key=lambda each: (-abs(each.z), each.name))


def _occupation_table(
    study: Study, corpus: Corpus, counts: Mapping[str, _Counted], limit: int
) -> Table:
    mine = counts[corpus.name].occupations
    reference = study.reference if corpus is not study.reference else None
    other = counts[reference.name].figures if reference is not None else {}
    beyond = sum(each.beyond for each in mine)
    title = f"Occupations and gender in {corpus.name}: {beyond} of {len(mine)} beyond chance"
    columns = ["occupation", "rows", _SHARE, "z"]
    rows: list[tuple[Cell, ...]] = []
    for each in (one for one in mine[:limit] if round(one.z, 1)):
        beside = [other.get(f"{_SHARE} with {each.name}")] if reference is not None else []
        rows.append((each.name, each.rows, each.share, round(each.z, 1), *beside))
    return Table(
        title,
        (*columns, *([f"in {reference.name}"] if reference is not None else [])),
        rows,
        note=f"Occupations in at least {_MIN_ROWS} rows with words for one gender; those whose "
        "share differs most from that of all such rows come first.",
    )


def _plot(figures: Mapping[str, Mapping[str, Estimate]], labels: Sequence[str]) -> Plot:
    named = {_SHARE: "all", **{_of(label): label for label in labels}}
    shares = ((of, shown, mine[n]) for n, shown in named.items() for of, mine in figures.items())
    title = "Female share among rows with words for one gender"
    return interval_plot(title, shares, _SHARE, "label", line=0.5)


def _headlines(study: Study, counts: Mapping[str, _Counted]) -> Iterable[str]:
    reference = study.reference
    for corpus in study.corpora:
        mine = counts[corpus.name]
        share = mine.figures[_SHARE]
        if share.value is None:
            yield f"{corpus.name} has fewer than {_MIN_ROWS} rows with words for one gender."
        else:
            other = counts[reference.name].figures[_SHARE].value if reference is not None else None
            beside = ""
            if other is not None and reference:
                beside = f" ({percent(other)} in {reference.name})"
            yield (
                f"{percent(share.value)} of the rows of {corpus.name} with words for one gender "
                f"have female words{beside}."
            )


def _warnings(study: Study, counts: Mapping[str, _Counted], labels: Sequence[str]) -> Iterable[str]:
    original = counts[study.reference.name] if study.reference is not None else None
    for corpus in study.corpora:
        mine = counts[corpus.name]
        yield from _label_warnings(corpus, mine, original, labels)
        yield from _occupation_warnings(corpus, mine, original)
        if mine.pairs is not None:
            yield from _pair_warnings(corpus, mine.pairs)


def _label_warnings(
    corpus: Corpus, mine: _Counted, original: _Counted | None, labels: Sequence[str]
) -> Iterable[str]:
    """Warn about the label that correlates most with a gender, if more than in the reference."""
    differences: dict[str, float] = {}
    for label in _held(labels):
        here = least(mine.figures[_less(label)])
        there = _further(original.figures[_less(label)]) if original is not None else 0.0
        if here > max(_MATTERS, there):
            differences[label] = here
    if differences:
        label = max(differences, key=lambda name: differences[name])
        share, away = mine.figures[_of(label)].value, mine.figures[_less(label)].value
        yield (
            f"Gender correlates with the label in {corpus.name}. Some rows labelled {label} "
            f"mention only one gender. {percent(share)} of them use female words, "
            f"{100 * abs(away or 0):.0f} percentage points "
            f"{'more' if (away or 0) > 0 else 'fewer'} than among the other rows."
        )


def _further(difference: Estimate) -> float:
    """Return the greatest distance of a difference from 0; 0 without an interval."""
    if difference.low is None or difference.high is None:
        return 0.0
    return max(difference.high, -difference.low)


def _occupation_warnings(
    corpus: Corpus, mine: _Counted, original: _Counted | None
) -> Iterable[str]:
    there = original.figures if original is not None else {}
    shares = []
    for each in mine.occupations:
        other = there.get(f"{_SHARE} with {each.name}", Estimate(None))
        if each.beyond and apart(each.share, other):
            rows = f"{percent(each.share.value)} of {each.rows} rows"
            shares.append(f"{each.name} ({rows} have female words)")
    if shares:
        overall = mine.figures[_SHARE].value
        yield (
            f"Occupations correlate with gender in {corpus.name}: {', '.join(shares[:3])}; of all "
            f"rows with words for one gender, {percent(overall)} are female."
        )


def _pair_warnings(corpus: Corpus, pairs: Pairs) -> Iterable[str]:
    alone = pairs.rows - 2 * len(pairs.pairs)
    if alone:
        yield (
            f"{alone:,} of {pairs.rows:,} rows of {corpus.name} have no partner that differs only "
            "in the pronoun, so they cannot measure a model's gender parity."
        )
    differing = pairs.labeled - pairs.agreeing
    if differing:
        yield (
            f"In {differing:,} of {pairs.labeled:,} pairs of {corpus.name}, each pronoun has a "
            f"different label, so a model that gets both right is not gender-neutral."
        )


def _notes(paired: bool) -> Iterable[str]:
    yield (
        "The words come from short English lists: pronouns, kinship terms, titles and other "
        "nouns, but no first names. A row counts for a gender if all its words on these lists are "
        "for that gender, so long texts often count for neither. All rows are read; shares do not "
        "depend on the number of rows."
    )
    yield (
        "An occupation and a pronoun in one row may refer to different people; this metric "
        "does not resolve coreference. A balanced dataset may still describe women and men "
        "differently."
    )
    if paired:
        yield (
            "The gender parity score describes a model: the share of pairs for which it gives the "
            "same answer. The data only determine whether the pairs exist and their labels agree."
        )


GENDER = Metric(
    title="Gender",
    measure=_measure,
    options=GenderOptions,
    order=85,
)
