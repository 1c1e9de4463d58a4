"""Step 3 of ReCoRD: a new statement about a passage, with one entity masked."""

from __future__ import annotations

import re

from pydantic import BaseModel

from targen_core import Llm, Prompt, Rejected
from targen_core.tasks.replies import line
from targen_tasks_superglue.record.checks import check_query, eligible
from targen_tasks_superglue.record.entities import Entity, find_entities
from targen_tasks_superglue.record.names import find_names
from targen_tasks_superglue.record.rows import MASK, Place, RecordRow, answers_for
from targen_tasks_superglue.shared.articles import Paragraph

__all__ = ["PROMPTS", "write_query"]

_QUERY = Prompt("query", package="targen_tasks_superglue.record")
PROMPTS = (_QUERY,)


class _Statement(BaseModel):
    statement: line(40, 320)  # type: ignore[valid-type]


async def write_query(llm: Llm, seed: Paragraph) -> RecordRow:
    """G(entity, passage): a query that the entity answers.

    The entity is drawn here, all with the same chance. Were it the model's
    choice, it would mostly be the first-named or the most frequent one, which
    could then be guessed without the query.

    Raises:
        Rejected: `few-entities`, before anything is asked; `no-mask`,
            `several-masks`, or a reason of `check_query`, where a repair did
            not help.
    """
    entities = find_entities(seed.text)
    answer = llm.rng("answer").choice(eligible(entities))
    most = max(len(entity.mentions) for entity in entities)
    llm.note(
        place=entities.index(answer) + 1,
        entities=len(entities),
        most_frequent=len(answer.mentions) == most,
    )

    def usable(found: _Statement) -> None:
        check_query(_row(seed, entities, answer, found.statement), seed)

    reply = await llm.ask(
        _QUERY,
        reply=_Statement,
        check=usable,
        passage=seed.text,
        name=answer.name,
        others="; ".join(entity.name for entity in entities if entity is not answer),
    )
    return _row(seed, entities, answer, reply.statement)


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

    A name inside a longer one is no mention: "Vesterby" is not named by
    "Vesterby Museum". A statement that is masked already stays as it is.
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
