"""The metric `artefacts`: what gives labels away without the task being solved."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from pydantic import Field

from targen_analysis.artefacts.baselines import number_score, numbers_of, subsets, text_score
from targen_analysis.artefacts.words import signs
from targen_analysis.statistics import generator, subsample
from targen_core.metrics.model import (
    Corpus,
    Estimate,
    Findings,
    Metric,
    MetricOptions,
    Plot,
    Study,
    Table,
)

__all__ = ["ARTEFACTS", "ArtefactOptions"]


class ArtefactOptions(MetricOptions):
    """Options of `artefacts`."""

    rows: int = Field(2500, ge=40, description="Rows that are learned from, at most.")
    words: int = Field(15, ge=0, description="Words that are shown, at most.")


_MOST_LABELS = 20


def _measure(study: Study, options: ArtefactOptions) -> Findings:
    import sklearn  # noqa: F401 - said to be missing before anything is counted

    labelled = [corpus for corpus in study.everything if 2 <= len(_labels(corpus)) <= _MOST_LABELS]
    left_out = [corpus.name for corpus in study.everything if corpus not in labelled]
    notes = [f"{name} has no labels to give away, or too many." for name in left_out]
    if not labelled:
        return Findings(notes=tuple(notes))
    size = min(options.rows, *(sum(map(bool, corpus.labels)) for corpus in labelled))
    figures: dict[str, dict[str, Estimate]] = {}
    tables: list[Table] = []
    for corpus in labelled:
        texts, labels = _sample(study, corpus, size)
        figures[corpus.name] = _scores(study, corpus, texts, labels)
        if options.words:
            tables += _words(corpus, texts, labels, options.words)
    names = list(dict.fromkeys(name for mine in figures.values() for name in mine))
    table = Table(
        f"Balanced accuracy of classifiers that see a part of a row, {size:,} rows each",
        ("what it sees", *figures),
        [(name, *(mine.get(name) for mine in figures.values())) for name in names],
        note="Five-fold cross-validation, 95 % intervals. Chance is 1 over the number of labels.",
    )
    marks = [
        {
            "dataset": corpus,
            "what it sees": name,
            "balanced accuracy": score.value,
            "low": score.low,
            "high": score.high,
        }
        for corpus, mine in figures.items()
        for name, score in mine.items()
        if score.value is not None and name != "chance"
    ]
    headlines, warnings = _remarks(study, labelled, figures)
    return Findings(
        headlines=headlines,
        figures=figures,
        tables=(table, *tables),
        plots=(
            Plot(
                "intervals",
                "What gives the label away",
                marks,
                x="balanced accuracy",
                y="what it sees",
                colour="dataset",
            ),
        )
        if marks
        else (),
        warnings=warnings,
        notes=(
            *notes,
            (
                "A part of a row that gives its label away lets a model learn the artefact in "
                "place of the task. A dash: a label has too few rows. Logistic regression on word "
                "1- and 2-grams, small trees on lengths and overlap: a larger model may find more."
            ),
            "What all fields together give is no artefact, and is there for comparison.",
        ),
    )


def _labels(corpus: Corpus) -> Counter[str]:
    return Counter(label for label in corpus.labels if label)


def _sample(study: Study, corpus: Corpus, size: int) -> tuple[list[tuple[str, ...]], list[str]]:
    known = [at for at, label in enumerate(corpus.labels) if label]
    rng = generator(study.rng(f"artefacts/{corpus.name}"))
    rows = [known[at] for at in subsample(size, len(known), rng).tolist()]
    return [corpus.texts[at] for at in rows], [corpus.labels[at] for at in rows]


def _scores(
    study: Study, corpus: Corpus, texts: Sequence[tuple[str, ...]], labels: Sequence[str]
) -> dict[str, Estimate]:
    seed = study.rng("artefacts/folds").getrandbits(32)
    whole = tuple(range(len(corpus.fields)))
    found = {"chance": Estimate(1 / len(set(labels)))}
    for seen in subsets(corpus.fields):
        name = " + ".join(corpus.fields[at] for at in seen)
        name = "all fields" if seen == whole else f"{name}{_ALONE}"
        found[name] = text_score(texts, labels, seen, seed)
    for name, values in numbers_of(texts, corpus.fields).items():
        found[name] = number_score(values, labels, seed)
    return found


def _words(
    corpus: Corpus, texts: Sequence[tuple[str, ...]], labels: Sequence[str], most: int
) -> list[Table]:
    found = signs(texts, corpus.fields, labels)
    rows = [
        (s.field, s.word, s.label, s.rows, round(s.share, 2), round(s.pmi, 2), round(s.z, 1))
        for s in found[:most]
    ]
    title = f"Words that go with a label in {corpus.name}: {len(found):,} beyond chance"
    columns = ("field", "word", "label", "rows with it", "share of the label", "PMI", "z")
    return [Table(title, columns, rows)]


def _remarks(
    study: Study, labelled: Sequence[Corpus], figures: dict[str, dict[str, Estimate]]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    reference = study.reference
    original = figures.get(reference.name, {}) if reference is not None else {}
    headlines, warnings = [], []
    for corpus in labelled:
        if corpus is reference:
            continue
        mine = figures[corpus.name]
        chance = mine["chance"].value or 0.0
        parts = {n: s for n, s in mine.items() if n not in ("chance", "all fields") and s.value}
        told: dict[str, str] = {}
        warned: list[str] = []
        for name, score in parts.items():
            other = original.get(name, _NOTHING)
            beside = f", {other.value:.0%} in {reference.name}" if other.value and reference else ""
            told[name] = (
                f"{corpus.name}: seeing {name}, a classifier tells {score.value:.0%} of the labels "
                f"(chance {chance:.0%}{beside})"
            )
            least = score.low or 0.0
            beyond = least > chance + _MATTERS and least > (other.high or 0.0)
            if beyond and not any(_within(less, name) for less in warned):
                warned.append(name)
        if parts:
            headlines.append(f"{told[max(parts, key=lambda name: parts[name].value or 0)]}.")
        warnings += [
            f"{told[name]}: a model may learn this in place of the task." for name in warned
        ]
    return tuple(headlines), tuple(warnings)


def _within(less: str, more: str) -> bool:
    """Whether one part of a row holds another: what the smaller gives away, it does too."""
    one, other = (set(name.removesuffix(_ALONE).split(" + ")) for name in (less, more))
    return one < other


_ALONE = " alone"
_NOTHING = Estimate(None)

_MATTERS = 0.05
"""Above chance by so much, at the lower end of the interval, is worth a warning."""

ARTEFACTS = Metric(
    title="Artefacts",
    measure=_measure,
    options=ArtefactOptions,
    extra="sklearn",
    order=50,
    summary="what gives labels away: parts of a row, length, overlap, single words",
)
