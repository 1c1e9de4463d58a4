"""Each check of `MetricSuite` catches what it is for, and nothing else does."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from targen_analysis.testing.suite import MetricSuite as Suite

from ...tables import table

PYPROJECT = """
[project]
name = "acme-metrics"
version = "1"

[project.entry-points."targen.v1"]
acme-metrics = "acme_metrics"
"""

PARTS = Path(__file__).with_name("faulty.py").read_text()

FAULTS = """
    silent | described | Findings(figures=rows(study))
    mute-option | described | Findings(figures=rows(study))
    needs-an-option | takes-options | Findings(figures=rows(study))
    takes-anything | takes-options | Findings(figures=rows(study))
    raises | measures | raised(KeyError("oops"))
    no-findings | measures | {"rows": 3}
    finds-nothing | measures | Findings()
    lacks-without-a-hint | measures | raised(UsageError("there is no model"))
    needs-labels | measures-odd-data | after(needs_labels(study), study)
    divides-by-words | measures-odd-data | after(1 / len(letters(study)), study)
    figures-of-no-dataset | well-formed | Findings(figures={"all": {"rows": Estimate(1)}})
    infinite | well-formed | Findings(figures=rows(study, Estimate(float("nan"))))
    outside-its-interval | well-formed | Findings(figures=rows(study, Estimate(0.5, 0.6, 0.7)))
    misspelt-glance | well-formed | Findings(figures=rows(study), glance={"row": "more"})
    ragged-table | well-formed | tabled(("dataset", "rows"), "mine")
    list-in-a-cell | well-formed | tabled(("dataset", "rows"), "mine", [1])
    no-such-kind | well-formed | plotted(kind="pie")
    axis-of-nothing | well-formed | plotted(y="row")
    row-that-is-not-there | well-formed | of_row(row=len(study.corpora[0]))
    quotes-a-row | quotes-rows-as-excerpts | quoted(*study.corpora[0].rendered * 2)
    a-text-for-notes | well-formed | Findings(notes=("One note, and no comma behind it."))
    sorts-in-place | changes-no-dataset | after(study.corpora[0].texts.sort(), study)
    seeds-everybody | uses-the-study-s-chance | after(random.seed(study.seed), study)
    numpys-generator | uses-the-study-s-chance | Findings(figures=rows(study, numpys(study)))
    own-seed | uses-the-study-s-chance | after(random.Random().random(), study)
    remembers | same-findings-again | after(STATE.append(1), study, Estimate(len(STATE)))
    order-of-a-set | same-findings-in-another-process | Findings(notes=(" ".join({*words(study)}),))
"""
"""The name of a metric, the check that fails it, and what it measures."""
ODD = {"no reference", "no labels", "no words"}
"""The data that are too odd for one of them."""
CAUGHT = {name: check for name, check, _ in table(FAULTS)}
METRICS = "".join(
    f"METRICS[{name!r}] = metric({name!r}, lambda study: {measure})\n"
    for name, _, measure in table(FAULTS)
)


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory):
    """Metric -> "failed", "passed" or "skipped" -> checks; all of them in one process."""
    folder = tmp_path_factory.mktemp("metrics")
    package = folder / "src" / "acme_metrics"
    package.mkdir(parents=True)
    (folder / "pyproject.toml").write_text(PYPROJECT)
    (package / "__init__.py").write_text(PARTS + METRICS)
    suites = [
        "from targen_analysis.testing import corpora",
        f"for name in {{*corpora.ODD}} - {ODD!r}:",
        "    del corpora.ODD[name]",
        "from targen_analysis.testing.suite import MetricSuite as Suite",
    ]
    for name in CAUGHT:
        suites += [
            f"class Test_{name.replace('-', '_')}(Suite):",
            f"    folder = {str(folder)!r}",
            f"    metric = {name!r}",
        ]
        if name == "needs-an-option":
            suites.append("    options = ('size=3',)")
        if name != "order-of-a-set":  # a process for each would take long
            suites.append("    test_same_findings_in_another_process = None")
    (folder / "test_them.py").write_text("\n".join(suites))
    done = subprocess.run(
        [sys.executable, *"-m pytest -p no:cacheprovider -rA --tb=no test_them.py".split()],
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


@pytest.mark.parametrize(("name", "check"), CAUGHT.items())
def test_a_fault_is_caught_by_its_check_and_no_other(name, check, outcomes):
    if name == "numpys-generator":
        pytest.importorskip("numpy")
    assert outcomes[name].get("failed") == {check}
    assert "error" not in outcomes[name]


def test_every_check_has_a_fault():
    checks = {name for name in dir(Suite) if name.startswith("test_")}
    assert {name.removeprefix("test_").replace("_", "-") for name in checks} == set(CAUGHT.values())
