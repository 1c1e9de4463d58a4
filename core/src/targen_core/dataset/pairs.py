"""Rows that are pairs of a text and its label, spans or scores, as in lists of JSON."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

Row = dict[str, Any]


def of_pair(row: Any) -> Any:
    """Return a pair as a row; anything else is unchanged."""
    match row:
        case [str(text), str() | int() as label]:
            return {"text": text, "label": label}
        case [str(text), {"entities": [*spans]}]:
            return {"text": text, "spans": as_spans(spans)}
        case [str(text), {"cats": dict(scores)}]:
            return of_scores({"text": text, "cats": scores})
    return row


def as_spans(spans: Iterable[Sequence[Any]]) -> list[Row]:
    """Return spans `[start, end, label]` as mappings."""
    return [{"start": start, "end": end, "label": name} for start, end, name, *_ in spans]


def of_scores(row: Row) -> Row:
    """Return spaCy's categories as a label: the one whose score is highest, if it is above half."""
    scores = row.pop("cats")
    best = max(scores, key=scores.get, default=None)
    is_clear = best is not None and scores[best] > 0.5
    return {**row, "label": best} if is_clear else row
