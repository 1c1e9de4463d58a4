"""`targen report`: a run's figures, for people and for programs."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated, Any

import typer
from pydantic import ValidationError

from targen_core.cli.findings import Cell, Table, flow_losses
from targen_core.cli.licenses import with_terms
from targen_core.cli.options.arguments import JsonArg, StrictArg
from targen_core.cli.tables import duration, print_json, print_table
from targen_core.errors import TargenError, UsageError
from targen_core.text import plural, printable

if TYPE_CHECKING:
    from targen_core.cli.commands.shelf import Shelved

_MANY = 8
"""Labels from which on a table has no column or row for each."""


def report(
    run: Annotated[
        Path,
        typer.Argument(help="A run directory, or a suite's folder of runs.", show_default=False),
    ],
    html: Annotated[
        bool, typer.Option("--html", help="Write an HTML page with the report, rows and rejects.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="FILE",
            help="With --html: the page to write. [default: report.html in the folder]",
        ),
    ] = None,
    calls: Annotated[
        bool, typer.Option("--calls", help="Show the calls and tokens of each step and label.")
    ] = False,
    json: JsonArg = False,
    strict: StrictArg = False,
) -> None:
    """Show a run's row counts, label flow, rejects and cost.

    With --html, writes one page that needs no network, for reading in a browser or sending to
    somebody. For a suite's folder, shows a table of its runs.

    Examples:
    - targen report runs/rte-0
    - targen report runs/rte-0 --html
    """
    from targen_core.runs.report import read_report

    several = _several(run)
    if html:
        if json:
            raise UsageError("--html and --json cannot be used together", hint="give one")
        if several:
            hint = f"targen report {quote(str(several[0].path))} --html"
            raise UsageError(
                f"{run} has {plural(len(several), 'run')}; --html shows one", hint=hint
            )
        print(_write_page(run, out))
    elif several:
        _print_several(several, json=json)
        exit_on_concerns([(each.path, each.report) for each in several], strict=strict)
        return
    content = read_report(run)
    if json:
        print_json(with_concerns(content, run))
    elif not html:
        print_report(content, run, calls=calls)
    exit_on_concerns([(run, content)], strict=strict)


def with_concerns(report: Mapping[str, Any], run: Path) -> dict[str, Any]:
    """Return a report as JSON has it, with what looks wrong under `concerns`."""
    from targen_core.runs.reporters import concerns_of

    return {**report, "concerns": [each.as_dict() for each in concerns_of(report, run)]}


def exit_on_concerns(
    reports: Iterable[tuple[Path, Mapping[str, Any]]], *, strict: bool, untold: bool = False
) -> None:
    """With --strict, end with exit code 1 if something looks wrong with the rows of runs.

    Concerns that are `untold`, since only a path was printed, go to standard error.

    Raises:
        typer.Exit: something does.
    """
    from targen_core.runs.reporters import concerns_of

    if not strict:
        return
    found = [(run, each) for run, report in reports if report for each in concerns_of(report, run)]
    for run, each in found if untold else ():
        print(printable(f"{run}: {each.message}\n  try: {each.hint}"), file=sys.stderr)
    if found:
        raise typer.Exit(1)


def _several(folder: Path) -> list[Shelved]:
    """The runs in a folder that is not one itself, such as a suite's."""
    from targen_core.cli.commands.shelf import runs_in

    is_run = (folder / "manifest.json").exists()
    return list(runs_in(folder)) if folder.is_dir() and not is_run else []


def _print_several(several: list[Shelved], *, json: bool) -> None:
    from targen_core.cli.commands.runs import print_runs

    if json:
        print_json(
            {
                str(each.path): with_concerns(each.report, each.path) if each.report else {}
                for each in several
            }
        )
    else:
        print_runs(several)


def _write_page(run: Path, out: Path | None) -> Path:
    """Write the report of a run as a page, and return its path.

    Raises:
        RunDirectoryError: it is not a run, or cannot be read.
        RunDirectoryError: the operating system refuses.
    """
    from targen_core.cli.commands.page import as_page
    from targen_core.runs.files import write_atomically

    path = out or run / "report.html"
    page = as_page(run)
    if path.is_dir():
        raise UsageError(f"{path} is a folder", hint=f"--out {quote(str(path / 'report.html'))}")
    write_atomically(path, page)
    return path


