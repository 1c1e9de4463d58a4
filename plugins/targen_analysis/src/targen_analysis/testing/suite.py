"""`MetricSuite`: the checks that every metric must pass.

from targen_analysis.testing.suite import MetricSuite as Suite

class TestLoudness(Suite):
    metric = "loudness"
"""

from __future__ import annotations

import copy
import json
import math
import random
import sys
from collections.abc import Callable, Iterator, Sequence, Set
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, get_args, get_type_hints

import pytest
from pydantic import ValidationError

from targen_analysis.metrics import Corpus, Metric, Study
from targen_analysis.testing.corpora import ODD, ordinary
from targen_analysis.testing.measured import as_text, options_of
from targen_core.cli.findings import Estimate, Excerpt, Findings, Plot
from targen_core.errors import TargenError, UsageError
from targen_core.text import with_article
from targen_testing.chance import homes_of, watching
from targen_testing.forks import elsewhere
from targen_testing.suite import Suite, fail

_KINDS = get_args(get_type_hints(Plot)["kind"])
_NUMBERS = {
    "bars": ("y",),
    "intervals": ("x",),
    "heatmap": ("color",),
    "lines": ("x", "y"),
    "points": ("x", "y"),
    "map": ("x", "y"),
}
"""Entries of a plot's marks that must be numbers."""


@dataclass(frozen=True, slots=True)
class _Again:
    """The result of a second measurement, its random state, and its changes."""

    findings: Findings
    chance: Sequence[str]
    changed: Set[str]
    seeded: bool


