"""`targen report --html`: one page that loads and runs nothing."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest

_LOADING = {"src", "href", "srcset", "data", "action", "background"}
_EMPTY = {"meta", "input"}


class Page(HTMLParser):
    """The text of a page; a tag that is not closed, runs or loads something fails the test."""

    def __init__(self, text):
        super().__init__()
        self.said = ""
        self._open = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag, attrs):
        assert tag != "script" and not dict(attrs).keys() & _LOADING
        if tag not in _EMPTY:
            self._open.append(tag)

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        self.said += f"{data}\n"


@pytest.fixture
def run(finished):
    """A run with 20 rows and some rejects."""
    return finished("rte", "-n", 20, "-o", "refusal_rate=0.2", out="runs/run")


def test_a_page_has_figures_rows_and_rejects_and_loads_nothing(works, run, rows):
    assert works("report runs/run --html").out == "runs/run/report.html\n"
    page = Page((run / "report.html").read_text())
    row = rows(run)[0]
    assert row["premise"] in page.said and row["hypothesis"] in page.said
    words = (
        "Report on run|Task rte, version|20 of 20 rows|Label flow|refusal|Some rows|Some rejected"
    )
    assert [each for each in words.split("|") if each not in page.said] == []
    assert works("runs rm runs/run --yes").out == "runs/run: removed\n"
