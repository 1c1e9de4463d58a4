"""Recognise the format of a returned file, and read it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from targen_review.forms import argilla, labelstudio
from targen_review.forms.sheet import Answer, Sheet, read_records

__all__ = ["read_answers"]


def read_answers(path: Path, sheet: Sheet, raters: Mapping[str, str]) -> list[Answer]:
    """Return what people said in another tool.

    Args:
        path: a JSON or JSON-MIN export of Label Studio; a folder of Argilla's `Dataset.to_disk`, or
            a file of `dataset.records.to_json`.
        sheet: what went out.
        raters: their names for people -> ours.

    Raises:
        UsageError: it cannot be read, or is not of this sheet.
    """
    file = path / "records.json" if path.is_dir() else path
    records = read_records(file)
    if records and argilla.is_record(records[0]):
        return argilla.read(file, records, sheet, raters)
    return labelstudio.read(file, records, sheet, raters)
