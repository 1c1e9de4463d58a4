"""Small datasets such as people review, of a task in a file: plain enough to know by heart."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from targen_review.cli.open import planned
from targen_review.grades import Grade, GradeBook, Rater
from targen_review.page.desk import Desk
from targen_review.page.guard import Secret
from targen_review.page.server import Shared, app_for
from targen_review.page.store import RowStore
from targen_review.plan import load_plan
from targen_review.rows import open_data, review_rows
from tests.files import changed, write_lines

from .pages import PORT, Page

TASK = """
seeds: [soup, room, bill, waiter, wine, view, queue, bread, music, chairs, lamps, menu, fish, cake]
description: Short reviews of restaurants.
labels:
  positive: the guest would come back
  negative: the guest would not come back
fields:
  text:
    description: the review
    words: [3, 40]
contexts: [lunch, dinner]
"""


BUS = {"text": "The bus was late again today.", "label": "negative"}
SHORT = {"text": "Never again.", "label": "negative"}


@pytest.fixture
def task_file(tmp_path):
    path = tmp_path / "reviews.yaml"
    path.write_text(TASK)
    return path


@pytest.fixture
def rows_file(tmp_path):
    """Write a dataset of so many reviews; the first texts may be given."""

    def write(count: int = 6, *texts: str, name: str = "rows.jsonl") -> Path:
        more = (f"The soup number {at} was warm and good." for at in range(len(texts), count))
        labels = ("positive", "negative")
        rows = [
            {"text": text, "label": labels[at % 2], "idx": at}
            for at, text in enumerate([*texts[:count], *more])
        ]
        return write_lines(tmp_path / name, rows)

    return write


@pytest.fixture
def run(tmp_path, task_file, finished):
    """A run of six rows made without a model: row 1 was relabelled by step 4, and it has rejects.

    The rejects are one of step 4 and one of a check, as a run writes them.
    """
    folder = finished(task_file, "-n", 6, out=tmp_path / "reviews-0")
    with changed(folder / "provenance.jsonl") as records:
        records[1]["label"] = "positive"
        records[1]["explanation"] = "The guest would come back."
    with changed(folder / "dataset.jsonl") as rows:
        rows[1]["label"] = "positive"
    reject = {"verdict": "rejected", "intended": "negative", "corrected": None, "seed": "tea"}
    columns = ("id", "stage", "reason", "detail", "instance")
    rejects = [
        ("1.7/negative/0", "correct", "no-valid-instance", "It is about a bus.", BUS),
        ("1.8/negative/0", "check", "too-short", "2 words", SHORT),
    ]
    whole = ({**reject, **dict(zip(columns, each, strict=True))} for each in rejects)
    write_lines(folder / "rejects.jsonl", whole)
    return folder


@pytest.fixture
def review(run):
    """The review of that run by ann and bob, by the paper's rubric."""
    return planned([str(run)], raters="ann,bob", rubric="paper")[0]


@pytest.fixture
def run_made(tmp_path, task_file, finished):
    """A run of six rows as it was made, which can be resumed."""
    return finished(task_file, "-n", 6, out=tmp_path / "made-0")


@pytest.fixture
def graded():
    """Have a rater say something of the rows of a review, by their ids or places in the data.

    Of rows that step 4 did not see, what they were before is left out.
    """

    def grade(folder: Path, rater: str, said: Mapping[Any, Mapping[str, Any]], **who: Any) -> None:
        plan = load_plan(folder)
        data = [open_data(each.path, each.task or None) for each in plan.data]
        rows = [row for _, row in review_rows(data, rejects=plan.rejects)]
        known = {**dict(enumerate(rows)), **{row.id: row for row in rows}}
        with GradeBook(folder, Rater(rater=rater, **who)) as book:
            for second, (at, one) in enumerate(said.items()):
                row, when = known[at], f"2026-11-20T10:00:{second:02}.000Z"
                grade = {"row": row.id, "digest": row.digest, "at": when, **one}
                if row.before is None:
                    grade.pop("before", None)
                book.append(Grade.model_validate(grade))

    return grade


@pytest.fixture
def page():
    """Make the page of a rater, of what `targen review` would be given."""
    opened = []

    def make(*data: object, names: tuple[str, ...] = ("ann",), **options: Any) -> Page:
        options = {"rubric": "paper", **options}
        folder, plan, datasets = planned([str(each) for each in data], **options)
        store = RowStore(review_rows(datasets, rejects=plan.rejects), only=plan.ids)
        books = [GradeBook(folder, Rater(rater=name), relabels=not plan.blind) for name in names]
        opened.extend([store, *books])
        desks = {book.rater.rater: Desk(plan, datasets, store, book) for book in books}
        secrets = {name: Secret(PORT, name) for name in names}
        app = app_for(Shared(desks, secrets, "reviews"), PORT)
        return Page(app, desks[names[0]], secrets[names[0]])

    yield make
    for each in opened:
        each.close()
