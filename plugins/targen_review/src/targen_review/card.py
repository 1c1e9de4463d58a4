"""The findings of a review for a dataset's card: figures without names."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from targen_core.cli.markup import markdown
from targen_core.dataset.model import Dataset
from targen_core.text import plural
from targen_review.agreement import Figure
from targen_review.plan import Plan, folder_for, is_there, load_plan
from targen_review.report.figures import ALL, PEOPLE, Letters, ReviewFigures, figures_of
from targen_review.report.reading import read_reviews
from targen_standard.reporting.card import UNREAD, heading

_SECTION = "\n\n## Review by people\n\n"


def with_figures(path: Path, dataset: Dataset) -> Dataset:
    """Return the dataset, with a section in its card if people graded it in the review next to it.

    Raises:
        TargenError: the review cannot be read.
    """
    lines = figures_for(path)
    return replace(dataset, card=with_section(dataset, lines)) if lines else dataset


def with_section(dataset: Dataset, lines: str) -> str:
    """The card of a dataset with these lines as its section on the review."""
    return with_lines(dataset.card or heading(dataset.task), lines)


def with_lines(card: str, lines: str) -> str:
    """Return a card with these lines at the start of its section on the review."""
    before, found, after = card.replace(UNREAD, "").partition(_SECTION)
    return f"{before.rstrip()}{_SECTION}{lines.strip()}\n" + (f"\n{after}" if found else "")


def figures_for(path: Path) -> str:
    """Return the findings of people as Markdown; "" without a review or grades next to the data.

    Raises:
        TargenError: the review cannot be read.
    """
    if str(path).startswith("hf:"):
        return ""
    folder = folder_for([path], None)
    return figures_in(folder) if is_there(folder) else ""


def figures_in(folder: Path) -> str:
    """Return the findings of people in a review as Markdown; "" without grades.

    Raises:
        TargenError: the review cannot be read.
    """
    figures = figures_of(read_reviews([folder]))
    return "\n".join(_lines(load_plan(folder), figures))


def _lines(plan: Plan, figures: ReviewFigures) -> Iterator[str]:
    graded = [
        of
        for of in figures.letters
        if of.who == PEOPLE and of.dataset != ALL and not of.dataset.endswith(", rejects")
    ]
    if not graded:
        return
    rubric = plan.rubric
    (of,) = graded[:1]
    people = {each.rater for each in figures.material.given} & {*figures.material.people()}
    whole = sum(each.rows for each in plan.data)
    how = f"a sample of {plural(len(plan.ids), 'row')}" if plan.sample != "all" else "all rows"
    how += ", with rows of the same seed kept together" if plan.together else ""
    unseen = "labels hidden until they chose one" if plan.blind else "labels visible"
    yield (
        f"{plural(len(people), 'person', 'people')} graded {of.rows:,} of {plural(whole, 'row')} "
        f"(assigned to them: {how}; {unseen}) with the rubric *{markdown(rubric.name)}*:"
    )
    yield ""
    letters = ", ".join(
        f"{rubric.word(each.letter)}"
        f"{'' if rubric.is_of_labels else f' ({markdown(each.title)})'} "
        f"{_number(of.after[each.letter])}"
        for each in rubric.grades
    )
    yield (
        f"- Grades: {letters}.{' A row graded by several people counts once.' * (len(people) > 1)}"
    )
    good = ", ".join(rubric.word(each) for each in rubric.letters if each in rubric.acceptable)
    yield f"- Acceptable ({good}): {_share(of.acceptable)}{_before(of)}."
    if of.confirmed.value is not None:
        yield f"- Labels confirmed: {_share(of.confirmed)}."
    named = [each for each in figures.reasons if (each.who, each.dataset) == (PEOPLE, of.dataset)]
    if named:
        said = ", ".join(f"{markdown(each.reason)} {each.rows:,}" for each in named)
        yield f"- Reasons given, with the number of rows: {said}."
    alike = [e for e in figures.agreement if e.kind == "people" and e.side == "after"]
    for each in alike[-1:]:  # of several teams the last is all of them
        yield (
            f"- Agreement between two people on {plural(each.rows, 'row')}: same letter "
            f"{_share(each.alike)}; Cohen's κ {_kappa(each.letters)} for letters, "
            f"{_kappa(each.acceptable)} for acceptability."
        )
    yield ""
    yield "All intervals are 95% confidence intervals, computed over rows (Wilson for shares)."


def _before(of: Letters) -> str:
    if of.acceptable_before is None or of.before == of.after:
        return ""
    return f"; before correction {_share(of.acceptable_before)}"


def _share(figure: Figure) -> str:
    if figure.value is None:
        return "not known"
    if figure.low is None or figure.high is None:
        return f"{figure.value:.0%}"
    return f"{figure.value:.0%} ({figure.low:.0%} to {figure.high:.0%})"


def _kappa(figure: Figure) -> str:
    return "not defined" if figure.value is None else f"{figure.value:.2f}"


def _number(count: float) -> str:
    return f"{count:,.0f}" if count == int(count) else f"{count:,.1f}"
