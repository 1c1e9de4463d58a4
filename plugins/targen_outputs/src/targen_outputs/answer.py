"""Answers to a question: open ones, or texts of a passage."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from targen_core.cli.findings import Table
from targen_core.errors import Rejected, UsageError
from targen_core.tasks.words import MARKS, UNSPACED, tokens
from targen_core.text import plural
from targen_outputs.counting import Seen, counted, shared_out
from targen_outputs.sets import IN_ORDER, NONE, Kinds, field_in
from targen_standard.checks.copies import is_copy
from targen_standard.task_files.model import Declaration
from targen_standard.task_files.outputs import Output, OutputType, Question, Row, Target

_ALIKE = 0.6  # F1 of their words, from which two answers count as the same
_NEGATING = frozenset(
    "no not never none nobody nothing nor neither without cannot "  # English
    "nicht nichts nie kein keine keinen keiner ohne "
    "ne pas jamais aucun aucune sans "
    "nunca nada sin não nem sem non mai senza niet geen nooit zonder "
    "brak bez żaden değil yok hayır".split()
)

_END_SIGNS = " .,;:!?…。、！？\"'”’»)"
_MARK = re.compile(f"[{MARKS}]")
_JOINED = re.compile(f"[{UNSPACED}\uac00-\ud7a3\u0590-\u06ff]")  # also Korean, Hebrew and Arabic
_NUMBER = re.compile(r"(?<![\d.,])(\d{1,3}([.,]\d{3})+([.,]\d+)?|\d+[.,]\d+)(?![.,]?\d)")

_TEXT = Annotated[str, Field(min_length=1)]


class Answer(BaseModel):
    """`output:` with answers to a question."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    answer: Kinds = Field(description="kind of question → what is asked")
    within: str = Field(
        default="",
        description="the text that contains each answer verbatim [default: answers are free text]",
    )
    per_row: Annotated[
        tuple[Annotated[int, Field(ge=0)], Annotated[int, Field(ge=1, le=20)]], IN_ORDER
    ] = Field(
        default=(1, 1),
        description="minimum and maximum number of right answers per row; with a minimum of 0, "
        "`within` is required, and rows of the kind `none` do not have an answer",
    )

    @property
    def kinds(self) -> Mapping[str, str]:
        """The kinds of questions, and `none` if questions may have no answer."""
        without = f"asks about the same subject something that the {self.within} does not answer"
        return self.answer if self.per_row[0] else {**self.answer, NONE: without}

    @model_validator(mode="after")
    def _fits(self) -> Answer:
        if not (self.per_row[0] or self.within):
            raise ValueError(
                "per_row: only a question about a passage can have no answer; add within: with the "
                f"field of the passage, or use [1, {self.per_row[1]}]"
            )
        return self


