"""Each check of `MetricSuite` catches what it is for, and nothing else does."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from targen_analysis.testing import MetricSuite as Suite

PYPROJECT = """
[project]
name = "acme-metrics"
version = "1"

[project.entry-points."targen.v1"]
acme-metrics = "acme_metrics"
"""

HOOKS = """
from targen_core import hookimpl

@hookimpl
def register_metrics(register):
    import acme_metrics.parts as parts
    for name in parts.ALL:
        register.register(name, parts.ALL[name], summary="" if name == "silent" else "Rows")
"""

PARTS = """
import random
from dataclasses import replace
from fractions import Fraction

from pydantic import ConfigDict, Field

from targen_core.errors import UsageError
from targen_analysis.metrics import (
    Estimate, Excerpt, Findings, Metric, MetricOptions, Plot, Table
)

ALL = {}


def metric(name, title="Rows", options=MetricOptions):
    def register(measure):
        ALL[name] = Metric(title=title, measure=measure, options=options)
        return measure
    return register


def rows(study, figure=None):
    return {
        corpus.name: {"rows": figure or Estimate(len(corpus))} for corpus in study.everything
    }


class Sampled(MetricOptions):
    size: int = Field(10, ge=1, description="Rows that are drawn.")


@metric("good", options=Sampled)
def good(study, options):
    figures = {}
    for corpus in study.everything:
        rng = study.rng(f"sample/{corpus.name}")
        drawn = rng.sample(range(len(corpus)), min(options.size, len(corpus)))
        words = [len(" ".join(corpus.texts[at]).split()) for at in sorted(drawn)]
        figures[corpus.name] = {"words": Estimate(sum(words) / len(words))}
        if study.reference is not None:
            figures[corpus.name]["words over the reference's"] = Estimate(None)
    marks = [
        {"dataset": name, "words": figure["words"].value} for name, figure in figures.items()
    ]
    return Findings(
        headlines=("The first has %d rows." % len(study.corpora[0]),),
        figures=figures,
        glance={"words": "more is longer", "words over the reference's": "1: as long"},
        tables=(Table("Words", ("dataset", "words"), [(m["dataset"], m["words"]) for m in marks]),),
        plots=(Plot("bars", "Words", marks, "dataset", "words", "dataset"),),
        notes=("Words are what stands between spaces.",),
    )


@metric("silent")
def silent(study, options):
    return Findings(figures=rows(study))


class Undescribed(MetricOptions):
    size: int = 10


@metric("mute-option", options=Undescribed)
def mute_option(study, options):
    return Findings(figures=rows(study))


class Needed(MetricOptions):
    size: int = Field(description="Rows.")


@metric("needs-an-option", options=Needed)
def needs_an_option(study, options):
    return Findings(figures=rows(study))


class Lax(MetricOptions):
    model_config = ConfigDict(extra="allow")


@metric("takes-anything", options=Lax)
def takes_anything(study, options):
    return Findings(figures=rows(study))


@metric("raises")
def raises(study, options):
    raise KeyError("oops")


@metric("no-findings")
def no_findings(study, options):
    return {"rows": 3}


@metric("finds-nothing")
def finds_nothing(study, options):
    return Findings()


@metric("lacks-without-a-hint")
def lacks_without_a_hint(study, options):
    raise UsageError("there is no model")


@metric("divides-by-labels")
def divides_by_labels(study, options):
    for corpus in study.everything:
        if not corpus.label_names:
            raise UsageError("there are no labels", hint="--label COLUMN")
    return Findings(figures=rows(study))


@metric("divides-by-words")
def divides_by_words(study, options):
    for corpus in study.everything:
        1 / sum(any(letter.isalpha() for letter in text) for text in corpus.rendered)
    return Findings(figures=rows(study))


@metric("needs-a-reference")
def needs_a_reference(study, options):
    return Findings(figures={study.reference.name: {"rows": Estimate(len(study.reference))}})


@metric("figures-of-no-dataset")
def figures_of_no_dataset(study, options):
    return Findings(figures={"all": {"rows": Estimate(1)}})


@metric("a-number-for-a-figure")
def a_number(study, options):
    return Findings(figures=rows(study, 3))


@metric("infinite")
def infinite(study, options):
    return Findings(figures=rows(study, Estimate(float("nan"))))


