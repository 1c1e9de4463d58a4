"""The end of a run, in a few lines: what there is, what was rejected and why, and the cost."""

from __future__ import annotations

import shlex
import shutil
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from textwrap import shorten
from typing import Any

from targen_core.cli.commands.report import cost_line, made_up_words, rows_by_label
from targen_core.cli.commands.show import content_of, text_of
from targen_core.cli.tracing import rows
from targen_core.runs.manifest import Manifest
from targen_core.runs.report import status_words
from targen_core.runs.reporters import concerns_of
from targen_core.text import plural, printable

_LABELS = 6  # that are listed one by one
_REASONS = 3
_CONCERNS = 2
_ROWS = 2  # shown as samples
_LONGEST = 120  # letters of a sample
_LEAST = 40  # columns of a line, however narrow the terminal


def print_summary(report: Mapping[str, Any], run: Path) -> None:
    """Print at most 15 lines about a run that ended."""
    width = max(_LEAST, shutil.get_terminal_size().columns)
    made = sum(report["rows"].values())
    print(f"{report['task']}: {status_words(report)}, {plural(made, 'row')}")
    print(printable(_labels(report), lines=False))
    if rejected := _rejected(report):
        print(printable(rejected, lines=False))
    print(cost_line(report))
    for concern in concerns_of(report, run)[:_CONCERNS]:
        print(printable(f"Possible problem: {concern.message}; try: {concern.hint}", lines=False))
    if not report.get("given_answers"):
        manifest = Manifest.load(run / "manifest.json")
        if words := made_up_words(manifest.backends):
            print(words)
    for line in _samples(report, run):
        print(_cut(line, width))
    print(f"{run / 'dataset.jsonl'}; details: targen report {shlex.quote(str(run))}")


def _labels(report: Mapping[str, Any]) -> str:
    """Return the rows of each label; of many labels, only of those that lack rows."""
    counts = rows_by_label(report["rows"], report["requested"])
    short = [each for each in counts if each[1] < each[2]]
    listed = counts if len(counts) <= _LABELS else short[:_LABELS]
    words = [f"{name} {made:,}" + (f" of {of:,}" if made < of else "") for name, made, of in listed]
    if others := [each[1] for each in counts if each not in listed]:
        least, most = min(others), max(others)
        number = f"{least:,}" if least == most else f"{least:,} to {most:,}"
        words.append(f"{number} of each of {plural(len(others), 'label')}")
    return "Rows: " + ", ".join(words)


def _rejected(report: Mapping[str, Any]) -> str:
    """Return how many candidates were rejected, and the main reasons."""
    reasons: Counter[str] = Counter()
    for flow in report["flow"].values():
        reasons.update(flow["reasons"])
        if flow["duplicate"] and "duplicate" not in flow["reasons"]:
            reasons["duplicate"] += flow["duplicate"]
    if not reasons:
        return ""
    judged = sum(flow["judged"] for flow in report["flow"].values())
    total, main = sum(reasons.values()), reasons.most_common(_REASONS)
    words = [f"{reason} {count:,}" for reason, count in main]
    if rest := total - sum(count for _, count in main):
        words.append(f"other reasons {rest:,}")
    return f"Rejected: {total:,} of {judged:,} candidates ({', '.join(words)})"


def _samples(report: Mapping[str, Any], run: Path) -> Iterator[str]:
    """Yield a line for each of the first rows, of different labels if there are several."""
    seen: dict[str, str] = {}
    labels = sum(count > 0 for count in report["rows"].values())
    for traced in islice(rows(run), 50):
        label = str(traced.label)
        if label in seen and len(seen) < min(labels, _ROWS):
            continue
        content = [text_of(value) for name, value in content_of(traced) if name not in ("", "idx")]
        texts = shorten(" | ".join(content), _LONGEST, placeholder="…")
        seen[label if label not in seen else f"{label} "] = texts
        if len(seen) == _ROWS:
            break
    for label, texts in seen.items():
        yield f"  {label.strip()}: {texts}"


def _cut(line: str, width: int) -> str:
    line = printable(line, lines=False)
    if not sys.stdout.isatty() or len(line) <= width:
        return line
    return line[: width - 1] + "…"
