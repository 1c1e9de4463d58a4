"""Figures of a review for people: sentences and tables, as text, as Markdown and as a page."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from targen_core.cli.findings import Cell, Estimate, Excerpt, Findings, Table
from targen_core.cli.tables import duration
from targen_core.text import plural
from targen_review.agreement import Figure, share
from targen_review.report.figures import (
    ALL,
    PEOPLE,
    Agreement,
    Letters,
    RaterFigures,
    ReasonFigures,
    ReviewFigures,
    Side,
)
from targen_review.report.outputs import OutputAgreement
from targen_review.report.printed import AGREEMENT, TABLE_16, TITLES
from targen_review.step4 import Step4
from targen_standard.findings import findings_as_html, findings_as_markdown

_FORMAT = 1
_TITLE = "Raters' findings"
DIFFER = "Rows on which raters disagree"
_LONG = 300  # characters of a row's text in a table


def findings_of(figures: ReviewFigures, *, paper: bool = False) -> Findings:
    """Figures as sentences and tables.

    Args:
        figures: of the reviews.
        paper: show the printed numbers of the paper's table 16 next to those of its tasks.
    """
    tables = [*_letters_tables(figures, paper=paper), _reasons_table(figures)]
    tables += [*_agreement_tables(figures), _outputs_table(figures.outputs)]
    tables += [_labels_table(figures), _step4_table(figures.step4)]
    tables.append(_raters_table(figures.raters))
    if figures.disagreements:
        tables.append(_disagreements_table(figures))
    by_name: dict[str, dict[str, Estimate]] = {}
    for of in figures.letters:
        if of.who == PEOPLE and of.dataset != ALL:
            by_name[of.dataset] = {
                "acceptable": of.acceptable,
                "labels confirmed": of.confirmed,
            }
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
        notes=(*_HOW, *((AGREEMENT,) if paper else ())),
    )


_HOW = (
    (
        "A row graded by several people counts once, with its grades weighted equally. Shares have "
        "95% Wilson intervals over rows; changes have normal-approximation intervals over the "
        "rows' differences."
    ),
    (
        "Cohen's κ (1960; linear weights 1968), Spearman's r with mean ranks for ties, "
        "Krippendorff's α (2004). The 95% intervals come from the jackknife over rows on Fisher's "
        "z scale. They are missing if all raters agree, or for fewer than three rows. The figures "
        "show how similarly raters grade, not whether they are right."
    ),
    (
        "A label is confirmed if a person chose it, or kept it and accepted the row. A row that is "
        "not acceptable and did not get a new label is not counted."
    ),
)


def _headlines(figures: ReviewFigures) -> Iterator[str]:
    for of in figures.letters:
        who = "people find" if of.who == PEOPLE else f"{of.who}, a model, finds"
        name = "all datasets" if of.dataset == ALL else of.dataset
        now = _percent(of.acceptable)
        said = f"In {name}, {who} {now} of the {plural(of.rows, 'row')} acceptable"
        if of.change is not None and of.acceptable_before is not None and of.before != of.after:
            said += f", compared with {_percent(of.acceptable_before)} before correction"
        yield f"{said}."
    for each in figures.agreement:
        if each.side != "after" or each.kind == "model":
            continue
        value, good = each.letters.value, each.acceptable.value
        if value is None and good is None:
            continue
        kind = _kind(figures)
        kappas = f"κ {_number(value)} for {kind}s, {_number(good)} for whether a row is acceptable"
        yield f"{', '.join(each.raters)}: {kappas}, on {plural(each.rows, 'row')}."


def _kind(figures: ReviewFigures) -> str:
    """Return what raters give a row: a letter, or a verdict on its label."""
    return "verdict" if figures.material.rubric.is_of_labels else "letter"


def _warnings(figures: ReviewFigures) -> Iterator[str]:
    material = figures.material
    yield from material.warnings
    if not material.given:
        yield "no rows have been graded so far"
        return
    people = {given.rater for given in material.given} & set(material.people())
    if not people:
        yield "only models have graded rows, so none of these figures come from people"
    elif not any(each.kind == "people" for each in figures.agreement):
        yield (
            "no rows were graded by two people, so their agreement is unknown"
            if len(people) > 1
            else f"only {next(iter(people))} has graded rows, so agreement is unknown"
        )
    for rater in figures.raters:
        if rater.rater in people and rater.done < rater.rows:
            yield f"{rater.rater} has graded {rater.done:,} of {plural(rater.rows, 'row')}"


def _letters_tables(figures: ReviewFigures, *, paper: bool) -> Iterator[Table]:
    material = figures.material
    letters = material.rubric.letters
    corrected = any(of.before is not None and of.before != of.after for of in figures.letters)
    columns: tuple[str, ...] = ("dataset", "by", "rows")
    words = tuple(map(material.rubric.word, letters))
    columns += tuple(f"{word} before" for word in words) if corrected else ()
    columns += words
    columns += ("acceptable before", "acceptable", "change") if corrected else ("acceptable",)
    rows: list[tuple[Cell, ...]] = []
    for of in figures.letters:
        row: tuple[Cell, ...] = (of.dataset, _who(of), of.rows)
        if corrected:
            row += tuple(None if of.before is None else _count(of.before[x]) for x in letters)
        row += tuple(_count(of.after[letter]) for letter in letters)
        row += (_cell(of.acceptable_before),) if corrected else ()
        row += (_cell(of.acceptable),)
        row += (_cell(of.change),) if corrected else ()
        rows.append(row)
    if not rows:
        return
    titles = "; ".join(f"{g.letter} {g.title}" for g in material.rubric.grades)
    good = ", ".join(
        material.rubric.word(letter) for letter in letters if letter in material.rubric.acceptable
    )
    note = f"Acceptable: {good}."
    note = note if material.rubric.is_of_labels else f"{titles}. {note}"
    yield Table(
        "Grades before and after correction" if corrected else "Grades", columns, rows, note
    )
    if paper and (printed := list(_printed(material.tasks.values()))):
        yield Table(
            "The paper's Table 16",
            (
                *("task", "rows", "A before", "B before", "C before", "D before"),
                *("A", "B", "C", "D", "acceptable before", "acceptable"),
            ),
            printed,
            note="As printed in the paper, for its own rows, but with computed shares.",
        )


def _reasons_table(figures: ReviewFigures) -> Table:
    """Return which reasons raters named, the most frequent of each dataset first."""
    shared = any(of.shared for of in figures.reasons)
    found = sorted(figures.reasons, key=lambda of: (of.dataset, of.who != PEOPLE, of.who, -of.rows))
    rows: list[tuple[Cell, ...]] = [
        (
            of.dataset,
            _who(of),
            of.reason,
            of.rows,
            _cell(share(of.rows, of.of)),
            *((_cell(share(of.agreed, of.shared)),) if shared else ()),
        )
        for of in found
    ]
    columns = ("dataset", "by", "reason", "rows", "share", *(("named by all",) if shared else ()))
    return Table(
        "Reasons",
        columns,
        rows,
        note="Rows for which somebody gave this reason, among those graded or rejected."
        + (" Named by all: among the rows that several people graded." if shared else ""),
    )


def _printed(tasks: Iterable[str]) -> Iterator[tuple[Cell, ...]]:
    for name in dict.fromkeys(tasks):
        task = name.rpartition(":")[2]  # of DISTRIBUTION:NAME
        if task in TABLE_16:
            before, after = TABLE_16[task]
            shares = (round(sum(of[:2]) / sum(of), 3) for of in (before, after))
            yield (TITLES[task], sum(before), *before, *after, *shares)


def _who(of: Letters | ReasonFigures) -> str:
    return of.who if of.who == PEOPLE else f"{of.who} (model)"


def _agreement_tables(figures: ReviewFigures) -> Iterator[Table]:
    for kind, title in (("people", "Agreement"), ("model", "Agreement with models")):
        for side, words in (("after", ""), ("before", ", for the labels before correction")):
            found = [a for a in figures.agreement if a.kind == kind and a.side == side]
            if found:
                yield _agreement_table(found, f"{title}{words}", _kind(figures))
    if figures.alphas:
        several = len(figures.alphas) > 1
        yield Table(
            "Krippendorff's α across all people",
            (*(("label",) if several else ()), "people", "rows", "letters", "letters as a scale",
             "acceptable"),
            [
                (
                    *(((_SIDES[each.side]),) if several else ()),
                    each.raters,
                    each.rows,
                    _cell(each.letters),
                    _cell(each.ordinal),
                    _cell(each.acceptable),
                )
                for each in figures.alphas
            ],
            note=_reasons(
                (name, figure)
                for each in figures.alphas
                for name, figure in (("α", each.letters), ("α of acceptable", each.acceptable))
            ),
        )  # fmt: skip


_SIDES: dict[Side, str] = {"before": "before correction", "after": "final"}


def _agreement_table(found: Sequence[Agreement], title: str, kind: str) -> Table:
    labels = any(each.labels is not None for each in found)
    return Table(
        title,
        ("raters", "rows", f"same {kind}", f"κ {kind}s", "κ acceptable", "κ linear",
         "Spearman's r", *(("κ labels",) if labels else ())),
        [
            (
                ", ".join(each.raters),
                each.rows,
                _cell(each.alike),
                _cell(each.letters),
                _cell(each.acceptable),
                _cell(each.linear),
                _cell(each.spearman),
                *((_cell(each.labels),) if labels else ()),
            )
            for each in found
        ],
        note=_reasons(
            (f"{what} for {', '.join(each.raters)}", figure)
            for each in found
            for what, figure in (
                (f"κ {kind}s", each.letters),
                ("κ acceptable", each.acceptable),
                ("Spearman's r", each.spearman),
                *((("κ labels", each.labels),) if each.labels is not None else ()),
            )
        ),
    )  # fmt: skip


def _outputs_table(outputs: Sequence[OutputAgreement]) -> Table:
    several = len({each.dataset for each in outputs}) > 1
    return Table(
        "Agreement on outputs",
        ("raters", *(("dataset",) if several else ()), "of", "rows", "same", "F1", "κ",
         "Spearman's r"),
        [
            (
                ", ".join(each.raters),
                *((each.dataset,) if several else ()),
                each.of,
                each.rows,
                _cell(each.same),
                _cell(each.f1),
                _cell(each.kappa),
                _cell(each.spearman),
            )
            for each in outputs
        ],
        note="Counts rows for which both gave or accepted an output. F1: twice the number of items "
        "that both found, divided by the sum of what each found. Spans must match in both ends and "
        "in type. Same: numbers within the tolerance, and answers with the same "
        "words.",
    )  # fmt: skip


def _reasons(figures: Iterable[tuple[str, Figure]]) -> str:
    """Why figures have no value."""
    said: dict[str, list[str]] = {}
    for name, figure in figures:
        if figure.value is None:
            said.setdefault(figure.reason, []).append(name)
    return " ".join(f"Undefined: {'; '.join(names)} ({reason})." for reason, names in said.items())


def _labels_table(figures: ReviewFigures) -> Table:
    rows: list[tuple[Cell, ...]] = [
        (of.dataset, _who(of), of.confirmed.rows, _cell(of.confirmed))
        for of in figures.letters
        if of.confirmed.rows
    ]
    return Table("Labels that raters confirm", ("dataset", "by", "rows", "confirmed"), rows)


def _step4_table(step4: Step4) -> Table:
    """Return how right step 4 was, by people."""
    kinds = (("relabels", step4.relabels), ("rejects", step4.rejects))
    rows: list[tuple[Cell, ...]] = [
        (
            name,
            of.of,
            _cell(share(of.agreed, of.of)),
            of.old if name == "relabels" else None,
            of.split,
        )
        for name, of in kinds
        if of.of or of.split
    ]
    return Table(
        "Step 4 as judged by people",
        ("decisions", "rows", "right", "old label right", "people differ"),
        rows,
        note="Right: people chose the new label, or accepted the row with it. A reject is right "
        "if they would reject the row or do not accept it. Rows on which people disagree are "
        "counted separately.",
    )


def _raters_table(raters: Sequence[RaterFigures]) -> Table:
    return Table(
        "Raters",
        ("rater", "kind", "graded", "of", "acceptable", "relabelled", "edited", "rejected",
         "flagged", "comments", "seconds per row", "time"),
        [
            (
                each.rater,
                f"model {each.model}".rstrip() if each.kind == "model" else each.kind,
                each.done,
                each.rows,
                _cell(each.acceptable),
                each.relabeled,
                each.edited,
                each.rejected,
                each.flagged,
                each.comments,
                None if each.seconds is None else round(each.seconds, 1),
                duration(each.total) if each.total else None,
            )
            for each in raters
        ],
        note="Seconds per row: the median.",
    )  # fmt: skip


def _disagreements_table(figures: ReviewFigures) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for each in figures.disagreements:
        word = figures.material.rubric.word
        said = "; ".join(f"{name} {_said(grade, word)}" for name, grade in each.grades.items())
        name = each.row if each.number is None else str(each.number)
        rows.append((each.dataset, name, Excerpt(said), each.label, _cut(each.text)))
    return Table(
        DIFFER,
        ("dataset", "row", "grades", "label", "text"),
        rows,
        note="For discussion, starting with rows that one rater accepts and another does not.",
    )


def _said(grade: Any, word: Callable[[str | None], str]) -> str:
    before, after = word(grade["before"]), word(grade["after"])
    letters = after or "-"
    if before and before != after:
        letters = f"{before}→{letters}"
    parts = [letters, *grade["reasons"]]
    parts += [f"label {grade['label']}"] if grade["label"] is not None else []
    parts += [f"output {grade['output']}"] if grade["output"] is not None else []
    parts += ["rejects"] if grade["reject"] else []
    parts += [f"“{' '.join(grade['comment'].split())}”"] if grade["comment"] else []
    return ", ".join(parts)


def _cut(text: str) -> Excerpt:
    line = " ".join(text.split())
    return Excerpt(line if len(line) <= _LONG else f"{line[: _LONG - 1]}…")


def _cell(figure: Figure | None) -> Figure | None:
    return None if figure is None or figure.value is None else figure


def _count(number: float) -> float | int:
    return int(number) if number == int(number) else round(number, 1)


def _percent(figure: Figure) -> str:
    return "-" if figure.value is None else f"{figure.value:.0%}"


def _number(value: float | None) -> str:
    if value is None:
        return "not defined"
    return f"{round(value, 2) + 0.0:.2f}".replace("-", "−")  # and no minus before a nought


def shown(cell: Cell) -> str:
    """A cell of a table as text."""
    if isinstance(cell, Estimate):
        if cell.low is None or cell.high is None:
            return _number(cell.value)
        return f"{_number(cell.value)} ({_number(cell.low)} to {_number(cell.high)})"
    if cell is None:
        return "-"
    return f"{cell:,}" if isinstance(cell, int | float) else str(cell)


def as_json(figures: ReviewFigures) -> dict[str, Any]:
    """All figures for programs: no NaN; what has no value has a reason."""
    material = figures.material

    def worded(counts: Mapping[str, float]) -> dict[str, float]:
        return {material.rubric.word(letter): count for letter, count in counts.items()}

    return {
        "format": _FORMAT,
        "rubric": material.rubric.model_dump(mode="json"),
        "datasets": material.tasks,
        "grades": [
            {
                **asdict(of),
                "before": None if of.before is None else worded(of.before),
                "after": worded(of.after),
            }
            for of in figures.letters
        ],
        "reasons": list(map(asdict, figures.reasons)),
        "agreement": list(map(asdict, figures.agreement)),
        "outputs": list(map(asdict, figures.outputs)),
        "alpha": list(map(asdict, figures.alphas)),
        "raters": list(map(asdict, figures.raters)),
        "disagreements": list(map(asdict, figures.disagreements)),
        "step4": asdict(figures.step4),
        "warnings": list(_warnings(figures)),
    }


def as_markdown(findings: Findings) -> str:
    """The report as Markdown."""
    return findings_as_markdown(_TITLE, findings, shown)


def as_html(findings: Findings) -> str:
    """The report as one page that needs no network and no script."""
    return findings_as_html(_TITLE, findings, shown, generator="targen-review")
