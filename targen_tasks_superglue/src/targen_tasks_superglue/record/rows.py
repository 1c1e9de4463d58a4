"""A ReCoRD instance, its official, nested form, and its checks, which call no model."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from targen_core import Rejected
from targen_standard.checks.prose import prose, several_sentences
from targen_tasks_superglue.record.entities import Entity, group, stands_for
from targen_tasks_superglue.record.names import GENERIC, PARTICLES, Span, find_names
from targen_tasks_superglue.shared.articles import Paragraph
from targen_tasks_superglue.shared.texts import copied_from

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


CANDIDATES = 3
"""Entities of the passage, the answer among them, that a query must leave unnamed."""

_HEADED = re.compile(r"^\W*(?:new\s+)?(?:statement|query)\s*\d*\W{0,2}:", re.IGNORECASE)
_BEFORE = re.compile(r"(?<![.!?] )(?<!^)\b(?!The\b)[A-Z]\w+ $|\b[A-Z]\w+ (?:of|for) (?:the )?$")
_BEHIND = re.compile(r" [A-Z]\w| (?:of|for) (?:the )?[A-Z]")
_COPY = 85.0  # similarity with a run of a sentence from which a query adds no information


def eligible(entities: Sequence[Entity], text: str) -> list[Entity]:
    """Those of a passage's entities that may be asked for.

    A single word next to another capital, or joined to one by "of" or "for", may be part of a
    longer name. Such a word is a candidate, but not asked for.

    Raises:
        Rejected: `few-entities`, if the passage names fewer than three, or none whose forms are its
            own.
    """
    clear = [entity for entity in entities if not entity.tangled]
    if len(entities) < CANDIDATES or not clear:
        raise Rejected("few-entities", f"the passage has {len(entities)} entities to choose from")
    return [entity for entity in clear if not _piece(entity, text)] or clear


def _piece(entity: Entity, text: str) -> bool:
    """Return whether an entity of one word occurs as part of a longer run of names."""
    return " " not in entity.name and any(
        _BEFORE.search(text[max(0, span.start - 40) : span.start])
        or _BEHIND.match(text, span.end + 1)
        for span in entity.mentions
    )


def check_query(row: RecordRow, seed: Paragraph) -> None:
    """A query is one new statement about the passage that leaves its answer open.

    Raises:
        Rejected: a reason of `check_query_paper`, or `answer-in-query`,
            `few-candidates`.
    """
    check_query_paper(row, seed)
    name, entities = answer_of(row), entities_of(row)
    (answer,) = (entity for entity in entities if entity.name == name)
    others = [entity for entity in entities if entity is not answer]
    leaked = _leaked(row.query, answer, others) or _named_in(row.query, answer, entities)
    if leaked:
        raise Rejected(
            "answer-in-query", f"the query holds {leaked!r}, a part of its answer {name!r}"
        )
    left = 1 + sum(not _named_in(row.query, other, entities) for other in others)
    if left < CANDIDATES:
        raise Rejected("few-candidates", f"the query leaves {left} entities unnamed")


def check_query_paper(row: RecordRow, seed: Paragraph) -> None:
    """A query is one new statement about the passage, with one mask (variant `paper`).

    Raises:
        Rejected: a reason of `prose`, or `passage-changed`, `question`,
            `several-sentences`, `copy-of-sentence`.
    """
    if row.text != seed.text:
        raise Rejected("passage-changed", "the row's passage is not its seed")
    whole = row.query.replace(MASK, answer_of(row))
    if whole.rstrip("\"'”’)").endswith("?"):
        raise Rejected("question", "the query asks a question")
    if _HEADED.search(whole):
        raise Rejected("meta-text", f"the query opens with a heading: {whole[:60]!r}")
    prose(whole, min_words=8, max_words=60, what="query")
    if several_sentences(whole):
        raise Rejected("several-sentences", "the query is more than one sentence")
    copied = copied_from(whole, row.text, threshold=_COPY)
    if copied is not None:
        raise Rejected("copy-of-sentence", f"the passage says it: {copied[:80]!r}")


def _named_in(query: str, entity: Entity, entities: list[Entity]) -> str | None:
    """Return a query's form for an entity that the passage does not use, if it has no other."""
    known = [form for other in entities for form in other.forms]
    names = (span.of(query) for span in find_names(query, known=known))
    return next(
        (name for name in names if any(stands_for(name, form) for form in entity.forms)), None
    )


def _named(form: str, text: str) -> bool:
    """Return whether a text has a form as whole words."""
    return re.search(rf"(?<!\w){re.escape(form)}(?!\w)", text) is not None


def _leaked(query: str, answer: Entity, others: list[Entity]) -> str | None:
    """Return the part of its answer's name that the query tells: a form, or a word of the name."""
    for form in answer.forms:
        if _named(form, query):
            return form
    shared = {word for entity in others for form in entity.forms for word in form.split()}
    for word in answer.name.split():
        own = word[0].isupper() and len(word) > 2 and word not in shared
        if own and word.casefold() not in GENERIC | PARTICLES and _named(word, query):
            return word
    return None
