"""The grades of one or several reviews, with the rows that they are of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from targen_core.errors import RunDirectoryError, TargenError, UsageError
from targen_core.text import plural
from targen_review.grades import Grade, Rater, read_grades
from targen_review.plan import Plan, PlanData, data_of, is_here, load_plan
from targen_review.rows import ReviewData, ReviewRow, has_columns, open_data, review_rows
from targen_review.rubric import Rubric
from targen_standard.task_files.outputs import Output


@dataclass(frozen=True, slots=True)
class Given:
    """One rater's answer for one row, if it counts.

    Attributes:
        rater: their name.
        dataset: the row's dataset; rejects of step 4 are one of their own.
        row: tells the row from all others that are reported with it.
        grade: what they said.
    """

    rater: str
    dataset: str
    row: str
    grade: Grade


@dataclass(slots=True)
class Material:
    """Reviews, read together.

    Attributes:
        rubric: what the letters mean, the same in all of them.
        raters: name -> who that is.
        lists: name -> how many rows are theirs to grade.
        tasks: dataset -> the name of its task, or "".
        given: what they said, without what does not count.
        rows: `Given.row` -> the row; not there if the data cannot be read.
        outputs: dataset -> the output of its rows, if they have one in place of one label each.
        reasons: names of the rubrics' reasons, of all reviews.
        warnings: what does not count, and why; what could not be read.
    """

    rubric: Rubric
    raters: dict[str, Rater] = field(default_factory=dict)
    lists: dict[str, int] = field(default_factory=dict)
    tasks: dict[str, str] = field(default_factory=dict)
    given: list[Given] = field(default_factory=list)
    rows: dict[str, ReviewRow] = field(default_factory=dict)
    outputs: dict[str, Output] = field(default_factory=dict)
    reasons: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def people(self) -> list[str]:
        """The raters that are people, by name."""
        return sorted(name for name, rater in self.raters.items() if rater.kind == "person")

    def models(self) -> list[str]:
        """The raters that are models, by name."""
        return sorted(name for name, rater in self.raters.items() if rater.kind == "model")


def read_reviews(folders: Sequence[Path]) -> Material:
    """The reviews in these folders, as one.

    Folders of one plan, such as those of several machines, are merged: their grades are of the same
    rows. Others are reviews of other datasets.

    Raises:
        UsageError: a folder holds no review, rubrics differ, or one dataset has two plans.
        RunDirectoryError: a file cannot be read, or two raters share a name.
    """
    merged: list[tuple[Plan, list[Path]]] = []
    for folder, named in {each.resolve(): each for each in folders}.items():
        plan = load_plan(named)  # errors have the path as typed
        for other, there in merged:
            if _is_same_data(other, plan):
                _same_plan(there[0], other, folder, plan)
                there.append(folder)
                break
        else:
            merged.append((plan, [folder]))
    material = Material(merged[0][0].rubric)
    names = [data.name for plan, _ in merged for data in plan.data]
    for plan, there in merged:
        if _scale(plan.rubric) != _scale(material.rubric):
            raise UsageError(
                f"{merged[0][1][0]} and {there[0]} are graded with different rubrics "
                f"({material.rubric.name}, {plan.rubric.name}), so their letters cannot be "
                "counted together",
                hint="report each separately",
            )
        _read(material, plan, there, {name for name in names if names.count(name) > 1})
    return material


def _is_same_data(one: Plan, other: Plan) -> bool:
    """Return whether two plans are of the same data, whatever the path on another machine."""
    if [(d.name, d.rows) for d in one.data] != [(d.name, d.rows) for d in other.data]:
        return False
    paths = [(a.path, b.path) for a, b in zip(one.data, other.data, strict=True)]
    return all(a == b or not (is_here(a) and is_here(b)) for a, b in paths)


def _scale(rubric: Rubric) -> tuple[tuple[str, bool], ...]:
    return tuple((grade.letter, grade.acceptable) for grade in rubric.grades)


def _reasons(rubric: Rubric) -> tuple[str, ...]:
    return tuple(sorted(rubric.reason_names))


def _same_plan(one: Path, plan: Plan, other: Path, its: Plan) -> None:
    differing = [
        name for name in ("sample", "seed", "rejects", "blind", "raters", "teams", "rows")
        if getattr(plan, name) != getattr(its, name)
    ]  # fmt: skip
    rubrics = (plan.rubric, its.rubric)
    if len(set(map(_scale, rubrics))) > 1 or len(set(map(_reasons, rubrics))) > 1:
        differing.insert(0, "rubric")
    if differing:
        raise UsageError(
            f"{one} and {other} are reviews of the same data with different plans "
            f"(different: {', '.join(differing)})",
            hint="report each separately",
        )


def _read(material: Material, plan: Plan, folders: Sequence[Path], doubled: set[str]) -> None:
    grades: dict[str, dict[str, Grade]] = {}
    if plan.together:
        material.warnings.append(
            "rows from the same seed were drawn together, so they are not independent, and "
            "intervals over rows are too narrow"
        )
    new = [name for name in plan.rubric.reason_names if name not in material.reasons]
    material.reasons += new
    for folder in folders:
        for name, graded in read_grades(folder).items():
            if material.raters.setdefault(name, graded.rater) != graded.rater:
                raise RunDirectoryError(
                    f"{folder}: {name} is a {graded.rater.kind} here and a "
                    f"{material.raters[name].kind} in another folder: two raters have the same "
                    "name"
                )
            of = grades.setdefault(name, {})
            for grade in graded.grades.values():
                if grade.row not in of or of[grade.row].at <= grade.at:
                    of[grade.row] = grade
    # A row's id in the plan -> its dataset, and its key among all that is reported.
    places: dict[str, tuple[str, str]] = {}
    opened: set[str] = set()
    for data in plan.data:
        # Two runs may have one name: their folders tell them apart.
        dataset = (
            f"{Path(data.path).parent.name}/{data.name}" if data.name in doubled else data.name
        )
        lead = f"{data.name}:" if len(plan.data) > 1 else ""
        own = [each for each in plan.ids if each.startswith(lead)]
        places |= {each: (dataset, f"{folders[0]}/{each}") for each in own}
        material.tasks[dataset] = data.task
        try:
            source = _opened(plan, data, folders)
            there, size = _rows(source, lead, set(own), rejects=plan.rejects)
        except (TargenError, OSError) as error:
            material.warnings.append(
                f"{dataset} cannot be read ({error}), so it is unknown whether its rows have "
                "changed since they were graded, and their contents are not shown"
            )
            continue
        if size != data.rows:
            material.warnings.append(
                f"{dataset} has {plural(size, 'row')} now, but had {data.rows:,} when the review "
                "was planned"
                + ("; the newer rows were not assigned to anyone" if size > data.rows else "")
            )
        opened |= set(own)
        if source.output is not None:
            material.outputs |= dict.fromkeys((dataset, f"{dataset}, rejects"), source.output)
        for name, row in there:
            key = places[name][1]
            if row.number is None:
                places[name] = (f"{dataset}, rejects", key)
                material.tasks[places[name][0]] = ""
            material.rows[key] = row
    for name, of in grades.items():
        mine = _list_of(plan, material.raters[name])
        if mine is None:
            material.warnings.append(
                f"left out {plural(len(of), 'grade')} by {name}, who is not a rater in the plan"
            )
            continue
        material.lists[name] = material.lists.get(name, 0) + len(mine)
        _count(material, name, of.values(), places, mine, opened, plan.rubric)
    for name in plan.raters:
        if name not in grades:
            material.lists[name] = material.lists.get(name, 0) + len(plan.rows_of(name))
            material.raters.setdefault(name, Rater(rater=name))


def _list_of(plan: Plan, rater: Rater) -> set[str] | None:
    """The rows of a rater; a model's are those of everybody, unless the plan names it."""
    if rater.rater in plan.rows or "" in plan.rows:
        return set(plan.rows_of(rater.rater))
    return set(plan.ids) if rater.kind == "model" else None


