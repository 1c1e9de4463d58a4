"""One page for each table and figure that measures rows: the paper's figures beside ours.

Every page covers all tasks whose rows are at hand, with intervals, at equal numbers of rows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from targen_core import load
from targen_core.cli.findings import Cell, Estimate, Findings, Plot, Table
from targen_core.cli.provenance import provenance, provenance_notes
from targen_core.errors import MissingDependency, UsageError
from targen_core.hints import install
from targen_core.outputs import write_file
from targen_core.plugins.registry import Registry
from targen_standard.findings import findings_as_html
from targen_training.asked import read_rows
from targen_training.printed import with_interval
from targen_training.reproduction.items import Item, published

if TYPE_CHECKING:
    from targen_analysis.analysis import Analysis

_SYN, _OG = "synthetic", "original"
_LABELS = 12
"""Labels from which a matrix of them would not be readable."""


@dataclass(frozen=True, slots=True)
class TaskRows:
    """The rows of a task: a run or file of synthetic ones, and a file of the original ones."""

    task: str
    synthetic: Path
    original: Path | None


@dataclass(frozen=True, slots=True)
class Overview:
    """The rows behind a page, and how to measure them.

    Attributes:
        registry: finds tasks and metrics.
        rows: of each task at hand, in the paper's order.
        options: METRIC.KEY -> value.
    """

    registry: Registry
    rows: Sequence[TaskRows]
    options: Mapping[str, Any]

    def measured(self, metric: str, options: Mapping[str, Any]) -> Iterator[tuple[str, Findings]]:
        """Yield each task by its name in the paper, and what a metric finds in its rows.

        Raises:
            UsageError: the metric cannot measure them.
        """
        for each in self.rows:
            yield _name(each.task), self._analysis(each, metric, options)[metric]

    def _analysis(self, rows: TaskRows, metric: str, options: Mapping[str, Any]) -> Analysis:
        try:
            from targen_analysis.api import analyze
        except ImportError:
            raise MissingDependency(
                "the page needs targen-analysis, which is not installed",
                distribution="targen-training",
                hint=install("targen-analysis"),
            ) from None
        mine = replace(read_rows(self.registry, rows.synthetic, None, rows.task), name=_SYN)
        theirs = rows.original and replace(
            read_rows(self.registry, rows.original, None, rows.task), name=_OG
        )
        found = analyze(
            mine,
            against=theirs,
            metrics=metric,
            options={**options, **self.options},
            registry=self.registry,
        )
        for part in found.failed:
            raise UsageError(f"{_name(rows.task)}: {part.problem}", hint=part.hint)
        return found


def tasks_of_pages() -> list[str]:
    """Return all tasks in the paper's order."""
    return list(published("overview")["tasks"])


def _name(task: str) -> str:
    return str(published("overview")["tasks"][task])


def findings_for(item: Item, overview: Overview) -> Findings:
    """Return the page of an item.

    Raises:
        UsageError: rows cannot be measured, or the item shows nothing of them.
        MissingDependency: targen-analysis is not installed.
    """
    return _PAGES[item.page](item, overview)


def write_page(item: Item, findings: Findings, overview: Overview, folder: Path) -> Path:
    """Write the page, with its pictures, and return it.

    Raises:
        RunDirectoryError: the operating system refuses.
    """
    sources = [path for each in overview.rows for path in (each.synthetic, each.original) if path]
    made = provenance({"targen-training"}, (path for path in sources if path.is_file()))
    notes = (*findings.notes, f"{item.differs}", *provenance_notes(made))
    page = findings_as_html(
        f"{item.name} of the paper",
        replace(findings, notes=notes),
        shown,
        generator="targen-training",
        about=f"{item.what[0].upper()}{item.what[1:]} (TarGEN, arXiv:2310.17876)",
        pictures=[*_pictures(findings.plots)],
    )
    return write_file(folder / "index.html", page)


def shown(cell: Cell) -> str:
    """Return a cell as text: whole numbers with separators, others with three digits."""
    if cell is None:
        return "-"
    if isinstance(cell, Estimate):
        if cell.value is None:
            return "-"
        form = ",.0f" if abs(cell.value) >= 100 else ".3g"
        return with_interval(cell, form=form, scale=1.0)
    return (
        f"{cell:,}" if isinstance(cell, int) else f"{cell:.3g}" if isinstance(cell, float) else cell
    )


def _pictures(plots: Sequence[Plot]) -> Iterator[tuple[str, str]]:
    if not plots:
        return
    from targen_analysis.report.pictures import inline_svg

    colors = {_SYN: "#2f6db5", _OG: "#8a919c"}
    for at, plot in enumerate(plots):
        if plot.data:
            yield plot.title, inline_svg(plot, colors, f"plot{at}")


# --- tables ----------------------------------------------------------------


def _methods(item: Item, overview: Overview) -> Findings:
    values = published("overview")["table1"]
    names = {each.name for each in overview.registry.all("method")}
    known = {*names, "the tasks' own steps"}
    rows = [(name, *marks, here if here in known else "-") for name, here, *marks in values["rows"]]
    return Findings(tables=(Table(item.what, ("method", *values["columns"], "here"), rows),))


