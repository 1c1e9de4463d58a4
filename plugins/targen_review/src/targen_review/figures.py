"""Grades of reviews as figures: letters by dataset, agreement, confirmed labels, disagreements."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from statistics import fmean
from typing import Any, Literal

from targen_core.errors import RunDirectoryError, TargenError, UsageError
from targen_core.text import plural
from targen_review.agreement import Figure, cohen_kappa, krippendorff_alpha, share, spearman
from targen_review.grades import Grade, Rater, as_key, read_grades
from targen_review.plan import Plan, load_plan
from targen_review.planning import open_reviewed
from targen_review.rows import ReviewRow, has_columns
from targen_review.rubric import Rubric
from targen_review.verdicts import relabels
from targen_standard.task_files.outputs import Output

Side = Literal["before", "after"]
_SIDES: tuple[Side, ...] = ("before", "after")
PEOPLE = "people"
ALL = "all"


@dataclass(frozen=True, slots=True)
class Given:
    """One rater's grade for one row.

    Attributes:
        rater: their name.
        dataset: the row's dataset.
        row: a key that identifies the row among all that are reported with it.
        grade: the grade.
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
        given: the grades that count.
        rows: `Given.row` -> the row; not there if the data cannot be read.
        outputs: dataset -> the output of its rows, if they have one in place of one label each.
        warnings: which grades do not count, and why; what could not be read.
    """

    rubric: Rubric
    raters: dict[str, Rater] = field(default_factory=dict)
    lists: dict[str, int] = field(default_factory=dict)
    tasks: dict[str, str] = field(default_factory=dict)
    given: list[Given] = field(default_factory=list)
    rows: dict[str, ReviewRow] = field(default_factory=dict)
    outputs: dict[str, Output] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    def names(self, kind: str) -> list[str]:
        """Return the raters of a kind, "person" or "model", by name."""
        return sorted(name for name, rater in self.raters.items() if rater.kind == kind)


def read_reviews(folders: Sequence[Path]) -> Material:
    """Read the reviews of several datasets as one.

    Raises:
        UsageError: a folder holds no review, or rubrics differ.
        RunDirectoryError: a file cannot be read, or two raters share a name.
    """
    plans = {folder.resolve(): load_plan(folder) for folder in folders}
    rubric = next(iter(plans.values())).rubric
    names = [plan.data.name for plan in plans.values()]
    material = Material(rubric)
    for folder, plan in plans.items():
        if plan.rubric.grades != rubric.grades:
            raise UsageError(
                f"{next(iter(plans))} and {folder} are graded with different rubrics "
                f"({rubric.name}, {plan.rubric.name}), so they cannot be counted together",
                hint="report each separately",
            )
        # Two runs may have one name: their folders tell them apart.
        name = plan.data.name
        is_double = names.count(name) > 1
        _Reader(
            material, folder, plan, f"{folder.parent.name}/{name}" if is_double else name
        ).read()
    return material


class _Reader:
    """Reads one review into the material."""

    def __init__(self, material: Material, folder: Path, plan: Plan, dataset: str) -> None:
        self._material = material
        self._folder = folder
        self._plan = plan
        self._dataset = dataset

    def read(self) -> None:
        material, plan = self._material, self._plan
        is_readable = self._read_rows()
        graded = read_grades(self._folder)
        for name in plan.raters:
            if name not in graded:
                material.raters.setdefault(name, Rater(rater=name))
                material.lists[name] = material.lists.get(name, 0) + len(plan.rows_of(name))
        for name, each in graded.items():
            if material.raters.setdefault(name, each.rater) != each.rater:
                raise RunDirectoryError(f"{self._folder}: {name} is another rater than before")
            if {name, ""} & plan.rows.keys():
                mine = plan.rows_of(name)
            elif each.rater.kind == "model":  # which grades the rows of everybody
                mine = plan.ids
            else:
                material.warnings.append(
                    f"left out {plural(len(each.grades), 'grade')} by {name}, who is not a rater "
                    "in the plan"
                )
                continue
            material.lists[name] = material.lists.get(name, 0) + len(mine)
            self._take(name, each.grades.values(), set(mine), is_readable=is_readable)

    def _read_rows(self) -> bool:
        """Read the rows; return whether that was possible."""
        material, plan, dataset = self._material, self._plan, self._dataset
        material.tasks[dataset] = plan.data.task
        try:
            data = open_reviewed(plan, self._folder)
            rows = list(data.rows())
        except (TargenError, OSError) as error:
            material.warnings.append(
                f"{dataset} cannot be read ({error}), so it is unknown whether its rows have "
                "changed since they were graded, and their contents are not shown"
            )
            return False
        if len(rows) != plan.data.rows:
            material.warnings.append(
                f"{dataset} has {plural(len(rows), 'row')} now, but had {plan.data.rows:,} when "
                "the review was planned"
            )
        if data.output is not None:
            material.outputs[dataset] = data.output
        ids = set(plan.ids)
        material.rows |= {self._key(row.id): row for row in rows if row.id in ids}
        return True

    def _take(
        self, name: str, grades: Iterable[Grade], mine: set[str], *, is_readable: bool
    ) -> None:
        """Take over the grades of a rater that count, and warn of the others."""
        left_out: defaultdict[str, list[str]] = defaultdict(list)
        for grade in grades:
            row = self._material.rows.get(self._key(grade.row))
            if grade.row not in mine:
                why = "for rows that were not assigned to them"
            elif is_readable and (row is None or row.digest != grade.digest):
                why = "for rows that have changed since then, or no longer exist"
            else:
                why = self._problem(grade)
            if why:
                left_out[why].append(grade.row)
            else:
                given = Given(name, self._dataset, self._key(grade.row), grade)
                self._material.given.append(given)
        for why, rows in left_out.items():
            some = ", ".join(rows[:5]) + (", …" if len(rows) > 5 else "")
            self._material.warnings.append(
                f"left out {plural(len(rows), 'grade')} by {name} {why}: "
                f"{'row' if len(rows) == 1 else 'rows'} {some}"
            )

    def _problem(self, grade: Grade) -> str:
        rubric, output = self._plan.rubric, self._material.outputs.get(self._dataset)
        if grade.output is not None and not (output and has_columns(output, grade.output)):
            return "with an output that these rows cannot have"
        if {grade.before, grade.after} - {*rubric.letters, None}:
            return f"that the rubric {rubric.name} does not have"
        return ""

    def _key(self, row: str) -> str:
        return f"{self._folder}/{row}"


@dataclass(frozen=True, slots=True)
class Letters:
    """The grades of a dataset by people together, or by one model.

    A row counts once: where k raters graded it, each grade counts 1/k.

    Attributes:
        dataset: its name, or "all".
        who: "people", or the name of a model's grades.
        rows: rows with a grade for the final label.
        before: letter -> rows by the label before correction; None if there was no correction.
        after: letter -> rows by the final label.
        acceptable_before: the share of acceptable grades before correction.
        acceptable: the same after it.
        confirmed: the share of rows whose final label the raters confirm: they chose it themselves,
            or left it and found the row acceptable. A row that they did not accept, or rejected,
            without choosing another label, gives no evidence about its label and is left out.
    """

    dataset: str
    who: str
    rows: int
    before: Mapping[str, float] | None
    after: Mapping[str, float]
    acceptable_before: Figure | None
    acceptable: Figure
    confirmed: Figure


@dataclass(frozen=True, slots=True)
class Agreement:
    """The agreement of two raters on the rows that both graded.

    Attributes:
        raters: the two; of all teams together ("all teams",).
        kind: whether both are people, or one is a model, or both are.
        side: which grades: for the label before correction or the final one.
        rows: graded by both.
        alike: the share with the same letter.
        letters: Cohen's κ on the letters.
        acceptable: Cohen's κ on acceptable or not.
        spearman: Spearman's r, a better grade being more.
    """

    raters: tuple[str, ...]
    kind: Literal["people", "model"]
    side: Side
    rows: int
    alike: Figure
    letters: Figure
    acceptable: Figure
    spearman: Figure


@dataclass(frozen=True, slots=True)
class RaterFigures:
    """How many rows one rater has to grade, has graded, rejected and relabelled."""

    rater: str
    kind: str
    rows: int
    done: int
    rejected: int
    relabelled: int
    acceptable: Figure


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A row that raters see differently, with their grades.

    Attributes:
        dataset: of the row.
        row: its id.
        number: its number, from 0; None if it is unknown.
        text: its texts, or "" if the data cannot be read.
        label: its label in the dataset, if known.
        apart: steps on the scale between the farthest grades.
        grades: rater -> letters, label and comment, as they gave them.
    """

    dataset: str
    row: str
    number: int | None
    text: str
    label: str | None
    apart: int
    grades: Mapping[str, Mapping[str, str | bool | None]]


