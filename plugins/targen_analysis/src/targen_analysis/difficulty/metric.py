"""The metric `difficulty`: what of its label a model finds in a row (figures 5 and 6)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

import numpy as np
from pydantic import Field

from targen_analysis.difficulty.measured import DOUBT, Decisions, Measured, measure_one, read
from targen_analysis.difficulty.training import Recipe, find_classifier
from targen_analysis.metrics import Metric, MetricOptions, Study
from targen_analysis.statistics import difference, least
from targen_analysis.texts import excerpt
from targen_analysis.views import figure_table
from targen_core.cli.findings import Estimate, Findings, Plot, Table
from targen_core.errors import UsageError
from targen_core.text import percent, plural
from targen_standard.pretrained import device_of

_EXAMPLE = "google-bert/bert-base-uncased"  # a model that transformers can load
_MIN_ROWS = 10  # rows of a label below which it is left out
_FEWEST = 30  # the fewest rows of a dataset to measure
_MAX_LABELS = 50
_GAIN = 0.02  # bits that the last epoch brings, from which there were too few epochs
_MANY = 0.02  # probable mislabels that are worth a warning, at the lower end of the interval
_POINTS = 400  # rows of a dataset on the map
_EDGES = np.round(np.arange(-6, 6.05, 0.1), 1)  # of the histogram of PVI (figures 5 and 6)
_SHOWN = {
    "V-information": "V-information (bits)",
    "label entropy": "label entropy (bits; the maximum of V-information)",
    "accuracy": "correct on unseen rows",
    "accuracy while learned": "correct on training rows, last epoch",
}
_COLUMNS = ("PVI (bits)", "label", "model's label", "row")


class DifficultyOptions(MetricOptions):
    """Options of `difficulty`."""

    model: str = Field("", description="A model's folder, or its name on the Hugging Face Hub.")
    rows: int = Field(1000, ge=30, description="Maximum number of rows per dataset.")
    folds: int = Field(
        3,
        ge=2,
        le=20,
        description="Number of folds; each fold is judged by a model trained on the others.",
    )
    epochs: int = Field(10, ge=1, description="Number of passes over the rows.")
    batch: int = Field(16, ge=1, description="Number of rows per training step.")
    learning_rate: float = Field(5e-5, gt=0, description="Maximum learning rate of AdamW.")
    length: int = Field(
        256, ge=8, description="Number of tokens to read per row, counted from the row's end."
    )
    device: str = Field(
        "", description="Device, such as cpu or cuda [default: a GPU if there is one]."
    )
    shown: int = Field(10, ge=0, description="Number of rows of each kind to show.")


def _measure(study: Study, options: DifficultyOptions) -> Findings:
    if not options.model:
        raise UsageError(
            "difficulty is measured for a model of your choice, by name or folder",
            hint=f"-o difficulty.model={_EXAMPLE}",
        )
    classifier = find_classifier(options.model)
    device = device_of(options.device, "difficulty.device")
    recipe = Recipe(options.epochs, options.batch, options.learning_rate, device)
    notes: list[str] = []
    drawn: dict[str, Decisions] = {}
    for corpus in study.everything:
        decisions, note = _usable(corpus.name, read(study, corpus, options.rows))
        notes += [note] if note else []
        if decisions is not None:
            drawn[corpus.name] = decisions
    size = min(map(len, drawn.values()), default=0)
    results: dict[str, Measured] = {}
    for name, decisions in drawn.items():
        measured = measure_one(
            classifier,
            decisions.only(range(size)),
            recipe,
            folds=options.folds,
            length=options.length,
            seed=study.rng(f"difficulty/{name}/training").getrandbits(32),
        )
        if measured is None:
            notes.append(
                f"The rows of {name} are too similar to split into parts for training and judging."
            )
        else:
            results[name] = measured
    if not results:
        return Findings(notes=tuple(notes))
    reference = study.reference.name if study.reference is not None else ""
    # A single dataset's thirds would always be a third of it.
    usual = results.get(reference, next(iter(results.values()))).chart if len(results) > 1 else None
    figures = {name: measured.figures(usual) for name, measured in results.items()}
    return Findings(
        headlines=tuple(_headlines(results, reference)),
        figures=figures,
        glance={
            "V-information": "bits of label information that the model finds in a row; lower "
            "is harder",
            "negative PVI": "rows that contradict their label, according to the model",
        },
        better={"negative PVI": "lower"},
        tables=(
            figure_table(
                f"Difficulty of {size:,} rows, each judged by a model that was not trained on it",
                figures,
                dict.fromkeys(name for mine in figures.values() for name in mine),
                _SHOWN,
                note="More bits mean easier for this model.",
            ),
            *(
                table
                for name, measured in results.items()
                for table in _row_tables(name, measured, options.shown)
            ),
        ),
        plots=_plots(results),
        rows={name: _rows(measured) for name, measured in results.items()},
        warnings=tuple(_warnings(results, figures, reference)),
        notes=(*notes, *_notes(results, options)),
    )


def _usable(name: str, drawn: Decisions) -> tuple[Decisions | None, str]:
    """Return the decisions whose label is shared, and what is left out; None if all are."""
    often = Counter(drawn.labels)
    kept = [at for at, label in enumerate(drawn.labels) if often[label] >= _MIN_ROWS]
    labels = {drawn.labels[at] for at in kept}
    if len(labels) < 2 or len(labels) > _MAX_LABELS or len(kept) < _FEWEST:
        return None, (
            f"{name} has no labels to learn, too many labels, or too few rows. It needs at least "
            f"{_FEWEST} rows, and 2 to {_MAX_LABELS} labels with at least {_MIN_ROWS} rows each."
        )
    if len(kept) == len(drawn):
        return drawn, ""
    left = f"{plural(len(drawn) - len(kept), 'row')} of {name}"
    return drawn.only(kept), f"Left out {left} whose label has fewer than {_MIN_ROWS} rows."


def _headlines(results: Mapping[str, Measured], reference: str) -> Iterator[str]:
    original = results.get(reference)
    for name, measured in results.items():
        if name == reference:
            continue
        line = (
            f"In a row of {name}, the model finds {_bits(measured)} of the {measured.entropy:.2f} "
            "bits of its label"
        )
        if original is not None and (original.learned or measured.learned):
            away = difference(measured.information, original.information)
            word = "easier" if (away.value or 0.0) > 0 else "harder"
            line += (
                f"; in a row of {reference}, {_bits(original)} of {original.entropy:.2f}. The "
                f"former is {word} for the model"
                f"{'' if least(away) else ', but this may be chance'}"
            )
        yield f"{line}."


def _bits(measured: Measured) -> str:
    return f"{measured.information.value:.2f}" if measured.learned else "nothing"


def _warnings(
    results: Mapping[str, Measured],
    figures: Mapping[str, Mapping[str, Estimate]],
    reference: str,
) -> Iterator[str]:
    usual = figures[reference]["probable mislabels"].high if reference in figures else None
    for name, measured in results.items():
        if measured.gained > _GAIN:
            yield (
                f"{name}: the model was still learning in the last epoch. Raise difficulty.epochs "
                "before you compare the difficulty of this dataset."
            )
        if not measured.learned:
            yield (
                f"{name}: the model did not generalise to unseen rows. It got "
                f"{percent(measured.fitted)} of its training rows right. If that is low, raise "
                "difficulty.epochs or difficulty.learning_rate. Otherwise the labels do not "
                "follow from the texts, or the model is too weak to see how."
            )
        doubted = figures[name]["probable mislabels"]
        if name != reference and (doubted.low or 0.0) > max(_MANY, usual or 0.0):
            yield (
                f"{name}: {percent(doubted.value)} of the labels may be wrong: read the rows under "
                "“Probable mislabels”."
            )


def _notes(results: Mapping[str, Measured], options: DifficultyOptions) -> Iterator[str]:
    yield (
        f"{options.model} is trained on {options.folds - 1} of {options.folds} parts for "
        f"{options.epochs} epochs, once with the texts and once with empty texts, and judges the "
        "remaining part. PVI is the logarithm of the factor by which a row's texts raise its "
        "label's probability. Rows that share a seed or a text, such as a premise, are in the "
        "same part."
    )
    yield (
        "High V-information means easy, low means hard. Negative PVI marks a row whose label the "
        "model would not predict (section 5 of the paper; its appendix B.5 states the opposite). "
        "V-information grows with the number of training rows, so all datasets use the same "
        "number. Intervals do not include the variation between training runs."
    )
    yield (
        f"A probable mislabel has a PVI of {DOUBT:g} or less, and the model gives a different "
        "label at least half of the probability. It may also be a hard row, or the model's own "
        "mistake."
    )
    yield (
        "The map shows how the model learns the rows. Confidence is the mean probability of a "
        "row's label over the epochs, and variability its standard deviation. Easy-to-learn rows "
        "are in the upper third of confidence, hard-to-learn rows in the lower third, and "
        "ambiguous rows in the upper third of variability. The thirds are those of the reference, "
        "or else of the first dataset."
    )
    for name, measured in results.items():
        if measured.cut:
            yield (
                f"The model read only the last {options.length:,} tokens of "
                f"{plural(measured.cut, 'row')} of {name}: see difficulty.length."
            )


def _row_tables(name: str, measured: Measured, shown: int) -> list[Table]:
    """Return the hardest and the easiest rows, and those whose label is in doubt."""
    if not measured.learned or not shown:
        return []
    order = np.argsort(measured.pvi, kind="stable").tolist()
    doubtful = measured.suspects
    rows = {
        f"Probable mislabels of {name}: {len(doubtful):,} of {len(order):,} rows": doubtful,
        f"Hardest rows of {name}": order,
        f"Easiest rows of {name}": order[::-1],
    }
    return [
        Table(title, _COLUMNS, [_line(measured, at) for at in of[:shown]])
        for title, of in rows.items()
    ]


def _line(measured: Measured, at: int) -> tuple[float, str, str, str]:
    likeliest = int(measured.logs[at].argmax())
    return (
        round(float(measured.pvi[at]), 2),
        measured.decisions.labels[at],
        f"{measured.names[likeliest]}, {2 ** float(measured.logs[at, likeliest]):.0%}",
        excerpt(measured.decisions.texts[at]),
    )


def _rows(measured: Measured) -> list[dict[str, object]]:
    """Return the figures of each row, in the dataset's order; probabilities of unseen rows."""
    chart, decisions, names = measured.chart, measured.decisions, measured.names
    return [
        {
            "row": decisions.rows[at],
            "label": decisions.labels[at],
            "PVI": float(measured.pvi[at]),
            "probabilities": dict(zip(names, np.exp2(measured.logs[at]).tolist(), strict=True)),
            "confidence": float(chart.confidence[at]),
            "variability": float(chart.variability[at]),
            "correctness": float(chart.correctness[at]),
        }
        for at in sorted(range(len(decisions)), key=lambda at: decisions.rows[at])
    ]


