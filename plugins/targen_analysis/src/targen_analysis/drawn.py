"""The metric `dimensions`: rows by what code drew for them, as the provenance of a run has it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from targen_analysis.metrics import Corpus, Metric, MetricOptions, Study
from targen_analysis.statistics import apart, rate
from targen_core import load
from targen_core.cli.findings import (
    Cell,
    Estimate,
    Findings,
    Plot,
    Table,
)
from targen_core.text import percent, plural

_SHOWN = 25  # values of a table; of more, those with the most rows
_MAX_LABELS = 8  # columns of a table
_LOST = ("rejected", "duplicate")


@dataclass(frozen=True, slots=True)
class _Drawn:
    """The outcomes of one dimension's values.

    Attributes:
        rows: rows by value.
        labels: rows by value and label; rows without a label are in none.
        lost: rejected candidates by value, without surplus ones.
    """

    rows: Counter[str]
    labels: Counter[tuple[str, str]]
    lost: Counter[str]

    @property
    def balance(self) -> float:
        """Rows of the rarest value over those of the most frequent one."""
        return min(self.rows.values()) / max(self.rows.values())

    def labeled(self, value: str) -> int:
        """Rows of a value that have a label."""
        return sum(count for (drawn, _), count in self.labels.items() if drawn == value)


def _measure(study: Study, options: MetricOptions) -> Findings:
    drawn = {corpus.name: _drawn(corpus) for corpus in study.everything}
    if not any(drawn.values()):
        return Findings(
            notes=(
                "Only runs record the dimension values drawn for rows; these datasets have none.",
            )
        )
    figures: dict[str, dict[str, Estimate]] = {}
    headlines, warnings = [], []
    tables: list[Table] = []
    plots: list[Plot] = []
    for corpus in study.everything:
        of = drawn[corpus.name]
        if not of:
            continue
        figures[corpus.name] = {}
        said = []
        for name, values in of.items():
            few, many = min(values.rows.values()), max(values.rows.values())
            span = f"{few:,}" if few == many else f"{few:,} to {many:,}"
            said.append(f"{name} ({plural(len(values.rows), 'value')}, {span} rows each)")
            figures[corpus.name] |= {
                f"{name}: values": Estimate(len(values.rows)),
                f"{name}: balance": Estimate(values.balance),
            }
            tables.append(_table(corpus, name, values))
            if 1 < len(values.rows) <= _SHOWN:
                plots.append(_plot(corpus, name, values))
            warnings += _telling(corpus, name, values)
        headlines.append(f"For the rows of {corpus.name}, targen drew values of {', '.join(said)}.")
    return Findings(
        headlines=tuple(headlines),
        figures=figures,
        tables=tuple(tables),
        plots=tuple(plots),
        warnings=tuple(warnings),
        notes=(
            (
                "Draws are balanced over the requested candidates, in proportion to any weights. "
                "The rows are less balanced if candidates with some values are rejected more "
                "often, or if a run ends early."
            ),
        ),
    )


def _drawn(corpus: Corpus) -> dict[str, _Drawn]:
    """Return the draws for the rows of a run, by dimension."""
    if corpus.run is None:
        return {}
    run = load(corpus.run)
    by_row: dict[int, Mapping[str, str]] = {}
    there = set()
    for record in run.provenance:
        there.add(record.get("id"))
        if (values := _values(record)) and isinstance(first := record.get("idx"), int):
            by_row.update(dict.fromkeys(range(first, first + record.get("rows", 1)), values))
    of: dict[str, _Drawn] = {}
    for row, label in zip(corpus.rows, corpus.labels, strict=True):
        for name, value in by_row.get(row.get("idx", -1), {}).items():
            drawn = of.setdefault(name, _Drawn(Counter(), Counter(), Counter()))
            drawn.rows[value] += 1
            if label:
                drawn.labels[value, label] += 1
    if of:
        for record in run.rejects:
            if record.get("verdict") in _LOST and record.get("id") not in there:
                for name, value in _values(record).items():
                    if name in of:
                        of[name].lost[value] += 1
    return of


def _values(record: Mapping[str, Any]) -> dict[str, str]:
    """Return the draws for a candidate; a stranger's file may hold any value there."""
    drawn = record.get("dimensions")
    return {str(n): str(v) for n, v in drawn.items()} if isinstance(drawn, dict) else {}


def _columns(corpus: Corpus) -> Sequence[str]:
    return corpus.label_names if len(corpus.label_names) <= _MAX_LABELS else ()


def _table(corpus: Corpus, name: str, values: _Drawn) -> Table:
    labels = _columns(corpus)
    rows: list[tuple[Cell, ...]] = [
        (
            value,
            count,
            *(rate(values.labels[value, label], values.labeled(value)) for label in labels),
            rate(values.lost[value], count + values.lost[value]),
        )
        for value, count in values.rows.most_common(_SHOWN)
    ]
    more = len(values.rows) - len(rows)
    return Table(
        f"Rows of {corpus.name} by {name}",
        (name, "rows", *(f"labelled {label}" for label in labels), "candidates without a row"),
        rows,
        note=f"Not shown: {plural(more, 'value')} with at most as many rows." if more else "",
    )


def _plot(corpus: Corpus, name: str, values: _Drawn) -> Plot:
    total = sum(values.rows.values())
    marks = [
        {"dataset": corpus.name, name: value, "share": count / total}
        for value, count in values.rows.most_common()
    ]
    return Plot("bars", f"Rows of {corpus.name} by {name}", marks, name, "share", "dataset")


def _telling(corpus: Corpus, name: str, values: _Drawn) -> list[str]:
    """Values whose rows have a label far more, or less, often than the other rows."""
    total = sum(values.labels.values())
    said = []
    for value in values.rows if len(values.rows) <= _SHOWN else ():
        mine = values.labeled(value)
        for label in _columns(corpus):
            hits = values.labels[value, label]
            every = sum(count for (_, of), count in values.labels.items() if of == label)
            here, elsewhere = rate(hits, mine), rate(every - hits, total - mine)
            if mine and total > mine and apart(here, elsewhere):
                said.append(
                    f"In {corpus.name}, {name} hints at the label: {percent(here.value or 0)} of "
                    f"the rows with {value!r} are {label}, compared with "
                    f"{percent(elsewhere.value or 0)} of the others."
                )
    return said


DIMENSIONS = Metric(
    title="Dimensions drawn for rows",
    measure=_measure,
    order=15,
)