@dataclass(frozen=True, slots=True)
class ReviewFigures:
    """All figures of a report; `alpha` is Krippendorff's α on the final letters of all people."""

    material: Material
    letters: Sequence[Letters]
    agreement: Sequence[Agreement]
    alpha: Figure
    raters: Sequence[RaterFigures]
    disagreements: Sequence[Disagreement]


def figures_of(material: Material) -> ReviewFigures:
    """Return everything that is reported of grades."""
    people, models = material.names("person"), material.names("model")
    by_rater: dict[str, list[Given]] = {name: [] for name in material.raters}
    for each in material.given:
        by_rater[each.rater].append(each)
    ours = [each for name in people for each in by_rater[name]]
    letters: list[Letters] = []
    for who, given in [(PEOPLE, ours), *((name, by_rater[name]) for name in models)]:
        datasets = [name for name in material.tasks if any(g.dataset == name for g in given)]
        for name in [*datasets, *([ALL] if len(datasets) > 1 else [])]:
            letters += _letters(material, name, who, [g for g in given if name in (ALL, g.dataset)])
    return ReviewFigures(
        material,
        letters,
        _agreements(material, by_rater, people, models),
        krippendorff_alpha(_by_row(ours, lambda given: given.grade.after).values()),
        [_rater(material, name, by_rater[name]) for name in (*people, *models)],
        _disagreements(material),
    )


