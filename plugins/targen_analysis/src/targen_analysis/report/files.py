"""The folder that an analysis is written to: JSON for programs, a page, Markdown, pictures."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from targen_analysis.analysis import Analysis, Part
from targen_analysis.metrics import Corpus
from targen_analysis.report.page import as_page
from targen_analysis.report.pictures import colors_of, write_picture
from targen_analysis.report.summary import leading, shown, summary_of, title_of
from targen_core.cli.findings import Findings
from targen_core.cli.outputs import check_own
from targen_core.cli.provenance import provenance_notes
from targen_core.errors import UsageError
from targen_core.hints import anywhere
from targen_core.outputs import write_file
from targen_standard.findings import findings_as_markdown

FORMAT = 1
FILES = ("analysis.json", "report.html", "report.md")
_FOLDERS = ("rows/", "pictures/")


def check_free(out: Path, *, force: bool) -> None:
    """Check that an analysis may be written to the folder `out`.

    Raises:
        UsageError: an analysis exists and `force` is false, or something else, such as a link in
            place of a file.
    """
    if out.is_symlink() or (out.exists() and not out.is_dir()):
        what = "a link" if out.is_symlink() else "a file"
        raise UsageError(
            f"{out} is {what}, but an analysis needs a folder", hint="choose a different --out"
        )
    if (out / "manifest.json").exists():
        raise UsageError(
            f"{out} is a run directory, which must contain only the run's files",
            hint="choose a different --out",
        )
    check_own(out, *FILES, *_FOLDERS)
    if any((out / name).exists() for name in FILES) and not force:
        raise UsageError(
            f"{out} already contains an analysis",
            hint="--force replaces it; or choose a different --out",
        )


def write(analysis: Analysis, out: Path, *, pictures: str = "") -> list[Path]:
    """Write `analysis.json`, `report.html`, `report.md`, single rows and, of a kind, each picture.

    Returns:
        The files.

    Raises:
        UsageError: a link or the like lies there.
        RunDirectoryError: the operating system refuses.
    """
    check_own(out, *FILES, *_FOLDERS)
    text = json.dumps(as_json(analysis), indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    contents: dict[Path, str | bytes] = {
        out / "analysis.json": text,
        out / "report.html": as_page(analysis),
        out / "report.md": as_markdown(analysis),
    }
    colors = colors_of(analysis.study)
    for part in analysis.parts:
        if part.findings is None:
            continue
        for name, rows in part.findings.rows.items():
            lines = [json.dumps(plain(row), ensure_ascii=False, allow_nan=False) for row in rows]
            file = f"{part.item.name}-{re.sub(r'[^a-zA-Z0-9.]+', '-', name)}.jsonl"
            contents[out / "rows" / file] = "".join(f"{line}\n" for line in lines)
        for at, plot in enumerate(part.findings.plots if pictures else (), 1):
            if plot.data:
                title = re.sub(r"[^a-z0-9]+", "-", plot.title.lower()).strip("-")[:50]
                path = out / "pictures" / f"{part.item.name}-{at}-{title}.{pictures}"
                contents[path] = write_picture(plot, colors, pictures)
    for path, content in contents.items():
        write_file(path, content)
    return [*contents]


def as_json(analysis: Analysis) -> dict[str, Any]:
    """Return the analysis as JSON values: no NaN, no infinity, keys in a stable order."""
    study = analysis.study
    return {
        "format": FORMAT,
        "seed": study.seed,
        "datasets": [_dataset(corpus) for corpus in study.corpora],
        "reference": None if study.reference is None else _dataset(study.reference),
        **({"made": dict(analysis.made)} if analysis.made else {}),
        "metrics": {part.item.id: _part(part) for part in analysis.parts},
    }


def _dataset(corpus: Corpus) -> dict[str, Any]:
    return {
        "name": corpus.name,
        "task": None if corpus.task is None else corpus.task.name,
        "rows": len(corpus),
        "fields": list(corpus.fields),
        "labels": list(corpus.label_names),
        "notes": list(corpus.notes),
    }


def _part(part: Part) -> dict[str, Any]:
    findings = None if part.findings is None else plain(replace(part.findings, rows={}))
    if findings is not None:
        del findings["rows"]  # in files of their own
    return {
        "title": part.title,
        "problem": part.problem,
        "hint": anywhere(part.hint),
        "findings": findings,
    }


def plain(value: Any) -> Any:
    """Return dataclasses, mappings and sequences as objects and lists, and NaN as None."""
    if is_dataclass(value):
        return {each.name: plain(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, Mapping):
        return {str(name): plain(part) for name, part in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [plain(part) for part in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value.item() if isinstance(value, np.generic) else value


def as_markdown(analysis: Analysis) -> str:
    """Return the verdict, what tells the data from real rows, the main figures, and limits.

    A metric without main figures or headlines shows its tables: otherwise it would not appear.
    """
    summary, lead = summary_of(analysis), leading(analysis)
    found = lead.findings if lead is not None and lead.findings is not None else Findings()
    tables = [*found.tables, replace(summary.glance, title="Figures side by side")]
    for part in analysis.parts:
        if part.findings is not None and not (part.findings.glance or part.findings.headlines):
            tables += part.findings.tables
    unmeasured = [
        f"{part.title}: {part.problem}{f' (try: {anywhere(part.hint)})' if part.hint else ''}"
        for part in summary.unmeasured
    ]
    return findings_as_markdown(
        title_of(analysis.study),
        Findings(
            headlines=(*summary.verdict, *summary.headlines),
            tables=tuple(table for table in tables if table.rows),
            warnings=tuple(line.removesuffix(".") for line in summary.warnings),
            notes=(*found.notes, *summary.limits, *provenance_notes(analysis.made)),
        ),
        shown,
        lists={"Not measured": unmeasured} if unmeasured else {},
    )
