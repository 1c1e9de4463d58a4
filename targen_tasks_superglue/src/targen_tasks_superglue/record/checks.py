"""Checks of a ReCoRD passage and query, without a model's help."""

from __future__ import annotations

import re
from collections.abc import Sequence

from targen_core import Rejected
from targen_standard.checks.prose import prose, several_sentences
from targen_tasks_superglue.record.entities import Entity
from targen_tasks_superglue.record.forms import stands_for
from targen_tasks_superglue.record.names import find_names
from targen_tasks_superglue.record.rows import MASK, RecordRow, answer_of, entities_of
from targen_tasks_superglue.record.words import GENERIC, PARTICLES
from targen_tasks_superglue.shared.articles import Paragraph
from targen_tasks_superglue.shared.sentences import copied_from

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
