"""Small datasets such as people review, of a task in a file: plain enough to know by heart."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from targen_review.grades import Grade, GradeBook, Rater
from targen_review.page.server import review_app
from targen_review.page.serving import Secret
from targen_review.page.session import Session
from targen_review.plan import load_plan
from targen_review.planning import planned
from targen_review.rows import open_data
from targen_review.view import entries_of, view_app
from tests.files import changed, write_lines

PORT = 8000
OWN = f"http://127.0.0.1:{PORT}"


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    text: str


@dataclass
class Page:
    """What a browser would do to the application of one rater."""

    app: Any
    session: Any
    secret: Secret
    headers: dict[str, str] = field(default_factory=dict)
    cookie: str = ""

    def __post_init__(self) -> None:
        """Enter by the link, as a browser does."""
        answer = self.ask("/" + self.secret.address.partition(f"{PORT}/")[2])
        self.cookie = answer.headers["set-cookie"].partition(";")[0]

    def ask(self, path: str, form: dict[str, str] | None = None, **headers: str) -> Answer:
        sent = {"host": f"127.0.0.1:{PORT}", "cookie": self.cookie, **self.headers, **headers}
        target, _, query = path.partition("?")
        body = urlencode(form).encode() if form is not None else b""
        scope = {
            "type": "http",
            "method": "GET" if form is None else "POST",
            "path": target,
            "raw_path": target.encode(),
            "query_string": query.encode(),
            "headers": [(k.lower().encode(), v.encode()) for k, v in sent.items() if v],
            "scheme": "http",
            "server": ("127.0.0.1", PORT),
            "client": ("127.0.0.1", 1),
            "root_path": "",
            "http_version": "1.1",
        }
        messages: list[dict[str, Any]] = []

        async def receive():
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message):
            messages.append(message)

        asyncio.run(self.app(scope, receive, send))
        got = {k.decode(): v.decode() for k, v in messages[0]["headers"]}
        text = b"".join(m.get("body", b"") for m in messages[1:]).decode()
        return Answer(messages[0]["status"], got, text)

    def post(self, path: str, **form: str) -> Answer:
        """Send a form of the page itself."""
        return self.ask(path, {"secret": self.secret.form, **form}, origin=OWN)

    def say(self, number: int, action: str, value: str = "", **more: str) -> Answer:
        return self.post(f"/row/{number}", **{f"do:{action}": value, **more})

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.session.book.path.read_text().splitlines()[1:]]


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
    return planned(str(run), raters="ann,bob", rubric="paper")[0]


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
        rows = list(open_data(plan.data.path, plan.data.task or None).rows())
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
    books = []

    def make(data: object, name: str = "ann", **options: Any) -> Page:
        options = {"rubric": "paper", **options}
        folder, plan, opened = planned(str(data), **options)
        books.append(GradeBook(folder, Rater(rater=name)))
        session, secret = Session(plan, opened, books[-1]), Secret(PORT)
        return Page(review_app(session, secret, PORT), session, secret)

    yield make
    for each in books:
        each.close()


@pytest.fixture
def view():
    """Make the pages of `targen view`."""

    def make(*data: object) -> Page:
        secret = Secret(PORT)
        return Page(view_app(entries_of(data), secret, PORT), None, secret)

    return make
