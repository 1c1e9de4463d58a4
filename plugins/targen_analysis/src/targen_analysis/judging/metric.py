"""The metric `judged`: which answers people found right, and how difficult models found rows."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import Field

from targen_analysis.data.excerpt import excerpt
from targen_analysis.judging.texts import answer_of, texts_of
from targen_analysis.metrics import Corpus, Metric, MetricOptions, Study
from targen_analysis.statistics import mean, rate
from targen_core.cli.findings import (
    Cell,
    Estimate,
    Findings,
    Plot,
    Table,
)
from targen_core.cli.markup import sheet_text
from targen_core.dataset.source import open_source
from targen_core.errors import UsageError
from targen_core.text import plural

_YES = frozenset({"yes", "y", "1", "true", "right"})
_NO = frozenset({"no", "n", "0", "false", "wrong"})
_LEVELS = ("1", "2", "3", "4", "5")
_WRONG_SHOWN = 5


class JudgedOptions(MetricOptions):
    """Options of `judged`."""

    sheet: str = Field(
        "", description="Files from targen sample that a person filled in, separated by commas."
    )
    ratings: str = Field("", description="Runs of targen rate, separated by commas.")


@dataclass(frozen=True, slots=True)
class _Verdict:
    """A person's verdict on one row."""

    right: bool
    note: str


def _measure(study: Study, options: JudgedOptions) -> Findings:
    if not (options.sheet or options.ratings):
        raise UsageError(
            "no verdicts or ratings were passed",
            hint="targen sample draws rows for a person; pass the result with "
            "-o judged.sheet=FILE"
            ". Or pass a run of targen rate with "
            "-o judged.ratings=RUN",
        )
    known = {corpus.name: _Known(corpus) for corpus in study.everything}
    figures: dict[str, dict[str, Estimate]] = {name: {} for name in known}
    headlines, warnings, tables, plots = [], [], [], []
    if options.sheet:
        verdicts, lost = _verdicts(options.sheet, known)
        rows: list[tuple[Cell, ...]] = []
        for name, of in verdicts.items():
            right = rate(sum(each.right for each in of.values()), len(of))
            figures[name]["right"] = right
            rows.append((name, len(of), right))
            headlines.append(
                f"A person judged {len(of):,} rows of {name}: {right.value or 0:.0%} have "
                "the right answer."
            )
        note = "In DataTune, people judged 300 rows: 88% were right (86.6% of the synthetic ones)."
        tables.append(Table("Answers that a person found correct", _RIGHT, rows, note=note))
        tables += _wrong(verdicts, known)
        if lost:
            warnings.append(
                f"{options.sheet}: left out {plural(lost, 'judged row')} that no dataset of this "
                "analysis contains."
            )
    if options.ratings:
        ratings, lost = _ratings(options.ratings, known)
        for name, levels in ratings.items():
            figures[name]["difficulty"] = mean([int(level) for level in levels])
            hard = rate(sum(level in "45" for level in levels), len(levels))
            figures[name]["hard rows"] = hard
        tables.append(
            Table(
                "Difficulty as rated by a model, from 1 (very easy) to 5 (very hard)",
                ("figure", *ratings),
                _levels(ratings, figures),
                note=", ".join(f"{name}: {len(of):,} rows" for name, of in ratings.items()),
            )
        )
        plots.append(_plot(ratings))
        headlines += [
            f"A model rates the difficulty of the rows of {name} at "
            f"{figures[name]['difficulty'].value:.1f} on average, on a scale of 1 to 5."
            for name in ratings
        ]
        if lost:
            warnings.append(
                f"{options.ratings}: left out {plural(lost, 'rating')} of rows that no dataset of "
                "this analysis contains."
            )
    return Findings(
        headlines=tuple(headlines),
        figures={name: of for name, of in figures.items() if of},
        glance={
            "right": "answers that a person found right",
            "difficulty": "from 1 to 5, as rated by a model",
        },
        tables=tuple(tables),
        plots=tuple(plots),
        warnings=tuple(warnings),
        notes=(
            (
                "The judged and rated rows were sampled at random; intervals reflect this "
                "sampling. A model's ratings depend on its ability and prompt, so compare only "
                "ratings by the same model."
            ),
        ),
    )


_RIGHT = ("dataset", "judged rows", "right")


class _Known:
    """The rows of a dataset by what is shown of them."""

    def __init__(self, corpus: Corpus) -> None:
        self.corpus = corpus
        self.places: defaultdict[str, list[int]] = defaultdict(list)
        for at, text in enumerate(texts_of(corpus)):
            self.places[text.strip()].append(at)

    def place(self, text: str, answer: str | None = None) -> int | None:
        """The row with this text, and, if it is given, this answer."""
        places = self.places.get(text.strip(), ())
        fitting = (at for at in places if answer is None or answer_of(self.corpus, at) == answer)
        return next(fitting, None)


