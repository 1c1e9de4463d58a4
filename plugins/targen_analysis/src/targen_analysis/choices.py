"""The metric `choices`: the position of the answer among the choices of a row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from targen_analysis.judging.texts import answer_of
from targen_analysis.metrics import Corpus, Metric, MetricOptions, Study
from targen_analysis.statistics import apart, rate
from targen_core.cli.findings import (
    Cell,
    Estimate,
    Findings,
    Plot,
    Table,
)
from targen_core.text import plural
from targen_standard.datasets.bigbench import choices_in


@dataclass(frozen=True, slots=True)
class _Places:
    """Positions of answers.

    Attributes:
        rows: rows with at least two choices.
        places: place from 0 -> rows with the answer there.
        chance: of each place, how many rows would have their answer there by chance.
        last: rows whose answer is the last choice.
    """

    rows: int
    places: Mapping[int, int]
    chance: Mapping[int, float]
    last: int

    @property
    def lost(self) -> int:
        """Return the number of rows whose answer is not a choice."""
        return self.rows - sum(self.places.values())


def _measure(study: Study, options: MetricOptions) -> Findings:
    places = {corpus.name: _places(corpus) for corpus in study.everything}
    there = {name: each for name, each in places.items() if each.rows}
    if not there:
        return Findings(
            notes=(
                (
                    "No row has choices in a column `choices`, or in at least two lines that begin "
                    "with choice:."
                ),
            )
        )
    figures, headlines, warnings = {}, [], []
    for name, each in there.items():
        first = rate(each.places.get(0, 0), each.rows)
        figures[name] = {
            "first": first,
            "last": rate(each.last, each.rows),
            "no choice": rate(each.lost, each.rows),
        }
        chance = each.chance[0] / each.rows
        headlines.append(
            f"In {first.value or 0:.0%} of the rows of {name}, the answer is the first choice (by "
            f"chance: {chance:.0%})."
        )
        own = study.reference is None or name != study.reference.name
        if own and apart(first, Estimate(chance, chance, chance)):
            warnings.append(
                f"The position of a choice in {name} hints at the answer: "
                f"{each.places.get(0, 0):,} of {each.rows:,} answers come first."
            )
        if own and each.lost:
            warnings.append(
                f"{plural(each.lost, 'row')} of {name} {'has' if each.lost == 1 else 'have'} an "
                "answer that is not one of the choices."
            )
    max_choices = max(max(each.chance) for each in there.values()) + 1
    rows: list[tuple[Cell, ...]] = [
        (f"{at + 1}", *(_cell(each, at) for each in there.values())) for at in range(max_choices)
    ]
    rows.append(("none of them", *(rate(each.lost, each.rows) for each in there.values())))
    marks = [
        {"dataset": name, "place": f"{at + 1}", "share": each.places.get(at, 0) / each.rows}
        for name, each in there.items()
        for at in sorted(each.chance)
    ]
    return Findings(
        headlines=tuple(headlines),
        figures=figures,
        glance={"first": "rows whose answer is the first choice; should be near chance"},
        tables=(
            Table(
                "Position of the answer among the choices",
                ("place", *there),
                rows,
                note="Among the rows with choices: "
                + ", ".join(f"{name} {each.rows:,}" for name, each in there.items())
                + ". By chance: "
                + ", ".join(
                    f"{name} {each.chance[0] / each.rows:.0%} first" for name, each in there.items()
                )
                + ".",
            ),
        ),
        plots=(
            Plot(
                "bars",
                "Position of the answer among the choices",
                marks,
                x="place",
                y="share",
                color="dataset",
            ),
        ),
        warnings=tuple(warnings),
        notes=(
            (
                "Choices come from a column `choices`, or from lines of a text that begin with "
                "choice:, as in BIG-bench."
            ),
        ),
    )


def _cell(each: _Places, at: int) -> Estimate | None:
    return rate(each.places.get(at, 0), each.rows) if at in each.chance else None


def _places(corpus: Corpus) -> _Places:
    places: Counter[int] = Counter()
    chance: dict[int, float] = {}
    rows = last = 0
    for at_row, (row, texts) in enumerate(zip(corpus.rows, corpus.texts, strict=True)):
        choices = _choices(row, texts)
        if len(choices) < 2:
            continue
        rows += 1
        for at in range(len(choices)):
            chance[at] = chance.get(at, 0.0) + 1 / len(choices)
        answer = answer_of(corpus, at_row)
        if answer in choices:
            places[choices.index(answer)] += 1
            last += choices[-1] == answer
    return _Places(rows, places, chance, last)


def _choices(row: Mapping[str, Any], texts: Sequence[str]) -> tuple[str, ...]:
    column = row.get("choices")
    if isinstance(column, list) and all(isinstance(each, str) for each in column):
        return tuple(each.strip() for each in column)
    return next((choices for text in texts if len(choices := choices_in(text)) > 1), ())


CHOICES = Metric(
    title="Position of the answer",
    measure=_measure,
    order=45,
)
