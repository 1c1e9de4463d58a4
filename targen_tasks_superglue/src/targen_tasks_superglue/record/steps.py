"""Step 3 of ReCoRD: a new statement about a passage, with one entity masked."""

from __future__ import annotations

import re

from pydantic import BaseModel

from targen_core import Prompt, Rejected
from targen_core.tasks.replies import line
from targen_core.tasks.steps import Llm
from targen_core.tasks.words import normalized
from targen_tasks_superglue.record.checks import check_query, check_query_paper, eligible
from targen_tasks_superglue.record.entities import Entity, find_entities
from targen_tasks_superglue.record.names import find_names
from targen_tasks_superglue.record.rows import MASK, Place, RecordRow, answers_for
from targen_tasks_superglue.shared.articles import Paragraph

_QUERY = Prompt("query", package="targen_tasks_superglue.record")
_QUERY_PAPER = Prompt("query-paper", package="targen_tasks_superglue.record")
PROMPTS = (_QUERY,)
PROMPTS_PAPER = (_QUERY_PAPER,)

_OFFERED = 3  # names that a model chooses from


class _Statement(BaseModel):
    name: line(1, 80)  # type: ignore[valid-type]
    statement: line(40, 320)  # type: ignore[valid-type]


class _Query(BaseModel):
    query: line(40, 320)  # type: ignore[valid-type]
    answer: line(1, 80)  # type: ignore[valid-type]


async def write_query(llm: Llm, seed: Paragraph) -> RecordRow:
    """G(entity, passage): a query that the entity answers.

    Three entities are drawn here, all with the same chance, and the model takes the one that a
    statement can single out. If the model could choose from all, it would mostly take the
    first-named or the most frequent one. That could then be guessed without the query. If only one
    were drawn, most statements about a place or a firm would also fit other names.

    Raises:
        Rejected: `few-entities`, before anything is asked; `illegal-answer`, `tangled-name`,
            `no-mask`, `several-masks`, or a reason of `check_query`, if a repair did not help.
    """
    entities = find_entities(seed.text)
    clear = eligible(entities, seed.text)
    offered = llm.rng("answer").sample(clear, min(_OFFERED, len(clear)))

    def row(draft: _Statement) -> RecordRow:
        return _row(seed, entities, _chosen(draft.name, entities), draft.statement)

    reply = await llm.ask(
        _QUERY,
        reply=_Statement,
        check=lambda draft: check_query(row(draft), seed),
        passage=seed.text,
        names="; ".join(entity.name for entity in offered),
        others="; ".join(entity.name for entity in entities if entity not in offered) or "none",
    )
    chosen = _chosen(reply.name, entities)
    llm.note(**_about(entities, chosen), offered=chosen in offered)
    return row(reply)


async def write_query_paper(llm: Llm, seed: Paragraph) -> RecordRow:
    """A query on an entity of the model's own choice (variant `paper`).

    Raises:
        Rejected: `few-entities`, before anything is asked; `illegal-answer`, `tangled-name`,
            `no-mask`, `several-masks`, or a reason of `check_query_paper`, if a repair did not
            help.
    """
    entities = find_entities(seed.text)
    eligible(entities, seed.text)

    def row(draft: _Query) -> RecordRow:
        query = draft.query.replace("[X]", MASK).replace("[x]", MASK)
        if MASK.casefold() not in query.casefold():
            raise Rejected("no-mask", "the query holds no [X]")
        return _row(seed, entities, _chosen(draft.answer, entities), query)

    reply = await llm.ask(
        _QUERY_PAPER,
        reply=_Query,
        check=lambda draft: check_query_paper(row(draft), seed),
        passage=seed.text,
    )
    llm.note(**_about(entities, _chosen(reply.answer, entities)))
    return row(reply)


def _chosen(name: str, entities: list[Entity]) -> Entity:
    """The entity that a model means by a name.

    Raises:
        Rejected: `illegal-answer` or `tangled-name`.
    """
    form = normalized(name.removeprefix("the ").removeprefix("The "))
    for entity in entities:
        if form in map(normalized, entity.forms):
            if entity.tangled:
                raise Rejected("tangled-name", f"{name!r} may be another entity as well")
            return entity
    raise Rejected("illegal-answer", f"the passage does not name {name!r}")


def _about(entities: list[Entity], intended: Entity) -> dict[str, int | bool]:
    """Return notes on the entity that a query was written for.

    Step 4 may find another answer; these stay those of the entity intended.
    """
    max_mentions = max(len(entity.mentions) for entity in entities)
    return {
        "entities": len(entities),
        "intended_place": entities.index(intended) + 1,
        "intended_most_frequent": len(intended.mentions) == max_mentions,
    }


def _row(seed: Paragraph, entities: list[Entity], answer: Entity, statement: str) -> RecordRow:
    """The row that a statement makes.

    Raises:
        Rejected: `no-mask` or `several-masks`.
    """
    spans = sorted(span for entity in entities for span in entity.mentions)
    return RecordRow(
        text=seed.text,
        entities=tuple(Place(start=span.start, end=span.end) for span in spans),
        query=_masked(" ".join(statement.split()), entities, answer),
        answers=answers_for(seed.text, answer),
    )


def _masked(statement: str, entities: list[Entity], answer: Entity) -> str:
    """A statement with the mask in place of the answer, which it names once.

    A name inside a longer one is not a mention: "Vesterby" is not named by "Vesterby Museum". A
        statement that is already masked is not changed.
    """
    statement = re.sub(re.escape(MASK), MASK, statement, flags=re.IGNORECASE)
    known = [form for entity in entities for form in entity.forms]
    names = find_names(statement.replace(MASK, "X" * len(MASK)), known=known)
    mentions = [span for span in names if span.of(statement) in answer.forms]
    masks = statement.count(MASK) + len(mentions)
    if masks == 0:
        raise Rejected("no-mask", f"the statement does not name {answer.name!r}")
    if masks > 1:
        raise Rejected("several-masks", f"the statement names {answer.name!r} {masks} times")
    for span in mentions:
        return statement[: span.start] + MASK + statement[span.end + 1 :]
    return statement