class AnswerOutput(Output):
    """Right answers in a column `answers`, and the kind of the question in `kind`."""

    def __init__(self, spec: Answer) -> None:
        self._spec = spec
        low, high = spec.per_row
        self._kinds = tuple(spec.kinds)
        answers = Annotated[list[_TEXT], Field(min_length=low, max_length=high)]
        self.columns = {"kind": Literal[self._kinds], "answers": answers}
        self.written = {"answers": list[str]}
        self.answer = {"kind": Literal[self._kinds], "answers": list[str]}
        self.form = {"answers": ["..."] if high == 1 else ["...", "..."]}
        self.answer_form = {"kind": "...", **self.form}
        whole = f", copied word for word from the {spec.within}" if spec.within else ""
        many = "the right answer" if high == 1 else f"{low or 1} to {high} right answers"
        self.how = f"- answers: {many}, as short as can be{whole}"
        self.label_says = f"The label is the kind of the question: {', '.join(self._kinds)}."
        kinds = [f"- {name}: {text.strip()}" for name, text in spec.kinds.items()]
        without = "If it has no answer, the row is broken."
        if not low:
            without = f"If the {spec.within} does not answer it, answers is [] and the kind {NONE}."
        asked = (
            f"Answer the question: {many}, as short as can be{whole}. {without} Then say of which "
            "kind it is:"
        )
        self.instructions = "\n".join([asked, *kinds])
        alone = "the answer" if high == 1 else "the answers, separated by semicolons"
        self.training = (
            f"Answer the question: {many}, as short as can be{whole}. Reply only with {alone}."
            + ("" if low else f" If the {spec.within} does not answer it, reply: {NONE}")
        )

    def label_of(self, row: Row) -> str:
        """Return the kind of the question."""
        return str(row["kind"])

    def check(self, row: Row) -> None:
        """Check that no answer occurs twice, and that each is in the passage if it must be."""
        place = self._spec.within
        if bool(row["answers"]) == (row["kind"] == NONE):
            if row["answers"]:  # step 3 does not know the kinds
                raise ValueError(
                    f"answers: it must be [] if the {place} does not answer the question"
                )
            raise ValueError("answers: it is empty, but the question has an answer")
        seen = [" ".join(tokens(each)) or each for each in row["answers"]]
        if len({*seen}) < len(seen):
            raise ValueError("`answers` contains an answer twice")
        for answer in row["answers"] if place else ():
            said, passage = f"answers: {answer[:80]!r}", row[place]
            if answer not in passage:
                raise ValueError(f"{said} is not in the {place}")
            if span_of(answer, passage) != answer:
                raise ValueError(f"{said} begins or ends inside a word or number of the {place}")
            if is_copy(answer, of=passage):
                raise ValueError(f"answers: an answer is the whole {place}")

    def target(self, label: str, rng: random.Random) -> Target:
        """Return the kind of a question, and how many right answers it is to have."""
        low, high = self._spec.per_row
        if label == NONE:
            unanswered = f"A question that the {self._spec.within} does not answer"
            return Target(f"{unanswered}, although it is about the same subject; answers is [].", 0)
        count = rng.randint(low or 1, high)
        many = f", with exactly {count} right answers" if count > 1 else ""
        return Target(f"A question of this kind{many}: {self._spec.answer[label].strip()}", count)

    def read(self, label: str, target: Target, reply: Row) -> Row:
        """Return the texts with the answers and the kind."""
        return {**reply, "kind": label, "answers": self._copied(reply["answers"], reply)}

    def _copied(self, answers: Sequence[str], row: Row) -> list[str]:
        """Return answers as the passage has them, where it does; `check` refuses the others."""
        said = [each.strip() for each in answers]
        if not self._spec.within:
            return said
        return [span_of(each, row[self._spec.within]) or each for each in said]

    def check_target(self, row: Row, target: Target) -> None:
        """Require as many answers as the prompt says exactly; it does not say one."""
        count, wanted = len(row["answers"]), target.value
        if count != wanted > 1:  # `check` requires none of rows that are to have none
            reason = "too-few-answers" if count < wanted else "too-many-answers"
            found = plural(count, "right answer")
            raise Rejected(reason, f"the question has {found}, not exactly {wanted}")

    def judged(self, row: Row, answers: Sequence[Row]) -> Row:
        """Return the answers that step 4 gives."""
        said = [each for each in self._copied(answers[0]["answers"], row) if each]
        if not said and answers[0]["kind"] != NONE:
            raise Rejected("no-answer", "step 4 gives no answer")
        return {"kind": answers[0]["kind"], "answers": said}

    def agrees(self, row: Row, judged: Row) -> bool:
        """Return whether both are of one kind, with answers that differ in a word or so.

        Such a word is neither a number nor one that negates the other answer.
        """
        return bool(
            row["kind"] == judged["kind"]
            and all(
                any(_alike(one, other) for other in row["answers"]) for one in judged["answers"]
            )
        )

    def as_text(self, row: Row) -> str:
        """Return the answers, with semicolons; `none` without any."""
        return "; ".join(row["answers"]) or NONE

    def questions(self, row: Row) -> Sequence[Question]:
        """Ask for the kind of the question, and for the answers."""
        kind, meanings, most = row["kind"], self._spec.kinds, self._spec.per_row[1]
        return [
            Question(name="kind", kind="one", value=kind, options=self._kinds, meanings=meanings),
            Question(name="answers", kind="text", value=row["answers"], most=most),
        ]

    def tables(self, rows: Seen, *, judged: bool) -> Sequence[Table]:
        """Count rows by kind of question, with their answers and those that step 4 corrected."""
        return [
            counted(
                *("Questions", "kind", self._kinds, rows),
                name_of=self.label_of,
                mean_of={"answers per row": lambda row: len(row["answers"])},
                corrected="corrected" if judged else "",
            ),
            shared_out("Answers of a row", "answers", [len(row["answers"]) for row, _ in rows]),
        ]

    def made_up(self, label: str, target: Target, texts: Row, rng: random.Random) -> Row:
        """Return the texts, with their last words as answers."""
        place = self._spec.within
        said = str(texts[place]) if place in texts else "\n".join(map(str, texts.values()))
        return {**texts, "answers": _last(said, target.value)}

    def solved(self, label: str, shown: str, rng: random.Random) -> Row:
        """Return the same words of what is shown."""
        said = field_in(shown, self._spec.within)
        count = 0 if label == NONE else self._spec.per_row[0] or 1
        return {"kind": label, "answers": _last(said, count)}


