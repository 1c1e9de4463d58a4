"""The rows that people found good: what `targen export --reviewed` takes."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from targen_core.cli import tracing
from targen_core.dataset.model import Dataset
from targen_core.errors import UsageError
from targen_core.text import plural
from targen_review.apply import new_version
from targen_review.card import figures_for, with_lines
from targen_review.plan import folder_for, is_there
from targen_standard.reporting.card import card_of_rows, counts_of, heading

_CHANGED = ("relabelled", "edited")


class _Row(NamedTuple):
    """A row that may be taken, and what people found."""

    rows: Sequence[Mapping[str, Any]]
    by: Sequence[str]
    is_accepted: bool
    is_changed: bool


def accepted(path: Path, dataset: Dataset) -> tuple[Dataset, str]:
    """Return the rows of a dataset that people found acceptable, and in words how many those are.

    A row counts as people left it. The card states how many rows were read, but not by whom.

    Args:
        path: the data, with its review next to it, or a result of `targen review apply`.
        dataset: the same, read.

    Raises:
        UsageError: people have not reviewed it, or did not accept any row.
    """
    plan = tracing.plan_of(path) if path.is_dir() else None
    rows = _of_version(path) if plan is not None and plan.review else _of_review(path)
    seen = [row for row in rows if row.by]
    good = [row for row in seen if row.is_accepted]
    if not good:
        raise UsageError(
            f"people read {plural(len(seen), 'row')} of {path}, but no row was accepted by "
            "everyone who graded it",
            hint="see targen review report",
        )
    people = {name for row in seen for name in row.by}
    changed = sum(row.is_changed for row in good)
    said = (
        f"{plural(len(people), 'person', 'people')} read {len(seen):,} of "
        f"{plural(len(rows), 'row')} and accepted {len(good):,} of them"
        + (f", {changed:,} after changing the label or the text" if changed else "")
    )
    official = [each for row in good for each in row.rows]
    numbers = {str(row["idx"]) for row in official if "idx" in row}
    kept = Dataset(
        dataset.name,
        dataset.task,
        official,
        license=dataset.license,
        source=dataset.source,
        run=dataset.run,
        provenance=[each for each in dataset.provenance if str(each.get("idx")) in numbers],
    )
    only = f"{said}. Only those rows are included.\n\n{figures_for(path)}"
    card = with_lines(dataset.card or heading(dataset.task), only)
    card = card_of_rows(card, counts_of(kept), kept.rows[0])
    return replace(kept, card=card), said


def _of_version(path: Path) -> list[_Row]:
    found = []
    for traced in [*tracing.rows(path), *tracing.rejects(path)]:
        review = traced.record.get("review")
        review = review if isinstance(review, dict) else {}
        said = review.get("said")
        said = said if isinstance(said, list) else []
        by = [str(each.get("rater")) for each in said if isinstance(each, dict)]
        is_accepted = review.get("acceptable") is True and bool(traced.rows)
        found.append(_Row(traced.rows, by, is_accepted, review.get("outcome") in _CHANGED))
    return found


def _of_review(path: Path) -> list[_Row]:
    if str(path).startswith("hf:") or not is_there(folder_for(path)):
        raise UsageError(
            f"none of the rows in {path} have been reviewed",
            hint=f"targen review {shlex.quote(str(path))}; for a review in its own folder, "
            "targen review apply FOLDER, then export the result",
        )
    version = new_version(folder_for(path))
    return [
        _Row(each.rows, tuple(each.verdict.grades), each.is_accepted, each.outcome in _CHANGED)
        for each in version.rows
    ]
