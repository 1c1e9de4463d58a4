"""The metric `judged`: which answers people found right, and how difficult models found rows."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import Field

from targen_analysis.metrics import Corpus, Metric, MetricOptions, Study
from targen_analysis.statistics import mean, rate
from targen_analysis.texts import answer_of, excerpt, questions_of
from targen_core.cli.findings import Cell, Estimate, Findings, Plot, Table
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


class _KnownRows:
    """The rows of a dataset by what is shown of them."""

    def __init__(self, corpus: Corpus) -> None:
        self.corpus = corpus
        self.texts = questions_of(corpus)
        self._places: defaultdict[str, list[int]] = defaultdict(list)
        for at, text in enumerate(self.texts):
            self._places[text.strip()].append(at)

    def find(self, text: str, answer: str | None = None) -> int | None:
        """Return the row with this text, and, if it is given, this answer."""
        places = self._places.get(text.strip(), ())
        fitting = (at for at in places if answer is None or answer_of(self.corpus, at) == answer)
        return next(fitting, None)


Known = Mapping[str, _KnownRows]


def _measure(study: Study, options: JudgedOptions) -> Findings:
    if not (options.sheet or options.ratings):
        raise UsageError(
            "no verdicts or ratings were passed",
            hint="targen sample draws rows for a person; pass the result with "
            "-o judged.sheet=FILE. Or pass a run of targen rate with -o judged.ratings=RUN",
        )
    known = {corpus.name: _KnownRows(corpus) for corpus in study.everything}
    parts = []
    if options.sheet:
        parts.append(_judged_by_people(options.sheet, known))
    if options.ratings:
        parts.append(_rated_by_model(options.ratings, known))
    figures: dict[str, dict[str, Estimate]] = {}
    for part in parts:
        for name, of in part.figures.items():
            figures.setdefault(name, {}).update(of)
    return Findings(
        headlines=tuple(line for part in parts for line in part.headlines),
        figures=figures,
        glance={
            "right": "answers that a person found right",
            "difficulty": "from 1 to 5, as rated by a model",
        },
        tables=tuple(table for part in parts for table in part.tables),
        plots=tuple(plot for part in parts for plot in part.plots),
        warnings=tuple(line for part in parts for line in part.warnings),
        notes=(
            (
                "The judged and rated rows were sampled at random; intervals reflect this "
                "sampling. A model's ratings depend on its ability and prompt, so compare only "
                "ratings by the same model."
            ),
        ),
    )


def _judged_by_people(sheets: str, known: Known) -> Findings:
    verdicts: dict[str, dict[int, bool]] = {}
    wrong: list[tuple[Cell, ...]] = []
    lost = filled = 0
    for row in _rows(sheets, "sheet", ("text", "right"), "use a file that targen sample wrote"):
        word = str(row.get("right") or "").strip().lower()
        if not word:
            continue
        if word not in _YES | _NO:
            raise UsageError(
                f"-o judged.sheet: {sheets}: the column `right` contains {row['right']!r}; it must "
                "be yes, no or empty"
            )
        filled += 1
        text, answer = str(row["text"]), str(row.get("answer") or "").strip()
        places = {
            name: at for name, of in known.items() if (at := of.find(text, answer)) is not None
        }
        lost += not places
        for name, at in places.items():
            verdicts.setdefault(name, {})[at] = word in _YES
            if word in _NO:
                note = excerpt((str(row.get("note") or ""),))
                wrong.append((name, at, excerpt((text,)), excerpt((answer,)), note))
    if not filled:
        raise UsageError(
            f"-o judged.sheet: {sheets} is not filled in: no row has yes or no in the column "
            "`right`"
        )
    if not verdicts:
        raise UsageError(
            f"-o judged.sheet: none of the rows in {sheets} match a row of these datasets"
        )
    shares = {name: rate(sum(of.values()), len(of)) for name, of in verdicts.items()}
    return Findings(
        headlines=tuple(
            f"A person judged {len(of):,} rows of {name}: {shares[name].value or 0:.0%} have the "
            "right answer."
            for name, of in verdicts.items()
        ),
        figures={name: {"right": share} for name, share in shares.items()},
        tables=(
            Table(
                "Answers that a person found correct",
                ("dataset", "judged rows", "right"),
                [(name, len(of), shares[name]) for name, of in verdicts.items()],
                note="In DataTune, people judged 300 rows: 88% were right (86.6% of the synthetic "
                "ones).",
            ),
            Table(
                "Answers that a person found wrong",
                ("dataset", "row", "text", "answer", "note"),
                wrong[:_WRONG_SHOWN],
            ),
        ),
        warnings=_lost(sheets, plural(lost, "judged row"), lost),
    )


def _rated_by_model(runs: str, known: Known) -> Findings:
    ratings: dict[str, list[int]] = {}
    lost = 0
    for row in _rows(runs, "ratings", ("input", "output"), "use a run that targen rate created"):
        level = str(row["output"]).strip()
        if level not in _LEVELS:
            raise UsageError(f"-o judged.ratings: {runs}: {level!r} is not a rating from 1 to 5")
        names = [name for name, of in known.items() if of.find(str(row["input"])) is not None]
        lost += not names
        for name in names:
            ratings.setdefault(name, []).append(int(level))
    if not ratings:
        raise UsageError(
            f"-o judged.ratings: none of the ratings in {runs} are of rows of these datasets"
        )
    figures = {
        name: {
            "difficulty": mean(levels),
            "hard rows": rate(sum(level >= 4 for level in levels), len(levels)),
        }
        for name, levels in ratings.items()
    }
    counts = {name: Counter(levels) for name, levels in ratings.items()}
    rows: list[tuple[Cell, ...]] = [
        (level, *(rate(of[int(level)], of.total()) for of in counts.values())) for level in _LEVELS
    ]
    rows.append(("mean", *(of["difficulty"] for of in figures.values())))
    marks = [
        {"dataset": name, "difficulty": level, "share": of[int(level)] / of.total()}
        for name, of in counts.items()
        for level in _LEVELS
    ]
    return Findings(
        headlines=tuple(
            f"A model rates the difficulty of the rows of {name} at "
            f"{of['difficulty'].value:.1f} on average, on a scale of 1 to 5."
            for name, of in figures.items()
        ),
        figures=figures,
        tables=(
            Table(
                "Difficulty as rated by a model, from 1 (very easy) to 5 (very hard)",
                ("figure", *ratings),
                rows,
                note=", ".join(f"{name}: {len(of):,} rows" for name, of in ratings.items()),
            ),
        ),
        plots=(
            Plot("bars", "Difficulty as rated by a model", marks, "difficulty", "share", "dataset"),
        ),
        warnings=_lost(runs, plural(lost, "rating"), lost),
    )


def _lost(files: str, what: str, count: int) -> tuple[str, ...]:
    if not count:
        return ()
    return (f"{files}: left out {what} of rows that no dataset of this analysis contains.",)


def _rows(files: str, option: str, columns: Sequence[str], hint: str) -> list[Mapping[str, Any]]:
    """Return the rows of one or several datasets, with commas between.

    Raises:
        UsageError: they cannot be read, or lack a column.
    """
    rows: list[Mapping[str, Any]] = []
    for each in filter(None, map(str.strip, files.split(","))):
        read = open_source(Path(each)).rows()
        lacking = [column for column in columns if column not in read[0]]
        if lacking:
            raise UsageError(f"-o judged.{option}: {each} has no column {lacking[0]}", hint=hint)
        if option == "sheet" and Path(each).suffix not in (".json", ".jsonl"):
            read = [{name: sheet_text(str(cell)) for name, cell in row.items()} for row in read]
        rows += read
    return rows


JUDGED = Metric(
    title="Judgements by people and models",
    measure=_measure,
    options=JudgedOptions,
    order=800,
    needs="sheet=FILE",
)