def _by_row(given: Iterable[Given], value: Callable[[Given], Any]) -> dict[str, list[Any]]:
    """Return the values of each row's grades that are not None."""
    found: defaultdict[str, list[Any]] = defaultdict(list)
    for each in given:
        if (one := value(each)) is not None:
            found[each.row].append(one)
    return found


def _letters(
    material: Material, dataset: str, who: str, given: Sequence[Given]
) -> Iterator[Letters]:
    rubric = material.rubric
    before = _by_row(given, lambda each: each.grade.before)
    after = _by_row(given, lambda each: each.grade.after)
    if not after:
        return
    was, good = (
        {row: fmean(letter in rubric.acceptable for letter in of) for row, of in side.items()}
        for side in (before, after)
    )
    confirmed = _by_row(given, lambda each: _confirms(material, each))
    yield Letters(
        dataset,
        who,
        len(after),
        _counts(rubric.letters, before) if before else None,
        _counts(rubric.letters, after),
        _mean_share(was.values()) if before else None,
        _mean_share(good.values()),
        _mean_share(map(fmean, confirmed.values())),
    )


def _counts(letters: Sequence[str], grades: Mapping[str, Sequence[str]]) -> dict[str, float]:
    counts = dict.fromkeys(letters, 0.0)
    for of in grades.values():
        for grade in of:
            counts[grade] += 1 / len(of)
    return {letter: round(count, 6) for letter, count in counts.items()}


def _confirms(material: Material, given: Given) -> bool | None:
    """Return whether a rater finds the row's label right; None if they gave no evidence."""
    grade, row, rubric = given.grade, material.rows.get(given.row), material.rubric
    if grade.gives:
        return None if row is None else not relabels(row, grade)
    if grade.after in rubric.acceptable and not grade.reject:
        return True
    return False if rubric.effect_of(grade.after) == "changes" else None


def _mean_share(values: Iterable[float]) -> Figure:
    """Return the mean over rows of shares of raters; its interval is that of as many whole rows."""
    shares = list(values)
    return share(round(math.fsum(shares), 9), len(shares))