@metric("fraction")
def fraction(study, options):
    return Findings(figures=rows(study, Estimate(Fraction(1, 2))))


@metric("outside-its-interval")
def outside(study, options):
    return Findings(figures=rows(study, Estimate(0.5, 0.6, 0.7)))


@metric("half-an-interval")
def half(study, options):
    return Findings(figures=rows(study, Estimate(0.5, 0.4)))


@metric("misspelt-glance")
def misspelt(study, options):
    return Findings(figures=rows(study), glance={"row": "more is more"})


@metric("unexplained-glance")
def unexplained(study, options):
    return Findings(figures=rows(study), glance={"rows": ""})


@metric("ragged-table")
def ragged(study, options):
    return Findings(tables=(Table("Rows", ("dataset", "rows"), [("mine",)]),))


@metric("list-in-a-cell")
def list_in_a_cell(study, options):
    return Findings(tables=(Table("Rows", ("dataset", "rows"), [("mine", [1])]),))


@metric("infinite-cell")
def infinite_cell(study, options):
    return Findings(tables=(Table("Rows", ("rows",), [(float("inf"),)]),))


def plotted(**changes):
    marks = [{"dataset": "mine", "rows": 3}]
    return Findings(plots=(replace(Plot("bars", "Rows", marks, "dataset", "rows"), **changes),))


@metric("no-such-kind")
def no_such_kind(study, options):
    return plotted(kind="pie")


@metric("axis-of-nothing")
def axis_of_nothing(study, options):
    return plotted(y="row")


@metric("text-for-a-number")
def text_for_a_number(study, options):
    return plotted(y="dataset", x="rows")


@metric("heatmap-without-cells")
def heatmap_without_cells(study, options):
    return plotted(kind="heatmap")


@metric("list-in-a-mark")
def list_in_a_mark(study, options):
    return plotted(data=[{"dataset": "mine", "rows": 3, "all": [3, 4]}])


def of_row(**values):
    return Findings(rows={"mine": [values]})


@metric("rows-of-no-dataset")
def rows_of_no_dataset(study, options):
    return Findings(rows={"all": [{"row": 0}]})


@metric("row-without-a-place")
def row_without_a_place(study, options):
    return of_row(words=3)


@metric("row-that-is-not-there")
def row_that_is_not_there(study, options):
    return of_row(row=len(study.corpora[0]))


@metric("infinite-in-a-row")
def infinite_in_a_row(study, options):
    return of_row(row=0, words=float("inf"))


@metric("quotes-a-row")
def quotes_a_row(study, options):
    first, *_, last = study.corpora[0].rendered * 2
    cells = [(Excerpt(first),), (last,)]
    return Findings(tables=(Table("Rows", ("text",), cells),))


@metric("tells-a-row")
def tells_a_row(study, options):
    return Findings(figures=rows(study), headlines=(f"It says: {study.corpora[0].rendered[0]}",))


@metric("a-text-for-notes")
def a_text_for_notes(study, options):
    return Findings(notes=("One note, and no comma behind it."))


@metric("empty-warning")
def empty_warning(study, options):
    return Findings(figures=rows(study), warnings=(" ",))


@metric("sorts-in-place")
def sorts_in_place(study, options):
    for corpus in study.everything:
        corpus.texts.sort()
    return Findings(figures=rows(study))


@metric("adds-a-column")
def adds_a_column(study, options):
    for corpus in study.everything:
        for row in corpus.rows:
            row["words"] = 3
    return Findings(figures=rows(study))


@metric("seeds-everybody")
def seeds_everybody(study, options):
    random.seed(study.seed)
    return Findings(figures=rows(study, Estimate(random.random())))


@metric("numpys-generator")
def numpys_generator(study, options):
    import numpy
    numpy.random.seed(study.seed)
    return Findings(figures=rows(study, Estimate(float(numpy.random.random()))))


@metric("own-seed")
def own_seed(study, options):
    random.Random().random()
    return Findings(figures=rows(study))


STATE = {"measured": 0}


@metric("remembers")
def remembers(study, options):
    STATE["measured"] += 1
    return Findings(figures=rows(study, Estimate(STATE["measured"])))


@metric("order-of-a-set")
def order_of_a_set(study, options):
    words = {word for text in study.corpora[0].rendered for word in text.split()}
    return Findings(notes=(" ".join(words),))
