"""The folder that an analysis is written to."""

from __future__ import annotations

import json
import re
from pathlib import Path

from targen_analysis.analysis import Analysis
from targen_analysis.report.figures import as_json, plain
from targen_analysis.report.page import as_page
from targen_analysis.report.pictures import colors_of, write_picture
from targen_core.errors import UsageError, WriteFailed
from targen_core.plain import kind_of, replace_plain, why_not

__all__ = ["FILES", "check_free", "write"]

FILES = ("analysis.json", "report.html")


def check_free(out: Path, *, force: bool) -> None:
    """Check that an analysis may be written to the folder `out`.

    Raises:
        UsageError: an analysis is there and `force` is not given, or something else is.
    """
    if out.exists() and not out.is_dir():
        raise UsageError(
            f"{out} is a file, and an analysis is a folder", hint="choose another --out"
        )
    if (out / "manifest.json").exists():
        raise UsageError(
            f"{out} is a run directory, which holds what the run left and nothing else",
            hint="choose another --out",
        )
    for name in ("rows", "pictures"):
        if (kind := kind_of(out / name)) not in ("", "a folder"):
            raise UsageError(f"{out / name} is {kind}", hint="choose another --out")
    if any((out / name).exists() for name in FILES) and not force:
        raise UsageError(
            f"{out} holds an analysis", hint="--force replaces it; or choose another --out"
        )


def write(analysis: Analysis, out: Path, *, pictures: str = "") -> list[Path]:
    """Write `analysis.json`, `report.html`, single rows and, of a kind, each picture.

    Returns:
        The files.

    Raises:
        WriteFailed: the operating system refuses.
    """
    text = json.dumps(as_json(analysis), indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    written = [out / name for name in FILES]
    try:
        out.mkdir(parents=True, exist_ok=True)
        _write(written[0], text)
        _write(written[1], as_page(analysis))
        written += _write_rows(analysis, out / "rows")
        if pictures:
            written += _write_pictures(analysis, out / "pictures", pictures)
    except OSError as error:
        raise WriteFailed(
            f"cannot write {out}: {why_not(out, error)}", hint="choose another --out"
        ) from error
    return written


def _write(path: Path, text: str) -> None:
    """Write a text whole; half of a surrogate pair, as a row may hold it, is written escaped."""
    replace_plain(path, text.encode("utf-8", "backslashreplace"))


def _write_rows(analysis: Analysis, folder: Path) -> list[Path]:
    written = []
    for part in analysis.parts:
        for name, rows in (part.findings.rows if part.findings else {}).items():
            folder.mkdir(exist_ok=True)
            path = folder / f"{part.item.name}-{re.sub(r'[^a-zA-Z0-9.]+', '-', name)}.jsonl"
            lines = [json.dumps(plain(row), ensure_ascii=False, allow_nan=False) for row in rows]
            _write(path, "".join(f"{line}\n" for line in lines))
            written.append(path)
    return written


def _write_pictures(analysis: Analysis, folder: Path, kind: str) -> list[Path]:
    folder.mkdir(exist_ok=True)
    colors = colors_of(analysis.study)
    written = []
    for part in analysis.parts:
        for at, plot in enumerate(part.findings.plots if part.findings else (), 1):
            if not plot.data:
                continue
            title = re.sub(r"[^a-z0-9]+", "-", plot.title.lower()).strip("-")[:50]
            path = folder / f"{part.item.name}-{at}-{title}.{kind}"
            replace_plain(path, write_picture(plot, colors, kind))
            written.append(path)
    return written
