"""The official form: nested rows, one a passage, numbered through the file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from targen_tasks_multirc.rows import MultiRcQuestion, Option

VERSION = 1.1
"""The version of the official file format, in every row."""

_STRIDE = 100
"""Answers of question n are numbered from 100 n, which no question comes near to using up."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Answer(_Part):
    text: str
    idx: int = Field(ge=0)
    label: int | None = Field(default=None, ge=0, le=1)

    @field_validator("text")
    @classmethod
    def _says_something(cls, text: str) -> str:
        if not text.strip():
            raise ValueError("the answer is empty")
        return text


class _Question(_Part):
    question: str
    answers: tuple[_Answer, ...] = Field(min_length=1)
    idx: int = Field(ge=0)

    @field_validator("question")
    @classmethod
    def _asks_something(cls, question: str) -> str:
        if not question.strip():
            raise ValueError("the question is empty")
        return question

    @model_validator(mode="after")
    def _answers_differ(self) -> _Question:
        seen: set[str] = set()
        for answer in self.answers:
            text = answer.text.strip()
            if text in seen:
                raise ValueError(f"question {self.idx} has the answer {text[:60]!r} twice")
            seen.add(text)
        return self


class _Passage(_Part):
    text: str
    questions: tuple[_Question, ...] = Field(min_length=1)

    @field_validator("text")
    @classmethod
    def _says_something(cls, text: str) -> str:
        if not text.strip():
            raise ValueError("the passage is empty")
        return text


class OfficialMultiRc(_Part):
    """A row of the official file: a passage, its questions and their answers.

    An answer's label is 1 if it is right; test files have no labels.
    """

    version: float
    passage: _Passage
    idx: int = Field(ge=0)

    @field_validator("version")
    @classmethod
    def _known(cls, version: float) -> float:
        if version != VERSION:
            raise ValueError(f"version is {version}; the official files have version {VERSION}")
        return version

    @model_validator(mode="after")
    def _numbers_are_unique(self) -> OfficialMultiRc:
        questions = self.passage.questions
        answers = [answer for question in questions for answer in question.answers]
        for what, numbers in (
            ("question", [question.idx for question in questions]),
            ("answer", [answer.idx for answer in answers]),
        ):
            if len(set(numbers)) < len(numbers):
                raise ValueError(f"two {what}s of the passage have the same idx")
        if len({answer.label is None for answer in answers}) > 1:
            raise ValueError("some answers have a label and some have none")
        return self


def to_rows(instance: MultiRcQuestion, idx: int) -> list[dict[str, Any]]:
    """The official row of one question: a passage of its own.

    The numbers are unique in a file of such rows, though not contiguous; in
    the file that `pack` makes they are.
    """
    answers = [
        {"text": option.text, "idx": idx * _STRIDE + place, "label": int(option.right)}
        for place, option in enumerate(instance.options)
    ]
    questions = [{"question": instance.question, "answers": answers, "idx": idx}]
    passage = {"text": instance.passage, "questions": questions}
    return [{"version": VERSION, "passage": passage, "idx": idx}]


def from_rows(official: Sequence[Mapping[str, Any]]) -> list[MultiRcQuestion]:
    """One instance for each question of labelled rows; rows without labels give none."""
    return [
        MultiRcQuestion(
            passage=row["passage"]["text"],
            question=question["question"],
            options=tuple(
                Option(text=answer["text"], right=answer["label"] == 1)
                for answer in question["answers"]
            ),
            all_right=True,
        )
        for row in official
        for question in row["passage"]["questions"]
        if all(answer.get("label") is not None for answer in question["answers"])
    ]


def pack(official: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The official file: neighbouring rows of one passage are one row.

    Passages, questions and answers get new numbers, each from 0 through the
    whole file.
    """
    joined: list[dict[str, Any]] = []
    questions = answers = 0
    for row in official:
        text = row["passage"]["text"]
        if not joined or joined[-1]["passage"]["text"] != text:
            passage: dict[str, Any] = {"text": text, "questions": []}
            joined.append({"version": row["version"], "passage": passage, "idx": len(joined)})
        for question in row["passage"]["questions"]:
            numbered = []
            for answer in question["answers"]:
                numbered.append({**answer, "idx": answers})
                answers += 1
            joined[-1]["passage"]["questions"].append(
                {**question, "answers": numbered, "idx": questions}
            )
            questions += 1
    return joined
