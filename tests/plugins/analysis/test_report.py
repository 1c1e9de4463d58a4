"""The page, the JSON and the pictures."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from itertools import product

import pytest

from targen_analysis.analysis import Analysis, Part, without_texts
from targen_analysis.report.files import as_json
from targen_analysis.report.page import as_page
from targen_analysis.report.summary import summary_of
from targen_core.cli.findings import (
    Estimate,
    Excerpt,
    Findings,
    Plot,
    Table,
)

EVIL = "<script>alert('x')</script>"
KINDS = ["bars", "intervals", "heatmap", "lines", "points", "map"]
AXES = {
    "bars": ("label.of [it]", "share", "dataset"),
    "intervals": ("share", "label.of [it]", "dataset"),
    "heatmap": ("dataset", "label.of [it]", "share"),
}


def plot(kind):
    rest = {"low": 0.1, "high": 0.6, "share": 0.5, "row": Excerpt("It rained.")}
    marks = [
        {"dataset": name, "x": x, "label.of [it]": label, **rest}
        for name, x, label in product(("mine", "original"), (0.1, 0.2), "ab")
    ]
    x, y, color = AXES.get(kind, ("x", "share", "dataset"))
    return Plot(kind, f"A picture of {kind}", marks, x, y, color)


@pytest.fixture
def analysis(corpus, study, metric):
    """An analysis with something of everything."""
    cells = [(EVIL, Estimate(1234.5, 1200.0, 1300.0)), ("b", None)]
    findings = Findings(
        headlines=(f"1 of 2 is {EVIL}.",),
        figures={"mine": {"figure": Estimate(0.5, 0.4, float("nan"))}},
        tables=(Table("A table", ("what", "n"), cells), Table("An empty one", ("a",), [])),
        plots=tuple(plot(kind) for kind in KINDS),
        warnings=("Mind the gap.",),
        notes=("Measured so.",),
    )
    parts = [
        Part(metric("good"), "A good one", findings),
        Part(metric("lame"), "A lame one", None, "it needs a model", "fetch it"),
    ]
    mine = corpus(["text"], ["a"], notes=("Two rows left out.",))
    return Analysis(study(mine, against=corpus(["text"], name="original")), parts)


def test_the_page_is_whole_and_asks_nobody(analysis):
    page = as_page(analysis)
    assert page.startswith("<!doctype html>")
    own = re.sub(r'<script type="module">.*</script>', "", page, flags=re.DOTALL)
    assert not re.search(r"(src|href)=[\"']?(https?:)?//", own)
    assert "@import" not in own
    assert page.count("<script") == page.count("</script") == 2
    assert EVIL not in page
    assert re.search(r'<td[^>]* dir="auto">[^<]*&lt;script&gt;alert', page)
    assert "&lt;script&gt;alert(" in page
    said = "Mind the gap.|Measured so.|Two rows left out.|it needs a model|fetch it|1,200–1,300"
    assert [words for words in said.split("|") if words not in page] == []
    assert "An empty one" not in page
    assert page.count('class="plot"') == len(KINDS)
    # The pictures of the page are data in it.
    text = re.search(r'<script type="application/json" id="plots">(.*?)</script>', page, re.DOTALL)
    plots = json.loads(text[1])
    assert set(plots["specifications"]) == {f"plot{n}" for n in range(1, len(KINDS) + 1)}
    assert set(plots["themes"]) == {"light", "dark"}
    assert {len(spec["data"]["values"]) for spec in plots["specifications"].values()} == {8}


def test_the_json_has_everything_and_nothing_that_is_no_json(analysis):
    read_back = json.loads(json.dumps(as_json(analysis), allow_nan=False))
    assert read_back["format"] == 1
    assert read_back["datasets"][0]["name"] == "mine"
    assert read_back["reference"]["name"] == "original"
    good = read_back["metrics"]["acme:good"]["findings"]
    assert good["figures"]["mine"]["figure"] == {"value": 0.5, "low": 0.4, "high": None}
    assert good["tables"][0]["rows"][1] == ["b", None]
    lame = {"problem": "it needs a model", "hint": "fetch it", "findings": None}
    assert read_back["metrics"]["acme:lame"] == {"title": "A lame one", **lame}
    texts = [json.dumps(as_json(each)) for each in (analysis, without_texts(analysis))]
    assert ["It rained." in text for text in texts] == [True, False]


# --- the top of the report ---


@pytest.fixture
def summarized(corpus, study, metric):
    """The analysis of so many datasets by one metric."""

    def make(*names, against="original", **changes):
        corpora = [corpus(["text"] * 25, name=name) for name in names]
        other = corpus(["text"] * 100, name=against) if against else None
        figures = {name: {"size": Estimate(0.5, 0.4, 0.6)} for name in (*names, against) if name}
        findings = Findings(
            headlines=("It is half.",), figures=figures, glance={"size": "more is more"}
        )
        part = Part(metric("good"), "A good one", replace(findings, **changes))
        return Analysis(study(*corpora, against=other), [part])

    return make


def test_figures_stand_side_by_side_with_how_to_read_them(summarized):
    glance = summary_of(summarized("a", "b")).glance
    assert glance.columns == ("figure", "a", "b", "original", "how to read it")
    mark, half = "0.5 (0.4–0.6) =", Estimate(0.5, 0.4, 0.6)
    assert glance.rows == [("good: size", mark, mark, half, "more is more")]
    for glance in ({"else": "-"}, {"size": "-"}):  # a figure that no dataset has is no row
        figures = {"a": {"size": Estimate(None)}}
        assert summary_of(summarized("a", glance=glance, figures=figures)).glance.rows == []


def test_the_verdict_stands_on_top_and_names_what_is_farthest(summarized):
    names = [f"size {number_}" for number_ in range(8)]
    figures = {
        "a": {name: Estimate(10.0 + at, 9.0, 20.0) for at, name in enumerate(names)},
        "original": {name: Estimate(1.0, 0.9, 1.1) for name in names},
    }
    analysis = summarized("a", figures=figures, glance=dict.fromkeys(names, "less is <more>"))
    verdict = summary_of(analysis).verdict
    assert verdict[0] == "Among 8 figures, 8 differ from original beyond chance."
    assert len(verdict) == 5
    assert verdict[1] == "▲▲▲ good: size 7: 17 compared with 1 (less is <more>)."
    page = as_page(analysis)
    assert page.index('class="verdict"') < page.index("<nav>")
    assert page.count("▲▲▲") == 4 + 8
    alone = summary_of(summarized("a", against="")).verdict
    assert alone == ["To get a verdict, pass the original dataset with --against."]
    without = summarized("a", glance={}, warnings=("Few rows.",))
    assert summary_of(without).verdict == ["1 warning below."]
