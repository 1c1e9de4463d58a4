"""Grades as figures: letters by dataset, agreement, labels that people confirm, disagreements."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import fmean, median, stdev
from typing import Literal

from targen_review.agreement import Figure, Z, cohen_kappa, krippendorff_alpha, share, spearman
from targen_review.grades import Grade, as_key
from targen_review.report.outputs import OutputAgreement, output_agreement
from targen_review.report.reading import Given, Material
from targen_review.step4 import Step4, step4_precision
from targen_review.verdicts import relabelled

Side = Literal["before", "after"]
PEOPLE = "people"
ALL = "all"


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
        change: the second less the first, over rows that have both; its interval is over rows.
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
    change: Figure | None
    confirmed: Figure


@dataclass(frozen=True, slots=True)
class ReasonFigures:
    """Counts of a reason of the rubric, by people together or by one model.

    Attributes:
        dataset: its name, or "all".
        who: "people", or the name of a model's grades.
        reason: its name.
        rows: for which somebody named it.
        of: rows that somebody graded, rejected, or named a reason for.
        agreed: for which all named it, of the rows that it was named for and several graded.
        shared: how many these are.
    """

    dataset: str
    who: str
    reason: str
    rows: int
    of: int
    agreed: int
    shared: int


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
        linear: Cohen's κ with linear weights.
        spearman: Spearman's r, a better grade being more.
        labels: Cohen's κ on the labels that both chose themselves; None if they chose none.
    """

    raters: tuple[str, ...]
    kind: Literal["people", "model"]
    side: Side
    rows: int
    alike: Figure
    letters: Figure
    acceptable: Figure
    linear: Figure
    spearman: Figure
    labels: Figure | None


@dataclass(frozen=True, slots=True)
class Alpha:
    """Krippendorff's α over all people, however many graded a row."""

    side: Side
    raters: int
    rows: int
    letters: Figure
    ordinal: Figure
    acceptable: Figure