"""

CAUGHT = {
    "silent": "described",
    "mute-option": "described",
    "needs-an-option": "takes-options",
    "takes-anything": "takes-options",
    "raises": "measures",
    "no-findings": "measures",
    "finds-nothing": "measures",
    "lacks-without-a-hint": "measures",
    "divides-by-labels": "measures-odd-data",
    "divides-by-words": "measures-odd-data",
    "needs-a-reference": "measures-odd-data",
    "figures-of-no-dataset": "figures",
    "a-number-for-a-figure": "figures",
    "infinite": "figures",
    "fraction": "figures",
    "outside-its-interval": "figures",
    "half-an-interval": "figures",
    "misspelt-glance": "glance-names-figures",
    "unexplained-glance": "glance-names-figures",
    "ragged-table": "tables",
    "list-in-a-cell": "tables",
    "infinite-cell": "tables",
    "no-such-kind": "plots",
    "axis-of-nothing": "plots",
    "text-for-a-number": "plots",
    "heatmap-without-cells": "plots",
    "list-in-a-mark": "plots",
    "rows-of-no-dataset": "rows",
    "row-without-a-place": "rows",
    "row-that-is-not-there": "rows",
    "infinite-in-a-row": "rows",
    "quotes-a-row": "quotes-rows-as-excerpts",
    "tells-a-row": "quotes-rows-as-excerpts",
    "a-text-for-notes": "speaks-in-sentences",
    "empty-warning": "speaks-in-sentences",
    "sorts-in-place": "changes-no-dataset",
    "adds-a-column": "changes-no-dataset",
    "seeds-everybody": "uses-the-study-s-chance",
    "numpys-generator": "uses-the-study-s-chance",
    "own-seed": "uses-the-study-s-chance",
    "remembers": "same-findings-again",
    "order-of-a-set": "same-findings-in-another-process",
}


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, set[str]]]:
    """Metric -> "failed", "passed" or "skipped" -> checks; all of them in one process."""
    folder = tmp_path_factory.mktemp("metrics")
    package = folder / "src" / "acme_metrics"
    package.mkdir(parents=True)
    (folder / "pyproject.toml").write_text(PYPROJECT)
    (package / "__init__.py").write_text(HOOKS)
    (package / "parts.py").write_text(PARTS)
    suites = ["from targen_analysis.testing import MetricSuite as Suite"]
    for name in ("good", *CAUGHT):
        suites += [
            f"class Test_{name.replace('-', '_')}(Suite):",
            f"    folder = {str(folder)!r}",
            f"    metric = {name!r}",
        ]
        if name == "needs-an-option":
            suites.append("    options = ('size=3',)")
        if name not in ("good", "order-of-a-set"):  # a process for each would take long
            suites.append("    test_same_findings_in_another_process = None")
    (folder / "test_them.py").write_text("\n".join(suites))
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-p",
            "no:cacheprovider",
            "-rA",
            "--tb=no",
            "test_them.py",
        ],
        cwd=folder,
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    actual: dict[str, dict[str, set[str]]] = {}
    line = re.compile(r"(PASSED|FAILED|ERROR) test_them\.py::Test_(\w+)::test_(\w+)")
    for outcome, suite, test in line.findall(done.stdout):
        of_suite = actual.setdefault(suite.replace("_", "-"), {})
        of_suite.setdefault(outcome.lower(), set()).add(test.replace("_", "-"))
    assert actual, done.stdout + done.stderr
    return actual


def test_a_good_metric_passes_every_check(outcomes):
    assert set(outcomes["good"]) == {"passed"}
    assert outcomes["good"]["passed"] >= set(CAUGHT.values())


@pytest.mark.parametrize(("name", "check"), CAUGHT.items())
def test_a_fault_is_caught_by_its_check_and_no_other(name, check, outcomes):
    if name == "numpys-generator":
        pytest.importorskip("numpy")
    assert outcomes[name].get("failed") == {check}
    assert "error" not in outcomes[name]


def test_every_check_has_a_fault():
    checks = {name for name in dir(Suite) if name.startswith("test_")}
    assert {name.removeprefix("test_").replace("_", "-") for name in checks} == set(CAUGHT.values())
