"""`targen view`: rows chosen and sorted, page by page, by those who have the link alone."""

from __future__ import annotations

import json
import re
import sys
from types import SimpleNamespace

import pytest

from targen_core.errors import UsageError
from targen_core.plugins.loader import load_registry
from targen_review.page.guard import Secret
from targen_review.rows import open_data
from targen_review.view.catalogue import Catalogue, Query
from targen_review.view.difficulty import take_difficulty
from targen_review.view.likeness import Alike
from targen_review.view.server import view_app
from tests.files import write_lines

from .pages import PORT, Page


@pytest.fixture
def view():
    """Open datasets as `targen view` does: the catalogue, what finds likeness, and the page."""
    opened = []

    def make(*data, key="", encode=None, analyses=()):
        catalogue = Catalogue(data, key=key)
        take_difficulty(catalogue, data, analyses)
        alike = Alike(catalogue, encode, "words")
        opened.extend([alike, catalogue])
        secret = Secret(PORT, "view")
        page = Page(view_app(catalogue, data, alike, secret, PORT), None, secret)

        def ask(path):
            return page.ask(f"/view/{path}").text

        return SimpleNamespace(catalogue=catalogue, page=page, secret=secret, ask=ask)

    yield make
    for each in opened:
        each.close()


@pytest.fixture
def both(view, run, rows_file, task_file):
    return view(open_data(run), open_data(rows_file(60, "A much, " * 20), str(task_file)))


@pytest.fixture
def written(tmp_path):
    return lambda name, rows: open_data(write_lines(tmp_path / name, rows))


def test_rows_are_chosen_by_label_reason_dataset_and_text(both):
    rows = both.catalogue
    assert rows.count(Query()) == len(rows) == 6 + 2 + 60
    assert rows.choices["outcome"] == ["row", "no-valid-instance", "too-short"]
    assert rows.count(Query(choices={"data": "rows", "label": "negative"})) == 30
    assert rows.count(Query(text="NEVER again")) == 1
    assert rows.count(Query(choices={"outcome": "too-short"})) == 1
    assert rows.count(Query(text="%' OR 1=1 --", choices={"no such": "x", "data": "rows"})) == 0


def test_the_page_shows_them_to_who_has_the_link(both):
    page, secret = both.page, both.secret
    for path in ("rows", "row/1", "row/1/near", "row/1/calls", ""):
        assert page.ask(f"/view/{path}", cookie="").status == 403, path
    assert page.ask("/view/rows", host="evil.example").status == 403
    assert page.ask(f"/view/?token={secret.link}", cookie="").status == 200
    listed = both.ask("rows?as=list&outcome=too-short&sort=longest&page=9")
    assert "1 row<" in listed
    assert "Never again." in listed
    assert "page 2 of 2" in both.ask("rows?page=2")
    assert "The guest would come back." in both.ask("row/2")
    assert "tokens in" in both.ask("row/1/calls")
    for path in ("99", "99/near", f"{10**30}"):
        assert page.ask(f"/view/row/{path}").status == 404


def test_one_row_after_the_other_in_the_order_of_the_list(both):
    listed = both.ask("rows?as=list&sort=shortest&label=negative")
    places = [int(at) for at in re.findall(r'href="/view/row/(\d+)\?[^"]*place=\d+"', listed)]
    assert len(places) > 3
    at, seen = re.search(r'href="(/view/row/[^"]*place=1)"', listed)[1], []
    while at:
        seen.append(int(re.search(r"/view/row/(\d+)", at)[1]))
        shown = both.page.ask(at.replace("&amp;", "&")).text
        found = re.search(r'href="([^"]*)" data-key="n ArrowRight"', shown)
        at = found and found[1]
    assert seen == places
    assert 'href="/view/row/2"' in both.ask("row/1"), "else in the order of the data"


@pytest.mark.whole
def test_rows_are_sorted_by_how_alike_they_are_and_show_their_neighbours(view, rows_file):
    soup, bus = "The soup was warm and good.", "The bus was late again today, as ever."
    data = open_data(rows_file(4, soup, bus, f"{soup} Really.", "Nothing here."))
    other = open_data(rows_file(2, "Nothing at all.", bus, name="other.jsonl"))
    opened = view(data, other)
    listed = opened.ask("rows?as=list&data=rows&sort=most+alike")
    rows = re.findall(r'class="number" data-title="[^"]*">([\d.]+|–)</td>', listed)
    assert rows == ["0.92", "0.92", "0.29", "0.00"]
    assert "ROUGE-L" in listed
    assert "data-poll" not in listed, "a few rows are known at once"
    near = opened.ask("row/2/near")
    assert near.index("in rows") < near.index("in other")
    assert re.findall(r'row/(\d)">row \d of \w+</a> <span class="number">([\d.]+)', near) == [
        ("1", "0.29"), ("3", "0.27"), ("4", "0.00"), ("6", "1.00"), ("5", "0.00")
    ]  # fmt: skip
    assert opened.catalogue.rows(Query(sort="least alike"), 0, 1)[0].likeness == 0


@pytest.mark.whole
def test_a_reject_is_compared_with_the_rows_of_its_dataset(view, run):
    opened = view(open_data(run))
    opened.ask("rows?sort=most+alike")
    entries = opened.catalogue.rows(Query(), 0, 99)
    assert len(entries) == 8
    assert all(each.likeness is not None for each in entries)
    (reject,) = (each for each in entries if each.row.id == "1.8/negative/0")
    nearest = re.search(r'class="number">([\d.]+)', opened.ask(f"row/{reject.at}/near"))[1]
    assert nearest == f"{reject.likeness:.2f}"
    shown = opened.ask(f"row/{reject.at}")
    assert re.search(r'id="row-title"[^>]*>Reject \d+ ', shown), "its id is below, as its origin"
    assert '<dt>candidate</dt><dd dir="auto">1.8/negative/0</dd>' in shown