@dataclass(frozen=True, slots=True)
class RaterFigures:
    """One rater's work.

    Attributes:
        rater: their name.
        kind: "person" or "model".
        model: which model, or "".
        rows: theirs to grade.
        done: graded or rejected.
        rejected: that should not be in the dataset.
        relabeled: to which they gave another label.
        edited: whose texts they changed.
        flagged: to be talked about.
        comments: with a comment.
        acceptable: the share of their grades, for the final label, that are acceptable.
        seconds: the median time on a row; None if no time was kept.
        total: all of their seconds.
    """

    rater: str
    kind: str
    model: str
    rows: int
    done: int
    rejected: int
    relabeled: int
    edited: int
    flagged: int
    comments: int
    acceptable: Figure
    seconds: float | None
    total: float


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A row that raters see differently, with what they said.

    Attributes:
        dataset: of the row.
        row: its id.
        text: what it says, or "" if the data cannot be read.
        label: its label in the dataset, if known.
        apart: steps on the scale between the farthest grades.
        split: whether one finds it acceptable, keeps it, or labels it so, and another not.
        people: whether people are apart, not a model from them.
        grades: rater -> letters, reasons, label and comment, as they gave them.
        number: the number of the row, from 0; None if it is unknown.
    """

    dataset: str
    row: str
    text: str
    label: str | None
    apart: int
    split: bool
    people: bool
    grades: Mapping[str, Mapping[str, str | bool | list[str] | None]]
    number: int | None = None


@dataclass(frozen=True, slots=True)
class ReviewFigures:
    """All figures of a report."""

    material: Material
    letters: Sequence[Letters]
    reasons: Sequence[ReasonFigures]
    agreement: Sequence[Agreement]
    alphas: Sequence[Alpha]
    raters: Sequence[RaterFigures]
    disagreements: Sequence[Disagreement]
    step4: Step4
    outputs: Sequence[OutputAgreement] = ()


def figures_of(material: Material) -> ReviewFigures:
    """Everything that is reported of grades."""
    people, models = material.people(), material.models()
    by_rater: dict[str, list[Given]] = {name: [] for name in material.raters}
    for each in material.given:
        by_rater[each.rater].append(each)
    letters: list[Letters] = []
    reasons: list[ReasonFigures] = []
    for who, names in [(PEOPLE, people), *((name, [name]) for name in models)]:
        given = [each for name in names for each in by_rater[name]]
        datasets = [name for name in material.tasks if any(g.dataset == name for g in given)]
        for name in datasets:
            own = [g for g in given if g.dataset == name]
            reasons += _reasons(material, name, who, own)
            if of := _letters(material, name, who, own):
                letters.append(of)
        # Rejects of step 4 are in no dataset: they are not part of its rows.
        rows = [g for g in given if not g.dataset.endswith(", rejects")]
        if len({g.dataset for g in rows}) > 1 and (of := _letters(material, ALL, who, rows)):
            letters.append(of)
    return ReviewFigures(
        material,
        letters,
        reasons,
        _agreements(material, by_rater, people, models),
        _alphas(material, [each for name in people for each in by_rater[name]]),
        [_rater(material, name, by_rater[name]) for name in (*people, *models)],
        _disagreements(material),
        _step4(material, people),
        list(_outputs(material, by_rater, people)),
    )


def _outputs(
    material: Material, by_rater: Mapping[str, Sequence[Given]], people: Sequence[str]
) -> Iterator[OutputAgreement]:
    for one, other in combinations(people, 2):
        theirs = {given.row: given.grade for given in by_rater[other]}
        for dataset, output in material.outputs.items():
            pairs = [
                (material.rows[given.row], given.grade, theirs[given.row])
                for given in by_rater[one]
                if given.dataset == dataset and given.row in theirs and given.row in material.rows
            ]
            yield from output_agreement((one, other), dataset, output, pairs, material.rubric)


def _step4(material: Material, people: Collection[str]) -> Step4:
    by_row: defaultdict[str, dict[str, Grade]] = defaultdict(dict)
    for each in material.given:
        if each.rater in people and each.row in material.rows:
            by_row[each.row][each.rater] = each.grade
    graded = ((material.rows[row], grades) for row, grades in by_row.items())
    return step4_precision(graded, material.rubric.acceptable)


def _letters(material: Material, dataset: str, who: str, given: Sequence[Given]) -> Letters | None:
    rubric = material.rubric
    by_row: defaultdict[str, list[Given]] = defaultdict(list)
    for each in given:
        by_row[each.row].append(each)
    sides: dict[Side, dict[str, list[str]]] = {"before": {}, "after": {}}
    for row, of in by_row.items():
        for side in sides:
            if grades := [grade for g in of if (grade := getattr(g.grade, side)) is not None]:
                sides[side][row] = grades
    if not sides["after"]:
        return None
    good = {
        side: {
            row: sum(grade in rubric.acceptable for grade in grades) / len(grades)
            for row, grades in of.items()
        }
        for side, of in sides.items()
    }
    both = [row for row in good["after"] if row in good["before"]]
    says = {row: said for row, of in by_row.items() if (said := _confirmed(material, row, of))}
    return Letters(
        dataset,
        who,
        len(sides["after"]),
        _counts(rubric.letters, sides["before"]) if sides["before"] else None,
        _counts(rubric.letters, sides["after"]),
        _mean_share(good["before"].values()) if sides["before"] else None,
        _mean_share(good["after"].values()),
        _mean_change([good["after"][r] - good["before"][r] for r in both]) if both else None,
        _mean_share(sum(said) / len(said) for said in says.values()),
    )


def _reasons(
    material: Material, dataset: str, who: str, given: Sequence[Given]
) -> Iterator[ReasonFigures]:
    by_row: defaultdict[str, list[tuple[str, ...]]] = defaultdict(list)
    for each in given:
        if each.grade.is_done or each.grade.reasons:
            by_row[each.row].append(each.grade.reasons)
    for reason in material.reasons:
        named = [said for said in by_row.values() if any(reason in each for each in said)]
        if named:
            shared = [said for said in named if len(said) > 1]
            agreed = sum(all(reason in each for each in said) for said in shared)
            yield ReasonFigures(dataset, who, reason, len(named), len(by_row), agreed, len(shared))


def _counts(letters: Sequence[str], grades: Mapping[str, Sequence[str]]) -> dict[str, float]:
    counts = dict.fromkeys(letters, 0.0)
    for of in grades.values():
        for grade in of:
            counts[grade] += 1 / len(of)
    return {letter: round(count, 6) for letter, count in counts.items()}


def _confirmed(material: Material, row: str, given: Iterable[Given]) -> list[bool]:
    """Return, by rater, whether the row's label is right; raters without an opinion are absent."""
    there = material.rows.get(row)
    said = []
    for each in given:
        grade = each.grade
        if grade.output is not None and there is not None:
            said.append(not relabelled(there, grade))
        elif grade.label is not None and there is not None:
            said.append(grade.label == there.label)
        elif not grade.gives and grade.after in material.rubric.acceptable and not grade.reject:
            said.append(True)
        elif material.rubric.effect_of(grade.after) == "changes":
            said.append(False)
    return said


