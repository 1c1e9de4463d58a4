"""One rater at work: the next row, its questions, and the effect of an answer."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from targen_core.errors import UsageError
from targen_core.text import refused
from targen_review.grades import Grade, GradeBook
from targen_review.page.editor import COLUMNS, Control, answers_of, columns_of, controls
from targen_review.plan import Plan
from targen_review.rows import (
    Fixed,
    ReviewData,
    ReviewRow,
    blind_fields,
    fix,
    has_columns,
    name_of,
    review_rows,
)
from targen_review.rubric import PAPER, Rubric
from targen_review.verdicts import EFFECT_WORDS, effect_of, relabels
from targen_standard.task_files.outputs import Question as TargenQuestion

_COUNTED = 10_000  # rows whose effects are counted at the end: a second's work


@dataclass(frozen=True, slots=True)
class Question:
    """A grade to give to a row.

    Attributes:
        part: `before` or `after`, or `both` if they are one question.
        label: the label that the row is graded against, or "".
        given: the letter that it has.
        active: whether the next letter is for it.
    """

    part: str
    label: str
    given: str | None
    active: bool


@dataclass(frozen=True, slots=True)
class Seat:
    """A row in front of a rater.

    Attributes:
        at: its place among the rater's rows, from 0.
        row: the row; None if the data has it no more.
        data: its dataset.
        grade: what the rater said so far.
        changed: whether the row is not as it was when they said it.
        hidden: whether labels are hidden until the rater has chosen one.
        labels: the labels that the rater can choose; empty if labels are open, or rows have an
            output.
        fixed: the task's verdict on the edit or the new label, if there is one.
        rubric: the questions to the rater.
    """

    at: int
    row: ReviewRow | None
    data: ReviewData | None
    grade: Grade
    changed: bool
    hidden: bool
    labels: tuple[str, ...]
    fixed: Fixed | None
    rubric: Rubric = PAPER

    @property
    def asks_label(self) -> bool:
        """Return whether the rater called the label wrong, and has not said which one is right."""
        grade = self.grade
        return (
            not self.changed
            and not grade.reject
            and self.rubric.is_of_labels
            and self.rubric.effect_of(grade.after) == "changes"
            and self.row is not None
            and not relabels(self.row, grade)
        )

    @property
    def asks_output(self) -> bool:
        """Return whether the row has an output that the rater can change."""
        return self.row is not None and self.row.output is not None

    @property
    def is_given(self) -> bool:
        """Return whether the output that is shown is the rater's own."""
        return self.grade.output is not None and not self.changed

    @property
    def instance(self) -> Mapping[str, Any]:
        """The row as JSON, as the rater left it."""
        assert self.row is not None
        if self.changed:
            return self.row.with_changes(None, None)
        return self.row.with_changes(self.grade.edit, self.grade.output)

    @property
    def asked(self) -> Sequence[TargenQuestion]:
        """The questions of its output, with the answers; empty if people edit the columns."""
        if not self.asks_output or self.data is None or self.data.output is None:
            return ()
        return self.data.output.questions(self.instance)

    @property
    def controls(self) -> tuple[Control, ...]:
        """The same as the page shows it."""
        return controls(self.asked, self.instance, hidden=self.hidden) if self.asks_output else ()

    @property
    def boxed(self) -> frozenset[str]:
        """The texts that spans are marked in, so that they are shown with these."""
        return frozenset(each.of for each in self.asked if each.kind == "spans")

    @property
    def columns(self) -> str:
        """The columns of its output as JSON."""
        names = (self.row.output if self.row else None) or {}
        values = {name: None if self.hidden else self.instance[name] for name in names}
        return json.dumps(values, ensure_ascii=False, indent=1)

    @property
    def effect(self) -> str:
        """Return the effect of this grade in `targen review apply`; "" without a grade."""
        if self.row is None or self.changed:
            return ""
        effect = effect_of(self.row, self.grade, self.rubric)
        if effect in EFFECT_WORDS:
            return f"is {EFFECT_WORDS[effect]}"
        if effect.startswith("changes") and self.fixed is not None and self.fixed.problems:
            return "is kept unchanged, because the task rejects the change"
        return effect

    def effect_of(self, letter: str) -> str:
        """Return what a grade does with the row, in words for its key."""
        effect = self.rubric.effect_of(letter)
        if effect == "changes":
            what = "what you mark or choose" if self.asks_output else "the label that you choose"
            return f"the row gets {what} next"
        return f"the row is {EFFECT_WORDS[effect]}"

    @property
    def fields(self) -> Mapping[str, str]:
        """The texts that the rater may see."""
        if self.row is None or self.data is None:
            return {}
        if self.asks_output:
            return self.row.texts
        return blind_fields(self.data.task, self.row) if self.hidden else self.row.fields

    @property
    def editable(self) -> tuple[str, ...]:
        """Return the texts that the rater may edit."""
        mine = () if self.row is None else self.row.editable
        return tuple(path for path in mine if path in self.fields)

    @property
    def questions(self) -> tuple[Question, ...]:
        """Return the grades to give, in order."""
        row, grade = self.row, self.grade
        if row is None:
            return ()
        asked: list[tuple[str, str, str | None]] = []
        if row.is_corrected and row.label is not None and not self.rubric.is_of_labels:
            asked = [
                ("before", row.before or "", grade.before),
                ("after", row.label, grade.after),
            ]
        else:
            asked = [("both", row.label or row.before or "", grade.after)]
        first = next((at for at, (_, _, given) in enumerate(asked) if given is None), None)
        active = first if first is not None else 0
        return tuple(
            Question(part, label, given, at == active and not self.hidden)
            for at, (part, label, given) in enumerate(asked)
        )