def _agreements(
    material: Material,
    by_rater: Mapping[str, Sequence[Given]],
    people: Sequence[str],
    models: Sequence[str],
) -> list[Agreement]:
    found: list[Agreement] = []
    states = {name: {g.row: g.grade for g in given} for name, given in by_rater.items()}
    # Grades before correction are reported only if some label was corrected.
    corrected = any(g.grade.before not in (None, g.grade.after) for g in material.given)
    sides: tuple[Side, ...] = ("after", "before") if corrected else ("after",)

    def pairs_of(one: str, other: str, side: Side) -> dict[str, tuple[str, str]]:
        both = states[one].keys() & states[other].keys()
        pairs = {row: tuple(getattr(states[n][row], side) for n in (one, other)) for row in both}
        return {row: (a, b) for row, (a, b) in sorted(pairs.items()) if a and b}

    for side in sides:
        together: list[str] = []
        every: list[tuple[str, str]] = []
        teams = 0
        for one, other in combinations(people, 2):
            if pairs := pairs_of(one, other, side):
                teams += 1
                together += pairs
                every += pairs.values()
                found.append(
                    _agreement(material.rubric, (one, other), "people", side, [*pairs.values()])
                )
        if teams > 1 and len({*together}) == len(together):  # else rows would count several times
            found.append(_agreement(material.rubric, ("all teams",), "people", side, every))
        mixed = [(name, model) for model in models for name in people]
        for one, other in (*mixed, *combinations(models, 2)):
            if pairs := pairs_of(one, other, side):
                found.append(
                    _agreement(material.rubric, (one, other), "model", side, [*pairs.values()])
                )
    return found


def _agreement(
    rubric: Rubric,
    raters: tuple[str, ...],
    kind: Literal["people", "model"],
    side: Side,
    pairs: Sequence[tuple[str, str]],
) -> Agreement:
    place = {letter: -at for at, letter in enumerate(rubric.letters)}
    return Agreement(
        raters,
        kind,
        side,
        len(pairs),
        share(sum(a == b for a, b in pairs), len(pairs)),
        cohen_kappa(pairs),
        cohen_kappa([(a in rubric.acceptable, b in rubric.acceptable) for a, b in pairs]),
        spearman([(place[a], place[b]) for a, b in pairs]),
    )


def _rater(material: Material, name: str, given: Sequence[Given]) -> RaterFigures:
    grades = [each.grade for each in given]
    letters = [grade.after for grade in grades if grade.after is not None]
    rater, rows = material.raters[name], material.rows
    return RaterFigures(
        name,
        f"model {rater.model or ''}".rstrip() if rater.kind == "model" else rater.kind,
        material.lists.get(name, 0),
        sum(grade.is_done for grade in grades),
        sum(grade.reject for grade in grades),
        sum(each.row in rows and relabels(rows[each.row], each.grade) for each in given),
        share(sum(letter in material.rubric.acceptable for letter in letters), len(letters)),
    )


def _disagreements(material: Material) -> list[Disagreement]:
    """Return rows that raters see differently: the letters that are farthest apart first."""
    found = []
    for key, given in _by_row(material.given, lambda each: each).items():
        grades = [each.grade for each in given]
        apart = max(_apart([getattr(g, side) for g in grades], material) for side in _SIDES)
        said = {(g.label, as_key(g.output), g.reject) for g in grades if g.gives or g.is_done}
        if not apart and len(said) < 2:
            continue
        row = material.rows.get(key)
        fields = {"before", "after", "label", "reject", "flag", "comment"}
        found.append(
            Disagreement(
                given[0].dataset,
                given[0].grade.row,
                None if row is None else row.number,
                "" if row is None else " / ".join(row.fields.values()),
                None if row is None else row.label,
                apart,
                {
                    each.rater: {
                        **each.grade.model_dump(include=fields),
                        "output": _output_text(material, each),
                    }
                    for each in sorted(given, key=lambda each: each.rater)
                },
            )
        )
    return sorted(found, key=lambda row: (-row.apart, row.dataset, row.row))


def _output_text(material: Material, given: Given) -> str | None:
    """Return the output that a rater gives a row, in the output's own words."""
    row, output = material.rows.get(given.row), material.outputs.get(given.dataset)
    if row is None or row.output is None or output is None or given.grade.output is None:
        return None
    return output.as_text(row.with_changes(given.grade.edit, given.grade.output))


def _apart(letters: Sequence[str | None], material: Material) -> int:
    """Return how many steps on the scale lie between the farthest letters."""
    places = [material.rubric.letters.index(letter) for letter in letters if letter is not None]
    return max(places, default=0) - min(places, default=0)
