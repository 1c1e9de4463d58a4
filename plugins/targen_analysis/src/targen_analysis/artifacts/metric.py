"""The metric `artifacts`: what gives labels away without the task being solved."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from pydantic import Field

from targen_analysis.artifacts.baselines import ALONE, Baseline, adds_nothing, baselines
from targen_analysis.artifacts.properties import ALL, by_label, numbers_of
from targen_analysis.artifacts.sample import Sample, draw
from targen_analysis.artifacts.words import label_words
from targen_analysis.metrics import Metric, MetricOptions, Study
from targen_analysis.statistics import mean, rate
from targen_analysis.views import interval_plot
from targen_core.cli.findings import (
    Cell,
    Estimate,
    Findings,
    Plot,
    Table,
)
from targen_core.text import percent


class ArtifactOptions(MetricOptions):
    """Options of `artifacts`."""

    rows: int = Field(
        2500,
        ge=40,
        description="Maximum number of rows (or options, if rows have them) to learn from.",
    )
    words: int = Field(15, ge=0, description="Maximum number of words to show.")


_MAX_LABELS = 20

Seen = Mapping[str, Mapping[str, Baseline]]
"""Dataset -> what is seen -> what it tells."""


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
    seen = {name: baselines(sample, properties[name], seed) for name, sample in samples.items()}
    figures = {name: _figures(samples[name], mine) for name, mine in seen.items()}
    tables = [_scores(samples, seen), *_right(samples, figures)]
    tables += [by_label(name, sample, properties[name]) for name, sample in samples.items()]
    if options.words:
        tables += [_words(name, sample, options.words) for name, sample in samples.items()]
    headlines, warnings = _remarks(study, samples, seen)
    return Findings(
        headlines=headlines,
        figures=figures,
        glance={_STRONGEST: "accuracy above chance; lower is better"},
        better={_STRONGEST: "lower"},
        tables=tuple(tables),
        plots=_plots(samples, seen),
        warnings=(*warnings, *_always(study, samples)),
        notes=(
            *notes,
            (
                "If a part of a row gives away its label, a model may learn this artefact instead "
                "of the task. A dash means that a label has too few rows. The classifiers are "
                "linear models of words and word pairs, and small decision trees on numbers; a "
                "larger model may find more."
            ),
            f"The score for {ALL} is only for comparison; it does not show an artefact.",
            *_twins(seen, samples),
        ),
    )


def _labeled(sample: Sample) -> bool:
    return 2 <= len(set(sample.labels)) <= _MAX_LABELS


def _figures(sample: Sample, seen: Mapping[str, Baseline]) -> dict[str, Estimate]:
    often = Counter(sample.labels)
    chance = 1 / len(often)
    figures = {"chance": Estimate(chance)}
    figures |= {name: part.score for name, part in seen.items()}
    parts = {n: p.score for n, p in seen.items() if n != ALL and p.score.low is not None}
    if parts:
        # By the lower end: of many parts, the luckiest would otherwise win.
        best = max(parts.values(), key=lambda score: score.low or 0.0)
        figures[_STRONGEST] = best.mapped(lambda score: max(0.0, score - chance))
    figures["share of the most frequent label"] = rate(max(often.values()), len(sample))
    return figures


def _scores(samples: Mapping[str, Sample], seen: Seen) -> Table:
    names = list(dict.fromkeys(name for mine in seen.values() for name in mine))
    rows: list[tuple[Cell, ...]] = [
        ("chance", *(1 / len(set(sample.labels)) for sample in samples.values()))
    ]
    rows += [(name, *(_score(mine, name) for mine in seen.values())) for name in names]
    options = any(len(set(sample.questions)) < len(sample) for sample in samples.values())
    counts = {len(sample) for sample in samples.values()}
    what = "options" if options else "rows"
    many = f"about {max(counts):,}" if len(counts) > 1 else f"{max(counts):,}"
    return Table(
        f"Balanced accuracy of classifiers that see only part of a row, each trained and "
        f"tested on {many} {what}",
        ("input", *seen),
        rows,
        note="Five-fold cross-validation, 95% intervals. Chance is 1 divided by the number "
        "of labels.",
    )


def _score(mine: Mapping[str, Baseline], name: str) -> Estimate | None:
    return mine[name].score if name in mine else None


def _right(
    samples: Mapping[str, Sample], figures: Mapping[str, dict[str, Estimate]]
) -> list[Table]:
    """Return tables of the right options per question, unless every dataset has one."""
    counts = {name: _counts(sample) for name, sample in samples.items()}
    kinds = sorted({count for mine in counts.values() for count in mine})
    if len(kinds) < 2:
        return []
    for name, mine in counts.items():
        if mine:
            figures[name]["right options of a question"] = mean(list(mine.elements()))
            figures[name]["questions with one right option"] = rate(mine[1], mine.total())
    return [
        Table(
            "Right options per question",
            ("number of right options", *counts),
            [
                (kind, *(rate(mine[kind], mine.total()) for mine in counts.values()))
                for kind in kinds
            ],
            note="Shares of all questions.",
        )
    ]


def _counts(sample: Sample) -> Counter[int]:
    """Return right options -> questions with this number; empty if rows are not options."""
    if len(set(sample.questions)) == len(sample):
        return Counter()
    return Counter(sample.right())


def _always(study: Study, samples: Mapping[str, Sample]) -> list[str]:
    """Datasets whose questions have always as many right options, where the reference's vary."""
    reference = study.reference
    if reference is None or reference.name not in samples:
        return []
    original = _counts(samples[reference.name])
    warnings = []
    for name, sample in samples.items():
        ((kind, often),) = _counts(sample).most_common(1) or [(0, 0)]
        share = often / max(1, len(set(sample.questions)))
        other = original[kind] / max(1, original.total())
        if share > _ALWAYS > other + _MATTERS and original:
            warnings.append(
                f"{name}: {percent(share)} of the questions have {kind} right "
                f"{'option' if kind == 1 else 'options'} ({percent(other)} in {reference.name}). A "
                "model may learn this number."
            )
    return warnings