class Desk:
    """The rows of one rater, and their grades.

    Attributes:
        plan: of the review.
        book: the rater's grades.
        ids: of the rater's rows, in order.
        title: what is reviewed, for people.
        lost: how many of the rows the data no longer contains.
    """

    def __init__(self, plan: Plan, data: Sequence[ReviewData], book: GradeBook) -> None:
        """Read all rows of the rater.

        Raises:
            UsageError: the review is for others.
            TargenError: the rows cannot be read.
        """
        self.plan = plan
        self.book = book
        self.ids = plan.rows_of(book.rater.rater)
        self.title = ", ".join(each.name for each in data)
        self._data = {each.name: each for each in data}
        self._mine = {*self.ids}
        self._rows = {row.id: (of, row) for of, row in review_rows(data) if row.id in self._mine}
        self._digests = {name: row.digest for name, (_, row) in self._rows.items()}
        self.lost = len(self._mine) - len(self._rows)

    @property
    def has_outputs(self) -> bool:
        """Return whether rows of some dataset have an output in place of one label each."""
        return any(each.output is not None for each in self._data.values())

    @property
    def rater(self) -> str:
        """Return whose desk it is."""
        return self.book.rater.rater

    @property
    def done(self) -> int:
        """Return how many rows need no more."""
        return sum(map(self._is_done, self._mine & self.book.grades.keys()))

    def is_done(self, at: int) -> bool:
        """Return whether a row needs no more of this rater."""
        return self._is_done(self.ids[at])

    def _is_done(self, row: str) -> bool:
        grade = self.book.grades.get(row)
        if grade is None or self._digests.get(row, grade.digest) != grade.digest:
            return False
        # In a blind review a label comes before the grade.
        return grade.is_done or (grade.gives and not self.plan.blind)

    def next_open(self, after: int = -1) -> int | None:
        """Return the next row that is not done, after the last the first; None if all are."""
        count = len(self.ids)
        places = ((after + step) % count for step in range(1, count + 1))
        return next((at for at in places if not self.is_done(at)), None)

    def name_of(self, seat: Seat) -> str:
        """Return a row's name: its number or, while that may reveal its label, its place."""
        row = seat.row
        if row is None or seat.data is None or seat.hidden:
            return f"{seat.at + 1:,} of {len(self.ids):,}"
        return name_of(row, seat.data.name if len(self._data) > 1 else "")

    def handle_of(self, seat: Seat) -> str:
        """Return what to type to come back to a row: its number, or its place in a blind review."""
        row = seat.row
        if row is None or seat.data is None or self.plan.blind:
            return str(seat.at + 1)
        lead = f"{seat.data.name}:" if len(self._data) > 1 else ""
        return f"{lead}{row.number}"

    def find(self, typed: str) -> int | None:
        """Return the place of a row by its `handle_of` or its id; None if it is unknown."""
        if self.plan.blind:  # neither a number nor an id, which tell the label
            at = int(typed) - 1 if typed.isascii() and typed.isdigit() else -1
            return at if 0 <= at < len(self.ids) else None
        name, _, number = typed.rpartition(":")
        name = name or (next(iter(self._data)) if len(self._data) == 1 else "")
        for at, row_id in enumerate(self.ids):
            if row_id == typed:
                return at
            if (found := self._rows.get(row_id)) and number.isascii() and number.isdigit():
                data, row = found
                first = row.number or 0
                is_in = first <= int(number) < first + max(len(row.official), 1)
                if data.name == name and is_in:
                    return at
        return None

    def seat(self, at: int) -> Seat:
        """Return a row as the rater may see it.

        Raises:
            UsageError: the rater has fewer rows.
        """
        if not 0 <= at < len(self.ids):
            raise UsageError(f"there is no row {at + 1}")
        row_id = self.ids[at]
        record = self._rows.get(row_id)
        if record is None:
            grade = self.book.grades.get(row_id) or Grade(row=row_id, digest="0" * 16)
            return Seat(at, None, None, grade, False, False, (), None, self.plan.rubric)
        data, row = record
        grade = self.book.grades.get(row_id) or Grade(row=row_id, digest=row.digest)
        if grade.output and not (data.output and has_columns(data.output, grade.output)):
            grade = grade.model_copy(update={"output": None})  # of a file that was edited
        changed = grade.digest != row.digest and not grade.is_empty
        hidden = self.plan.blind and (not grade.gives or changed)
        fixed = None
        if not hidden and not changed and (grade.edit or relabels(row, grade)):
            label = grade.label if data.labels else None
            fixed = fix(data.task, row, grade.edit, label, grade.output)
        return Seat(at, row, data, grade, changed, hidden, data.labels, fixed, self.plan.rubric)

    def effects(self) -> dict[str, int]:
        """Return the number of rows by the effect of their grade; empty if there are too many."""
        counts = dict.fromkeys(EFFECT_WORDS.values(), 0)
        for at, row in enumerate(self.ids if len(self.ids) <= _COUNTED else ()):
            if row in self.book.grades and (effect := self.seat(at).effect):
                counts["changed" if effect.startswith("changes") else effect.split()[1]] += 1
        return {name: count for name, count in counts.items() if count}

    def check(self, at: int, edit: Mapping[str, str]) -> Fixed:
        """Return the task's findings about texts that are not saved yet.

        Raises:
            UsageError: a field cannot be edited.
        """
        seat = self.seat(at)
        if seat.row is None or seat.data is None:
            raise UsageError("the data no longer contains this row")
        if seat.hidden:
            return Fixed(
                unchecked=("the task's checks may give the label away, so choose one first",)
            )
        label = seat.grade.label if seat.data.labels else None
        return fix(seat.data.task, seat.row, _changed(seat, edit), label, seat.grade.output)

    def answer(
        self,
        at: int,
        action: str,
        value: str,
        *,
        texts: Mapping[str, str],
        answers: Mapping[str, Sequence[str]] | None = None,
        comment: str | None = None,
    ) -> Grade:
        """Do what a rater asks for, on disk when this returns.

        Args:
            at: the row's place.
            action: `grade`, `label`, `output`, `reject`, `flag`, `comment`, `edit`.
            value: for `label` a label. For `grade` it is a letter for the question that comes next,
                or `before=B`, which names the question.
            texts: of `edit`, the texts by their fields.
            answers: of `output`, the values of each of its fields.
            comment: the content of the field for comments, with any action.

        Raises:
            UsageError: the answer is invalid, or the row no longer exists.
            WriteFailed: it could not be written.
        """
        seat = self.seat(at)
        row = seat.row
        if row is None:
            raise UsageError("the data no longer contains this row, so it cannot be graded")
        old = Grade(row=seat.grade.row, digest=row.digest) if seat.changed else seat.grade
        if action == "output":
            changes = self._answered(seat, old, answers or {})
        else:
            changes = self._changes(seat, old, action, value, texts)
        if comment is not None:
            changes["comment"] = comment.replace("\r\n", "\n").strip()
        new = old.model_copy(update={**changes, "at": ""})
        try:
            new = Grade.model_validate(new.model_dump())
        except ValidationError as error:
            raise UsageError(f"the answer cannot be saved: {refused(error)}") from error
        if new.content == old.content and not seat.changed:
            return old
        return self.book.append(new)

    def undo(self) -> int | None:
        """Undo the last answer; return the place of its row, or None if there is no answer."""
        grade = self.book.undo()
        if grade is None:
            return None
        return self.ids.index(grade.row) if grade.row in self.ids else None

    def _changes(
        self, seat: Seat, old: Grade, action: str, value: str, texts: Mapping[str, str]
    ) -> dict[str, Any]:
        row = seat.row
        assert row is not None
        if action == "grade":
            return self._graded(seat, value)
        if action == "label":
            if seat.labels and value not in ("", *seat.labels):
                raise UsageError(f"{value!r} is not a label of this task")
            if self.plan.rubric.is_of_labels:
                return self._labelled(seat, value.strip())
            keep = self.plan.blind or value != old.label
            return {"label": value.strip() or None if keep else None}
        if action == "reject":
            return {"reject": not old.reject}
        if action == "flag":
            return {"flag": not old.flag}
        if action == "comment":
            return {}
        if action == "edit":
            edit = _changed(seat, texts)
            fix(None, row, edit, None)  # that these can be edited
            return {"edit": edit or None}
        raise UsageError(f"unknown answer {action!r}")

    def _graded(self, seat: Seat, value: str) -> dict[str, Any]:
        part, _, letter = value.rpartition("=")
        if letter not in self.plan.rubric.letters:
            raise UsageError(f"{letter!r} is not a grade in the rubric {self.plan.rubric.name}")
        rubric = self.plan.rubric
        leaves = rubric.is_of_labels and rubric.effect_of(letter) == "leaves"
        if seat.hidden and not leaves:
            raise UsageError("this review is blind: choose a label first")
        if rubric.is_of_labels:
            # A label that was chosen blind is the rater's own word, whatever comes after it.
            kept = self.plan.blind and not seat.changed
            label = seat.grade.label if kept else None
            output = seat.grade.output if kept else None
            return {"label": label, "output": output, **self._with_label(seat, letter, label)}
        questions = seat.questions
        if not part and len(questions) > 1 and all(q.given for q in questions):
            return {questions[0].part: letter, questions[1].part: None}  # from the start
        mine = next((q for q in questions if (q.part == part if part else q.active)), None)
        if mine is None:
            raise UsageError(f"this row does not need a grade for {part!r}")
        if mine.part == "both":
            row = seat.row
            return {"after": letter, "before": letter if row and row.before is not None else None}
        return {mine.part: letter}

    def _labelled(self, seat: Seat, label: str) -> dict[str, Any]:
        """The label of a row, which says whether the one that it has is right."""
        row = seat.row
        assert row is not None
        if not label:
            return {"label": None, "after": None, "before": None}
        is_right = label == row.label
        letter = self.plan.rubric.letter_for("stays" if is_right else "changes")
        kept = label if self.plan.blind or not is_right else None
        return {"label": kept, **self._with_label(seat, letter, label)}

    def _answered(
        self, seat: Seat, old: Grade, form: Mapping[str, Sequence[str]]
    ) -> dict[str, Any]:
        """The output of a row, which says whether the one that it has is right."""
        row, data, rubric = seat.row, seat.data, self.plan.rubric
        if row is None or row.output is None or data is None or data.output is None:
            raise UsageError("this row has no output that can be changed")
        if COLUMNS in form:
            said = columns_of(form[COLUMNS][-1])
            given: Mapping[str, Any] = {**row.output, **said}
        else:
            given = data.output.answered(seat.instance, answers_of(seat.asked, form))
        fixed = fix(data.task, row, old.edit, None, given)
        if fixed.problems:
            raise UsageError("; ".join(fixed.problems))
        output = {name: fixed.values[name] for name in row.output}
        is_right = output == row.output
        kept = output if self.plan.blind or not is_right else None
        if not rubric.is_of_labels:
            return {"output": kept}
        letter = rubric.letter_for("stays" if is_right else "changes")
        label = data.output.label_of(fixed.values)
        return {"output": kept, **self._with_label(seat, letter, label)}

    def _with_label(self, seat: Seat, letter: str, label: str | None) -> dict[str, Any]:
        """Return a grade of the label after correction, and its implication for the one before."""
        row, rubric = seat.row, self.plan.rubric
        assert row is not None
        before: str | None = None
        if row.before is not None:
            right = row.label if rubric.effect_of(letter) == "stays" else label
            if rubric.effect_of(letter) == "leaves" or not row.is_corrected:
                before = letter
            elif right is not None:
                before = rubric.letter_for("stays" if right == row.before else "changes")
        return {"after": letter, "before": before}


def _changed(seat: Seat, edit: Mapping[str, str]) -> dict[str, str]:
    """Those texts of an edit that are not as they were; lines end as they do in the row.

    Texts that the rater may not see are not compared: "unchanged" would confirm a guess.
    """
    texts = {path: text.replace("\r\n", "\n") for path, text in edit.items() if path in seat.fields}
    return {path: text for path, text in texts.items() if text != seat.fields[path]}
