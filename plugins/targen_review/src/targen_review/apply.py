"""The new version of a dataset that people reviewed, with who changed what and when.

The version is a directory like those of `targen correct`: `dataset.jsonl`, `changes.jsonl` with a
verdict on every row, `correction.json` and `report.json`. The same grades give the same bytes.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from targen_core.errors import UsageError
from targen_core.plugins.loader import load_registry
from targen_core.text import plural
from targen_review.card import figures_in, with_lines
from targen_review.grades import Grade, people, read_grades
from targen_review.plan import PlanData, data_of, load_plan, review_of
from targen_review.planning import open_reviewed
from targen_review.rows import ReviewData, ReviewRow, digest_of, fix
from targen_review.rubric import Rubric
from targen_review.verdicts import EFFECTS, Verdict, verdict_of
from targen_standard.correction.outcome import patched
from targen_standard.correction.own_file import write_own_file
from targen_standard.correction.versions import Decided, write_version
from targen_standard.reporting.card import card_of_rows

_KEPT = ("confirmed", "doubted", "disagreed", "unseen")
_ORDER = ("confirmed", "doubted", "relabelled", "edited", "rejected", "refused", *_KEPT[2:])


@dataclass(frozen=True)
class Judged:
    """A row with the verdict of people.

    Attributes:
        row: the row.
        verdict: what they decided.
        rows: the official rows that result; empty if the row is removed.
        label: its final label; None if the row is removed, or has no label.
        refused: why their change is impossible, in words, or "".
    """

    row: ReviewRow
    verdict: Verdict
    rows: Sequence[Mapping[str, Any]]
    label: str | None
    refused: str = ""

    @property
    def outcome(self) -> str:
        """Return what became of the row, as reports count it."""
        return "refused" if self.refused else self.verdict.outcome

    @property
    def is_accepted(self) -> bool:
        """Return whether people found the row good enough as it is now."""
        return self.verdict.acceptable is True and not self.refused and bool(self.rows)


@dataclass(frozen=True)
class Version:
    """A new version of a dataset; `write` puts it into a directory.

    Attributes:
        data: the dataset, as the review's plan has it.
        source: the dataset, opened.
        rows: the dataset's rows, each with what people decided about it.
        report: the contents of `report.json`, in addition to those of every correction.
        strangers: people who graded but are not raters of the review; their grades do not count.
        digest: of the rows as they were.
        figures: the findings of people as Markdown.
        place: the directory.
        rubric: of the review.
        numbered: whether the directory gets a number if it holds another version.
    """

    data: PlanData
    source: ReviewData
    rows: Sequence[Judged]
    report: Mapping[str, Any]
    strangers: Sequence[str]
    digest: str
    figures: str
    place: Path
    numbered: bool
    rubric: Rubric

    @property
    def open(self) -> list[Judged]:
        """Rows on which raters disagree, and those that cannot be changed as they want."""
        return [each for each in self.rows if each.outcome in ("disagreed", "refused")]

    @property
    def effects(self) -> dict[str, int]:
        """Return how many rows are unchanged, changed and removed."""
        counts = dict.fromkeys(("stays", "changes", "leaves"), 0)
        for name, count in self.report["outcomes"].items():
            counts[EFFECTS.get(name, "stays")] += count
        return counts

    @property
    def missing(self) -> dict[str, int]:
        """Return by label how many rows it lost on balance."""
        after = self.report["rows"]
        lost = {name: n - after[name] for name, n in self.report["requested"].items()}
        return {name: count for name, count in lost.items() if count > 0}

    def write(self, *, again: bool = False) -> Path:
        """Write it, and return the directory; `again` replaces an earlier version of these rows.

        Raises:
            RunConflict: the directory holds something else.
        """
        said = [[each.row.id, said_of(each.verdict)] for each in self.rows if each.verdict.grades]
        place = write_version(
            load_registry(),
            self.place,
            [_decided(each, with_id=self.source.has_origin) for each in self.rows],
            task=self.source.task_id,
            variants=self.source.source.variants,
            data=self.digest,
            grades=digest_of(said),
            place="number" if self.numbered else "replace" if again else "exact",
            report=self.report,
            provenance=self.source.source.provenance,
            card=self._card,
        )
        if self.source.task is not None and all(len(each.row.official) == 1 for each in self.rows):
            changes = [(each.row.official[0], next(iter(each.rows), None)) for each in self.rows]
            encoding = self.source.source.encoding
            write_own_file(place, self.data.path, encoding, self.source.task, changes)
        return place

    @property
    def _card(self) -> str:
        """Return the card of the data, with its figures and those of the review; "" without one."""
        card = self.source.source.card
        if not card:
            return ""
        rows = [row for each in self.rows for row in each.rows]
        labels = {name: count for name, count in self.report["rows"].items() if count}
        outcomes = [f"{n:,} {name}" for name, n in self.report["outcomes"].items() if n]
        said = (
            f"{plural(len(self.report['raters']), 'person', 'people')} read "
            f"{self.report['seen']:,} of {plural(len(self.rows), 'row')}, which became: "
            f"{', '.join(outcomes)}.\n\n{self.figures}"
        )
        return card_of_rows(with_lines(card, said), labels, rows[0] if rows else None)


def new_version(place: Path, out: Path | None = None) -> Version:
    """Return the new version of a dataset that was reviewed, without writing it.

    Args:
        place: the folder of the review, or its data.
        out: the directory of the version. By default NAME-reviewed next to the data, with -2 and so
            on if it exists.

    Raises:
        UsageError: no person has graded, grades are of other rows, or the task of the rows is
            unknown.
    """
    folder = review_of(place)
    plan = load_plan(folder)
    graded = people(read_grades(folder))
    strangers = [name for name in graded if not ({"", name} & plan.rows.keys())]
    raters = {n: each for n, each in graded.items() if n not in strangers and each.grades}
    if not raters:
        beside = folder.with_suffix("")
        raise UsageError(
            f"there are no grades by people in {folder}",
            hint=f"first run targen review {beside if beside.exists() else 'DATA'}",
        )
    ids = set(plan.ids)
    for name, each in raters.items():
        if unknown := sorted(each.grades.keys() - ids):
            raise UsageError(
                f"{folder} has grades by {name} for rows that are not in this review, such as "
                f"{unknown[0]}",
                hint=f"does grades-{name}.jsonl belong to a different review?",
            )
    known, data = data_of(folder, plan), open_reviewed(plan, folder)
    if data.task is None:
        raise UsageError(
            f"the task of {known.path} is unknown, so its rows cannot be changed"
            + (f": {data.problem}" if data.problem else ""),
            hint="review it with --task NAME; see targen list-tasks",
        )
    judged: list[Judged] = []
    stale: Counter[str] = Counter()
    content = hashlib.sha256()
    for row in data.rows():
        grades: dict[str, Grade] = {}
        for name, each in raters.items():
            grade = each.grades.get(row.id)
            if grade is not None and grade.digest == row.digest:
                grades[name] = grade
            elif grade is not None:
                stale[name] += 1
        verdict = verdict_of(row, grades, plan.rubric, data.alike(row))
        judged.append(_judged(data, row, verdict))
        content.update(f"{row.id}\t{row.digest}\n".encode("utf-8", "surrogatepass"))
    if not any(each.verdict.grades for each in judged):
        raise _nothing_counts(known, stale)
    return Version(
        data=known,
        source=data,
        rows=judged,
        report=_report(known, data, judged, sorted(raters), stale),
        strangers=strangers,
        digest=content.hexdigest()[:16],
        figures=figures_in(folder),
        place=_place(known) if out is None else out,
        numbered=out is None,
        rubric=plan.rubric,
    )


def _judged(data: ReviewData, row: ReviewRow, verdict: Verdict) -> Judged:
    if verdict.outcome == "rejected":
        return Judged(row, verdict, (), None)
    same = Judged(row, verdict, row.official, row.label)
    if verdict.outcome in _KEPT:
        return same
    if row.instance is None:
        why = "a row with several instances, or without a label, can only be rejected"
        return replace(same, refused=why)
    try:
        fixed = fix(data.task, row, dict(verdict.edit), verdict.label, verdict.output)
    except UsageError as error:
        return replace(same, refused=str(error))
    if fixed.problems:
        return replace(same, refused="; ".join(fixed.problems))
    rows = patched(row.official, fix(data.task, row, None, None).rows, fixed.rows)
    label = row.label if verdict.label is None else verdict.label
    if data.output is not None:
        label = data.output.label_of(fixed.values)
    return replace(same, rows=rows, label=label)


def _decided(judged: Judged, *, with_id: bool) -> Decided:
    """Return what became of a row, and its record."""
    row, verdict = judged.row, judged.verdict
    before: dict[str, Any] = {}
    if judged.outcome in ("relabelled", "edited"):
        before = {"fields": {path: row.fields.get(path, "") for path, _ in verdict.edit}}
        if verdict.label is not None:
            before["label"] = row.label
        if verdict.output is not None:
            before["output"] = row.output
    facts = {
        **({"id": row.id} if with_id else {}),
        "review": {
            "outcome": judged.outcome,
            "acceptable": verdict.acceptable if not judged.refused else None,
            "by": list(verdict.by),
            "at": verdict.at,
            "before": before,
            "said": said_of(verdict),
        },
    }
    return Decided(
        idx=row.official[0].get("idx") if row.official else None,
        claimed=row.label,
        label=judged.label,
        rows=judged.rows,
        verdict=judged.outcome,
        reason="" if judged.rows else "review",
        explanation=judged.refused,
        facts=facts,
    )


def said_of(verdict: Verdict) -> list[dict[str, object]]:
    """Return what each rater said of a row, for the records of a new version."""
    return [
        {"rater": name, **grade.model_dump(mode="json", exclude={"row", "digest"})}
        for name, grade in verdict.grades.items()
    ]


def _report(
    known: PlanData,
    data: ReviewData,
    judged: Sequence[Judged],
    raters: Sequence[str],
    stale: Mapping[str, int],
) -> dict[str, Any]:
    """Return the contents of `report.json`, in addition to those of every correction."""
    assert data.task is not None
    requested, rows = (Counter(dict.fromkeys(data.task.quota_names, 0)) for _ in range(2))
    for at, each in enumerate(judged):
        # Rows that a run made since then replace lost ones.
        if at < known.rows and each.row.label is not None:
            requested[_quota(data, each.row.label)] += len(each.row.official)
        if each.label is not None:
            rows[_quota(data, each.label)] += len(each.rows)
    outcomes = Counter(each.outcome for each in judged)
    return {
        "of": known.name,
        "raters": raters,
        "instances": len(judged),
        "seen": sum(bool(each.verdict.grades) for each in judged),
        "outcomes": {name: outcomes[name] for name in _ORDER},
        "rows": dict(rows),
        "requested": dict(requested),
        "stale": dict(sorted(stale.items())),
    }


def _quota(data: ReviewData, label: str) -> str:
    """Return what a label counts for: itself, or the one quota of open labels."""
    assert data.task is not None
    return label if data.task.labels else "any"


def _nothing_counts(known: PlanData, stale: Mapping[str, int]) -> UsageError:
    if not stale:
        return UsageError(f"no rows of {known.path} have been graded", hint="targen review DATA")
    return UsageError(
        f"{known.path} has changed since the review: every grade ({sum(stale.values()):,}) is "
        "for an earlier version of its row",
        hint="review it again with --out FOLDER, or restore the data",
    )


def _place(known: PlanData) -> Path:
    if known.path.startswith("hf:"):
        raise UsageError("a version cannot be stored on the Hugging Face Hub", hint="--out FOLDER")
    path = Path(known.path)
    return path.with_name(f"{path.stem if path.is_file() else path.name}-reviewed")
