"""The metric `artifacts`: what gives labels away without the task being solved."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from statistics import NormalDist

from pydantic import Field

from targen_analysis.artifacts.baselines import ALL, Numbers, baselines, numbers_of
from targen_analysis.artifacts.sample import Sample, draw
from targen_analysis.lexical.words import split
from targen_analysis.metrics import Metric, MetricOptions, Study
from targen_analysis.statistics import mean, rate
from targen_analysis.views import interval_plot
from targen_core.cli.findings import Cell, Estimate, Findings, Table
from targen_core.text import percent

_MAX_LABELS = 20
_MATTERS = 0.05  # above chance by so much, at the lower end of the interval, is a warning
_RAREST = 10  # rows with a word
_ADDED = 100  # to each count for PMI, as Gururangan et al. do
_STRONGEST = "best partial input, above chance"

Scores = Mapping[str, Mapping[str, Estimate]]
"""Dataset -> what a classifier sees -> its balanced accuracy."""


class ArtifactOptions(MetricOptions):
    """Options of `artifacts`."""

    rows: int = Field(
        2500,
        ge=40,
        description="Maximum number of rows (or options, if rows have them) to learn from.",
    )
    words: int = Field(15, ge=0, description="Maximum number of words to show.")


def _measure(study: Study, options: ArtifactOptions) -> Findings:
    import sklearn  # noqa: F401 - said to be missing before anything is counted

    drawn = {corpus.name: draw(study, corpus, options.rows) for corpus in study.everything}
    notes = [note for sample in drawn.values() for note in sample.notes]
    size = min([options.rows, *(len(sample) for sample in drawn.values() if _labeled(sample))])
    samples = {name: sample.shortened(size) for name, sample in drawn.items() if _labeled(sample)}
    samples = {name: sample for name, sample in samples.items() if _labeled(sample)}
    notes += [
        f"{name} was left out, because its sample does not have 2 to {_MAX_LABELS} labels."
        for name in drawn
        if name not in samples
    ]
    if not samples:
        return Findings(notes=tuple(notes))
    seed = study.rng("artefacts/folds").getrandbits(32)
    properties = {name: numbers_of(sample) for name, sample in samples.items()}
    scores = {name: baselines(sample, properties[name], seed) for name, sample in samples.items()}
    tables = [_score_table(samples, scores)]
    tables += [_by_label(name, sample, properties[name]) for name, sample in samples.items()]
    if options.words:
        tables += [_words(name, sample, options.words) for name, sample in samples.items()]
    chances = sorted({f"{_chance(sample):.2g}" for sample in samples.values()})
    plot = interval_plot(
        f"Parts that give away the label (chance: {' or '.join(chances)})",
        ((name, part, score) for name, mine in scores.items() for part, score in mine.items()),
        x="balanced accuracy",
        y="input",
    )
    headlines, warnings = _remarks(study, samples, scores)
    return Findings(
        headlines=tuple(headlines),
        figures={name: _figures(samples[name], mine) for name, mine in scores.items()},
        glance={_STRONGEST: "accuracy above chance; lower is better"},
        better={_STRONGEST: "lower"},
        tables=tuple(tables),
        plots=(plot,) if plot.data else (),
        warnings=tuple(warnings),
        notes=(
            *notes,
            (
                "If a part of a row gives away its label, a model may learn this artefact instead "
                "of the task. A dash means that a label has too few rows. The classifiers are "
                "linear models of words and word pairs, and small decision trees on numbers; a "
                f"larger model may find more. The score for {ALL} is only for comparison. A score "
                "far below chance comes from very similar texts with different labels, as in "
                "deliberately contrasting pairs, and is not an artefact."
            ),
        ),
    )


def _labeled(sample: Sample) -> bool:
    return 2 <= len(set(sample.labels)) <= _MAX_LABELS


def _chance(sample: Sample) -> float:
    return 1 / len(set(sample.labels))


def _strongest(scores: Mapping[str, Estimate]) -> str:
    """Return the part that tells most; by the lower end, or the luckiest of many would win."""
    parts = {n: score.low for n, score in scores.items() if n != ALL and score.low is not None}
    return max(parts, key=lambda name: parts[name] or 0.0, default="")


def _figures(sample: Sample, scores: Mapping[str, Estimate]) -> dict[str, Estimate]:
    chance = _chance(sample)
    figures = {"chance": Estimate(chance), **scores}
    if best := _strongest(scores):
        figures[_STRONGEST] = scores[best].mapped(lambda score: max(0.0, score - chance))
    most = max(Counter(sample.labels).values())
    figures["share of the most frequent label"] = rate(most, len(sample))
    return figures


def _score_table(samples: Mapping[str, Sample], scores: Scores) -> Table:
    rows: list[tuple[Cell, ...]] = [("chance", *map(_chance, samples.values()))]
    names = dict.fromkeys(name for mine in scores.values() for name in mine)
    rows += [(name, *(mine.get(name) for mine in scores.values())) for name in names]
    options = any(len(set(sample.questions)) < len(sample) for sample in samples.values())
    counts = {len(sample) for sample in samples.values()}
    return Table(
        "Balanced accuracy of classifiers that see only part of a row, each trained and tested on "
        f"{'about ' if len(counts) > 1 else ''}{max(counts):,} {'options' if options else 'rows'}",
        ("input", *scores),
        rows,
        note="Five-fold cross-validation, 95% intervals. Chance is 1 divided by the number of "
        "labels.",
    )


def _by_label(name: str, sample: Sample, properties: Mapping[str, Numbers]) -> Table:
    """Return the mean of each property over the decisions of each label: which way it goes."""
    labels = sorted(set(sample.labels))
    rows: list[tuple[Cell, ...]] = []
    for what, values in _properties(sample, properties):
        by_label: dict[str, list[float]] = {label: [] for label in labels}
        for label, value in zip(sample.labels, values, strict=True):
            by_label[label].append(float(value))
        rows.append((what, *(mean(by_label[label]) for label in labels)))
    return Table(f"Means by label in {name}", ("property", *labels), rows)


def _properties(
    sample: Sample, properties: Mapping[str, Numbers]
) -> Iterator[tuple[str, Sequence[float]]]:
    for name, values in sample.cues.items():
        if isinstance(values[0], str):
            for kind, _ in Counter(values).most_common(3):
                yield f"{name}: {kind}", [float(value == kind) for value in values]
        else:
            yield name, [float(value[0]) for value in values]
    for numbers in properties.values():
        for name, counts in numbers.items():
            yield name, counts.tolist()


def _words(name: str, sample: Sample, limit: int) -> Table:
    """Return the words of a field that go with a label beyond chance, the strongest first.

    z is the distance from the label's own share in standard deviations (Gardner et al.,
    arXiv:2104.08646). Words are shown beyond the one-sided 5% level, corrected for the number of
    words and labels (Bonferroni).
    """
    labels = Counter(sample.labels)
    total = len(sample)
    having: Counter[tuple[int, str]] = Counter()
    with_label: Counter[tuple[int, str, str]] = Counter()
    for row, label in zip(sample.texts, sample.labels, strict=True):
        for at in sample.telling:
            for word in set(split(row[at])):
                having[at, word] += 1
                with_label[at, word, label] += 1
    tried = [key for key, count in having.items() if _RAREST <= count < total]
    threshold = NormalDist().inv_cdf(1 - 0.05 / max(1, len(tried) * len(labels)))
    found = []
    for at, word in tried:
        count = having[at, word]
        for label, of in labels.items():
            chance, both = of / total, with_label[at, word, label]
            z = (both / count - chance) / math.sqrt(chance * (1 - chance) / count)
            if z >= threshold:
                smoothed = _ADDED * len(labels)
                pmi = math.log2(
                    (both + _ADDED) * (total + smoothed) / ((count + smoothed) * (of + _ADDED))
                )
                found.append((z, sample.fields[at], word, label, count, both / count, pmi))
    found.sort(key=lambda each: (-each[0], each[1:3]))
    return Table(
        f"Words associated with a label in {name}: {len(found):,} not by chance",
        ("field", "word", "label", "rows with the word", "share with the label", "PMI", "z"),
        [
            (field, word, label, count, round(share, 2), round(pmi, 2), round(z, 1))
            for z, field, word, label, count, share, pmi in found[:limit]
        ],
    )


def _remarks(
    study: Study, samples: Mapping[str, Sample], scores: Scores
) -> tuple[list[str], list[str]]:
    reference = study.reference.name if study.reference is not None else ""
    original = scores.get(reference, {})
    headlines, warnings = [], []
    for corpus in study.corpora:
        mine = scores.get(corpus.name, {})
        if not (best := _strongest(mine)):
            continue
        chance = _chance(samples[corpus.name])
        lines = {}
        for part, score in mine.items():
            other = original[part].value if part in original else None
            beside = "" if other is None else f"; {reference}: {percent(other)}"
            lines[part] = (
                f"{corpus.name}: from {part}, a classifier predicts {percent(score.value)} of the "
                f"labels (chance: {percent(chance)}{beside})."
            )
        headlines.append(lines[best])
        highest = {part: score.high or 0.0 for part, score in original.items()}
        beyond = {
            part: score
            for part, score in mine.items()
            if (score.low or 0.0) > max(chance + _MATTERS, highest.get(part, 0.0))
        }
        if worst := _strongest(beyond):
            warnings.append(f"{lines[worst]} A model may learn this instead of the task.")
    return headlines, warnings


ARTIFACTS = Metric(
    title="Artefacts",
    measure=_measure,
    options=ArtifactOptions,
    extra="sklearn",
    order=50,
)