def _opened(plan: Plan, data: PlanData, folders: Sequence[Path]) -> ReviewData:
    there = next(each for each in data_of(folders[0], plan, *folders[1:]) if each.name == data.name)
    return open_data(there.path, there.task or None, encoding=plan.encoding)


def _rows(
    source: ReviewData, lead: str, ids: set[str], *, rejects: bool
) -> tuple[list[tuple[str, ReviewRow]], int]:
    """The rows of a dataset that are reviewed, by their ids in the plan, and how many it has."""
    found = []
    size = 0
    for _, row in review_rows([source], rejects=rejects):
        size += bool(row.official)
        if (name := f"{lead}{row.id}") in ids:
            found.append((name, row))
    return found, size


def _count(
    material: Material,
    name: str,
    grades: Iterable[Grade],
    places: dict[str, tuple[str, str]],
    mine: set[str],
    opened: set[str],
    rubric: Rubric,
) -> None:
    """Take over the grades of a rater that count, and report the others."""
    known = {*rubric.letters, *rubric.reason_names, None}
    strangers, changed, unknown, unfit = [], [], [], []
    for grade in grades:
        if grade.row not in mine or grade.row not in places:
            strangers.append(grade.row)
            continue
        dataset, key = places[grade.row]
        row = material.rows.get(key)
        if grade.row in opened and (row is None or row.digest != grade.digest):
            changed.append(grade.row)
        elif grade.output is not None and not (
            dataset in material.outputs and has_columns(material.outputs[dataset], grade.output)
        ):
            unfit.append(grade.row)
        elif odd := {grade.before, grade.after, *grade.reasons} - known:
            unknown.append(f"{grade.row} ({', '.join(sorted(map(str, odd)))})")
        else:
            material.given.append(Given(name, dataset, key, grade))
    for rows, why in (
        (strangers, "for rows that were not assigned to them"),
        (changed, "for rows that have changed since then, or no longer exist"),
        (unknown, f"that the rubric {rubric.name} does not have"),
        (unfit, "with an output that these rows cannot have"),
    ):
        if rows:
            some = ", ".join(rows[:5]) + (", …" if len(rows) > 5 else "")
            material.warnings.append(
                f"left out {plural(len(rows), 'grade')} by {name} {why}: "
                f"{'row' if len(rows) == 1 else 'rows'} {some}"
            )
