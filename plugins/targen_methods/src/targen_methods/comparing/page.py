"""The comparison as tables: printed, as Markdown, and as a page that needs no network."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from targen_cli.findings import Estimate
from targen_cli.markup import markdown
from targen_cli.pages import document, safe
from targen_core.outputs import write_file
from targen_methods.comparing.measured import Compared, Measured

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


def _notes(compared: Compared) -> list[str]:
    judged = [_JUDGED] if _is_judged(compared) else []
    return [*remarks(compared), f"All methods were {compared.said}.", *judged, *_NOTES]


def write(folder: Path, compared: Compared) -> None:
    """Write results.json, results.md and results.html.

    Raises:
        WriteFailed: the operating system refuses.
    """
    found = json.dumps(compared.as_json(), indent=2, ensure_ascii=False) + "\n"
    write_file(folder / "results.json", found)
    title = f"Methods on {compared.task}"
    if compared.equal:
        title += f", {compared.equal} each"
    heads, lines = columns(compared), rows(compared)
    bars = [" | ".join(map(markdown, line)) for line in (heads, *lines)]
    text = [f"# {markdown(title)}", "", f"| {bars[0]} |", "|---" * len(heads) + "|"]
    text += [f"| {bar} |" for bar in bars[1:]]
    text += ["", *(f"- {markdown(note)}" for note in _notes(compared)), ""]
    write_file(folder / "results.md", "\n".join(text))
    write_file(folder / "results.html", _html(title, heads, lines, compared, folder))


_STYLE = (
    ":root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;"
    "max-width:70rem;padding:0 1rem}div{overflow-x:auto}table{border-collapse:collapse}"
    "td,th{padding:.3rem .8rem;border-bottom:1px solid #8886;text-align:left;white-space:nowrap}"
    "h1,li{overflow-wrap:anywhere}"
)


def _html(
    title: str,
    heads: Sequence[str],
    lines: Sequence[Sequence[str]],
    compared: Compared,
    folder: Path,
) -> str:
    head = "".join(f'<th scope="col">{safe(name)}</th>' for name in heads)
    body = "".join(
        "<tr>" + "".join(f"<td>{safe(cell)}</td>" for cell in line) + "</tr>" for line in lines
    )
    pages = [
        ("analysis/report.html", "The analysis: texts, labels, artefacts, leakage"),
        ("training/results.html", "Training results: models, intervals, tests"),
    ]
    links = "".join(
        f'<li><a href="{path}">{safe(words)}</a></li>'
        for path, words in pages
        if (folder / path).exists()
    )
    notes = "".join(f"<li>{safe(note)}</li>" for note in _notes(compared))
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    parts = (
        f"<h1>{safe(title)}</h1>",
        f'<div tabindex="0" role="region" aria-label="Methods">{table}</div>',
        f"<ul>{links}</ul><h2>How to read it</h2><ul>{notes}</ul>",
    )
    return document(title, parts, style=_STYLE, generator="targen-methods")
