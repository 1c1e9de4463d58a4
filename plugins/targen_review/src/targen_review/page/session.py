"""One rater at work: the rows, the questions about each, and the effect of an answer."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

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
)
from targen_review.rubric import Rubric
from targen_review.verdicts import EFFECT_WORDS, effect_of, relabels
from targen_standard.task_files.outputs import Question

_COUNTED = 10_000  # rows whose effects are counted at the end: a second's work


class GradeQuestion(NamedTuple):
    """A grade to give to a row.

    Attributes:
        part: `before` or `after` correction, or `both` if they are one question.
        label: the label that the row is graded against, or "".
        given: the letter that it has.
        active: whether the next letter is for it.
    """

    part: str
    label: str
    given: str | None
    active: bool


@dataclass(frozen=True, slots=True)
class RowView:
    """A row in front of a rater.

    Attributes:
        at: its place among the rater's rows, from 0.
        row: the row.
        data: its dataset.
        grade: the rater's grade so far; empty if the row has changed since.
        changed: whether the row has changed since they graded it.
        hidden: whether labels are hidden until the rater has chosen one.
        fixed: the task's verdict on the edit or the new label, if there is one.
        rubric: the questions to the rater.
    """

    at: int
    row: ReviewRow
    data: ReviewData
    grade: Grade
    changed: bool
    hidden: bool
    fixed: Fixed | None
    rubric: Rubric

    @property
    def asks_label(self) -> bool:
        """Return whether the rater called the label wrong, and has not said which one is right."""
        is_wrong = self.rubric.effect_of(self.grade.after) == "changes"
        return is_wrong and not self.grade.reject and not relabels(self.row, self.grade)

    @property
    def asks_output(self) -> bool:
        """Return whether the row has an output that the rater can change."""
        return self.row.output is not None

    @property
    def instance(self) -> Mapping[str, Any]:
        """The row as JSON, as the rater left it."""
        return self.row.with_changes(self.grade.edit, self.grade.output)

    @property
    def asked(self) -> Sequence[Question]:
        """The questions of its output, with the answers; empty if people edit the columns."""
        if not self.asks_output or self.data.output is None:
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
        values = {n: None if self.hidden else self.instance[n] for n in self.row.output or {}}
        return json.dumps(values, ensure_ascii=False, indent=1)

    @property
    def effect(self) -> str:
        """Return the effect of this grade in `targen review apply`; "" without a grade."""
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
        if self.asks_output:
            return self.row.texts
        return blind_fields(self.data.task, self.row) if self.hidden else self.row.fields

    @property
    def editable(self) -> tuple[str, ...]:
        """Return the texts that the rater may edit."""
        return tuple(path for path in self.row.editable if path in self.fields)

    @property
    def questions(self) -> tuple[GradeQuestion, ...]:
        """Return the grades to give, in order."""
        row, grade, is_open = self.row, self.grade, not self.hidden
        if not row.is_corrected or row.label is None or self.rubric.is_of_labels:
            label = row.label or row.before or ""
            return (GradeQuestion("both", label, grade.after, is_open),)
        is_second = grade.before is not None and grade.after is None
        return (
            GradeQuestion("before", row.before or "", grade.before, is_open and not is_second),
            GradeQuestion("after", row.label, grade.after, is_open and is_second),
        )


class Session:
    """The rows of one rater, and their grades.

    Attributes:
        plan: of the review.
        book: the rater's grades.
        ids: of the rater's rows, in order, without those that the data no longer contains.
        title: the name of the dataset.
        lost: how many rows the data no longer contains.
    """

    def __init__(self, plan: Plan, data: ReviewData, book: GradeBook) -> None:
        """Read all rows of the rater.

        Raises:
            UsageError: the review is for others.
            TargenError: the rows cannot be read.
        """
        self.plan = plan
        self.book = book
        ids = plan.rows_of(book.rater.rater)
        mine = {*ids}
        self._data = data
        self._rows = {row.id: row for row in data.rows() if row.id in mine}
        self._digests = {name: row.digest for name, row in self._rows.items()}
        self.ids = [row for row in ids if row in self._rows]
        self.lost = len(ids) - len(self.ids)
        self.title = data.name
        self.has_outputs = data.output is not None

    @property
    def rater(self) -> str:
        """Return whose session it is."""
        return self.book.rater.rater

    @property
    def done(self) -> int:
        """Return how many rows need no more."""
        return sum(map(self._is_done, self.book.grades))

    def is_done(self, at: int) -> bool:
        """Return whether a row needs no more of this rater."""
        return self._is_done(self.ids[at])

    def _is_done(self, row: str) -> bool:
        grade = self.book.grades.get(row)
        if grade is None or self._digests.get(row) != grade.digest:
            return False
        # In a blind review a label comes before the grade.
        return grade.is_done or (grade.gives and not self.plan.blind)

    def next_open(self, after: int = -1) -> int | None:
        """Return the next row that is not done, after the last the first; None if all are."""
        count = len(self.ids)
        places = ((after + step) % count for step in range(1, count + 1))
        return next((at for at in places if not self.is_done(at)), None)

    def name_of(self, view: RowView) -> str:
        """Return a row's name: its number or, while that may reveal its label, its place."""
        if view.hidden:
            return f"{view.at + 1:,} of {len(self.ids):,}"
        return name_of(view.row)

    def handle_of(self, at: int) -> str:
        """Return what to type to come back to a row: its number, or its place in a blind review."""
        if self.plan.blind:  # neither a number nor an id, which tell the label
            return str(at + 1)
        return str(self._rows[self.ids[at]].number)

    def find(self, typed: str) -> int | None:
        """Return the place of a row by its `handle_of` or its id; None if it is unknown."""
        places = range(len(self.ids))
        is_id = not self.plan.blind and typed in self._rows
        return next(
            (at for at in places if typed == (self.ids[at] if is_id else self.handle_of(at))), None
        )

    def view(self, at: int) -> RowView:
        """Return a row as the rater may see it.

        Raises:
            UsageError: the rater has fewer rows.
        """
        if not 0 <= at < len(self.ids):
            raise UsageError(f"there is no row {at + 1}")
        data, row = self._data, self._rows[self.ids[at]]
        empty = Grade(row=row.id, digest=row.digest)
        grade = self.book.grades.get(row.id, empty)
        changed = grade.digest != row.digest and not grade.is_empty
        grade = empty if changed else grade
        if grade.output and not (data.output and has_columns(data.output, grade.output)):
            grade = grade.model_copy(update={"output": None})  # of a file that was edited
        hidden = self.plan.blind and not grade.gives
        fixed = None
        if grade.edit or relabels(row, grade):
            label = grade.label if data.labels else None
            fixed = None if hidden else fix(data.task, row, grade.edit, label, grade.output)
        return RowView(at, row, data, grade, changed, hidden, fixed, self.plan.rubric)

    def effects(self) -> dict[str, int]:
        """Return the number of rows by the effect of their grade; empty if there are too many."""
        counts = dict.fromkeys(EFFECT_WORDS.values(), 0)
        for at, row in enumerate(self.ids if len(self.ids) <= _COUNTED else ()):
            if row in self.book.grades and (effect := self.view(at).effect):
                counts["changed" if effect.startswith("changes") else effect.split()[1]] += 1
        return {name: count for name, count in counts.items() if count}

    def check(self, at: int, edit: Mapping[str, str]) -> Fixed:
        """Return the task's findings about texts that are not saved yet.

        Raises:
            UsageError: a field cannot be edited.
        """
        view = self.view(at)
        if view.hidden:  # what the task's checks say may give the label away
            return Fixed()
        label = view.grade.label if view.data.labels else None
        return fix(view.data.task, view.row, _changed(view, edit), label, view.grade.output)

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
            UsageError: the answer is invalid, or the row does not exist.
            RunDirectoryError: it could not be written.
        """
        view = self.view(at)
        old = view.grade
        changes: dict[str, Any] = {}
        if action == "grade":
            changes = self._graded(view, value)
        elif action == "label":
            changes = self._labelled(view, value.strip())
        elif action == "output":
            changes = self._answered(view, answers or {})
        elif action in ("reject", "flag"):
            changes = {action: not getattr(old, action)}
        elif action == "edit":
            edit = _changed(view, texts)
            fix(None, view.row, edit, None)  # that these can be edited
            changes = {"edit": edit or None}
        elif action != "comment":
            raise UsageError(f"unknown answer {action!r}")
        if comment is not None:
            changes["comment"] = comment.replace("\r\n", "\n").strip()
        try:
            new = Grade.model_validate({**old.model_dump(), **changes, "at": ""})
        except ValidationError as error:
            raise UsageError(f"the answer cannot be saved: {refused(error)}") from error
        return old if new.content == old.content else self.book.append(new)

    def undo(self) -> int | None:
        """Undo the last answer; return the place of its row, or None if there is no answer."""
        grade = self.book.undo()
        return self.ids.index(grade.row) if grade and grade.row in self.ids else None

    def _graded(self, view: RowView, value: str) -> dict[str, Any]:
        part, _, letter = value.rpartition("=")
        rubric = self.plan.rubric
        if letter not in rubric.letters:
            raise UsageError(f"{letter!r} is not a grade in the rubric {rubric.name}")
        leaves = rubric.is_of_labels and rubric.effect_of(letter) == "leaves"
        if view.hidden and not leaves:
            raise UsageError("this review is blind: choose a label first")
        if rubric.is_of_labels:
            # A label that was chosen blind is the rater's own word, whatever comes after it.
            label = view.grade.label if self.plan.blind else None
            output = view.grade.output if self.plan.blind else None
            return {"label": label, "output": output, **self._letters(view, letter, label)}
        questions = view.questions
        if not part and len(questions) > 1 and all(q.given for q in questions):
            return {"before": letter, "after": None}  # from the start
        mine = next((q for q in questions if (q.part == part if part else q.active)), None)
        if mine is None:
            raise UsageError(f"this row does not need a grade for {part!r}")
        if mine.part == "both":
            return {"after": letter, "before": letter if view.row.before is not None else None}
        return {mine.part: letter}

    def _labelled(self, view: RowView, label: str) -> dict[str, Any]:
        """Return the changes for a label, which says whether the one that the row has is right."""
        rubric, blind = self.plan.rubric, self.plan.blind
        if view.data.labels and label not in ("", *view.data.labels):
            raise UsageError(f"{label!r} is not a label of this task")
        if not rubric.is_of_labels:
            is_taken_back = label == view.grade.label and not blind
            return {"label": None if is_taken_back else label or None}
        if not label:
            return {"label": None, "after": None, "before": None}
        is_right = label == view.row.label
        letter = rubric.letter_for("stays" if is_right else "changes")
        kept = label if blind or not is_right else None
        return {"label": kept, **self._letters(view, letter, label)}

    def _answered(self, view: RowView, form: Mapping[str, Sequence[str]]) -> dict[str, Any]:
        """Return the changes for an output, which says whether the one of the row is right."""
        row, known, rubric = view.row, view.data.output, self.plan.rubric
        if row.output is None or known is None:
            raise UsageError("this row has no output that can be changed")
        if COLUMNS in form:
            given: Mapping[str, Any] = {**row.output, **columns_of(form[COLUMNS][-1])}
        else:
            given = known.answered(view.instance, answers_of(view.asked, form))
        fixed = fix(view.data.task, row, view.grade.edit, None, given)
        if fixed.problems:
            raise UsageError("; ".join(fixed.problems))
        output = {name: fixed.values[name] for name in row.output}
        is_right = output == row.output
        kept = {"output": output if self.plan.blind or not is_right else None}
        if not rubric.is_of_labels:
            return kept
        letter = rubric.letter_for("stays" if is_right else "changes")
        return {**kept, **self._letters(view, letter, known.label_of(fixed.values))}

    def _letters(self, view: RowView, letter: str, label: str | None) -> dict[str, Any]:
        """Return a grade of the label after correction, and its implication for the one before."""
        row, rubric = view.row, self.plan.rubric
        before: str | None = None
        if row.before is not None:
            right = row.label if rubric.effect_of(letter) == "stays" else label
            if rubric.effect_of(letter) == "leaves" or not row.is_corrected:
                before = letter
            elif right is not None:
                before = rubric.letter_for("stays" if right == row.before else "changes")
        return {"after": letter, "before": before}


def _changed(view: RowView, edit: Mapping[str, str]) -> dict[str, str]:
    """Return those texts of an edit that are not as they were; lines end as they do in the row.

    Texts that the rater may not see are not compared: "unchanged" would confirm a guess.
    """
    texts = {path: text.replace("\r\n", "\n") for path, text in edit.items() if path in view.fields}
    return {path: text for path, text in texts.items() if text != view.fields[path]}