class MetricSuite(Suite):
    """Checks of a metric; set `metric` to its registered name.

    If a package or a model is missing on this machine, the metric's error is checked. The checks of
    its findings are skipped, and named.

    Attributes:
        metric: the registered name.
        options: `"KEY=VALUE"`, as a user gives them after `-o METRIC.`.
    """

    metric: ClassVar[str]
    options: ClassVar[tuple[str, ...]] = ()
    kind = "metric"

    # --- how the tests run it ---

    def target(self) -> Metric:
        """The metric."""

        def find() -> Metric:
            metric: Metric = self.registry().get("metric", self.metric)
            return metric

        return self.kept("target", find)

    def measure(self, study: Study) -> Findings:
        """Measure a study, with the suite's options."""
        metric = self.target()
        return metric.measure(study, options_of(metric, self.options))

    @pytest.fixture
    def study(self) -> Study:
        """Ordinary datasets."""
        return self.kept("study", ordinary)

    @pytest.fixture
    def findings(self, study: Study) -> Findings:
        """Return its findings on ordinary datasets; skip if it cannot be measured."""
        outcome = self._outcome("ordinary datasets", lambda: study)
        if isinstance(outcome, ModuleNotFoundError | TargenError):
            pytest.skip(f"it cannot be measured here: {outcome}")
        if not isinstance(outcome, Findings):
            pytest.skip("it did not return findings: see measures")
        return outcome

    def _outcome(self, about: str, make: Callable[[], Study]) -> Findings | Exception:
        """Return its findings on a study, or its error: measured once."""

        def measure() -> Findings | Exception:
            try:
                return self.measure(make())
            except Exception as error:
                return error

        return self.kept(f"outcome of {about}", measure)

    @pytest.fixture
    def everything(self, study: Study, findings: Findings) -> list[tuple[str, Study, Findings]]:
        """Return its findings on all data, except for failures: see measures-odd-data."""
        outcomes = [("ordinary datasets", study, findings)]
        for about, make in ODD.items():
            outcome = self._outcome(about, make)
            if isinstance(outcome, Findings):
                outcomes.append((about, make(), outcome))
        return outcomes

    # --- what must hold ---

    def test_described(self) -> None:
        """It has a title, a summary, and a description of each option."""
        metric = self.target()
        item = self.registry().find("metric", self.metric)
        assert metric.title.strip(), "give it a title: the heading of its part of the report"
        assert item.summary.strip() or metric.summary.strip(), "register it with a summary"
        silent = [
            name for name, field in metric.options.model_fields.items() if not field.description
        ]
        assert not silent, f"describe {', '.join(silent)}: Field(..., description=...)"

    def test_takes_options(self) -> None:
        """Its options have defaults and can be set with `-o`; unknown options are rejected."""
        options = self.target().options
        try:
            defaults = options()
        except ValidationError as error:
            fail(f"it cannot be measured without options: {error}")
        for name, value in defaults:
            if isinstance(value, str | int | float):
                try:
                    options.model_validate({name: str(value)})
                except ValidationError as error:
                    fail(f"-o {self.metric}.{name}={value} is refused: {error}")
        try:
            options.model_validate({"no_such_option": "1"})
        except ValidationError:
            return
        fail("it accepts an unknown option: keep extra='forbid'")

    def test_measures(self, study: Study) -> None:
        """It returns findings for ordinary datasets, or names the missing package or model."""
        outcome = self._outcome("ordinary datasets", lambda: study)
        if isinstance(outcome, ModuleNotFoundError):
            assert outcome.name, "the error does not say which package is missing"
        elif isinstance(outcome, UsageError):
            assert outcome.hint, (
                f"its error does not say what to type: UsageError({str(outcome)!r}, hint=...)"
            )
        elif isinstance(outcome, Exception):
            fail(f"it raises {type(outcome).__name__}: {outcome}")
        else:
            assert isinstance(outcome, Findings), (
                f"it returned {with_article(type(outcome).__name__)}, not Findings"
            )
            parts = (outcome.figures, outcome.tables, outcome.plots, outcome.rows, outcome.notes)
            assert any(parts), "it returned neither figures nor a note"

    @pytest.mark.parametrize("data", ODD)
    def test_measures_odd_data(self, data: str, findings: Findings) -> None:
        """If the data lacks something that it needs, it adds a note and raises no error."""
        outcome = self._outcome(data, ODD[data])
        if isinstance(outcome, Exception):
            fail(f"{data}: it raises {type(outcome).__name__}: {outcome}")

    def test_figures(self, everything: list[tuple[str, Study, Findings]]) -> None:
        """Figures refer to the study's datasets, are finite, and lie within their intervals."""
        for about, study, findings in everything:
            names = [corpus.name for corpus in study.everything]
            for dataset, figures in findings.figures.items():
                assert dataset in names, f"{about}: {dataset!r} is not a dataset of the study"
                for name, figure in figures.items():
                    place = f"{about}: the figure {name!r} of {dataset}"
                    assert isinstance(figure, Estimate), f"{place} is not an Estimate: {figure!r}"
                    _check_estimate(place, figure)

    def test_glance_names_figures(self, everything: list[tuple[str, Study, Findings]]) -> None:
        """Figures for the top of the report exist, and have an explanation.

        Data may lack a figure, which the report leaves out, but no data have a misspelt one.
        """
        of_all = [figures for *_, findings in everything for figures in findings.figures.values()]
        known = {name for figures in of_all for name in figures}
        for about, _, findings in everything:
            for name, words in findings.glance.items():
                assert name in known, f"{about}: {name!r} in glance is not a figure of any dataset"
                assert words.strip(), f"{about}: {name!r} in glance does not say how to read it"

    def test_tables(self, everything: list[tuple[str, Study, Findings]]) -> None:
        """Every row has a cell for each column: a string, a finite number or empty."""
        for about, _, findings in everything:
            for table in findings.tables:
                place = f"{about}: the table {table.title!r}"
                assert table.title.strip(), f"{about}: a table has no title"
                for row in table.rows:
                    width = len(table.columns)
                    assert len(row) == width, f"{place}: {len(row)} cells in {width} columns: {row}"
                    for cell in row:
                        if isinstance(cell, Estimate):
                            _check_estimate(f"{place}: a cell", cell)
                        else:
                            _check_plain(f"{place}: a cell", cell)

    def test_plots(self, everything: list[tuple[str, Study, Findings]]) -> None:
        """A plot has a known kind, and each mark has the values that its axes refer to."""
        for about, _, findings in everything:
            for plot in findings.plots:
                place = f"{about}: the plot {plot.title!r}"
                assert plot.title.strip(), f"{about}: a plot has no title"
                assert plot.kind in _KINDS, (
                    f"{place}: unknown kind {plot.kind!r}: {', '.join(_KINDS)}"
                )
                axes = {"x": plot.x, "y": plot.y, "color": plot.color}
                needed = {"x", "y", *_NUMBERS[plot.kind]}
                for axis, name in axes.items():
                    assert name or axis not in needed, f"{place} has no {axis}"
                for mark in plot.data:
                    for axis, name in axes.items():
                        assert not name or name in mark, f"{place}: no {name!r} ({axis}) in {mark}"
                        if axis in _NUMBERS[plot.kind] and isinstance(mark.get(name), str):
                            fail(f"{place}: {name!r} ({axis}) must be a number: {mark}")
                    for name, value in mark.items():
                        _check_plain(f"{place}: {name!r}", value)

    def test_rows(self, everything: list[tuple[str, Study, Findings]]) -> None:
        """Measures of single rows refer to the study's datasets and give row numbers."""
        for about, study, findings in everything:
            sizes = {corpus.name: len(corpus) for corpus in study.everything}
            for dataset, rows in findings.rows.items():
                assert dataset in sizes, (
                    f"{about}: {dataset!r} in rows is not a dataset of the study"
                )
                for row in rows:
                    place = f"{about}: rows of {dataset}: {dict(row)}"
                    at = row.get("row")
                    assert isinstance(at, int), f'{place} has no "row", its number from 0'
                    assert 0 <= at < sizes[dataset], f"{place}: there are {sizes[dataset]} rows"
                    try:
                        json.dumps(row, allow_nan=False)
                    except (TypeError, ValueError) as error:
                        fail(f"{place} is not JSON: {error}")

    def test_quotes_rows_as_excerpts(self, study: Study, findings: Findings) -> None:
        """In tables and plots, texts from rows are `Excerpt`s, which `--no-texts` omits."""
        cells = [cell for table in findings.tables for row in table.rows for cell in row]
        marks = [value for plot in findings.plots for mark in plot.data for value in mark.values()]
        sentences = [*findings.headlines, *findings.warnings, *findings.notes]
        for value in (*cells, *marks, *sentences):
            if isinstance(value, Excerpt) or not isinstance(value, str):
                continue
            for corpus in study.everything:
                for text in (text for texts in corpus.texts for text in texts):
                    assert text not in value, f"this quotes a row, but is not an Excerpt: {value!r}"

    def test_speaks_in_sentences(self, everything: list[tuple[str, Study, Findings]]) -> None:
        """Headlines, warnings and notes are tuples of non-empty strings."""
        for about, _, findings in everything:
            for part in ("headlines", "warnings", "notes"):
                sentences = getattr(findings, part)
                texts = not isinstance(sentences, str) and all(
                    isinstance(text, str) for text in sentences
                )
                assert texts, f"{about}: {part} is not a sequence of texts: {sentences!r}"
                assert all(map(str.strip, sentences)), f"{about}: one of the {part} is empty"

    @pytest.fixture
    def again(self, findings: Findings) -> _Again:
        """A second measurement, of equal datasets, while everybody's generators differ."""

        def make() -> _Again:
            study = ordinary()
            kept = [copy.deepcopy(_held(corpus)) for corpus in study.everything]
            with _other_chance():
                before = random.getstate()
                with watching(homes_of(self.target().measure)) as seen:
                    found = self.measure(study)
                after = random.getstate()
            changed = {
                name
                for corpus, held in zip(study.everything, kept, strict=True)
                for name, old, new in zip(_PARTS, held, _held(corpus), strict=True)
                if old != new
            }
            return _Again(found, seen.chance, changed, before != after)

        return self.kept("again", make)

    def test_changes_no_dataset(self, again: _Again) -> None:
        """It does not change rows, texts or labels, which the next metric also reads."""
        assert not again.changed, f"it changes the {', '.join(sorted(again.changed))} of a dataset"

    def test_uses_the_study_s_chance(self, again: _Again) -> None:
        """Randomness comes only from `study.rng(purpose)`; global generators do not change."""
        # Libraries name temporary things by uuid: what is found does not depend on it.
        chance = [call for call in again.chance if not call.startswith("uuid.")]
        assert not chance, f"it calls {'; '.join(chance)}: use study.rng(purpose)"
        assert not again.seeded, "it seeds or uses random's global generator"

    def test_same_findings_again(self, again: _Again, findings: Findings) -> None:
        """The same study gives the same findings, whatever random numbers other code draws."""
        assert as_text(again.findings) == as_text(findings), (
            "the same study gives different findings the second time"
        )

    def test_same_findings_in_another_process(
        self, study: Study, findings: Findings, tmp_path: Path
    ) -> None:
        """Another process gives the same findings, whatever the hash seed."""
        if type(self).registry is not Suite.registry or type(self).target is not MetricSuite.target:
            pytest.skip("its plugins are created in the test")
        there = tmp_path / "findings.json"
        elsewhere(
            "targen_analysis.testing.measured",
            *(self.metric, str(there), str(self.folder), *self.options),
        )
        assert there.read_text(encoding="utf-8") == as_text(findings), (
            "a different process gives different findings: does it depend on the order of a set, "
            "or on hash()?"
        )


