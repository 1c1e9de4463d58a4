"""A run's report as one HTML page: no network and no script."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from targen_core.api.report import Report
from targen_core.cli import tracing
from targen_core.cli.commands.report import (
    copied_head,
    flow_table,
    reject_sections,
    row_tables,
    rows_by_label,
    usage_table,
)
from targen_core.cli.commands.show import content_of, origin_of, text_of
from targen_core.cli.findings import Table
from targen_core.cli.tables import duration
from targen_core.pages import document, safe, scrolling
from targen_core.runs.manifest import Manifest, backend_name, model_name
from targen_core.runs.report import price_words, read_report, status_words
from targen_core.runs.reporters import concerns_of
from targen_core.text import percent, row_name

_ROWS = 24  # that are shown, spread over the run, as many of each label
_REJECTS = 2  # that are shown of a reason
_REASONS = 12  # reasons of which some are shown
_LONGEST = 2000  # characters of a text
_HEATS = 20  # shades of a cell's ground

Pairs = Iterable[tuple[str, object]]


def as_page(run: Path) -> str:
    """The report of a run with some of its rows and rejects, as a page.

    Raises:
        UsageError: the directory does not exist.
        RunDirectoryError: it is not a run, or cannot be read.
    """
    raw = read_report(run)
    report = Report.of(raw)
    title = f"Report on {run.resolve().name}"
    return _page(title, _about(run, raw), _sections(run, raw, report))


def _about(run: Path, raw: Mapping[str, Any]) -> str:
    steps = Manifest.load(run / "manifest.json").steps
    models = {step: model_name(plan) or backend_name(plan) for step, plan in steps.items()}
    task = f"Task {raw['task'].rpartition(':')[2]}, version {raw['task_version']}"
    return f"{task}, random seed {raw['seed']}, by {_models(models)}"


def _sections(run: Path, raw: Mapping[str, Any], report: Report) -> Iterator[str]:
    yield from _status(report)
    yield from _concerns(raw, run)
    yield from _glance(report)
    yield from _labels(report)
    yield from _flow(raw)
    yield from _reasons(raw)
    yield from _calls(raw)
    yield from _some_rows(run, report)
    yield from _some_rejects(run)


def _page(title: str, about: str, body: Iterable[str]) -> str:
    style = files("targen_core.cli").joinpath("page.css").read_text(encoding="utf-8")
    # Shares are drawn by classes: the page's policy refuses style attributes.
    style += "".join(
        f".heat{step} {{ background: rgb(var(--heat) / {0.55 * step / _HEATS:.3f}); }}\n"
        for step in range(1, _HEATS + 1)
    )
    parts = [
        f"<header><div><h1>{_safe(title)}</h1>",
        f'<p class="soft">{_safe(about)}</p></div>',
        '<label class="shade"><input type="checkbox" id="shade"> Light / dark</label></header>',
        *body,
        '<p class="soft">Written by targen report --html.</p>',
    ]
    return document(title, parts, style=style, generator="targen-core")


def _safe(value: object, *, lines: bool = False) -> str:
    return safe(value, lines=lines, max_length=_LONGEST)


def _models(models: Mapping[str, str]) -> str:
    names: dict[str, list[str]] = defaultdict(list)
    for step, name in models.items():
        names[name].append(step)
    if len(names) == 1:
        return next(iter(names))
    return "; ".join(f"{name} ({', '.join(steps)})" for name, steps in names.items())


def _status(report: Report) -> Iterator[str]:
    made, requested = sum(report.rows.values()), sum(report.requested.values())
    status = status_words(report.raw)
    if status == "complete":
        yield f"<p>Complete: {_safe(made)} of {_safe(requested)} rows.</p>"
    else:
        yield (
            f'<p class="doubt">{_safe(status.capitalize())}: {_safe(made)} of '
            f"{_safe(requested)} rows{f' ({_safe(report.problem)})' if report.problem else ''}.</p>"
        )


def _concerns(raw: Mapping[str, Any], run: Path) -> Iterator[str]:
    concerns = concerns_of(raw, run)
    if concerns:
        yield "<h2>Possible problems</h2><ul>"
        for each in concerns:
            yield f"<li><p>{_safe(each.message)}</p>"
            yield f'<p class="soft">Try: {_safe(each.hint)}</p></li>'
        yield "</ul>"


def _glance(report: Report) -> Iterator[str]:
    facts = [("rows", f"{sum(report.rows.values()):,}")]
    if report.yield_ is not None:
        facts.append(("candidates kept", percent(report.yield_)))
    # If answers were imported from files, the time went by elsewhere.
    elsewhere = report.raw.get("given_answers")
    if report.seconds is not None and report.seconds >= 1 and not elsewhere:
        facts.append(("time", duration(report.seconds)))
        if pace := report.rows_per_minute:
            facts.append(("rows per minute", f"{pace:,.0f}" if pace >= 10 else f"{pace:.1f}"))
    usage = report.usage
    facts += [("calls", f"{usage.calls:,}"), ("tokens", f"{usage.tokens:,}")]
    if usage.cached:
        facts.append(("calls from the cache", f"{usage.cached:,}"))
    if usage.copied:
        facts.append((f"calls {copied_head(report.raw)}", f"{usage.copied:,}"))
    if report.cost:
        facts.append(("dollars", f"{report.cost:,.4f}"))
    if report.cost_per_100_rows:
        facts.append(("dollars per 100 rows", f"{report.cost_per_100_rows:,.4f}"))
    yield '<dl class="glance">'
    yield from (f"<div><dt>{_safe(k)}</dt><dd>{_safe(v)}</dd></div>" for k, v in facts)
    yield "</dl>"


def _labels(report: Report) -> Iterator[str]:
    yield "<h2>Rows</h2>"
    rows = [
        (name, _Bar(made / of if of else 0.0), made, of)
        for name, made, of in rows_by_label(report.rows, report.requested)
    ]
    yield _table(["label", "", "rows", "requested"], rows)


def _flow(raw: Mapping[str, Any]) -> Iterator[str]:
    heads, rows = flow_table(raw["flow"], raw["branches"])
    if not rows:
        return
    words = "Rows: the label for which the candidates were generated; columns: their outcome."
    if not raw["corrected"]:
        words += " There was no step 4, so labels were not corrected."
    yield "<h2>Label flow</h2>"
    yield f'<p class="soft">{words}</p>'
    yield _table(
        heads,
        [
            (name, *(_Heat(count, count / judged) for count in counts), judged)
            for name, *counts, judged in rows
        ],
    )


def _reasons(raw: Mapping[str, Any]) -> Iterator[str]:
    yield from map(_titled, row_tables(raw))
    flows = raw["flow"]
    reasons: Counter[str] = Counter()
    for flow in flows.values():
        reasons.update(flow["reasons"])
    if reasons:
        yield "<h2>Rejected because</h2>"
        largest = max(reasons.values())
        named = [name for name in flows if flows[name]["reasons"]]
        rows = [
            (
                reason,
                _Bar(count / largest),
                count,
                *(flows[name]["reasons"].get(reason, 0) for name in named),
            )
            for reason, count in reasons.most_common()
        ]
        yield _table(["reason", "", "candidates", *named], rows)
    words, tables = reject_sections(raw)
    for line in words:
        yield f'<p class="soft">{_safe(line)}</p>'
    yield from map(_titled, tables)


def _calls(raw: Mapping[str, Any]) -> Iterator[str]:
    yield "<h2>Calls</h2>"
    heads, rows = usage_table(raw)
    yield _table(
        heads,
        [
            (step, label, *(_Number(n) if isinstance(n, str) else n for n in counts))
            for step, label, *counts in rows
        ],
    )
    for line in price_words(raw["prices"]):
        yield f'<p class="soft">{_safe(line)}</p>'


def _some_rows(run: Path, report: Report) -> Iterator[str]:
    """Rows of each label, spread evenly over the run, each with where it is from."""
    of_each = max(1, _ROWS // max(1, len(report.rows)))
    every = {name: max(1, -(-count // of_each)) for name, count in report.rows.items()}
    seen: Counter[str] = Counter()
    shown: list[tracing.Traced] = []
    for traced in tracing.rows(run):
        label = str(traced.label)
        if seen[label] % every.get(label, 1) == 0 and len(shown) < 2 * _ROWS:
            shown.append(traced)
        seen[label] += len(traced.rows)
    if not shown:
        return
    yield "<h2>Some rows</h2>"
    if len(shown) < sum(seen.values()):
        yield '<p class="soft">A sample of the rows; targen show lists all rows.</p>'
    for traced in shown:
        heading = f"{_safe(traced.label)}<small>{_safe(row_name(traced.number))}</small>"
        yield f"<article><h3>{heading}</h3>{_pairs(content_of(traced))}"
        yield "<details><summary>origin</summary>"
        yield f"{_pairs(origin_of(traced))}</details></article>"


def _some_rejects(run: Path) -> Iterator[str]:
    """The first rejects of each reason."""
    by_reason: dict[str, list[tracing.Traced]] = {}
    for traced in tracing.rejects(run):
        reason = str(traced.record.get("reason") or traced.verdict)
        if reason in by_reason or len(by_reason) < _REASONS:
            some = by_reason.setdefault(reason, [])
            if len(some) < _REJECTS:
                some.append(traced)
    if by_reason:
        yield "<h2>Some rejected candidates</h2>"
    for reason, some in by_reason.items():
        for traced in some:
            what = " ".join(filter(None, [traced.verdict, str(traced.record.get("stage") or "")]))
            detail = traced.record.get("detail")
            said = f'<p dir="auto">{_safe(detail)}</p>' if detail else ""
            yield f"<article><h3>{_safe(reason)}<small>{_safe(what)}</small></h3>{said}"
            yield f"{_pairs(content_of(traced))}<details><summary>origin</summary>"
            yield f"{_pairs(origin_of(traced))}</details></article>"


def _pairs(pairs: Pairs) -> str:
    lines = [
        f'<dt>{_safe(name)}</dt><dd dir="auto">{_safe(text_of(value), lines=True)}</dd>'
        for name, value in pairs
    ]
    return f'<dl class="pairs">{"".join(lines)}</dl>'


class _Bar(float):
    """A part of a whole, drawn."""


class _Number(str):
    """A number as written."""

    __slots__ = ()


class _Heat(int):
    """A count on a ground that tells its share."""

    def __new__(cls, count: int, share: float) -> _Heat:
        made = super().__new__(cls, count)
        made.share = share
        return made

    share: float


def _titled(table: Table) -> str:
    return f"<h2>{_safe(table.title)}</h2>{_table(table.columns, table.rows)}"


def _table(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    columns = list(zip(*rows, strict=True))
    kinds = [_kind(column[0]) for column in columns] or [""] * len(heads)
    head = "".join(
        f'<th class="{kind}">{_safe(name)}</th>' for name, kind in zip(heads, kinds, strict=True)
    )
    body = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in rows)
    return scrolling(f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>")


def _kind(cell: object) -> str:
    """The class of a cell."""
    if isinstance(cell, _Bar):
        return "bar"
    return "number" if isinstance(cell, int | _Number) else ""


def _cell(cell: object) -> str:
    if isinstance(cell, _Bar):
        width = f"{100 * min(1.0, cell):.1f}%"
        return f'<td class="bar"><svg aria-hidden="true"><rect width="{width}"/></svg></td>'
    if isinstance(cell, _Heat):
        step = round(_HEATS * min(1.0, cell.share))
        return f'<td class="number{f" heat{step}" if step else ""}">{_safe(cell)}</td>'
    if isinstance(cell, str) and not _kind(cell):  # may be of a row, in any script
        return f'<td dir="auto">{_safe(cell)}</td>'
    return f'<td class="{_kind(cell)}">{_safe(cell)}</td>'
