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
from targen_review.report import number
from targen_standard.reporting.card import UNREAD, heading

_SECTION = "\n\n## Review by people\n\n"


def with_figures(path: Path, dataset: Dataset) -> Dataset:
    """Return the dataset, with a section in its card if people graded it in the review next to it.

    Raises:
        TargenError: the review cannot be read.
    """
    lines = figures_for(path)
    if not lines:
        return dataset
    return replace(dataset, card=with_lines(dataset.card or heading(dataset.task), lines))


def with_lines(card: str, lines: str) -> str:
    """Return a card with these lines at the start of its section on the review."""
    before, found, after = card.replace(UNREAD, "").partition(_SECTION)
    return f"{before.rstrip()}{_SECTION}{lines.strip()}\n" + (f"\n{after}" if found else "")


def figures_for(path: Path) -> str:
    """Return the findings of people as Markdown; "" without a review or grades next to the data.

    Raises:
        TargenError: the review cannot be read.
    """
    if str(path).startswith("hf:") or not is_there(folder_for(path)):
        return ""
    return figures_in(folder_for(path))


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
        f"{plural(plan.data.rows, 'row')} (assigned to them: {how}; "
        f"{unseen}) with the rubric *{markdown(rubric.name)}*:\n"
    )
    counts = (f"{markdown(g.title)} {of.after[g.letter]:,g}" for g in rubric.grades)
    once = " A row graded by several people counts once." if len(people) > 1 else ""
    yield f"- Grades: {', '.join(counts)}.{once}"
    before = ""
    if of.acceptable_before is not None and of.before != of.after:
        before = f"; before correction {_share(of.acceptable_before)}"
    yield f"- Acceptable: {_share(of.acceptable)}{before}."
    alike = [e for e in figures.agreement if e.kind == "people" and e.side == "after"]
    for each in alike[-1:]:  # of several teams the last is all of them
        yield (
            f"- Two people gave {plural(each.rows, 'row')} the same grade in {_share(each.alike)}; "
            f"Cohen's κ is {number(each.letters.value)}."
        )
    yield "\nAll intervals are 95% confidence intervals, computed over rows (Wilson)."


def _share(figure: Figure) -> str:
    return f"{figure.value:.0%} ({figure.low:.0%} to {figure.high:.0%})"
