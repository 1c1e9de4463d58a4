"""The new version of a dataset that people reviewed, with who changed what and when.

The version is a directory like those of `targen correct`: `dataset.jsonl`, `changes.jsonl` with a
verdict on every row, `correction.json` and `report.json`. The same grades give the same bytes.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from targen_core import load
from targen_core.errors import UsageError
from targen_core.hints import quoted
from targen_core.plugins.loader import load_registry
from targen_core.text import plural
from targen_review.card import figures_in, with_lines
from targen_review.grades import Grade, Graded, read_grades
from targen_review.plan import Plan, PlanData, data_of, load_plan, review_of
from targen_review.rows import ReviewData, ReviewRow, digest_of, fix, open_data
from targen_review.rubric import Rubric
from targen_review.verdicts import EFFECTS, Verdict, check_rule, people, said_of, verdict_of
from targen_standard.correction.outcome import patched
from targen_standard.correction.versions import Decided, write_version
from targen_standard.reporting.card import card_of_rows

_ANY = "any"  # the one quota of open labels
_KEPT = ("confirmed", "doubted", "disagreed", "unseen")


@dataclass(frozen=True)
class Judged:
    """A row with the verdict of people.

    Attributes:
        row: the row.
        verdict: what they say.
        rows: the official rows that result; empty if the row is removed.
        label: its final label; None if the row is removed, or has no label.
        refused: why what they want cannot be done, in words, or "".
        unchecked: checks that could not be run on it again.
        surplus: whether it was left out, since its label has more rows than it had.
        is_open: whether the task's labels are open.
    """

    row: ReviewRow
    verdict: Verdict
    rows: Sequence[Mapping[str, Any]]
    label: str | None
    refused: str = ""
    unchecked: tuple[str, ...] = ()
    surplus: bool = False
    is_open: bool = False

    @property
    def before(self) -> str | None:
        """The quota that it counted for: its label, or "any" where labels are open."""
        return self._quota(self.row.label)

    @property
    def after(self) -> str | None:
        """The quota that it counts for now; None if it goes."""
        return self._quota(self.label) if self.rows else None

    def _quota(self, label: str | None) -> str | None:
        return _ANY if self.is_open and label is not None else label

    @property
    def outcome(self) -> str:
        """Return what became of the row, as reports count it."""
        if self.surplus:
            return "surplus"
        return "refused" if self.refused else self.verdict.outcome


@dataclass(frozen=True)
class Version:
    """A new version of a dataset, worked out; `write` puts it into a directory.

    Attributes:
        data: the dataset, as the review's plan has it.
        rows: the dataset's rows, each with what people say about it.
        report: the contents of `report.json`, in addition to those of every correction.
        stale: how many grades of each rater are of rows that were changed since.
        good_rejects: rejects of step 4 that people find acceptable; they stay out all the same.
        strangers: people who graded but are not raters of the review; their grades do not count.
        requested: rows by label when the review began.
        figures: the findings of people as Markdown; "" if the review is of several datasets.
        targets: rows by label that a run needs, for as many in its new version as were requested;
            empty if no label is short.
    """

    data: PlanData
    rows: Sequence[Judged]
    report: Mapping[str, Any]
    stale: Mapping[str, int]
    requested: Mapping[str, int]
    targets: Mapping[str, int]
    source: ReviewData
    digest: str
    rule: str
    exact: bool
    place: Path
    numbered: bool
    rubric: Rubric
    figures: str
    good_rejects: int = 0
    strangers: tuple[str, ...] = ()

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

    def write(self, *, again: bool = False) -> Path:
        """Write it, and give the directory; with `again` over an earlier version of these rows.

        Raises:
            RunConflict: the directory holds something else.
        """
        return write_version(
            load_registry(),
            self.place,
            [_decided(each, with_id=self.source.has_origin) for each in self.rows],
            task=self.source.task_id,
            variants=self.source.source.variants,
            data=self.digest,
            grades=_digest(self.rows),
            resolve=self.rule,
            exact=self.exact,
            place="number" if self.numbered else "replace" if again else "exact",
            report=self.report,
            provenance=self.source.source.provenance,
            card=self._card,
        )

    @property
    def _card(self) -> str:
        """Return the card of the data, with its figures and those of the review; "" without one."""
        card = self.source.source.card
        if not card:
            return ""
        rows = [row for each in self.rows for row in each.rows]
        labels = {name: count for name, count in self.report["rows"].items() if count}
        people = plural(len(self.report["raters"]), "person", "people")
        outcomes = [f"{n:,} {name}" for name, n in self.report["outcomes"].items() if n]
        said = (
            f"{people} read {self.report['seen']:,} of {plural(len(self.rows), 'row')}, which "
            f"became: {', '.join(outcomes)}.\n\n{self.figures}"
        )
        reviewed = with_lines(card, said)
        return card_of_rows(reviewed, labels, rows[0] if rows else None)


def reviewed_data(plan: Plan, folder: Path) -> Iterator[tuple[PlanData, ReviewData, str]]:
    """The datasets of a review, opened, each with what its rows' ids begin with in the review."""
    for known in data_of(folder, plan):
        # A folder says itself whose rows it has; of a run that was moved, better than the plan.
        data = open_data(known.path, encoding=plan.encoding)
        if data.source.task is None:
            data = open_data(known.path, known.task or None, encoding=plan.encoding)
        yield known, data, f"{known.name}:" if len(plan.data) > 1 else ""


