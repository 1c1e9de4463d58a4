"""Figures of a review for people and programs: sentences and tables, and JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from targen_core.cli.findings import Cell, Estimate, Excerpt, Findings, Table
from targen_core.text import plural
from targen_review.agreement import Figure
from targen_review.figures import ALL, PEOPLE, Agreement, Disagreement, Letters, ReviewFigures
from targen_review.rubric import Rubric

TITLE = "Raters' findings"
DIFFER = "Rows on which raters disagree"
_LONG = 300  # characters of a row's text in a table

_TABLE_16 = {
    "axg": ("AX-g", (102, 55, 51, 18), (106, 50, 59, 11)),
    "boolq": ("BoolQ", (258, 64, 87, 21), (277, 62, 76, 15)),
    "cb": ("CB", (97, 70, 8, 25), (108, 80, 2, 10)),
    "copa": ("COPA", (136, 48, 34, 24), (146, 47, 36, 13)),
    "record": ("ReCoRD", (98, 45, 22, 12), (111, 39, 18, 9)),
    "rte": ("RTE", (300, 52, 70, 76), (355, 50, 57, 36)),
    "wic": ("WiC", (270, 99, 88, 28), (314, 89, 72, 10)),
    "wsc": ("WSC", (198, 43, 92, 102), (256, 57, 48, 74)),
}
"""Task -> its title; A, B, C, D before correction, and after, as the paper prints them."""

_PAPER_AGREEMENT = (
    "The paper's three teams: Cohen's κ for letters 0.51, 0.48, 0.60, for acceptability 0.71, "
    "0.67, 0.79; Spearman's r 0.85, 0.83, 0.91. The paper prints no intervals, and does not say "
    "how two grades of a row were combined, or whether agreement is before or after correction."
)
_HOW = """\
A row graded by several people counts once, with its grades weighted equally. Shares have 95% \
Wilson intervals over rows.
Intervals of κ, r and α come from the jackknife over rows on Fisher's z scale. They are missing if \
all raters agree, or for fewer than three rows. The figures show how similarly raters grade, not \
whether they are right.
A label is confirmed if a person chose it, or kept it and accepted the row. A row that is not \
acceptable and did not get a new label is not counted."""


def findings_of(figures: ReviewFigures, *, paper: bool = False) -> Findings:
    """Return figures as sentences and tables.

    Args:
        figures: of the reviews.
        paper: show the printed numbers of the paper's table 16 next to those of its tasks.
    """
    tables = [
        _letters_table(figures),
        *([_printed_table(figures)] if paper else []),
        *_agreement_tables(figures),
        Table(
            "Labels that raters confirm",
            ("dataset", "by", "rows", "confirmed"),
            [
                (of.dataset, _who(of), of.confirmed.rows, _cell(of.confirmed))
                for of in figures.letters
                if of.confirmed.rows
            ],
        ),
        _raters_table(figures),
        _disagreements_table(figures),
    ]
    by_name: dict[str, dict[str, Estimate]] = {}
    for of in figures.letters:
        if of.who == PEOPLE and of.dataset != ALL:
            by_name[of.dataset] = {"acceptable": of.acceptable, "labels confirmed": of.confirmed}
            if of.acceptable_before is not None and of.before != of.after:
                by_name[of.dataset]["acceptable before"] = of.acceptable_before
    return Findings(
        headlines=tuple(_headlines(figures)),
        figures=by_name,
        glance={
            "acceptable": "rows that people accept",
            "labels confirmed": "rows whose label people confirm",
        },
        better={"acceptable": "higher", "labels confirmed": "higher"},
        tables=tuple(table for table in tables if table.rows),
        warnings=tuple(_warnings(figures)),
        notes=(*_HOW.splitlines(), *((_PAPER_AGREEMENT,) if paper else ())),
    )


def _headlines(figures: ReviewFigures) -> Iterator[str]:
    for of in figures.letters:
        who = "people find" if of.who == PEOPLE else f"{of.who}, a model, finds"
        name = "all datasets" if of.dataset == ALL else of.dataset
        said = f"In {name}, {who} {of.acceptable.value:.0%} of the {plural(of.rows, 'row')} "
        said += "acceptable"
        if of.acceptable_before is not None and of.before != of.after:
            said += f", compared with {of.acceptable_before.value:.0%} before correction"
        yield f"{said}."
    for each in figures.agreement:
        if each.side == "after" and each.kind == "people":
            yield (
                f"{', '.join(each.raters)}: κ {number(each.letters.value)} for "
                f"{_kind(figures)}s, {number(each.acceptable.value)} for whether a row is "
                f"acceptable, on {plural(each.rows, 'row')}."
            )


def _warnings(figures: ReviewFigures) -> Iterator[str]:
    material = figures.material
    yield from material.warnings
    if not material.given:
        yield "no rows have been graded so far"
        return
    people = sorted({given.rater for given in material.given} & {*material.names("person")})
    if not people:
        yield "only models have graded rows, so none of these figures come from people"
    elif len(people) == 1:
        yield f"only {people[0]} has graded rows, so agreement is unknown"
    elif not any(each.kind == "people" for each in figures.agreement):
        yield "no rows were graded by two people, so their agreement is unknown"
    for rater in figures.raters:
        if rater.rater in people and rater.done < rater.rows:
            yield f"{rater.rater} has graded {rater.done:,} of {plural(rater.rows, 'row')}"


def _kind(figures: ReviewFigures) -> str:
    """Return what raters give a row: a letter, or a verdict on its label."""
    return "verdict" if figures.material.rubric.is_of_labels else "letter"


def _who(of: Letters) -> str:
    return of.who if of.who == PEOPLE else f"{of.who} (model)"


def _letters_table(figures: ReviewFigures) -> Table:
    rubric = figures.material.rubric
    corrected = any(of.before is not None and of.before != of.after for of in figures.letters)
    words = [rubric.word(letter) for letter in rubric.letters]
    columns = ["dataset", "by", "rows", *words, "acceptable"]
    if corrected:
        columns[3:3] = [f"{word} before" for word in words]
        columns[-1:] = ["acceptable before", "acceptable"]
    rows: list[tuple[Cell, ...]] = []
    for of in figures.letters:
        now = [_count(of.after, letter) for letter in rubric.letters]
        if corrected:
            was = [_count(of.before, letter) for letter in rubric.letters]
            shares = (_cell(of.acceptable_before), _cell(of.acceptable))
            rows.append((of.dataset, _who(of), of.rows, *was, *now, *shares))
        else:
            rows.append((of.dataset, _who(of), of.rows, *now, _cell(of.acceptable)))
    good = ", ".join(rubric.word(each) for each in rubric.letters if each in rubric.acceptable)
    note = f"Acceptable: {good}."
    if not rubric.is_of_labels:
        note = f"{'; '.join(f'{g.letter} {g.title}' for g in rubric.grades)}. {note}"
    title = "Grades before and after correction" if corrected else "Grades"
    return Table(title, tuple(columns), rows, note)


def _printed_table(figures: ReviewFigures) -> Table:
    columns = "task, rows, A before, B before, C before, D before, A, B, C, D, acceptable before"
    rows: list[tuple[Cell, ...]] = []
    for name in dict.fromkeys(figures.material.tasks.values()):
        task = name.rpartition(":")[2]  # of DISTRIBUTION:NAME
        if task in _TABLE_16:
            title, before, after = _TABLE_16[task]
            shares = (round(sum(of[:2]) / sum(of), 3) for of in (before, after))
            rows.append((title, sum(before), *before, *after, *shares))
    return Table(
        "The paper's Table 16",
        (*columns.split(", "), "acceptable"),
        rows,
        note="As printed in the paper, for its own rows, but with computed shares.",
    )


def _agreement_tables(figures: ReviewFigures) -> Iterator[Table]:
    for kind, title in (("people", "Agreement"), ("model", "Agreement with models")):
        for side, words in (("after", ""), ("before", ", for the labels before correction")):
            found = [a for a in figures.agreement if (a.kind, a.side) == (kind, side)]
            if found:
                yield _agreement_table(found, f"{title}{words}", _kind(figures))
    if figures.alpha.rows:
        yield Table(
            "Krippendorff's α across all people",
            ("rows", f"α {_kind(figures)}s"),
            [(figures.alpha.rows, _cell(figures.alpha))],
            note="" if figures.alpha.value is not None else f"Undefined: {figures.alpha.reason}.",
        )


def _agreement_table(found: Sequence[Agreement], title: str, kind: str) -> Table:
    columns = ("raters", "rows", f"same {kind}", f"κ {kind}s", "κ acceptable", "Spearman's r")
    rows, undefined = [], []
    for each in found:
        raters = ", ".join(each.raters)
        figures = (each.alike, each.letters, each.acceptable, each.spearman)
        rows.append((raters, each.rows, *map(_cell, figures)))
        undefined += [
            f"Undefined: {name} for {raters} ({figure.reason})."
            for name, figure in zip(columns[2:], figures, strict=True)
            if figure.value is None
        ]
    return Table(title, columns, rows, note=" ".join(undefined))


def _raters_table(figures: ReviewFigures) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for each in figures.raters:
        counts = (each.done, each.rows, _cell(each.acceptable), each.relabelled, each.rejected)
        rows.append((each.rater, each.kind, *counts))
    columns = ("rater", "kind", "graded", "of", "acceptable", "relabelled", "rejected")
    return Table("Raters", columns, rows)


def _disagreements_table(figures: ReviewFigures) -> Table:
    return Table(
        DIFFER,
        ("dataset", "row", "grades", "label", "text"),
        [
            (
                each.dataset,
                each.row if each.number is None else str(each.number),
                Excerpt(_grades_in_words(each, figures.material.rubric)),
                each.label,
                Excerpt(cut(each.text, _LONG)),
            )
            for each in figures.disagreements
        ],
        note="For discussion, starting with the grades that are farthest apart.",
    )


def _grades_in_words(row: Disagreement, rubric: Rubric) -> str:
    said = []
    for name, grade in row.grades.items():
        before, after = (rubric.word(str(grade[side] or "")) for side in ("before", "after"))
        letters = after or "-"
        parts = [f"{before}→{letters}" if before and before != after else letters]
        for what in ("label", "output"):
            parts += [f"{what} {grade[what]}"] if grade[what] is not None else []
        parts += ["rejects"] if grade["reject"] else []
        parts += [f"“{' '.join(str(grade['comment']).split())}”"] if grade["comment"] else []
        said.append(f"{name} {', '.join(parts)}")
    return "; ".join(said)


def cut(text: str, width: int) -> str:
    """Return a text on one line, cut to a width."""
    line = " ".join(text.split())
    return line if len(line) <= width else f"{line[: width - 1]}…"


def _cell(figure: Figure | None) -> Figure | None:
    return None if figure is None or figure.value is None else figure


def _count(counts: Mapping[str, float] | None, letter: str) -> float | int | None:
    if counts is None:
        return None
    number = counts[letter]
    return int(number) if number == int(number) else round(number, 1)


def number(value: float | None) -> str:
    """Return a figure with two digits, or that it is not defined."""
    if value is None:
        return "not defined"
    return f"{round(value, 2) + 0.0:.2f}".replace("-", "−")  # and no minus before a nought


def shown(cell: Cell) -> str:
    """Return a cell of a table as text."""
    if isinstance(cell, Estimate):
        if cell.low is None or cell.high is None:
            return number(cell.value)
        return f"{number(cell.value)} ({number(cell.low)} to {number(cell.high)})"
    if cell is None:
        return "-"
    return f"{cell:,}" if isinstance(cell, int | float) else str(cell)


def as_json(figures: ReviewFigures) -> dict[str, Any]:
    """Return all figures for programs: no NaN; a figure without a value has a reason."""
    rubric = figures.material.rubric

    def worded(counts: Mapping[str, float] | None) -> dict[str, float] | None:
        if counts is None:
            return None
        return {rubric.word(letter): count for letter, count in counts.items()}

    return {
        "format": 1,
        "rubric": rubric.model_dump(mode="json"),
        "datasets": figures.material.tasks,
        "grades": [
            {**asdict(of), "before": worded(of.before), "after": worded(of.after)}
            for of in figures.letters
        ],
        "agreement": [asdict(each) for each in figures.agreement],
        "alpha": asdict(figures.alpha),
        "raters": [asdict(each) for each in figures.raters],
        "disagreements": [asdict(each) for each in figures.disagreements],
        "warnings": list(_warnings(figures)),
    }
