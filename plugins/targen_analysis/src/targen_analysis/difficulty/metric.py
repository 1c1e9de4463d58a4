"""The metric `difficulty`: what of its label a model finds in a row (figures 5 and 6)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from pydantic import Field

from targen_analysis.difficulty.inputs import Decisions, read
from targen_analysis.difficulty.measured import Measured, measure_one
from targen_analysis.difficulty.pvi import DOUBT
from targen_analysis.difficulty.training import Recipe
from targen_analysis.difficulty.views import figures_table, of_rows, plots, row_tables
from targen_analysis.metrics import Metric, MetricOptions, Study
from targen_analysis.statistics import difference, least
from targen_core.cli.findings import Findings
from targen_core.errors import UsageError
from targen_core.text import percent, plural
from targen_standard.pretrained import device_of

_EXAMPLE = "google-bert/bert-base-uncased"
"""A model that transformers can load."""


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


_MIN_ROWS = 10
"""Rows of a label below which it is left out."""

_FEWEST = 30
"""The fewest rows of a dataset to measure."""

_MAX_LABELS = 50

_UNSURE = 0.05
"""Bits of the model without input beyond the label entropy that are worth a word."""

_GAIN = 0.02
"""Bits that the last epoch brings, from which there were too few epochs."""

_MANY = 0.02
"""Probable mislabels that are worth a warning, at the lower end of the interval."""


def _measure(study: Study, options: DifficultyOptions) -> Findings:
    if not options.model:
        raise UsageError(
            "difficulty is measured for a model of your choice, by name or folder",
            hint=f"-o difficulty.model={_EXAMPLE}",
        )
    from targen_analysis.difficulty.models import find_classifier

    classifier = find_classifier(options.model)
    device = device_of(options.device, "difficulty.device")
    recipe = Recipe(options.epochs, options.batch, options.learning_rate, device)
    notes: list[str] = []
    drawn: dict[str, Decisions] = {}
    for corpus in study.everything:
        decisions, remarks = _usable(corpus.name, read(study, corpus, options.rows))
        notes += remarks
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
    tables = [
        table
        for name, measured in results.items()
        for table in row_tables(name, measured, options.shown)
    ]
    return Findings(
        headlines=tuple(_headlines(results, reference)),
        figures=figures,
        glance={
            "V-information": "bits of label information that the model finds in a row; lower "
            "is harder",
            "negative PVI": "rows that contradict their label, according to the model",
        },
        better={"negative PVI": "lower"},
        tables=(figures_table(figures, size), *tables),
        plots=plots(results),
        rows={name: of_rows(measured) for name, measured in results.items()},
        warnings=tuple(_warnings(results, reference)),
        notes=(*notes, *_notes(results, options)),
    )


def _usable(name: str, drawn: Decisions) -> tuple[Decisions | None, list[str]]:
    """Return the decisions whose label is shared, and what is left out; None if all are."""
    often = Counter(drawn.labels)
    kept = [at for at, label in enumerate(drawn.labels) if often[label] >= _MIN_ROWS]
    labels = {drawn.labels[at] for at in kept}
    if len(labels) < 2 or len(labels) > _MAX_LABELS or len(kept) < _FEWEST:
        reason = (
            f"{name} has no labels to learn, too many labels, or too few rows. It needs at least "
            f"{_FEWEST} rows, and 2 to {_MAX_LABELS} labels with at least {_MIN_ROWS} rows each."
        )
        return None, [reason]
    if len(kept) == len(drawn):
        return drawn, []
    left = f"{plural(len(drawn) - len(kept), 'row')} of {name}"
    return drawn.only(kept), [f"Left out {left} whose label has fewer than {_MIN_ROWS} rows."]


def _headlines(results: Mapping[str, Measured], reference: str) -> Iterator[str]:
    for name, measured in results.items():
        if name == reference:
            continue
        yield (
            f"In a row of {name}, the model finds {_bits(measured)} of the {measured.entropy:.2f} "
            f"bits of its label{_beside(measured, results.get(reference), reference)}."
            + (
                f" {percent(measured.negative.value)} of the rows contradict their label."
                if measured.learned
                else ""
            )
        )


def _bits(measured: Measured) -> str:
    return f"{measured.information.value:.2f}" if measured.learned else "nothing"


def _beside(measured: Measured, original: Measured | None, reference: str) -> str:
    """Return the comparison with the reference, and its meaning."""
    if original is None or not (original.learned or measured.learned):
        return ""
    away = difference(measured.information, original.information)
    word = "easier" if (away.value or 0.0) > 0 else "harder"
    return (
        f"; in a row of {reference}, {_bits(original)} of {original.entropy:.2f}. The former is "
        f"{word} for the model{'' if least(away) else ', but this may be chance'}"
    )


def _warnings(results: Mapping[str, Measured], reference: str) -> Iterator[str]:
    usual = results[reference].doubted.high if reference in results else None
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
        doubted = measured.doubted
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
        "label's probability. Rows that share a text of five words or more are in the same part."
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
        if measured.without > measured.entropy + _UNSURE:
            yield (
                f"Without the input, the model needs {measured.without:.2f} bits for a label of "
                f"{name}; the label shares alone need {measured.entropy:.2f}. The model was "
                "trained too little, so PVI is too high by that difference."
            )


DIFFICULTY = Metric(
    title="Difficulty",
    measure=_measure,
    options=DifficultyOptions,
    extra="difficulty",
    order=70,
    needs=f"model={_EXAMPLE}",
)
