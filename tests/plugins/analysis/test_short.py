"""The top of the report: figures side by side, doubts, and what the data cannot say."""

from __future__ import annotations

from dataclasses import replace

import pytest

from targen_analysis.analysis import Analysis, Part
from targen_analysis.report.apart import apart
from targen_analysis.report.cells import number
from targen_analysis.report.page import as_page
from targen_analysis.report.short import in_short
from targen_core.cli.findings import Estimate, Findings


@pytest.fixture
def analysis(corpus, study, metric):
    """An analysis of so many datasets by one metric."""

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


def test_figures_stand_side_by_side_with_how_to_read_them(analysis):
    short = in_short(analysis("a", "b"))
    assert short.glance.columns == ("figure", "a", "b", "original", "how to read it")
    half = Estimate(0.5, 0.4, 0.6)
    assert short.glance.rows == [("good: size", half, half, half, "more is more")]
    for glance in ({"else": "-"}, {"size": "-"}):  # a figure that no dataset has is no row
        figures = {"a": {"size": Estimate(None)}}
        assert in_short(analysis("a", glance=glance, figures=figures)).glance.rows == []


APART = [
    (Estimate(0.745, 0.736, 0.755), Estimate(0.119, 0.1, 0.137), "▲▲▲", " (× 6.3)"),
    (Estimate(0.6, 0.58, 0.62), Estimate(0.9, 0.8, 1.0), "▼▼", " (÷ 1.5)"),
    (Estimate(105.0), Estimate(100.0), "▲", ""),
    (Estimate(0.5, 0.4, 0.6), Estimate(0.3, 0.1, 0.45), "=", " (× 1.7)"),
    (Estimate(0.2, 0.1, 0.3), Estimate(0.0), "▲▲▲", ""),
]


@pytest.mark.parametrize(("mine", "original", "mark", "words"), APART)
def test_how_far_a_figure_is_from_the_reference(mine, original, mark, words):
    actual = apart(mine, original)
    assert actual.mark == mark
    assert actual.words.endswith(f" compared with {number(original.value)}{words}")


def test_better_and_worse_are_said_where_a_side_is_better():
    high, low = Estimate(0.9, 0.8, 1.0), Estimate(0.2, 0.1, 0.3)
    assert apart(high, low, "higher").words.endswith(" (× 4.5), better")
    assert apart(high, low, "lower").words.endswith(" (× 4.5), worse")
    assert apart(low, high, "lower").judgement == "better"
    assert apart(high, high, "lower").judgement == apart(high, low).judgement == ""


def test_the_verdict_stands_on_top_and_names_what_is_farthest(analysis):
    names = [f"size {number_}" for number_ in range(8)]
    figures = {
        "a": {name: Estimate(10.0 + at, 9.0, 20.0) for at, name in enumerate(names)},
        "original": {name: Estimate(1.0, 0.9, 1.1) for name in names},
    }
    study = analysis("a", figures=figures, glance=dict.fromkeys(names, "less is <more>"))
    verdict = in_short(study).verdict
    said = "8 differ greatly from original, 0 differ slightly, and 0 may be the same."
    assert verdict[0] == f"Among 8 figures, {said}"
    assert len(verdict) == 5
    assert verdict[1] == "▲▲▲ good: size 7: 17 compared with 1 (× 17.0) (less is <more>)."
    page = as_page(study)
    assert page.index('class="verdict"') < page.index("<nav>")
    assert page.count('<span class="mark above" title="above the reference">▲▲▲</span>') == 4 + 8
    alone = in_short(analysis("a", against="")).verdict
    assert alone == ("To get a verdict, pass the original dataset with --against.",)


def test_only_main_figures_that_were_measured_are_called_incomparable(analysis):
    mine = {"a": {"size": Estimate(0.5, 0.4, 0.6)}}
    said = "None of the main figures can be compared with those of original."
    assert in_short(analysis("a", figures=mine)).verdict == (said,)
    for changes, verdict in (({}, ()), ({"warnings": ("Few rows.",)}, ("1 warning below.",))):
        without = analysis("a", glance={}, **changes)
        assert in_short(without).verdict == verdict
        assert ('class="verdict"' in as_page(without)) == bool(verdict)
    unmeasured = analysis("a")
    lame = replace(unmeasured.parts[0], findings=None, problem="it needs a model")
    assert in_short(replace(unmeasured, parts=[lame])).verdict == ()
