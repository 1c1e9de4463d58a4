"""A ReCoRD instance, and its official, nested form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from targen_core import Rejected
from targen_tasks_superglue.record.entities import Entity, group
from targen_tasks_superglue.record.names import Span

MASK = "@placeholder"
"""The placeholder in a query for its entity."""

SOURCE = "targen"
"""The `source` of generated rows, which in the original names the newspaper.

A constant, not the run's name: rows are the same bytes wherever a run lies and
whatever it is called.
"""

_FORM = ConfigDict(frozen=True, extra="forbid")


class Place(BaseModel):
    """Where a text names an entity; `end` is the position of the last character."""

    model_config = _FORM

    start: int = Field(ge=0)
    end: int = Field(ge=0)


class Answer(Place):
    """One mention of the requested entity, and its form there."""

    text: str


def _check(text: str, entities: Sequence[Place], query: str, answers: Sequence[Answer]) -> None:
    """Raise `ValueError` where places, mask or answers do not hold together."""
    for place in (*entities, *answers):
        if not place.start <= place.end < len(text):
            raise ValueError(f"the span {place.start} to {place.end} is not inside the text")
    if query.count(MASK) != 1:
        raise ValueError(f"the query contains {MASK} {query.count(MASK)} times, not once")
    for answer in answers:
        actual = text[answer.start : answer.end + 1]
        if actual != answer.text:
            raise ValueError(
                f"the answer is {answer.text!r}, but its span in the text is {actual!r}"
            )


class RecordRow(BaseModel):
    """One query about a passage, with every mention of its answer.

    `entities` are the places of all names in the text. The label is open: the
    answer's name, read by `answer_of`. `source` says where the passage is from.
    """

    model_config = _FORM

    text: str
    entities: tuple[Place, ...]
    query: str
    answers: tuple[Answer, ...] = Field(min_length=1)
    source: str = SOURCE

    @model_validator(mode="after")
    def _holds_together(self) -> RecordRow:
        _check(self.text, self.entities, self.query, self.answers)
        return self


class OfficialPassage(BaseModel):
    """A passage and the places of its entities."""

    model_config = _FORM

    text: str
    entities: list[Place]


class OfficialQuery(BaseModel):
    """A query; its answers are absent in test files."""

    model_config = _FORM

    query: str
    answers: list[Answer] | None = None
    idx: int


class OfficialRow(BaseModel):
    """A row as the official files hold it: a passage and its queries."""

    model_config = _FORM

    source: str
    passage: OfficialPassage
    qas: list[OfficialQuery] = Field(min_length=1)
    idx: int

    @model_validator(mode="after")
    def _holds_together(self) -> OfficialRow:
        for query in self.qas:
            _check(self.passage.text, self.passage.entities, query.query, query.answers or ())
        return self


def entities_of(row: RecordRow) -> list[Entity]:
    """The entities of a row's passage; all forms of its answers are one of them."""
    spans = [Span(place.start, place.end) for place in (*row.entities, *row.answers)]
    return group(row.text, sorted(set(spans)), same=[answer.text for answer in row.answers])


def answer_of(row: RecordRow) -> str:
    """The label of a row: the name of the requested entity."""
    first = Span(row.answers[0].start, row.answers[0].end)
    return next(entity.name for entity in entities_of(row) if first in entity.mentions)


def with_answer(row: RecordRow, name: str) -> RecordRow:
    """A row whose query asks for another entity of its passage.

    Raises:
        Rejected: `illegal-label`, if the passage has no such entity; `tangled-name`, if a form of
            its name may also mean another one.
    """
    for entity in entities_of(row):
        if entity.name == name:
            if entity.tangled:
                raise Rejected("tangled-name", f"{name!r} may be another entity as well")
            return row.model_copy(update={"answers": answers_for(row.text, entity)})
    raise Rejected("illegal-label", f"{name!r} is not an entity of the passage")


def answers_for(text: str, entity: Entity) -> tuple[Answer, ...]:
    """Every mention of an entity as an answer."""
    return tuple(Answer(start=s.start, end=s.end, text=s.of(text)) for s in entity.mentions)


def to_rows(row: RecordRow, idx: int) -> list[dict[str, Any]]:
    """A row in its official form: a passage with one query, both numbered `idx`."""
    data = row.model_dump(mode="json")
    query = {"query": data["query"], "answers": data["answers"], "idx": idx}
    passage = {"text": data["text"], "entities": data["entities"]}
    return [{"source": row.source, "passage": passage, "qas": [query], "idx": idx}]


def from_rows(rows: Sequence[Mapping[str, Any]]) -> list[RecordRow]:
    """One instance for each query of official rows that have answers."""
    return [
        RecordRow(
            text=row["passage"]["text"],
            entities=row["passage"]["entities"],
            query=query["query"],
            answers=query["answers"],
            source=row["source"],
        )
        for row in rows
        for query in row["qas"]
    ]


def pack(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The official file of a dataset's rows.

    Queries about one passage come together; passages and queries are numbered
    from 0, each through the whole file.
    """
    passages: dict[tuple[str, str], dict[str, Any]] = {}
    for row in rows:
        key = row["source"], row["passage"]["text"]
        whole = passages.setdefault(key, {**row, "qas": [], "idx": len(passages)})
        whole["qas"].extend(row["qas"])
    count = 0
    for whole in passages.values():
        whole["qas"] = [{**query, "idx": count + place} for place, query in enumerate(whole["qas"])]
        count += len(whole["qas"])
    return list(passages.values())