_PARTS = ("rows", "texts", "labels", "rendered")


def _held(corpus: Corpus) -> tuple[object, ...]:
    return tuple(getattr(corpus, name) for name in _PARTS)


def _check_plain(place: str, value: object) -> None:
    """Check a value that JSON and people can read."""
    kind = type(value).__name__
    assert value is None or isinstance(value, str | int | float), (
        f"{place} is {with_article(kind)}: {value!r}"
    )
    assert not isinstance(value, float) or math.isfinite(value), f"{place} is {value}"


def _check_estimate(place: str, estimate: Estimate) -> None:
    """Check a figure and its interval."""
    for value in (estimate.value, estimate.low, estimate.high):
        _check_plain(place, value)
        assert not isinstance(value, str), f"{place} is the text {value!r}"
    if estimate.low is None and estimate.high is None:
        return
    assert estimate.low is not None and estimate.high is not None, (
        f"{place} has only one end of an interval"
    )
    assert estimate.value is not None, f"{place} has an interval but no value"
    inside = estimate.low <= estimate.value <= estimate.high
    assert inside, f"{place}: {estimate.value} is not between {estimate.low} and {estimate.high}"


@contextmanager
def _other_chance() -> Iterator[None]:
    """Everybody's generators in another state, and then as they were."""
    kept = random.getstate()
    numpy: Any = sys.modules.get("numpy.random")
    numpys = None if numpy is None else numpy.get_state()
    random.seed("another")
    if numpy is not None:
        numpy.seed(1)
    try:
        yield
    finally:
        random.setstate(kept)
        if numpy is not None:
            numpy.set_state(numpys)