@pytest.mark.whole
def test_an_embedder_that_fails_is_named_and_the_page_goes_on(view, rows_file):
    def fail(text):
        raise RuntimeError("out of memory")

    near = view(open_data(rows_file()), encode=fail).ask("row/1/near")
    assert "RuntimeError: out of memory" in near


def test_without_targen_analysis_the_page_says_what_to_install(view, rows_file, monkeypatch):
    monkeypatch.setitem(sys.modules, "targen_analysis.likeness", None)
    opened = view(open_data(rows_file()))
    for path in ("rows?sort=most+alike", "row/1/near"):
        assert "[likeness]" in opened.ask(path), path
    assert "6 rows" in opened.ask("rows?sort=most+alike")


@pytest.mark.whole
def test_difficulty_is_read_from_an_analysis(view, rows_file, tmp_path):
    from targen_analysis.analysis import Analysis, Part
    from targen_analysis.api import analyze
    from targen_core.cli.findings import Findings

    path = rows_file(6)
    made = analyze(path, metrics="labels")
    bits = [(5, "negative", 0.5), (1, "negative", -2.0), (2, "positive", 0.25)]
    rows = [{"row": at, "label": label, "PVI": pvi} for at, label, pvi in bits]
    findings = Findings(rows={made.study.corpora[0].name: rows})
    part = Part(load_registry().find("metric", "difficulty"), "Difficulty", findings)
    Analysis(made.study, [*made.parts, part], made=made.made).save(tmp_path / "found")
    opened = view(open_data(path), analyses=[tmp_path / "found"])
    hardest = opened.catalogue.rows(Query(sort="hardest"), 0, 9)
    assert [(each.at, each.pvi) for each in hardest[:3]] == [(2, -2.0), (3, 0.25), (6, 0.5)]
    assert [each.pvi for each in hardest[3:]] == [None] * 3
    assert opened.catalogue.rows(Query(sort="easiest"), 0, 1)[0].at == 6
    assert "-2.00" in opened.ask("rows?sort=hardest")
    for other, said in (
        (rows_file(7), "whose rows have changed"),
        (rows_file(6, name="odd.jsonl"), "does not contain the difficulty of rows of odd"),
    ):
        with pytest.raises(UsageError, match=said):
            view(open_data(other), analyses=[tmp_path / "found"])


def test_what_is_wrong_with_a_run_s_own_analysis_keeps_nobody_from_reading(view, run):
    own = run / "analysis" / "analysis.json"
    own.parent.mkdir()
    data = open_data(run)
    catalogue = view(data).catalogue
    others = {"datasets": [{"name": "reviews-0", "rows": 5, "labels": []}], "reference": None}
    wrong = {"{": "not an analysis", json.dumps(others): "whose rows have changed"}
    for text, problem in wrong.items():
        own.write_text(text)
        (said,) = take_difficulty(catalogue, [data], [])
        assert problem in said


def test_rows_with_the_same_texts_stand_side_by_side(view, written):
    texts = {"x": "First. Second. Third. Second.", "y": "Second. First. New. Second."}
    opened = view(*(
        written(f"{name}.jsonl", [{"text": text, "label": label} for text in texts[label].split()])
        for name, label in (("a", "x"), ("b", "y"))
    ))  # fmt: skip
    assert (opened.catalogue.keys.name, opened.catalogue.keys.pairs) == ("texts", 3)
    places = opened.catalogue.places(Query(paired=True), 0, 50)
    pairs = opened.catalogue.pairs(places)
    assert [{name: e.at for name, e in pair.items()} for pair in pairs] == [
        {"a": 1, "b": 6}, {"a": 2, "b": 5}, {"a": 3}, {"a": 4, "b": 8}, {"b": 7}
    ]  # fmt: skip
    shown = opened.ask("rows?label=y")
    assert "4 lines" in shown, "a pair is there where one of its rows is asked for"
    assert "3 pairs of rows, matched by their texts." in shown
    assert shown.count("label: differs") == 3
    row = opened.ask("row/1")
    assert row.index("<h2>a</h2>") < row.index("<h2>b</h2>")
    assert 'href="/view/row/6"' in row
    assert "It does not have this row." in opened.ask("row/7")


def test_two_datasets_that_share_nothing_have_a_column_each(view, rows_file, written):
    other = written("b.jsonl", [{"text": "x" * n} for n in range(1, 61)])
    opened = view(open_data(rows_file(3)), other)
    assert opened.catalogue.keys.name == ""
    shown = opened.ask("rows?sort=shortest")
    assert "3 rows and 60 rows" in shown
    assert shown.count('<li class="pair">') == 50
    assert shown.count('<p class="dim">–</p>') == 47
    last = opened.ask("rows?sort=shortest&page=2")
    assert last.count('<li class="pair">') == 10
    at = re.search(r'href="(/view/row/\d+\?[^"]*place=60)"', last)[1].replace("&amp;", "&")
    end = opened.page.ask(at).text
    assert "ArrowRight" not in end, "the end of its own column"
    assert "page=2" in end


def test_rows_are_paired_by_a_column_that_is_named(view, written):
    one = written("a.jsonl", [{"no": n, "text": f"{n} a"} for n in range(4)])
    other = written("b.jsonl", [{"no": n, "text": f"{n} b"} for n in (3, 0, 9)])
    opened = view(one, other, key="no")
    assert opened.catalogue.keys.pairs == 2
    assert 'class="text differs"' in opened.ask("row/1")
    with pytest.raises(UsageError, match="none of the rows of a have a column 'strange'"):
        view(one, other, key="strange")
