"""`targen view`: rows chosen and sorted, page by page, by those who have the link alone."""

from __future__ import annotations

import pytest

from targen_review.page.guard import Secret
from targen_review.rows import open_data
from targen_review.view.catalogue import Catalogue, Query
from targen_review.view.server import view_app

from .test_page import PORT, Page


@pytest.fixture
def catalogue(run, rows_file, task_file):
    opened = [open_data(run), open_data(rows_file(60, "A much, " * 20), str(task_file))]
    made = Catalogue(opened)
    yield made, opened
    made.close()


def test_rows_are_chosen_by_label_reason_dataset_and_text(catalogue):
    rows, _ = catalogue
    assert rows.count(Query()) == 6 + 2 + 60
    assert rows.choices["outcome"] == ["row", "no-valid-instance", "too-short"]
    assert rows.count(Query(choices={"data": "rows", "label": "negative"})) == 30
    assert rows.count(Query(text="NEVER again")) == 1
    assert rows.count(Query(choices={"outcome": "too-short"})) == 1
    assert rows.count(Query(text="%' OR 1=1 --", choices={"no such": "x", "data": "rows"})) == 0


def test_the_longest_or_the_shortest_come_first(catalogue):
    rows, _ = catalogue
    ((_, _, longest),) = rows.rows(Query(sort="longest"), 0, 1)
    assert longest.fields["text"].startswith("A much, ")
    ((_, _, shortest),) = rows.rows(Query(sort="shortest"), 0, 1)
    assert shortest.fields["text"] == "Never again."
    assert [at for at, _, _ in rows.rows(Query(), 50, 50)] == list(range(51, 69))


def test_the_page_shows_them_to_who_has_the_link(catalogue):
    rows, opened = catalogue
    secret = Secret(PORT, "view")
    page = Page(view_app(rows, opened, secret, PORT), None, secret)
    for path in ("/view/rows", "/view/row/1", "/view/row/1/calls", "/view/"):
        assert page.ask(path, cookie="").status == 403, path
    assert page.ask("/view/rows", host="evil.example").status == 403
    assert page.ask(f"/view/?token={secret.token}", cookie="").status == 200
    listed = page.ask("/view/rows?outcome=too-short&sort=longest&page=9").text
    assert "1 row<" in listed
    assert "Never again." in listed
    assert "page 2 of 2" in page.ask("/view/rows?page=2").text
    assert "The guest would come back." in page.ask("/view/row/2").text
    assert "tokens in" in page.ask("/view/row/1/calls").text
    assert page.ask("/view/row/99").status == 404