def _plots(results: Mapping[str, Measured]) -> tuple[Plot, ...]:
    """Return plots: the spread of PVI, the map, and whether the epochs were enough."""
    histogram = [
        {"dataset": name, "PVI": float(edge), "share": count / len(measured.pvi)}
        for name, measured in results.items()
        for edge, count in zip(
            _EDGES,
            np.histogram(np.clip(measured.pvi, _EDGES[0], _EDGES[-1]), bins=_EDGES)[0].tolist(),
            strict=False,
        )
    ]
    used = {mark["PVI"] for mark in histogram if mark["share"]}
    points = [
        {
            "dataset": name,
            "variability": float(measured.chart.variability[at]),
            "confidence": float(measured.chart.confidence[at]),
            "right in": f"{measured.chart.correctness[at]:.0%} of the epochs",
            "PVI": float(measured.pvi[at]),
            "label": measured.decisions.labels[at],
            "row": excerpt(measured.decisions.texts[at], 160),
        }
        for name, measured in results.items()
        for at in range(min(_POINTS, len(measured.pvi)))  # decisions are in random order
    ]
    curves = [
        {"dataset": name, "epoch": epoch, "V-information": float(bits)}
        for name, measured in results.items()
        for epoch, bits in enumerate(measured.curve, 1)
    ]
    return (
        Plot(
            "bars",
            "PVI of the rows, in bits (high: easy; below 0: the row contradicts its label)",
            [mark for mark in histogram if min(used) <= mark["PVI"] <= max(used)],
            x="PVI",
            y="share",
            color="dataset",
        ),
        Plot(
            "points",
            "The map: easy rows at the top left, hard ones at the bottom left, ambiguous ones at "
            "the right",
            points,
            x="variability",
            y="confidence",
            color="dataset",
        ),
        Plot(
            "lines",
            "V-information after each epoch; the highest value is used",
            curves,
            x="epoch",
            y="V-information",
            color="dataset",
        ),
    )


DIFFICULTY = Metric(
    title="Difficulty",
    measure=_measure,
    options=DifficultyOptions,
    extra="difficulty",
    order=70,
    needs=f"model={_EXAMPLE}",
)
