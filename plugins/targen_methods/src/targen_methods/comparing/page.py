"""The results of a comparison: a line for each method, as tables, Markdown and a page."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from targen_core.cli.findings import Estimate, Findings, Table
from targen_core.outputs import write_file
from targen_standard.findings import findings_as_html, findings_as_markdown

_PAGES = {
    "analysis/report.html": "The analysis: texts, labels, artefacts, leakage",
    "training/results.html": "Training results: models, intervals, tests",
}
_HEADS = {"a part tells": "one-field lead"}
"""Figure -> its column, where they differ."""

_JUDGED = (
    "Correct labels: the share of labels that the same model confirms as a judge, without seeing "
    "them. The judge may be wrong."
)
_NOTES = (
    (
        "Calls, tokens and dollars include replies from the cache, for example if two methods make "
        "the same call. They exclude the judge's. Billed, as for the judge: without such replies."
    ),
    (
        "hd-d: variety of words, where higher is more varied. self-BLEU: similarity of rows, where "
        "lower is better. One-field lead: by how much a classifier that sees only one field of a "
        "row beats always guessing the most common label. Leakage: the share of rows that have "
        "eight consecutive words in common with the original rows. Rows generated from given rows "
        "share their premises."
    ),
    "Each method ran once, so a difference may be due to the run rather than the method.",
)


@dataclass(frozen=True, slots=True)
class Measured:
    """One way, measured.

    Attributes:
        name: the method's.
        rows: rows that it made.
        requested: how many were requested; None if its dollars decided.
        calls: calls that models or the cache answered; None if unknown, as for rows from elsewhere.
        tokens: of these calls, in and out; None if unknown.
        dollars: what they cost if the cache is empty; None if a price is unknown.
        figures: from the analysis, by column.
        right: the share of labels that a blind judge confirms; None without a judge.
        judge_dollars: what the judge was billed; None without a judge, or if a price is unknown.
        trained: by trainer, the main figure of what its rows train.
        note: a remark on it.
        billed: dollars for its calls that the cache did not answer; None if a price is unknown.
    """

    name: str
    rows: int
    requested: int | None
    calls: int | None
    tokens: int | None
    dollars: float | None
    figures: Mapping[str, Estimate] = field(default_factory=dict)
    right: float | None = None
    judge_dollars: float | None = None
    trained: Mapping[str, Estimate] = field(default_factory=dict)
    note: str = ""
    billed: float | None = None


@dataclass(frozen=True, slots=True)
class Compared:
    """All ways, measured.

    Attributes:
        task: whose rows they made.
        ways: one for each, in the order in which they were asked for.
        equal: what each had as much of: "100 rows", "$2.00".
        metric: the name of the trained models' figure; "" without training.
        notes: what is to be said of all.
        said: what all runs and judgements were billed, in one line.
        billed: the same as numbers, as their journals have it.
    """

    task: str
    ways: tuple[Measured, ...]
    equal: str
    metric: str = ""
    notes: tuple[str, ...] = ()
    said: str = ""
    billed: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return asdict(self)


def columns(compared: Compared) -> list[str]:
    """The heads of the table."""
    figures = dict.fromkeys(name for way in compared.ways for name in way.figures)
    trainers = dict.fromkeys(name for way in compared.ways for name in way.trained)
    return [
        *("method", "rows", "calls", "tokens", "dollars", "billed"),
        *(_HEADS.get(name, name) for name in figures),
        *(["correct labels", "judge: dollars"] if _is_judged(compared) else []),
        *(f"{name}: {compared.metric}" for name in trainers),
    ]


def rows(compared: Compared) -> list[list[str]]:
    """A line for each way."""
    heads = columns(compared)
    return [[*_line(way, heads, compared.metric)] for way in compared.ways]


def _line(way: Measured, heads: Sequence[str], metric: str) -> list[str]:
    known = {
        "method": way.name,
        "rows": f"{way.rows:,}"
        + (f" of {way.requested:,}" if way.requested != way.rows and way.requested else ""),
        "calls": _count(way.calls),
        "tokens": _count(way.tokens),
        "dollars": _dollars(way.dollars),
        "billed": _dollars(way.billed),
        "correct labels": "" if way.right is None else f"{way.right:.1%}",
        "judge: dollars": _judge(way),
        **{_HEADS.get(name, name): _said(figure) for name, figure in way.figures.items()},
        **{f"{name}: {metric}": _percent(figure) for name, figure in way.trained.items()},
    }
    return [known.get(head, "") for head in heads]


def _is_judged(compared: Compared) -> bool:
    return any(way.right is not None for way in compared.ways)


def _judge(way: Measured) -> str:
    return "" if way.right is None else _dollars(way.judge_dollars)


def _dollars(dollars: float | None) -> str:
    return "unknown" if dollars is None else f"{dollars:.4f}"


def _count(number: int | None) -> str:
    return "unknown" if number is None else f"{number:,}"


def _said(figure: Estimate) -> str:
    return "" if figure.value is None else f"{figure.value:.2f}"


def _percent(figure: Estimate) -> str:
    if figure.value is None:
        return ""
    if figure.low is None or figure.high is None:
        return f"{figure.value:.1%}"
    return f"{figure.value:.1%} ({figure.low:.1%} to {figure.high:.1%})"


def remarks(compared: Compared) -> list[str]:
    """Return what is special about these methods and their training."""
    return [*(f"{way.name}: {way.note}" for way in compared.ways if way.note), *compared.notes]


def _findings(compared: Compared) -> Findings:
    table = Table("Methods", tuple(columns(compared)), [*map(tuple, rows(compared))])
    judged = [_JUDGED] if _is_judged(compared) else []
    return Findings(
        headlines=(*remarks(compared), f"All methods were {compared.said}."),
        tables=(table,),
        notes=(*judged, *_NOTES),
    )


def write(folder: Path, compared: Compared) -> None:
    """Write results.json, results.md and results.html.

    Raises:
        RunDirectoryError: the operating system refuses.
    """
    found = json.dumps(compared.as_json(), indent=2, ensure_ascii=False) + "\n"
    write_file(folder / "results.json", found)
    title = f"Methods on {compared.task}"
    if compared.equal:
        title += f", {compared.equal} each"
    findings = _findings(compared)
    write_file(folder / "results.md", findings_as_markdown(title, findings, str))
    links = {path: words for path, words in _PAGES.items() if (folder / path).exists()}
    page = findings_as_html(title, findings, str, generator="targen-methods", links=links)
    write_file(folder / "results.html", page)
