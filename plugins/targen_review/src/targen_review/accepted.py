"""The rows that people found good: what `targen export --reviewed` takes."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from targen_core.cli import tracing
from targen_core.dataset.model import Dataset
from targen_core.errors import UsageError
from targen_core.text import plural
from targen_review.apply import new_versions
from targen_review.card import figures_for, with_section
from targen_review.plan import folder_for, is_there
from targen_standard.reporting.card import card_of_rows, counts_of

_DECIDED = {"agree": "everyone who graded it", "majority": "the majority"}
_ONE = "one of them"  # the card does not name raters


@dataclass(frozen=True, slots=True)
class _Row:
    """A row that may be taken.

    Attributes:
        id: of its candidate.
        rows: the official rows.
        by: who graded it.
        acceptable: whether they accepted it in its present form.
        changed: whether they gave it another label or other texts.
    """

    id: str
    rows: Sequence[Mapping[str, Any]]
    by: Sequence[str]
    acceptable: bool
    changed: bool


def accepted(path: Path, dataset: Dataset) -> tuple[Dataset, str]:
    """The rows of a dataset that people found acceptable, and in words how many those are.

    A row counts as people left it. Raters have to agree on it, unless `targen review apply`
    resolved their differences by another rule. The card states how many rows were read, but not by
    whom.

    Args:
        path: the data, with its review next to it, or a result of `targen review apply`.
        dataset: the same, read.

    Raises:
        UsageError: people have not reviewed it, or did not accept any row.
    """
    plan = tracing.plan_of(path) if path.is_dir() else None
    review = None if plan is None else plan.review
    rows = _of_review(path) if review is None else _of_version(path)
    rule = "agree" if review is None else review.resolve
    seen = [row for row in rows if row.by]
    good = [row for row in seen if row.acceptable and row.rows]
    people = {name for row in seen for name in row.by}
    if not good:
        raise UsageError(
            f"people read {plural(len(seen), 'row')} of {path}, but no row was accepted by "
            + _DECIDED.get(rule, _ONE),
            hint="see targen review report",
        )
    changed = sum(row.changed for row in good)
    said = (
        f"{plural(len(people), 'person', 'people')} read {len(seen):,} of "
        f"{plural(len(rows), 'row')} and accepted {len(good):,} of them"
        + (f", {changed:,} after changing the label or the text" if changed else "")
        + ("" if rule == "agree" else f" (if raters differed, {_DECIDED.get(rule, _ONE)} decided)")
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
    return replace(kept, card=_card(path, dataset, kept, said)), said


def _card(path: Path, dataset: Dataset, kept: Dataset, said: str) -> str:
    only = f"{said[0].upper()}{said[1:]}. Only those rows are included.\n\n{figures_for(path)}"
    return card_of_rows(with_section(dataset, only), counts_of(kept), kept.rows[0])


def _of_version(path: Path) -> list[_Row]:
    found = []
    for traced in [*tracing.rows(path), *tracing.rejects(path)]:
        review = traced.record.get("review")
        review = review if isinstance(review, dict) else {}
        said = review.get("said")
        said = said if isinstance(said, list) else []
        by = [str(each.get("rater")) for each in said if isinstance(each, dict)]
        changed = review.get("outcome") in ("relabelled", "edited")
        good = review.get("acceptable") is True
        found.append(_Row(traced.id, traced.rows, by, good, changed))
    return found


def _of_review(path: Path) -> list[_Row]:
    nobody = UsageError(
        f"none of the rows in {path} have been reviewed",
        hint=f"targen review {shlex.quote(str(path))}; for a review in its own folder, "
        "targen review apply FOLDER, then export the result",
    )
    if str(path).startswith("hf:"):
        raise nobody
    folder = folder_for([path], None)
    if not is_there(folder):
        raise nobody
    (version,) = new_versions(folder)
    return [
        _Row(
            each.row.id,
            each.rows,
            tuple(each.verdict.grades),
            each.verdict.acceptable is True and not each.refused,
            each.outcome in ("relabelled", "edited"),
        )
        for each in version.rows
    ]