def _counts(item: Item, overview: Overview) -> Findings:
    rows: list[tuple[Cell, ...]] = []
    for each in overview.rows:
        task = overview.registry.get("task", each.task)
        wanted = task.rows.presets.get("paper", {})
        mine = _labels(overview.registry, each.synthetic, each.task)
        theirs = _labels(overview.registry, each.original, each.task) if each.original else None
        for label in task.quota_names:
            rows.append(
                (
                    _name(each.task),
                    label,
                    wanted.get(label),
                    mine[label],
                    None if theirs is None else theirs[label],
                )
            )
    columns = ("task", "label", "paper", "here", "original rows")
    return Findings(tables=(Table("Rows by label", columns, rows),))


def _labels(registry: Registry, path: Path, task: str) -> Counter[str]:
    dataset = read_rows(registry, path, None, task)
    if not dataset.task.labels:
        return Counter({"any": len(dataset)})
    return Counter(dataset.task.label_of(each) or "" for each in dataset.instances)


def _vocabulary(item: Item, overview: Overview) -> Findings:
    paper = published("overview")["table7"]
    rows: list[tuple[Cell, ...]] = []
    marks: list[dict[str, Any]] = []
    for each, (name, found) in zip(
        overview.rows, overview.measured("paper-vocabulary", {}), strict=True
    ):
        paths = {_OG: each.original, _SYN: each.synthetic}
        sizes = {
            of: len(read_rows(overview.registry, path, None, each.task))
            for of, path in paths.items()
            if path is not None
        }
        equal = min(sizes.values())
        sums = {of: found.figures[of]["sum of unique non-stop tokens"].value for of in sizes}
        per_text = {of: found.figures[of]["a text"] for of in sizes}
        at_equal = {of: one.mapped(lambda v, n=equal: n * v) for of, one in per_text.items()}  # type: ignore[misc]
        rows.append(
            (
                name,
                paper["original"].get(each.task),
                paper["synthetic"].get(each.task),
                *(None if sums.get(of) is None else round(sums[of] or 0) for of in (_OG, _SYN)),
                equal,
                at_equal.get(_OG),
                at_equal.get(_SYN),
            )
        )
        marks += [_mark(name, of, "tokens per text", one) for of, one in per_text.items()]
    table = Table(
        "Unique tokens except stop words, summed over texts",
        (
            "task",
            "paper: original",
            "paper: synthetic",
            "here: original, all rows",
            "here: synthetic, all rows",
            "equal rows",
            "original at equal rows",
            "synthetic at equal rows",
        ),
        rows,
        note="The sum grows with the number of rows: compare it at equal rows, with 95% intervals.",
    )
    return Findings(tables=(table,), plots=(_by_task("Tokens per text", marks, "tokens per text"),))


def _shares(item: Item, overview: Overview) -> Findings:
    from targen_review.sample import sample_size

    paper = published("overview")["table14"]
    rules = [(size, tasks or "-", f"{share:.0%}") for size, tasks, share in paper["rows"]]
    rows: list[tuple[Cell, ...]] = []
    for each in overview.rows:
        size = len(read_rows(overview.registry, each.synthetic, None, each.task))
        graded = sample_size("paper", size, each.task)
        rows.append(
            (_name(each.task), paper["graded"].get(each.task), size, graded, f"{graded / size:.0%}")
        )
    return Findings(
        tables=(
            Table("The paper's rule", ("rows", "tasks", "share that people grade"), rules),
            Table("Rows to grade", ("task", "paper", "rows here", "to grade", "share"), rows),
        )
    )


# --- figures ---------------------------------------------------------------


def _flow(item: Item, overview: Overview) -> Findings:
    """Matrices of labels before and after step 4, as in figure 2, from the reports of runs."""
    summary: list[tuple[Cell, ...]] = []
    tables, plots, left = [], [], []
    for each in overview.rows:
        name = _name(each.task)
        report = load(each.synthetic, registry=overview.registry).report.raw
        flow, aims = report["flow"], report["branches"]
        after: dict[str, Counter[str]] = {}
        lost: Counter[str] = Counter()
        for branch, counts in flow.items():
            aim = aims.get(branch, branch) or "(step 4 decides)"
            ends = after.setdefault(aim, Counter())
            for outcome in ("accepted", "surplus"):
                ends.update(counts[outcome])
            lost[aim] += counts["rejected"].get("correct", 0)
        labels = list(dict.fromkeys([*after, *(end for ends in after.values() for end in ends)]))
        if len(labels) > _LABELS:
            left.append(f"{name} has {len(labels)} labels, too many for a matrix.")
            continue
        judged = sum(ends.total() for ends in after.values())
        moved = sum(n for aim, ends in after.items() for end, n in ends.items() if end != aim)
        summary.append((name, judged, moved, _rate(moved, judged), lost.total()))
        tables.append(
            Table(
                f"{name}: label assigned (row) and after self-correction (column)",
                ("assigned", *labels, "rejected"),
                [(aim, *(ends[end] for end in labels), lost[aim]) for aim, ends in after.items()],
            )
        )
        plots.append(
            Plot(
                "heatmap",
                f"{name}: labels before and after self-correction",
                [
                    {"assigned": aim, "after": end, "candidates": ends[end],
                     "share": ends[end] / max(1, ends.total())}
                    for aim, ends in after.items()
                    for end in labels
                ],
                "after",
                "assigned",
                "share",
            )
        )  # fmt: skip
    columns = ("task", "judged", "relabelled", "share relabelled", "rejected by step 4")
    return Findings(
        tables=(Table("Self-correction", columns, summary), *tables),
        plots=tuple(plots),
        notes=(*left, "Candidates that became no row for other reasons are not in the matrices."),
    )