def new_versions(
    place: Path, out: Path | None = None, *, resolve: str = "agree", exact: bool = False
) -> list[Version]:
    """Return the new version of each dataset of a review, without writing it.

    Args:
        place: the folder of the review, or its data.
        out: the directory of the version; of several datasets, the folder of their versions. By
            default NAME-reviewed next to each, with -2 and so on if it exists.
        resolve: see `verdict_of`.
        exact: leave out as many rows as a label gained in the review. Rows without a review go
            first, the last ones before others.

    Raises:
        UsageError: no person has graded, grades are of other rows, the task of the rows is unknown,
            or `resolve` is not a rule.
    """
    folder = review_of(place)
    plan = load_plan(folder)
    graded = read_grades(folder)
    strangers = sorted(name for name in people(graded) if not ({"", name} & plan.rows.keys()))
    graded = {name: each for name, each in graded.items() if name not in strangers}
    raters = deciding_raters(folder, graded, resolve)
    _require_known_rows(folder, plan, raters)
    several = len(plan.data) > 1
    return [
        replace(
            _version(folder, plan, known, data, prefix, raters, resolve, exact, out, several),
            strangers=tuple(strangers),
        )
        for known, data, prefix in reviewed_data(plan, folder)
    ]


def judged_rows(
    plan: Plan, data: ReviewData, prefix: str, raters: Mapping[str, Graded], rule: str
) -> Iterator[tuple[Judged, list[str]]]:
    """Yield each row with people's verdict, and the raters who graded earlier contents."""
    for row in data.rows():
        grades: dict[str, Grade] = {}
        stale: list[str] = []
        for name, graded in raters.items():
            grade = graded.grades.get(prefix + row.id)
            if grade is not None and grade.digest == row.digest:
                grades[name] = grade
            elif grade is not None:
                stale.append(name)
        verdict = verdict_of(row, grades, rule, plan.rubric, data.alike(row))
        yield _judged(data, row, verdict), stale


def _judged(data: ReviewData, row: ReviewRow, verdict: Verdict) -> Judged:
    task = data.task
    is_open = task is not None and not task.labels
    if verdict.outcome == "rejected":
        return Judged(row, verdict, (), None, is_open=is_open)
    same = Judged(row, verdict, row.official, row.label, is_open=is_open)
    if verdict.outcome in _KEPT:
        return same
    if row.instance is None:
        why = "a row with several instances, or without a label, can only be rejected"
        return replace(same, refused=why)
    try:
        fixed = fix(task, row, dict(verdict.edit), verdict.label, verdict.output)
    except UsageError as error:
        return replace(same, refused=str(error))
    if fixed.problems:
        return replace(same, refused="; ".join(fixed.problems))
    before = fix(task, row, None, None).rows
    rows = patched(row.official, before, fixed.rows)
    label = row.label if verdict.label is None else verdict.label
    if data.output is not None:
        label = data.output.label_of(fixed.values)
    return replace(same, rows=rows, label=label, unchecked=fixed.unchecked)


