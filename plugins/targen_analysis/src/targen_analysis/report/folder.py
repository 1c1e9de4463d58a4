"""The folder that an analysis is written to."""

from __future__ import annotations

import errno
import json
import os
import re
from pathlib import Path

from targen_analysis.analysis import Analysis
from targen_analysis.report.figures import as_json, plain
from targen_analysis.report.page import as_page
from targen_analysis.report.pictures import colors_of, write_picture
from targen_analysis.report.text import as_markdown
from targen_core.cli.outputs import check_own
from targen_core.errors import UsageError
from targen_core.outputs import write_file, writing

FILES = ("analysis.json", "report.html", "report.md")
_FOLDERS = ("rows/", "pictures/")


def check_free(out: Path, *, force: bool) -> None:
    """Check that an analysis may be written to the folder `out`.

    Raises:
        UsageError: an analysis exists and `force` is false, or something else, such as a link in
            place of a file.
        WriteFailed: the folder is not writable.
    """
    if out.exists() and not out.is_dir():
        raise UsageError(
            f"{out} is a file, but an analysis needs a folder", hint="choose a different --out"
        )
    if out.is_symlink():
        raise UsageError(f"{out} is a link, not a folder", hint="choose a different --out")
    with writing(out, hint="choose a different --out"):
        there = next(path for path in (out, *out.absolute().parents) if path.exists())
        if not os.access(there, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
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
        WriteFailed: the operating system refuses.
    """
    text = json.dumps(as_json(analysis), indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    written = [out / name for name in FILES]
    check_own(out, *FILES, *_FOLDERS)
    write_file(written[0], text)
    write_file(written[1], as_page(analysis))
    write_file(written[2], as_markdown(analysis))
    written += _write_rows(analysis, out / "rows")
    if pictures:
        written += _write_pictures(analysis, out / "pictures", pictures)
    return written


def _write_rows(analysis: Analysis, folder: Path) -> list[Path]:
    written = []
    for part in analysis.parts:
        for name, rows in (part.findings.rows if part.findings else {}).items():
            path = folder / f"{part.item.name}-{re.sub(r'[^a-zA-Z0-9.]+', '-', name)}.jsonl"
            lines = [json.dumps(plain(row), ensure_ascii=False, allow_nan=False) for row in rows]
            write_file(path, "".join(f"{line}\n" for line in lines))
            written.append(path)
    return written


def _write_pictures(analysis: Analysis, folder: Path, kind: str) -> list[Path]:
    colors = colors_of(analysis.study)
    written = []
    for part in analysis.parts:
        for at, plot in enumerate(part.findings.plots if part.findings else (), 1):
            if not plot.data:
                continue
            title = re.sub(r"[^a-z0-9]+", "-", plot.title.lower()).strip("-")[:50]
            path = folder / f"{part.item.name}-{at}-{title}.{kind}"
            write_file(path, write_picture(plot, colors, kind))
            written.append(path)
    return written
