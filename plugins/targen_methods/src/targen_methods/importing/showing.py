"""Reports on an import: as facts, and as lines for people."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from typing import Any

from targen_core.cli.tables import print_table
from targen_core.plain import digest_of
from targen_core.text import plural
from targen_methods.importing.rows import Importing
from targen_methods.importing.writing import FORMAT

_LONGEST = 70  # characters of a text that is shown


def facts_of(done: Importing, task: str, license: str, license_from: str) -> dict[str, Any]:
    """Return the content of `import.json`."""
    path = done.opened.path
    return {
        "format": FORMAT,
        "task": task,
        "form": done.opened.of.name,
        "source": done.opened.of.source,
        "file": {
            "name": done.opened.name,
            "bytes": path.stat().st_size,
            "sha256": digest_of(path),
        },
        "license": license,
        "license_from": license_from,
        "labels": {} if done.labels is None else dict(done.labels.names),
        "columns": {name: list(of) for name, of in done.columns.sources.items()},
        "where": dict(done.where),
        "unescape": done.unescape,
        "skip": done.skip,
        "limit": done.limit,
        "weights": None if done.weights is None else dict(done.weights.made),
        "rows": done.count,
        "repeated": done.repeated,
        "rows_by_label": [
            {"published": said, "label": label, "rows": rows}
            for (said, label), rows in sorted(done.found.items())
        ],
        "left_out": {
            reason: {
                "rows": rows,
                "first": done.first[reason][0],
                **({"why": done.first[reason][1]} if done.first[reason][1] else {}),
            }
            for reason, rows in sorted(done.left_out.items())
        },
    }


def examples_of(done: Importing) -> list[dict[str, Any]]:
    """The rows that are shown for each label."""
    place = done.opened.source.form.place
    return [
        {"published": each.published, "label": each.label, place: each.place, "row": each.row}
        for each in done.shown
    ]


def show(done: Importing, facts: Mapping[str, Any]) -> None:
    """Print what an import did, rows of each label, and what was left out."""
    of, place = done.opened.of, done.opened.source.form.place
    everything = done.count + sum(done.left_out.values())
    print(f"{done.task.name} from {of.name}: {done.count:,} of {plural(everything, 'row')}")
    print(f"columns: {done.columns.said()}\n")
    if done.labels is not None:
        counts = sorted(done.found.items())
        print_table(
            ("in the file", "label", "rows"),
            [(said, label, f"{rows:,}") for (said, label), rows in counts],
        )
        print("\nCheck that the labels are right:")
    shown = sorted(done.shown, key=lambda each: (each.published, each.place))
    print_table(
        ("in the file", "label", place, "row"),
        [(each.published or "-", each.label, each.place, _row(each.row)) for each in shown],
    )
    if done.left_out:
        print()
        print_table(
            ("left out", "rows", f"first {place}", "why"),
            [
                (reason, f"{rows:,}", *done.first[reason])
                for reason, rows in sorted(done.left_out.items())
            ],
            optional=("why",),
        )
    print()
    if done.repeated:
        print(f"{plural(done.repeated, 'row')} with the same texts and label as an earlier row")
    said = facts["license"] or "unstated"
    print(f"licence: {said} ({facts['license_from']})")
    if not done.unescape and _has_entities(done):
        said = "texts contain HTML entities such as &#34;. --unescape decodes them"
        print(f"note: {said}", file=sys.stderr)


def _has_entities(done: Importing) -> bool:
    entity = re.compile(r"&(?:#\d{2,5}|[a-z]{2,6});")
    texts = (str(value) for each in done.shown for value in each.row.values())
    return any(map(entity.search, texts))


def _row(row: Mapping[str, Any]) -> str:
    texts = [
        f"{name}: {' '.join(str(value).split())[:_LONGEST]}"
        for name, value in row.items()
        if name not in ("idx", "label")
    ]
    return " | ".join(texts)