def _version(
    folder: Path,
    plan: Plan,
    known: PlanData,
    data: ReviewData,
    prefix: str,
    raters: Mapping[str, Graded],
    rule: str,
    exact: bool,
    out: Path | None,
    several: bool,
) -> Version:
    task = data.task
    if task is None:
        raise UsageError(
            f"the task of {known.path} is unknown, so its rows cannot be changed"
            + (f": {data.problem}" if data.problem else ""),
            hint="review it with --task NAME; see targen list-tasks",
        )
    rows: list[Judged] = []
    good = _good_rejects(plan, data, prefix, raters) if plan.rejects else 0
    stale: Counter[str] = Counter()
    began: Counter[str] = Counter()  # rows by label, of those that were there then
    since: Counter[str] = Counter()
    content = hashlib.sha256()
    for at, (each, old) in enumerate(judged_rows(plan, data, prefix, raters, rule)):
        if each.before is not None:
            (began if at < known.rows else since)[each.before] += len(each.row.official)
        content.update(f"{each.row.id}\t{each.row.digest}\n".encode("utf-8", "surrogatepass"))
        rows.append(each)
        stale.update(old)
    if not any(each.verdict.grades for each in rows):
        raise _nothing_counts(known, stale)
    lost = _lost(rows)
    # A run may have grown to replace lost rows, or because more are wanted.
    wanted = {
        name: count + max(0, since[name] - max(0, lost[name]))
        for name, count in {**dict.fromkeys(since, 0), **began}.items()
    }
    if exact:
        rows = _cut(rows, wanted)
    requested = {name: wanted.get(name, 0) for name in task.quota_names}
    return Version(
        data=known,
        rows=rows,
        report=_report(known, rows, raters, requested, stale),
        stale=dict(sorted(stale.items())),
        requested=requested,
        targets=_targets(rows, requested, _aim(data.source.run)),
        source=data,
        digest=content.hexdigest()[:16],
        rule=rule,
        exact=exact,
        place=_place(known, out, several=several),
        numbered=out is None,
        rubric=plan.rubric,
        figures="" if several else figures_in(folder),
        good_rejects=good,
    )


def _good_rejects(plan: Plan, data: ReviewData, prefix: str, raters: Mapping[str, Graded]) -> int:
    """Rejects of step 4 that all who graded them find acceptable."""
    count = 0
    for row in data.rejects(stage="correct"):
        grades = [each.grades.get(prefix + row.id) for each in raters.values()]
        given = [each for each in grades if each is not None and each.is_done]
        count += bool(given) and all(
            not each.reject and each.after in plan.rubric.acceptable for each in given
        )
    return count


def _aim(run: Path | None) -> Mapping[str, int]:
    """Return the rows by label that a run aims at, which it may still lack: it can only grow."""
    if run is None:
        return {}
    return load(run).report.requested


def _targets(
    judged: Sequence[Judged], requested: Mapping[str, int], aim: Mapping[str, int]
) -> dict[str, int]:
    """Rows by label that the data would need, for as many after the review as were requested.

    Rows that come later are in no grade, so that this does not change when they come.
    """
    kept = [each for each in judged if not each.surplus]
    rows: Counter[str] = Counter()
    for each in kept:
        rows[each.after or ""] += len(each.rows)
    if all(rows[name] >= count for name, count in requested.items()):
        return {}
    lost = _lost(kept)
    return {
        name: max(count, count + lost[name], aim.get(name, 0)) for name, count in requested.items()
    }


def _lost(judged: Sequence[Judged]) -> Counter[str]:
    """Return the rows that each label lost; less than 0 if it gained some."""
    lost: Counter[str] = Counter()
    for each in judged:
        if each.before is not None:
            lost[each.before] += len(each.row.official)
        if each.after is not None:
            lost[each.after] -= len(each.rows)
    return lost


