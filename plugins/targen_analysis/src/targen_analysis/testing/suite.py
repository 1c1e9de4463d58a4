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
from targen_core.cli.findings import Estimate, Excerpt, Findings, Plot, Table
from targen_core.errors import TargenError, UsageError
from targen_testing.chance import homes_of, watching
from targen_testing.forks import elsewhere
from targen_testing.suite import Suite, fail

_KINDS = get_args(get_type_hints(Plot)["kind"])
_PARTS = ("rows", "texts", "labels", "rendered")


@dataclass(frozen=True, slots=True)
class _Again:
    """The result of a second measurement, its random calls, and its changes."""

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

    def target(self) -> Metric:
        """Return the metric."""

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

    def test_described(self) -> None:
        """It has a title, a summary, and a description of each option."""
        metric = self.target()
        item = self.registry().find("metric", self.metric)
        assert metric.title.strip(), "give it a title: the heading of its part of the report"
        assert item.summary.strip() or metric.summary.strip(), "register it with a summary"
        fields = metric.options.model_fields.items()
        silent = [name for name, field in fields if not field.description]
        assert not silent, f"describe {', '.join(silent)}: Field(..., description=...)"

    def test_takes_options(self) -> None:
        """Its options have defaults; unknown options are rejected."""
        options = self.target().options
        try:
            options()
        except ValidationError as error:
            fail(f"it cannot be measured without options: {error}")
        try:
            options.model_validate({"no_such_option": "1"})
        except ValidationError:
            return
        fail("it accepts an unknown option: keep extra='forbid'")

    def test_measures(self, study: Study) -> None:
        """It returns findings for ordinary datasets, or names the missing package or model."""
        outcome = self._outcome("ordinary datasets", lambda: study)
        if isinstance(outcome, UsageError):
            assert outcome.hint, "its error does not say what to type: UsageError(..., hint=...)"
        elif isinstance(outcome, Exception):
            missing = isinstance(outcome, ModuleNotFoundError)
            assert missing, f"it raises {type(outcome).__name__}: {outcome}"
        else:
            assert isinstance(outcome, Findings), f"it returned {outcome!r}, not Findings"
            parts = (outcome.figures, outcome.tables, outcome.plots, outcome.rows, outcome.notes)
            assert any(parts), "it returned neither figures nor a note"

    @pytest.mark.parametrize("data", ODD)
    def test_measures_odd_data(self, data: str, findings: Findings) -> None:
        """If the data lacks something that it needs, it adds a note and raises no error."""
        outcome = self._outcome(data, ODD[data])
        if isinstance(outcome, Exception):
            fail(f"{data}: it raises {type(outcome).__name__}: {outcome}")

    def test_well_formed(self, study: Study, findings: Findings) -> None:
        """Figures, tables, plots, rows and sentences have the form that a report needs."""
        _check(study, findings)
        known = {name for figures in findings.figures.values() for name in figures}
        for about, make in ODD.items():
            outcome = self._outcome(about, make)
            if isinstance(outcome, Findings):
                try:
                    _check(make(), outcome)
                except AssertionError as error:
                    fail(f"{about}: {error}")
                known |= {name for figures in outcome.figures.values() for name in figures}
        # Data may lack a figure, which the report leaves out, but no data have a misspelt one.
        for name, words in findings.glance.items():
            assert name in known, f"{name!r} in glance is not a figure of any dataset"
            assert words.strip(), f"{name!r} in glance does not say how to read it"

    def test_quotes_rows_as_excerpts(self, study: Study, findings: Findings) -> None:
        """In tables and plots, texts from rows are `Excerpt`s, which `--no-texts` omits."""
        cells = [cell for table in findings.tables for row in table.rows for cell in row]
        marks = [value for plot in findings.plots for mark in plot.data for value in mark.values()]
        sentences = [*findings.headlines, *findings.warnings, *findings.notes]
        texts = {text for corpus in study.everything for row in corpus.texts for text in row}
        for value in (*cells, *marks, *sentences):
            if isinstance(value, str) and not isinstance(value, Excerpt):
                quoted = any(text in value for text in texts)
                assert not quoted, f"this quotes a row, but is not an Excerpt: {value!r}"

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


def _held(corpus: Corpus) -> tuple[object, ...]:
    return tuple(getattr(corpus, name) for name in _PARTS)


def _check(study: Study, findings: Findings) -> None:
    """Check the form of findings on a study."""
    sizes = {corpus.name: len(corpus) for corpus in study.everything}
    for dataset in (*findings.figures, *findings.rows):
        assert dataset in sizes, f"{dataset!r} is not a dataset of the study"
    for dataset, figures in findings.figures.items():
        for name, figure in figures.items():
            place = f"the figure {name!r} of {dataset}"
            assert isinstance(figure, Estimate), f"{place} is not an Estimate: {figure!r}"
            _check_value(place, figure)
    for table in findings.tables:
        _check_table(table)
    for plot in findings.plots:
        _check_plot(plot)
    for dataset, rows in findings.rows.items():
        for row in rows:
            place, at = f"rows of {dataset}: {dict(row)}", row.get("row")
            assert isinstance(at, int), f'{place} has no "row", its number from 0'
            assert 0 <= at < sizes[dataset], f"{place}: there are {sizes[dataset]} rows"
            try:
                json.dumps(row, allow_nan=False)
            except (TypeError, ValueError) as error:
                fail(f"{place} is not JSON: {error}")
    for part in ("headlines", "warnings", "notes"):
        sentences = getattr(findings, part)
        texts = isinstance(sentences, tuple) and all(isinstance(each, str) for each in sentences)
        assert texts, f"{part} is not a tuple of texts: {sentences!r}"
        assert all(map(str.strip, sentences)), f"one of the {part} is empty"


def _check_table(table: Table) -> None:
    place = f"the table {table.title!r}"
    assert table.title.strip(), "a table has no title"
    for row in table.rows:
        width = len(table.columns)
        assert len(row) == width, f"{place}: {len(row)} cells in {width} columns: {row}"
        for cell in row:
            _check_value(f"{place}: a cell", cell)


def _check_plot(plot: Plot) -> None:
    place = f"the plot {plot.title!r}"
    assert plot.title.strip(), "a plot has no title"
    assert plot.kind in _KINDS, f"{place}: unknown kind {plot.kind!r}: {', '.join(_KINDS)}"
    axes = [plot.x, plot.y, *([plot.color] if plot.color or plot.kind == "heatmap" else [])]
    for mark in plot.data:
        for name in axes:
            assert name in mark, f"{place}: no {name!r} in {mark}"
        for name, value in mark.items():
            _check_value(f"{place}: {name!r}", value)


def _check_value(place: str, value: object) -> None:
    """Check a value that JSON and people can read, and that an interval is about its figure."""
    if isinstance(value, Estimate):
        ends = (value.low, value.value, value.high)
        for each in ends:
            _check_value(place, each)
        if value.low is not None or value.high is not None:
            assert None not in ends, f"{place} has only a part of an interval: {value}"
            inside = value.low <= value.value <= value.high  # type: ignore[operator]
            assert inside, f"{place}: {value.value} is not between {value.low} and {value.high}"
        return
    readable = value is None or isinstance(value, str | int | float)
    assert readable, f"{place} is of type {type(value).__name__}: {value!r}"
    assert not isinstance(value, float) or math.isfinite(value), f"{place} is {value}"


@contextmanager
def _other_chance() -> Iterator[None]:
    """Put everybody's generators in another state, and then as they were."""
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