def _mean_share(values: Iterable[float]) -> Figure:
    """The mean over rows of shares of raters; its interval is that of as many whole rows."""
    shares = list(values)
    return share(round(math.fsum(shares), 9), len(shares))


def _mean_change(values: Sequence[float]) -> Figure:
    """A mean of paired differences, with its normal interval."""
    size = len(values)
    middle = fmean(values)
    error = stdev(values, middle) / math.sqrt(size) if size > 1 else 0.0
    if not error:
        return Figure(middle, rows=size)
    return Figure(middle, middle - Z * error, middle + Z * error, size)


def _agreements(
    material: Material,
    by_rater: Mapping[str, Sequence[Given]],
    people: Sequence[str],
    models: Sequence[str],
) -> list[Agreement]:
    found: list[Agreement] = []
    states = {name: {g.row: g for g in given} for name, given in by_rater.items()}
    for side in _sides(material.given):
        together: list[tuple[Given, Given]] = []
        teams = 0
        for one, other in combinations(people, 2):
            pairs = _both(states[one], states[other], side)
            if pairs:
                teams += 1
                together += pairs
                found.append(_agreement(material, (one, other), "people", side, pairs))
        # A row that three people graded would count three times.
        once = len({one.row for one, _ in together}) == len(together)
        if teams > 1 and once:
            found.append(_agreement(material, ("all teams",), "people", side, together))
        mixed = [(name, model) for model in models for name in people]
        for one, other in (*mixed, *combinations(models, 2)):
            if pairs := _both(states[one], states[other], side):
                found.append(_agreement(material, (one, other), "model", side, pairs))
    return found


def _sides(given: Sequence[Given]) -> tuple[Side, ...]:
    """Both only if some row's label was corrected, or graded twice and differently."""
    corrected = any(g.grade.before not in (None, g.grade.after) for g in given)
    return ("after", "before") if corrected else ("after",)


def _both(
    one: Mapping[str, Given], other: Mapping[str, Given], side: Side
) -> list[tuple[Given, Given]]:
    return [
        (one[row], other[row])
        for row in one
        if row in other and getattr(one[row].grade, side) and getattr(other[row].grade, side)
    ]


def _agreement(
    material: Material,
    raters: tuple[str, ...],
    kind: Literal["people", "model"],
    side: Side,
    pairs: Sequence[tuple[Given, Given]],
) -> Agreement:
    rubric = material.rubric
    place = {letter: -at for at, letter in enumerate(rubric.letters)}
    one = [getattr(given.grade, side) for given, _ in pairs]
    other = [getattr(given.grade, side) for _, given in pairs]
    chosen = [(a.grade.label, b.grade.label) for a, b in pairs if a.grade.label and b.grade.label]
    return Agreement(
        raters,
        kind,
        side,
        len(pairs),
        share(sum(a == b for a, b in zip(one, other, strict=True)), len(pairs)),
        cohen_kappa(one, other),
        cohen_kappa(
            [grade in rubric.acceptable for grade in one],
            [grade in rubric.acceptable for grade in other],
        ),
        cohen_kappa(one, other, order=rubric.letters, linear=True),
        spearman([place[grade] for grade in one], [place[grade] for grade in other]),
        cohen_kappa([a for a, _ in chosen], [b for _, b in chosen]) if chosen else None,
    )


