"""`targen report --html` and `targen runs open`: one page that loads and runs nothing."""

from __future__ import annotations

import webbrowser
from html.parser import HTMLParser
from pathlib import Path

import pytest

import targen_core as tg

from ...files import write_lines
from ...runs import edit

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


def test_answers_from_files_have_no_rate(works, run):
    edit(run, "seconds", 6.0, "report.json")
    works("report runs/run --html")
    assert "<dt>rows per minute</dt><dd>200</dd>" in (run / "report.html").read_text()
    edit(run, "answers_by_files", True, "report.json")
    works("report runs/run --html")
    page = (run / "report.html").read_text()
    assert "rows per minute" not in page and "<dt>time</dt>" not in page
    assert tg.load(run).report.rows_per_minute is None


def test_texts_of_rows_run_in_their_own_direction(works, run, rows):
    write_lines(run / "dataset.jsonl", [{**row, "premise": "أين غرفتي؟"} for row in rows(run)])
    works("report runs/run --html")
    assert '<dd dir="auto">أين غرفتي؟</dd>' in (run / "report.html").read_text(encoding="utf-8")


def test_the_page_of_a_folder_has_every_run(works, finished, run):
    finished("rte", "-n", 4, out="runs/other")
    Path("runs/broken").mkdir()
    Path("runs/broken/manifest.json").write_text("{")
    assert works("report runs --html").out == "runs/report.html\n"
    page = Page(Path("runs/report.html").read_text())
    assert "3 runs, 24 rows" in page.said
    assert "run, 20 of 20 rows" in page.said and "other, 4 of 4 rows" in page.said
    assert "unreadable: " in page.said
    assert page.said.count("Label flow") == 2


def test_what_others_wrote_is_text_there(works, run, rows):
    odd = "</dd><script>alert(1)</script>\x1b[2J\u202e"
    write_lines(run / "dataset.jsonl", [{**row, "premise": odd} for row in rows(run)])
    edit(run, "status", "stopped", "report.json")
    edit(run, "problem", odd, "report.json")
    works("report runs/run --html --out page.html")
    text = Path("page.html").read_text()
    assert "\x1b" not in text and "\u202e" not in text
    assert "<script>alert(1)</script>\\x1b[2J\\u202e" in Page(text).said


def test_to_open_a_run_writes_its_page_and_shows_it(works, refuses, run, monkeypatch):
    shown: list[str] = []
    monkeypatch.setattr(webbrowser, "open", lambda url: shown.append(url) or True)
    opened = works("runs open runs/run")
    assert (opened.out, opened.err) == ("runs/run/report.html\n", "")
    assert shown == [(run / "report.html").resolve().as_uri()]
    monkeypatch.setattr(webbrowser, "open", lambda url: False)
    assert "open the file yourself" in works("runs open runs/run").err
    refuses("runs open", "")


def test_a_run_without_rows_has_a_page_too(works, rte):
    rte("-n", 6, "--out", "none", "-o", "generate.garbage_rate=1", "--give-up-after", 5)
    works("report none --html")
    assert "0 of 6 rows" in Page(Path("none/report.html").read_text()).said