def print_report(
    report: dict[str, Any], path: Path, *, problem: bool = True, calls: bool = False
) -> None:
    """Print a report's tables.

    Args:
        report: the content of `report.json`.
        path: the run's directory.
        problem: False if its problem and notes are printed elsewhere.
        calls: whether to print the calls of each step and label.
    """
    from targen_core.runs.manifest import Manifest
    from targen_core.runs.report import price_words, status_words

    manifest = Manifest.load(path / "manifest.json")
    variants = manifest.task.variants
    of = f" ({', '.join(variants)})" if variants else ""
    print(f"{report['task']} {report['task_version']}{of}: {status_words(report)}")
    if report["problem"] and problem:
        print(f"  {report['problem']}")
    print(f"\nRows ({report['balance']} labels)")
    print_table(
        ["label", "rows", "requested"],
        rows_by_label(report["rows"], report["requested"]),
    )
    for table in row_tables(report):
        _print_titled(table)
    print_flow(report["flow"], report["branches"], corrected=report["corrected"])
    for branch, flow in report["flow"].items():
        if flow.get("unsure"):
            print(f"{branch}: {flow['unsure']:,} kept although the judge was unsure")
    print_reasons(report)
    words, tables = reject_sections(report)
    for line in words:
        print(f"\n{line}")
    for table in tables:
        _print_titled(table)
    if calls:
        print_usage(report)
        for line in price_words(report["prices"]):
            print(line)
    print(f"\n{cost_line(report)}")
    if line := _pace(report):
        print(line)
    for note in report.get("notes", ()) if problem else ():
        print(note)
    print_concerns(report, path)
    if not report.get("given_answers") and (said := made_up_words(manifest.backends)):
        print(f"\n{said}")
    print(f"\n{path / 'dataset.jsonl'}")


def made_up_words(backends: Iterable[str]) -> str:
    """Return a sentence on replies that no model wrote; "" if no backend makes them up."""
    from targen_core.plugins.loader import load_registry
    from targen_core.runs.models import made_up

    names = made_up(load_registry(), backends)
    if not names:
        return ""
    return (
        f"The backend {' and '.join(names)} calls no model: its replies are made up, so these rows "
        "are only for trying things out."
    )


def rows_by_label(
    rows: Mapping[str, int], requested: Mapping[str, int]
) -> list[tuple[str, int, int]]:
    """Return each label with its rows and the requested ones, unless it has neither.

    A task that has several labels per row may have hundreds of sets, few of them requested.
    """
    return [(name, rows[name], of) for name, of in requested.items() if rows[name] or of]


def print_reasons(report: Mapping[str, Any]) -> None:
    """Print why candidates were rejected, and how many."""
    reasons = {
        (branch, reason): count
        for branch, flow in report["flow"].items()
        for reason, count in flow["reasons"].items()
    }
    if reasons:
        print("\nRejected because")
        ranked = sorted(reasons.items(), key=lambda item: -item[1])
        print_table(["intended", "reason", "count"], [(*key, count) for key, count in ranked])


def print_concerns(report: Mapping[str, Any], run: Path, *, of: str = "") -> None:
    """Print what looks wrong with a run's rows, if anything does, and what to try.

    With several runs, `of` names the one.
    """
    from targen_core.runs.reporters import concerns_of

    if concerns := concerns_of(report, run):
        print(f"\nPossible problems{of and f' with {of}'}")
    for each in concerns:
        print(printable(f"- {each.message}\n  try: {each.hint}"))


def _print_titled(table: Table) -> None:
    print(f"\n{table.title}")
    print_table(table.columns, table.rows)


def row_tables(report: Mapping[str, Any]) -> Iterator[Table]:
    """Yield the rows by a task's parts, by the data that they were made from, and by merged run."""
    if parts := report.get("parts"):
        counts = [(name, each["rows"], each["requested"]) for name, each in parts.items()]
        yield Table("Rows by part", ("part", "rows", "requested"), counts)
    if sources := report.get("sources"):
        heads: tuple[str, ...] = ("source", "licence", "revision", "rows")
        rows: list[tuple[Cell, ...]] = [
            (one["name"], with_terms(one["license"]) or "not stated", one["revision"], one["rows"])
            for one in sources
        ]
        if any("alike" in one for one in sources):
            heads += ("nearly the same as the source",)
            rows = [(*row, one.get("alike", 0)) for row, one in zip(rows, sources, strict=True)]
        yield Table("Rows by source", heads, rows)
    if runs := report.get("merged"):
        keys = ("run", "seed", "status", "rows", "of")
        yield Table("Rows by run", keys, [tuple(one[key] for key in keys) for one in runs])