def _alphas(material: Material, given: Sequence[Given]) -> list[Alpha]:
    found = []
    rubric = material.rubric
    for side in _sides(given):
        by_row: defaultdict[str, list[str]] = defaultdict(list)
        raters: defaultdict[str, set[str]] = defaultdict(set)
        for each in given:
            if (grade := getattr(each.grade, side)) is not None:
                by_row[each.row].append(grade)
                raters[each.row].add(each.rater)
        rows = [grades for grades in by_row.values() if len(grades) > 1]
        names = {name for row in raters.values() if len(row) > 1 for name in row}
        if rows:
            found.append(
                Alpha(
                    side,
                    len(names),
                    len(rows),
                    krippendorff_alpha(rows),
                    krippendorff_alpha(rows, order=rubric.letters, level="ordinal"),
                    krippendorff_alpha([[g in rubric.acceptable for g in row] for row in rows]),
                )
            )
    return found


def _rater(material: Material, name: str, given: Sequence[Given]) -> RaterFigures:
    grades = [each.grade for each in given]
    after = [grade.after for grade in grades if grade.after is not None]
    times = [grade.seconds for grade in grades if grade.seconds > 0]
    relabeled = sum(
        (row := material.rows.get(each.row)) is not None and relabelled(row, each.grade)
        for each in given
    )
    rater = material.raters[name]
    return RaterFigures(
        name,
        rater.kind,
        rater.model or "",
        material.lists.get(name, 0),
        sum(grade.is_done for grade in grades),
        sum(grade.reject for grade in grades),
        relabeled,
        sum(bool(grade.edit) for grade in grades),
        sum(grade.flag for grade in grades),
        sum(bool(grade.comment) for grade in grades),
        share(sum(letter in material.rubric.acceptable for letter in after), len(after)),
        median(times) if times else None,
        math.fsum(times),
    )


def _disagreements(material: Material) -> list[Disagreement]:
    """Rows that raters see differently: those that split acceptable from not first."""
    rubric = material.rubric
    place = {letter: at for at, letter in enumerate(rubric.letters)}
    by_row: defaultdict[str, list[Given]] = defaultdict(list)
    for each in material.given:
        by_row[each.row].append(each)
    found = []
    people = set(material.people())
    for row, given in by_row.items():
        apart, split = _apart(given, place, rubric.acceptable)
        if not apart and not split:
            continue
        there = material.rows.get(row)
        found.append(
            Disagreement(
                given[0].dataset,
                given[0].grade.row,
                "" if there is None else " / ".join(there.fields.values()),
                None if there is None else there.label,
                apart,
                split,
                _apart([g for g in given if g.rater in people], place, rubric.acceptable)
                != (0, False),
                {
                    each.rater: {
                        "before": each.grade.before,
                        "after": each.grade.after,
                        "reasons": list(each.grade.reasons),
                        "label": each.grade.label,
                        "output": _output_text(material, each),
                        "reject": each.grade.reject,
                        "flag": each.grade.flag,
                        "comment": each.grade.comment,
                    }
                    for each in sorted(given, key=lambda each: each.rater)
                },
                None if there is None else there.number,
            )
        )
    return sorted(found, key=lambda d: (not d.people, not d.split, -d.apart, d.dataset, d.row))


def _output_text(material: Material, given: Given) -> str | None:
    """The output that a rater gives a row, as the output says it."""
    row, output = material.rows.get(given.row), material.outputs.get(given.dataset)
    if row is None or row.output is None or output is None or given.grade.output is None:
        return None
    return output.as_text(row.with_changes(given.grade.edit, given.grade.output))


def _apart(
    given: Sequence[Given], place: Mapping[str, int], acceptable: Collection[str]
) -> tuple[int, bool]:
    """Return how many steps raters are apart on the scale, and whether outcomes differ."""
    steps = 0
    split = len({each.grade.reject for each in given if each.grade.is_done}) > 1
    split |= len({each.grade.label for each in given if each.grade.label is not None}) > 1
    split |= len({as_key(each.grade.output) for each in given if each.grade.output}) > 1
    for side in ("before", "after"):
        grades = [g for each in given if (g := getattr(each.grade, side)) is not None]
        if grades:
            places = [place[grade] for grade in grades]
            steps = max(steps, max(places) - min(places))
            split |= len({grade in acceptable for grade in grades}) > 1
    return steps, split
