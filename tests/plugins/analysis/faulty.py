"""A plugin of faulty metrics: `test_metric_suite` appends a line for each of them."""

from __future__ import annotations

import random  # noqa: F401 - the metrics need it
import re
from dataclasses import replace

from pydantic import ConfigDict, Field

from targen_analysis.metrics import Metric, MetricOptions
from targen_core import hookimpl
from targen_core.cli.findings import (
    Estimate,
    Excerpt,
    Findings,
    Plot,
    Table,
)
from targen_core.errors import UsageError

METRICS = {}


@hookimpl
def register_metrics(register):
    for name, each in METRICS.items():
        register(name, each, summary="" if name == "silent" else "Rows")


def metric(name, measure):
    options = OPTIONS.get(name, MetricOptions)
    return Metric(title="Rows", measure=lambda study, _: measure(study), options=options)


def rows(study, figure=None):
    return {corpus.name: {"rows": figure or Estimate(len(corpus))} for corpus in study.everything}


def needs_labels(study):
    for corpus in study.everything:
        if not corpus.label_names:
            raise UsageError("there are no labels", hint="--label COLUMN")


def letters(study):
    return re.findall("[a-z]", study.corpora[0].rendered[0])


def raised(error):
    raise error


def after(changed, study, figure=None):
    return Findings(figures=rows(study, figure))


def plotted(**changes):
    marks = [{"dataset": "mine", "rows": 3}]
    return Findings(plots=(replace(Plot("bars", "Rows", marks, "dataset", "rows"), **changes),))


def of_row(**values):
    return Findings(rows={"mine": [values]})


def tabled(columns, *cells):
    return Findings(tables=(Table("Rows", columns, [cells]),))


def quoted(first, *rest):
    return Findings(tables=(Table("Rows", ("text",), [(Excerpt(first),), (rest[-1],)]),))


def words(study):
    return [word for text in study.corpora[0].rendered for word in text.split()]


def numpys(study):
    import numpy

    numpy.random.seed(study.seed)
    return Estimate(float(numpy.random.random()))


class Undescribed(MetricOptions):
    size: int = 10


class Needed(MetricOptions):
    size: int = Field(description="Rows.")


class Lax(MetricOptions):
    model_config = ConfigDict(extra="allow")


OPTIONS = {"mute-option": Undescribed, "needs-an-option": Needed, "takes-anything": Lax}
STATE = []