def _rows(said: str, what: str, columns: Sequence[str]) -> list[Mapping[str, Any]]:
    """The rows of one or several datasets, with commas between.

    Raises:
        UsageError: they cannot be read, or lack a column.
    """
    rows: list[Mapping[str, Any]] = []
    for each in filter(None, map(str.strip, said.split(","))):
        read = open_source(Path(each)).rows()
        lacking = [column for column in columns if column not in read[0]]
        if lacking:
            raise _refused(
                what,
                f"{each} has no column {lacking[0]}",
                "use a file that targen sample wrote"
                if what == "sheet"
                else "use a run that targen rate created",
            )
        if what == "sheet" and Path(each).suffix not in (".json", ".jsonl"):
            read = [{name: sheet_text(str(cell)) for name, cell in row.items()} for row in read]
        rows += read
    return rows


def _verdicts(said: str, known: Mapping[str, _Known]) -> tuple[dict[str, dict[int, _Verdict]], int]:
    """Dataset -> row -> what a person said; and how many judged rows are of none."""
    verdicts: dict[str, dict[int, _Verdict]] = {}
    lost = filled = 0
    for row in _rows(said, "sheet", ("text", "right")):
        word = str(row.get("right") or "").strip().lower()
        if not word:
            continue
        if word not in _YES | _NO:
            raise _refused(
                "sheet",
                f"{said}: the column `right` contains {row['right']!r}; it must be yes, no or "
                "empty",
            )
        filled += 1
        places = {
            name: of.place(str(row["text"]), str(row.get("answer") or "").strip())
            for name, of in known.items()
        }
        for name, at in places.items():
            if at is not None:
                verdict = _Verdict(word in _YES, str(row.get("note") or ""))
                verdicts.setdefault(name, {})[at] = verdict
        lost += all(at is None for at in places.values())
    if not filled:
        raise _refused(
            "sheet", f"{said} is not filled in: no row has yes or no in the column `right`"
        )
    if not verdicts:
        raise _refused("sheet", f"none of the rows in {said} match a row of these datasets")
    return verdicts, lost


def _wrong(
    verdicts: Mapping[str, Mapping[int, _Verdict]], known: Mapping[str, _Known]
) -> list[Table]:
    rows: list[tuple[Cell, ...]] = []
    for name, of in verdicts.items():
        corpus = known[name].corpus
        texts = texts_of(corpus)
        wrong = [at for at, each in of.items() if not each.right]
        rows += [
            (
                name,
                at,
                excerpt((texts[at],)),
                excerpt((answer_of(corpus, at),)),
                excerpt((of[at].note,)),
            )
            for at in wrong[:_WRONG_SHOWN]
        ]
    columns = ("dataset", "row", "text", "answer", "note")
    return [Table("Answers that a person found wrong", columns, rows)] if rows else []


def _ratings(said: str, known: Mapping[str, _Known]) -> tuple[dict[str, list[str]], int]:
    """Dataset -> ratings of its rows; and how many are of none."""
    ratings: dict[str, list[str]] = {}
    lost = 0
    for row in _rows(said, "ratings", ("input", "output")):
        level = str(row["output"]).strip()
        if level not in _LEVELS:
            raise _refused("ratings", f"{said}: {level!r} is not a rating from 1 to 5")
        names = [name for name, of in known.items() if of.place(str(row["input"])) is not None]
        lost += not names
        for name in names:
            ratings.setdefault(name, []).append(level)
    if not ratings:
        raise _refused("ratings", f"none of the ratings in {said} are of rows of these datasets")
    return ratings, lost


def _refused(option: str, why: str, hint: str = "") -> UsageError:
    return UsageError(f"-o judged.{option}: {why}", hint=hint)


def _levels(
    ratings: Mapping[str, Sequence[str]], figures: Mapping[str, Mapping[str, Estimate]]
) -> list[tuple[Cell, ...]]:
    counts = {name: Counter(levels) for name, levels in ratings.items()}
    rows: list[tuple[Cell, ...]] = [
        (level, *(rate(counts[name][level], len(of)) for name, of in ratings.items()))
        for level in _LEVELS
    ]
    rows.append(("mean", *(figures[name]["difficulty"] for name in ratings)))
    return rows


def _plot(ratings: Mapping[str, Sequence[str]]) -> Plot:
    marks = [
        {"dataset": name, "difficulty": level, "share": levels.count(level) / len(levels)}
        for name, levels in ratings.items()
        for level in _LEVELS
    ]
    return Plot(
        "bars", "Difficulty as rated by a model", marks, x="difficulty", y="share", color="dataset"
    )


JUDGED = Metric(
    title="Judgements by people and models",
    measure=_measure,
    options=JudgedOptions,
    order=800,
    needs="sheet=FILE",
)