def _cut(judged: Sequence[Judged], quotas: Mapping[str, int]) -> list[Judged]:
    """The rows with those marked that are above a label's quota."""
    rows: Counter[str] = Counter()
    for each in judged:
        rows[each.after or ""] += len(each.rows)
    over = {name: count - quotas.get(name, 0) for name, count in rows.items()}
    marked = set()
    order = sorted(range(len(judged)), key=lambda at: (bool(judged[at].verdict.by), -at))
    for at in order:
        each = judged[at]
        if each.rows and over.get(each.after or "", 0) >= len(each.rows):
            over[each.after or ""] -= len(each.rows)
            marked.add(at)
    return [
        replace(each, rows=(), surplus=True) if at in marked else each
        for at, each in enumerate(judged)
    ]


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
        verdict=judged.outcome if judged.rows else "rejected",
        reason={"rejected": "review", "surplus": "surplus"}.get(judged.outcome, ""),
        explanation=judged.refused,
        facts=facts,
    )


def _report(
    known: PlanData,
    judged: Sequence[Judged],
    raters: Mapping[str, Graded],
    requested: Mapping[str, int],
    stale: Mapping[str, int],
) -> dict[str, Any]:
    """Return the contents of `report.json`, in addition to those of every correction."""
    outcomes = Counter(each.outcome for each in judged)
    rows = Counter(dict.fromkeys(requested, 0))
    for each in judged:
        if each.after is not None:
            rows[each.after] += len(each.rows)
    changed = ("confirmed", "doubted", "relabelled", "edited", "rejected", "surplus")
    order = (*changed, "refused", "disagreed", "unseen")
    return {
        "of": known.name,
        "raters": sorted(raters),
        "instances": len(judged),
        "seen": sum(bool(each.verdict.grades) for each in judged),
        "outcomes": {name: outcomes[name] for name in order},
        "rows": dict(rows),
        "requested": dict(requested),
        "unchecked": sum(bool(each.unchecked) for each in judged),
        "stale": dict(sorted(stale.items())),
    }


def deciding_raters(folder: Path, graded: Mapping[str, Graded], rule: str) -> dict[str, Graded]:
    """The raters whose word counts: people, and a model that the user names.

    Raises:
        UsageError: it does not exist.
    """
    raters = people(graded)
    check_rule(rule, graded)
    if rule in graded:
        raters[rule] = graded[rule]
    if not any(each.grades for each in raters.values()):
        models = [name for name in graded if name not in raters]
        data = folder.with_suffix("")
        first = f"first run targen review {data if data.exists() else 'DATA'}"
        lets = f"--resolve {quoted(models[0])} lets a model decide" if models else ""
        raise UsageError(f"there are no grades by people in {folder}", hint=lets or first)
    return {name: raters[name] for name in sorted(raters) if raters[name].grades}


def _require_known_rows(folder: Path, plan: Plan, raters: Mapping[str, Graded]) -> None:
    """Check that all grades are of rows of this review.

    Raises:
        UsageError: naming the rater whose grades are of others.
    """
    ids = set(plan.ids)
    for name, graded in raters.items():
        unknown = sorted(graded.grades.keys() - ids)
        if unknown:
            raise UsageError(
                f"{plural(len(unknown), 'grade')} by {name} in {folder} "
                f"{'is' if len(unknown) == 1 else 'are'} for rows that are not in this review, "
                f"such as {unknown[0]}",
                hint=f"does grades-{name}.jsonl belong to a different review?",
            )


def _nothing_counts(known: PlanData, stale: Mapping[str, int]) -> UsageError:
    if not stale:
        return UsageError(f"no rows of {known.path} have been graded", hint="targen review DATA")
    return UsageError(
        f"{known.path} has changed since the review: every grade ({sum(stale.values()):,}) is "
        "for an earlier version of its row",
        hint="review it again with --out FOLDER, or restore the data",
    )


def _place(known: PlanData, out: Path | None, *, several: bool) -> Path:
    if (
        out is not None
        and several
        and not (out / known.name).resolve().is_relative_to(out.resolve())
    ):
        raise UsageError(f"{known.name!r} cannot be the name of a dataset's folder")
    if out is not None:
        return out / known.name if several else out
    if known.path.startswith("hf:"):
        raise UsageError("a version cannot be stored on the Hugging Face Hub", hint="--out FOLDER")
    path = Path(known.path)
    return path.with_name(f"{path.stem if path.is_file() else path.name}-reviewed")


def _digest(judged: Sequence[Judged]) -> str:
    """A digest of all that people said."""
    said = [[each.row.id, said_of(each.verdict)] for each in judged if each.verdict.grades]
    return digest_of(said)