def _cosine(item: Item, overview: Overview) -> Findings:
    rows: list[tuple[Cell, ...]] = []
    marks: list[dict[str, Any]] = []
    plots: list[Plot] = []
    notes: tuple[str, ...] = ()
    for name, found in overview.measured("semantic", {"semantic.map": "none", "semantic.shown": 0}):
        figures = {of: each["mean cosine"] for of, each in found.figures.items()}
        rows.append((name, figures.get(_OG), figures.get(_SYN)))
        marks += [_mark(name, of, "mean cosine", one) for of, one in figures.items()]
        plots += [replace(plot, title=f"{name}: {plot.title}") for plot in found.plots[:1]]
        notes = found.notes
    table = Table(
        "Mean cosine similarity of two rows; lower is more diverse",
        ("task", _OG, _SYN),
        rows,
        note="95% intervals. The paper shows its figures only as a picture.",
    )
    return Findings(
        tables=(table,),
        plots=(_by_task("Mean cosine similarity of two rows", marks, "mean cosine"), *plots),
        notes=notes,
    )


def _difficulty(item: Item, overview: Overview) -> Findings:
    options = {"difficulty.model": "all-MiniLM-L6-v2", "difficulty.shown": 0}
    rows: list[tuple[Cell, ...]] = []
    plots: list[Plot] = []
    notes: tuple[str, ...] = ()
    warnings: list[str] = []
    for name, found in overview.measured("difficulty", options):
        values = {of: [float(str(row["PVI"])) for row in each] for of, each in found.rows.items()}
        if not values:
            warnings.append(f"{name}: {found.notes[0].rstrip('.')}")
            continue
        near = {
            of: _rate(sum(abs(v) <= 0.1 for v in each), len(each)) for of, each in values.items()
        }
        below = {of: _rate(sum(v < 0 for v in each), len(each)) for of, each in values.items()}
        bits = {of: each["V-information"] for of, each in found.figures.items()}
        columns = [each.get(of) for each in (bits, near, below) for of in (_OG, _SYN)]
        rows.append((name, min(map(len, values.values())), *columns))
        plots += [replace(found.plots[0], title=f"{name}: {found.plots[0].title}")]
        warnings += [f"{name}: {line.rstrip('.')}" for line in found.warnings]
        notes = found.notes
    table = Table(
        "V-usable information at equal numbers of rows",
        (
            "task",
            "rows each",
            *(f"{what}, {of}" for what in ("V-information (bits)", "PVI from -0.1 to 0.1",
              "PVI below 0") for of in (_OG, _SYN)),
        ),
        rows,
        note="The paper says that the original rows lie between -0.1 and 0.1. 95% intervals.",
    )  # fmt: skip
    return Findings(tables=(table,), plots=tuple(plots), notes=notes, warnings=tuple(warnings))


def _names(item: Item, overview: Overview) -> Findings:
    options = {"entities.types": ",".join(item.types), "entities.shown": 15}
    tables: list[Table] = []
    plots: list[Plot] = []
    notes: tuple[str, ...] = ()
    for name, found in overview.measured("entities", options):
        kept = [table for table in found.tables if "most frequent entities" in table.title]
        tables += [replace(table, title=f"{name}: {table.title}") for table in kept]
        drawn = [plot for plot in found.plots if plot.kind == "bars"]
        plots += [replace(plot, title=f"{name}: {plot.title}") for plot in drawn]
        notes = found.notes
    return Findings(tables=tuple(tables), plots=tuple(plots), notes=notes)


def _mark(task: str, dataset: str, figure: str, value: Estimate) -> dict[str, Any]:
    ends = {"low": value.low, "high": value.high}
    return {"dataset": dataset, "task": task, figure: value.value, **ends}


def _by_task(title: str, marks: Sequence[Mapping[str, Any]], figure: str) -> Plot:
    return Plot("intervals", title, marks, x=figure, y="task", color="dataset")


def _rate(part: int, whole: int) -> Estimate:
    """Return a share with its Wilson interval (1927)."""
    from targen_analysis.statistics import rate

    return rate(part, whole)


_PAGES: dict[str, Callable[[Item, Overview], Findings]] = {
    "methods": _methods,
    "counts": _counts,
    "vocabulary": _vocabulary,
    "shares": _shares,
    "flow": _flow,
    "cosine": _cosine,
    "difficulty": _difficulty,
    "names": _names,
}