def reject_sections(report: Mapping[str, Any]) -> tuple[list[str], list[Table]]:
    """Return the sentences of filters, and the tables of filters, reporters and list items."""
    from targen_core.plugins.loader import load_registry
    from targen_core.runs.reporters import tables_of

    registry = load_registry()
    words: list[str] = []
    tables: list[Table] = []
    for item in registry.all("filter"):
        if item.name not in report:
            continue
        with suppress(TargenError, ValidationError):  # a report may come from anybody
            section = registry.section_of(item)
            if section is not None and section.model is not None:
                read = section.model.model_validate(report[item.name])
                words += filter(None, [getattr(read, "words", "")])
                tables += filter(None, [getattr(read, "table", None)])
    tables += tables_of(report)
    if dropped := report["dropped_list_items"]:
        keys = ("step", "reason", "count")
        rows = [tuple(each[key] for key in keys) for each in dropped]
        tables.append(Table("Omitted list items", keys, rows))
    return words, tables


def _pace(report: dict[str, Any]) -> str:
    """Return the duration, the speed and the cost of rows, as far as known."""
    from targen_core.api.report import Report

    if report.get("given_answers"):
        return ""  # the time went by elsewhere
    seen = Report.of(report)
    words = []
    if seen.seconds is not None and seen.seconds >= 1:  # shorter times are not reliable
        words.append(f"Time: {duration(seen.seconds)}")
        if pace := seen.rows_per_minute:
            words.append(
                f"{pace:,.1f} rows per minute" if pace < 10 else f"{pace:,.0f} rows per minute"
            )
    if cost := seen.cost_per_100_rows:
        words.append(f"${cost:.4f} per 100 rows")
    line = "; ".join(words)
    return line[:1].upper() + line[1:]


def print_flow(
    flows: dict[str, Any],
    branches: Mapping[str, str | None] | None = None,
    *,
    corrected: bool = True,
) -> None:
    """Print the label-flow matrix: row intended, column corrected; the rest apart.

    `branches` lists each branch's aim, by default the label of its name; `corrected` whether there
    was a step 4.
    """
    heads, rows = flow_table(flows, branches or {})
    if not rows:
        return
    column = "after correction" if corrected else "label, not corrected"
    print(f"\nLabel flow (row: intended; column: {column})")
    print_table(heads, rows, sparse=True)


def flow_table(
    flows: Mapping[str, Any], aims: Mapping[str, str | None]
) -> tuple[list[str], list[tuple[Any, ...]]]:
    """The label-flow matrix; of many labels only what was kept, and what was relabelled."""
    flows = {name: flow for name, flow in flows.items() if flow["judged"]}
    columns, apart = flow_columns(flows, aims), flow_losses(flows, aims, _MANY)
    many = len(columns) > _MANY
    rows: list[tuple[Any, ...]] = []
    for name, flow in flows.items():
        accepted = flow["accepted"]
        ends: list[int] = [accepted.get(column, 0) for column in columns]
        if many:
            kept = accepted.get(aims.get(name, name), 0)
            ends = [kept, sum(accepted.values()) - kept]
        others = (counts[name] for counts in apart.values())
        rows.append((_branch_words(name, aims), *ends, *others, flow["judged"]))
    return ["", *(("kept", "relabelled") if many else columns), *apart, "candidates"], rows


def _branch_words(branch: str, aims: Mapping[str, str | None]) -> str:
    """A branch, and what it aims at where its name does not say it."""
    aim = aims.get(branch, branch)
    if aim is not None and branch.startswith(f"{aim} ("):  # of one part of the task
        return branch
    return branch if aim == branch else f"{branch} ({'any label' if aim is None else aim})"


def flow_columns(flows: Mapping[str, Any], aims: Mapping[str, str | None]) -> list[str]:
    """The labels that candidates ended with: those that these flows aim at, then others."""
    labels = [set(flow["accepted"]) | set(flow["surplus"]) for flow in flows.values()]
    own = dict.fromkeys(aim for name in flows if (aim := aims.get(name, name)) is not None)
    return [*own, *sorted(set().union(*labels) - set(own))]