def _twins(seen: Seen, samples: Mapping[str, Sample]) -> list[str]:
    return [
        f"{name}: a classifier scores far below chance, because very similar texts have "
        "different labels, as in deliberately contrasting pairs. This is not an artefact."
        for name, mine in seen.items()
        if any(
            part.score.high is not None
            and part.score.high < 1 / len(set(samples[name].labels)) - 2 * _MATTERS
            for part in mine.values()
        )
    ]


def _words(name: str, sample: Sample, limit: int) -> Table:
    telling = sample.telling
    fields = [sample.fields[at] for at in telling]
    texts = [tuple(row[at] for at in telling) for row in sample.texts]
    ranked = label_words(texts, fields, sample.labels)
    rows = [
        (s.field, s.word, s.label, s.rows, round(s.share, 2), round(s.pmi, 2), round(s.z, 1))
        for s in ranked[:limit]
    ]
    title = f"Words associated with a label in {name}: {len(ranked):,} not by chance"
    columns = ("field", "word", "label", "rows with the word", "share with the label", "PMI", "z")
    return Table(title, columns, rows)


def _plots(samples: Mapping[str, Sample], seen: Seen) -> tuple[Plot, ...]:
    chances = sorted({f"{1 / len(set(sample.labels)):.2g}" for sample in samples.values()})
    plot = interval_plot(
        f"Parts that give away the label (chance: {' or '.join(chances)})",
        ((name, part, found.score) for name, mine in seen.items() for part, found in mine.items()),
        x="balanced accuracy",
        y="input",
    )
    return (plot,) if plot.data else ()


def _remarks(
    study: Study, samples: Mapping[str, Sample], seen: Seen
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    reference = study.reference.name if study.reference is not None else ""
    original = seen.get(reference, {})
    headlines, warnings = [], []
    for corpus in study.corpora:
        if corpus.name not in seen:
            continue
        mine = seen[corpus.name]
        labels = samples[corpus.name].labels
        chance = 1 / len(set(labels))
        parts = {name: part for name, part in mine.items() if name != ALL and part.score.value}
        said: dict[str, str] = {}
        beyond: list[str] = []
        for name, part in parts.items():
            other = original[name].score if name in original else _NOTHING
            beside = f"; {reference}: {percent(other.value)}" if other.value else ""
            said[name] = (
                f"{corpus.name}: from {name}, a classifier predicts {percent(part.score.value)} of "
                f"the labels (chance: {percent(chance)}{beside})"
            )
            low = part.score.low or 0.0
            if low > chance + _MATTERS and low > (other.high or 0.0):
                beyond.append(name)
        if parts:
            headlines.append(f"{said[max(parts, key=lambda n: parts[n].score.value or 0)]}.")
        warnings += [
            f"{said[name]}. A model may learn this instead of the task."
            for name in _causes({name: parts[name] for name in beyond}, labels)
        ]
    return tuple(headlines), tuple(warnings)


def _causes(parts: Mapping[str, Baseline], labels: Sequence[str]) -> list[str]:
    """Return the parts that tell labels without only repeating another; the strongest first."""

    def strength(name: str) -> float:
        return parts[name].score.value or 0.0

    kept: list[str] = []
    for name in sorted(parts, key=lambda name: -strength(name) - _SIMPLER[parts[name].kind]):
        if any(_within(less, name) for less in kept):
            continue
        if not adds_nothing(parts[name], [parts[less] for less in kept], labels):
            kept.append(name)
    for name in sorted(kept, key=strength):
        if adds_nothing(parts[name], [parts[other] for other in kept if other != name], labels):
            kept.remove(name)
    return sorted(kept, key=strength, reverse=True)


def _within(less: str, more: str) -> bool:
    """Return whether one part of a row contains another, and so also gives its label away."""
    if not (less.endswith(ALONE) and more.endswith(ALONE)):
        return False
    one, other = (set(name.removesuffix(ALONE).split(" + ")) for name in (less, more))
    return one < other


_SIMPLER = {"cue": 0.05, "numbers": 0.02, "texts": 0.0}
"""A simpler part that tells about as much is named as the cause."""

_NOTHING = Estimate(None)
_STRONGEST = "best partial input, above chance"

_MATTERS = 0.05
"""Above chance by so much, at the lower end of the interval, is worth a warning."""

_ALWAYS = 0.95
"""The share of questions from which on they are all alike."""

ARTIFACTS = Metric(
    title="Artefacts",
    measure=_measure,
    options=ArtifactOptions,
    extra="sklearn",
    order=50,
)
