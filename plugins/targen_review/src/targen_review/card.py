"""The findings of a review for a dataset's card: figures without names."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from targen_core.cli.markup import markdown
from targen_core.dataset.model import Dataset
from targen_core.text import plural
from targen_review.agreement import Figure
from targen_review.figures import ALL, PEOPLE, ReviewFigures, figures_of, read_reviews
from targen_review.plan import Plan, folder_for, is_there, load_plan
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
    """Return the card of a dataset with these lines as its section on the review."""
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
    if str(path).startswith("hf:") or not is_there(folder_for([path], None)):
        return ""
    return figures_in(folder_for([path], None))


def figures_in(folder: Path) -> str:
    """Return the findings of people in a review as Markdown; "" without grades.

    Raises:
        TargenError: the review cannot be read.
    """
    return "\n".join(_lines(load_plan(folder), figures_of(read_reviews([folder]))))


def _lines(plan: Plan, figures: ReviewFigures) -> Iterator[str]:
    of = next((x for x in figures.letters if x.who == PEOPLE and x.dataset != ALL), None)
    if of is None:
        return
    rubric = plan.rubric
    people = {each.rater for each in figures.material.given} & {*figures.material.names("person")}
    how = "all rows" if plan.sample == "all" else f"a sample of {plural(len(plan.ids), 'row')}"
    unseen = "labels hidden until they chose one" if plan.blind else "labels visible"
    yield (
        f"{plural(len(people), 'person', 'people')} graded {of.rows:,} of "
        f"{plural(sum(each.rows for each in plan.data), 'row')} (assigned to them: {how}; "
        f"{unseen}) with the rubric *{markdown(rubric.name)}*:\n"
    )
    titles = ((each, f" ({markdown(each.title)})") for each in rubric.grades)
    letters = ", ".join(
        f"{rubric.word(each.letter)}{'' if rubric.is_of_labels else title} "
        f"{of.after[each.letter]:,g}"
        for each, title in titles
    )
    once = " A row graded by several people counts once." if len(people) > 1 else ""
    yield f"- Grades: {letters}.{once}"
    good = ", ".join(rubric.word(each) for each in rubric.letters if each in rubric.acceptable)
    before = ""
    if of.acceptable_before is not None and of.before != of.after:
        before = f"; before correction {_share(of.acceptable_before)}"
    yield f"- Acceptable ({good}): {_share(of.acceptable)}{before}."
    if of.confirmed.value is not None:
        yield f"- Labels confirmed: {_share(of.confirmed)}."
    alike = [e for e in figures.agreement if e.kind == "people" and e.side == "after"]
    for each in alike[-1:]:  # of several teams the last is all of them
        yield (
            f"- Agreement between two people on {plural(each.rows, 'row')}: same letter "
            f"{_share(each.alike)}; Cohen's κ {_kappa(each.letters)} for letters, "
            f"{_kappa(each.acceptable)} for acceptability."
        )
    yield "\nAll intervals are 95% confidence intervals, computed over rows (Wilson for shares)."


def _share(figure: Figure) -> str:
    return f"{figure.value:.0%} ({figure.low:.0%} to {figure.high:.0%})"


def _kappa(figure: Figure) -> str:
    return "not defined" if figure.value is None else f"{figure.value:.2f}"
