"""Metrics run one after the other; one that cannot run stops no other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from os import PathLike
from pathlib import Path
from typing import Any

from targen_analysis.metrics import Metric, MetricOptions, Study
from targen_core.cli.findings import Excerpt, Findings, Table
from targen_core.cli.provenance import provenance
from targen_core.cli.tables import printed
from targen_core.errors import MissingDependency, PluginError, TargenError, UsageError
from targen_core.hints import did_you_mean
from targen_core.pages import table
from targen_core.plugins.configurable import read_options
from targen_core.plugins.register import Registration
from targen_core.plugins.registry import Registry
from targen_core.text import plural, with_article


@dataclass(frozen=True, slots=True)
class Requested:
    """A metric to measure, with its options.

    `metric` is None if it cannot even be imported; `problem` and `hint` say why.
    """

    item: Registration[Metric]
    metric: Metric | None
    options: MetricOptions
    problem: str = ""
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """The outcome of one metric.

    Attributes:
        item: its registration.
        title: the heading of its part of the report.
        findings: what it found, or None if it could not be measured.
        problem: why not, or "".
        hint: what to type.
    """

    item: Registration[Metric]
    title: str
    findings: Findings | None
    problem: str = ""
    hint: str = ""


@dataclass(frozen=True, slots=True, repr=False)
class Analysis:
    """A study, and what each metric found; as text, what `targen analyze` prints.

    Attributes:
        study: the datasets.
        parts: the outcome of each metric.
        made: see `targen_core.cli.provenance`.
    """

    study: Study
    parts: Sequence[Part]
    made: Mapping[str, Any] = field(default_factory=dict, compare=False)

    @property
    def failed(self) -> list[Part]:
        """The metrics that could not be measured."""
        return [part for part in self.parts if part.findings is None]

    def __getitem__(self, metric: str) -> Findings:
        """Return the findings of a metric.

        Raises:
            KeyError: it was not measured, and why.
        """
        for part in self.parts:
            if metric in (part.item.name, part.item.id):
                if part.findings is None:
                    raise KeyError(f"{metric} could not be measured: {part.problem}")
                return part.findings
        raise KeyError(f"{metric} was not requested")

    def __iter__(self) -> Iterator[str]:
        return (part.item.name for part in self.parts if part.findings is not None)

    def as_dict(self) -> dict[str, Any]:
        """Return the complete analysis, as in `analysis.json`."""
        from targen_analysis.report.files import as_json

        return as_json(self)

    def as_markdown(self) -> str:
        """Return the main results, as in `report.md`."""
        from targen_analysis.report.files import as_markdown

        return as_markdown(self)

    def save(
        self, out: str | PathLike[str], *, pictures: str = "", force: bool = False
    ) -> list[Path]:
        """Write analysis.json, report.html, report.md and pictures of a kind ("svg", "png").

        Args:
            out: a folder.
            pictures: their kind; "" writes none.
            force: replace an earlier analysis.

        Returns:
            The files.

        Raises:
            UsageError: an analysis exists and `force` is false, or something else exists.
        """
        from targen_analysis.report.files import check_free, write
        from targen_analysis.report.pictures import KINDS

        if pictures and pictures not in KINDS:
            raise UsageError(f"pictures must be {' or '.join(map(repr, KINDS))}, not {pictures!r}")
        folder = Path(out).expanduser()
        check_free(folder, force=force)
        return write(self, folder, pictures=pictures)

    def __repr__(self) -> str:
        names = ", ".join(corpus.name for corpus in self.study.everything)
        failed = ", ".join(part.item.name for part in self.failed)
        count = plural(len(self.parts) - len(self.failed), "metric")
        return f"<Analysis of {names}: {count}{f'; failed: {failed}' if failed else ''}>"

    def __str__(self) -> str:
        from targen_analysis.report.terminal import print_analysis

        return printed(lambda: print_analysis(self, tables=False))

    def _repr_html_(self) -> str:
        rows: list[tuple[object, ...]] = []
        for part in self.parts:
            if part.findings is None:
                hint = f" ({part.hint})" if part.hint else ""
                rows.append((part.title, f"not measured: {part.problem}{hint}"))
            else:
                said = (*part.findings.headlines, *part.findings.warnings)
                rows += [(part.title, sentence) for sentence in said]
        names = ", ".join(corpus.name for corpus in self.study.everything)
        return table(f"Analysis of {names}", ("metric", "what it found"), rows)


def request_metrics(
    registry: Registry, names: Sequence[str], without: Sequence[str], options: Mapping[str, Any]
) -> list[Requested]:
    """Return the metrics to measure, all by default, in the order of the report.

    `options` are by METRIC.KEY.

    Raises:
        UsageError: there is no metric of this name, or a metric does not have an option.
    """
    items = [registry.find("metric", name) for name in names] or registry.all("metric")
    excluded = [registry.find("metric", name) for name in without]
    items = [item for item in dict.fromkeys(items) if item not in excluded]
    by_name = {name: item.id for item in items for name in (item.name, item.id)}
    values: dict[str, dict[str, Any]] = {}
    for option, value in options.items():
        name, dot, key = option.rpartition(".")
        if not dot:
            raise UsageError(
                f"option {option!r} does not name a metric, as METRIC.KEY does",
                hint="for example -o lexical.replicates=200",
            )
        if name not in by_name:
            raise UsageError(
                f"option {option!r}: {name!r} is not one of the metrics to measure",
                hint=did_you_mean(name, [item.name for item in items], "metrics"),
            )
        values.setdefault(by_name[name], {})[key] = value
    requested = []
    for item in items:
        try:
            metric: Metric = registry.resolve(item)
        except (MissingDependency, PluginError) as error:
            requested.append(Requested(item, None, MetricOptions(), str(error), error.hint))
            continue
        of, prefix = f"metric {item.name}", f"{item.name}."
        chosen = read_options(metric.options, values.get(item.id, {}), of=of, prefix=prefix)
        requested.append(Requested(item, metric, chosen))
    return sorted(requested, key=lambda each: each.metric.order if each.metric else 1000)


def measure_all(
    study: Study,
    requested: Sequence[Requested],
    on_begin: Callable[[str], None] | None = None,
    *,
    raising: bool = False,
    files: Iterable[str | Path] = (),
) -> Analysis:
    """Measure each metric; `on_begin` gets the name of each before.

    With `raising`, what a metric raises by mistake is not caught, to be looked at. The analysis
    records the digests of `files`.
    """
    parts = []
    for each in requested:
        if on_begin is not None:
            on_begin(each.item.name)
        parts.append(_measure(study, each, raising=raising))
    made = provenance({each.item.distribution for each in requested}, files)
    return Analysis(study, parts, made)


def _measure(study: Study, requested: Requested, *, raising: bool) -> Part:
    item, metric = requested.item, requested.metric
    if metric is None:
        return Part(item, item.name, None, requested.problem, requested.hint)
    try:
        with item.blamed(metric.extra):
            findings = metric.measure(study, requested.options)
            if not isinstance(findings, Findings):
                returned = with_article(type(findings).__name__)
                raise TypeError(f"measure() returned {returned}, not Findings")
    except TargenError as error:
        if raising and type(error) is PluginError:
            raise (error.__cause__ or error) from None
        return Part(item, metric.title, None, str(error), error.hint)
    return Part(item, metric.title, findings)


def without_texts(analysis: Analysis) -> Analysis:
    """Return the same without the contents of rows, in tables and in plots."""
    return replace(analysis, parts=[_without_texts(part) for part in analysis.parts])


def _without_texts(part: Part) -> Part:
    if part.findings is None:
        return part
    tables = [_without_columns(table) for table in part.findings.tables]
    plots = [
        replace(
            plot,
            data=[
                {name: value for name, value in mark.items() if not isinstance(value, Excerpt)}
                for mark in plot.data
            ],
        )
        for plot in part.findings.plots
    ]
    # A single column leaves no other to read.
    kept = tuple(table for table in tables if len(table.columns) > 1)
    return replace(part, findings=replace(part.findings, tables=kept, plots=tuple(plots)))


def _without_columns(table: Table) -> Table:
    quoting = {at for row in table.rows for at, cell in enumerate(row) if isinstance(cell, Excerpt)}
    kept = [at for at in range(len(table.columns)) if at not in quoting]
    return replace(
        table,
        columns=tuple(table.columns[at] for at in kept),
        rows=[tuple(row[at] for at in kept) for row in table.rows],
    )