def _last(text: str, count: int) -> list[str]:
    """So many different words from the end of a text, and runs of words if it has too few."""
    parts = text.split()
    runs = (
        " ".join(parts[at - length : at]).strip(".,?!")
        for length in range(1, len(parts) + 1)
        for at in range(len(parts), length - 1, -1)
    )
    found: dict[str, None] = {}
    for run in filter(None, runs):
        if len(found) == count:
            break
        found[run] = None
    return [*found]


def span_of(answer: str, passage: str) -> str:
    """Return the words of a passage that an answer copies, whole words only; "" if it copies none.

    They may differ from it in case, in spaces and in the signs at its end.
    """
    for said, flags in ((answer, 0), (answer, re.I), (answer.rstrip(_END_SIGNS), re.I)):
        words = said.split()
        pattern = re.escape(said) if not flags else r"\s+".join(map(re.escape, words))
        for found in re.finditer(f"(?=({pattern}))", passage, flags) if words else ():
            start, end = found.span(1)
            if not (_is_in_word(passage, start) or _is_in_word(passage, end)):
                return found[1]
    return ""


def _is_in_word(text: str, at: int) -> bool:
    """Return whether a place is inside a word or a number.

    Some languages join particles to a word: then a part of it may be an answer.
    """
    if not 0 < at < len(text):
        return False
    before, after = text[at - 1], text[at]
    if _MARK.match(after):
        return True
    if _JOINED.match(before) or _JOINED.match(after):
        return False
    if after.isalnum() and (before.isalnum() or _MARK.match(before)):
        return True
    return any(number.start() < at < number.end() for number in _NUMBER.finditer(text))


def _alike(one: str, other: str) -> bool:
    return _decisive(one) == _decisive(other) and overlap_of(one, other) >= _ALIKE


def _decisive(answer: str) -> tuple[list[str], bool]:
    """The numbers of an answer in their order, and whether a word negates it."""
    said = tokens(answer)
    numbers = [each for each in said if any(map(str.isdigit, each))]
    return numbers, any(each in _NEGATING or each.endswith(("n't", "n’t")) for each in said)


def overlap_of(one: str, other: str) -> float:
    """Return F1 of the words of two answers, as SQuAD does (Rajpurkar et al. 2016, section 6.1).

    Case and signs do not count. Articles do, which SQuAD removes from English answers. In scripts
    without spaces between words, each letter is a word.
    """
    first, second = tokens(one), tokens(other)
    if not first or not second:
        return float(one.strip() == other.strip())
    common = (Counter(first) & Counter(second)).total()
    return 2 * common / (len(first) + len(second))


def _output(spec: Answer, declaration: Declaration) -> AnswerOutput:
    texts = [name for name, part in declaration.fields.items() if part.type == "str"]
    if spec.within and spec.within not in texts:
        hint = f"within: {' or '.join(texts)}"
        raise UsageError(f"within: {spec.within!r} is not a text of a row", hint=hint)
    if len(texts) < 2 and spec.within:
        raise UsageError(
            "a row has a passage but no question",
            hint="fields: {passage: …, question: …}, and under output within: passage",
        )
    return AnswerOutput(spec)


ANSWER: OutputType[Any] = OutputType(
    summary="answers to a question, in free text or taken from a passage",
    spec=Answer,
    labels=lambda spec: spec.kinds,
    output=_output,
)