def _by_step(usage: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the usage by step and label, or only by step if there are many labels."""
    places: list[Mapping[str, Any]] = usage["by_step"]
    if len({place["label"] for place in places}) <= _MANY + 1:
        return places
    sums: dict[str, dict[str, Any]] = {}
    for place in places:
        total = sums.setdefault(place["step"], {"step": place["step"], "label": None})
        for name, count in place.items():
            if name not in ("step", "label"):
                total[name] = total.get(name, 0) + count
    return [*sums.values()]


def copied_head(report: Mapping[str, Any]) -> str:
    """The head above the calls that the journal of another run answered: it names the run."""
    run = printable(str(report.get("copied_from", "")), lines=False)
    return f"from {run}" if run else "copied"


def usage_table(report: Mapping[str, Any]) -> tuple[list[str], list[tuple[str | int, ...]]]:
    """Return what the calls took, by step and in all, without the columns that hold nothing."""
    usage = report["usage"]
    heads = {
        "calls": "calls",
        "cached": "cached",
        "copied": copied_head(report),
        "lost": "lost",
        "input_tokens": "input tokens",
        "cache_read_tokens": "of these cached",
        "output_tokens": "output tokens",
    }
    always = ("calls", "input_tokens", "output_tokens")
    kept = [key for key in heads if key in always or usage["total"].get(key)]
    priced = usage["priced"] and usage["total"]["dollars"]
    rows = [
        (
            part["step"],
            part["label"] or "-",
            *(part.get(key, 0) for key in kept),
            *((f"{part['dollars']:.4f}",) if priced else ()),
        )
        for part in [*_by_step(usage), {"step": "all", "label": None, **usage["total"]}]
    ]
    return ["step", "label", *(heads[key] for key in kept), *(("dollars",) if priced else ())], rows


def print_usage(report: Mapping[str, Any]) -> None:
    """Print what the calls took, step by step."""
    usage = report["usage"]
    heads, rows = usage_table(report)
    print("\nCalls")
    cells = [[f"{cell:,}" if isinstance(cell, int) else cell for cell in row] for row in rows]
    print_table(heads, cells, optional=("label",))
    if estimated := usage.get("estimated"):
        print(
            f"The service reported no tokens for {plural(estimated, 'call')}: those are estimated."
        )
    if hung := report.get("hung"):
        print(
            f"{plural(hung, 'call')} took far longer than others and "
            f"{'was' if hung == 1 else 'were'} sent again, so both attempts may be billed; see "
            '"Calls that hang" in the documentation'
        )
    if report.get("unused_calls"):
        count = report["unused_calls"]
        calls, is_one = plural(count, "call"), count == 1
        if report["status"] == "complete":
            was = "was" if is_one else "were"
            print(f"{calls} {was} made ahead of time, to save waiting, but not needed.")
        else:
            is_not = "is not" if is_one else "are not"
            print(f"{calls} {is_not} used yet; a resumed run uses those that it needs.")


def cost_line(report: Mapping[str, Any]) -> str:
    """Return what the run cost, with its calls and tokens."""
    usage = report["usage"]
    total = usage["total"]
    calls = [plural(total["calls"], "call")]
    calls += [f"{total[name]:,} {name}" for name in ("cached", "copied", "lost") if total[name]]
    tokens = f"{total['input_tokens']:,} tokens in, {total['output_tokens']:,} out"
    if estimated := usage.get("estimated"):
        tokens += f", estimated for {plural(estimated, 'call')}"
    cost = f"${total['dollars']:.4f}" if usage["priced"] else "unknown, since a price is missing"
    return f"Cost: {cost} ({', '.join(calls)}; {tokens})"


def say_what_is_next(run: Path) -> None:
    """Name the next command for a complete run: one from its task's file, or to read rows."""
    from targen_core.origin import order_of
    from targen_core.runs.manifest import Manifest
    from targen_core.task_files import task_file

    manifest = Manifest.load(run / "manifest.json")
    words = task_file(order_of(manifest.task_name(run))).then(run) if manifest.task_file else ""
    if words:
        print(words, file=sys.stderr)
    # If the report goes elsewhere, a terminal that takes no output may not hold up the command.
    elif sys.stdout.isatty() == sys.stderr.isatty():
        print(f"next, type: targen show {shlex.quote(str(run))}", file=sys.stderr)
