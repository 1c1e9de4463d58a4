"""The entities of a passage: its names, with the short forms that mean the same one.

"Sarkozy" behind "Nicolas Sarkozy" is the same person, so a mention of either
answers a query about him. Forms are grouped by their words: a name's last
words stand for the whole of it, and so do its initials. First words do not:
"Paris" is not "Paris Opera". Where that could be, or where a short form fits
two names, the entities are `tangled`, and nothing is asked about them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from targen_tasks_superglue.record.names import Span, find_names
from targen_tasks_superglue.record.words import DIRECTIONS, GENERIC, PARTICLES

__all__ = ["Entity", "find_entities", "group", "stands_for"]

_FAMILY = re.compile(
    r"\s+(?:family|families|brothers?|sisters?|twins|dynasty|household|siblings|clan|couple)\b"
)
_JOINTS = frozenset(["of", "for", "the", "and", "&"])


@dataclass(frozen=True, slots=True)
class Entity:
    """One entity of a passage.

    Attributes:
        name: its fullest form, the first of equals.
        forms: every form in which the passage names it, the name first.
        mentions: where, in order.
        tangled: whether some form may mean another entity as well.
    """

    name: str
    forms: tuple[str, ...]
    mentions: tuple[Span, ...]
    tangled: bool = False


def find_entities(text: str) -> list[Entity]:
    """The entities of a passage, in the order of their first mentions."""
    return group(text, _spans(text))


def group(text: str, spans: Sequence[Span], *, same: Iterable[str] = ()) -> list[Entity]:
    """Entities from the places of all mentions.

    Args:
        text: the passage.
        spans: where an entity is mentioned.
        same: forms that are known to mean one and the same entity.
    """
    spans = sorted(spans)
    order = list(dict.fromkeys(span.of(text) for span in spans))
    groups: list[list[str]] = []
    together = [form for form in order if form in set(same)]
    if together:
        groups.append(together)
    tangled: set[str] = set()
    for form in sorted(order, key=lambda form: -len(_words(form))):
        if form in together:
            continue
        fitting = [forms for forms in groups if any(stands_for(form, full) for full in forms)]
        if len(fitting) == 1:
            fitting[0].append(form)
            continue
        groups.append([form])
        if fitting:
            tangled.update((form, *(forms[0] for forms in fitting)))
        for forms in groups[:-1]:
            if any(_may_stand_for(form, full) for full in forms):
                tangled.update((form, forms[0]))
    entities = [
        _entity(text, spans, order, forms, any(form in tangled for form in forms))
        for forms in groups
    ]
    return sorted(entities, key=lambda entity: entity.mentions[0])


def stands_for(short: str, full: str) -> bool:
    """Whether a form is the same name, shortened: its last words or its initials."""
    few, many = _words(short), _words(full)
    if few == many:
        return True
    if _initials(full) == short.replace(".", ""):
        return True
    if len(few) >= len(many):
        return False
    if many[-len(few) :] == few:
        return many[0] not in DIRECTIONS and not _JOINTS & set(many)
    # "the University" is the University of Turin, but "Vesterby" no Vesterby Museum.
    return many[: len(few)] == few and many[len(few)] in _JOINTS and few[-1] in GENERIC


def _entity(
    text: str, spans: Sequence[Span], order: Sequence[str], forms: Sequence[str], tangled: bool
) -> Entity:
    ordered = sorted(forms, key=lambda form: (-len(_words(form)), order.index(form)))
    mentions = tuple(span for span in spans if span.of(text) in forms)
    return Entity(ordered[0], tuple(ordered), mentions, tangled)


def _spans(text: str) -> list[Span]:
    """The names of a passage; "the Arkwell family" names none of its people."""
    return [span for span in find_names(text) if not _FAMILY.match(text, span.end + 1)]


def _words(form: str) -> list[str]:
    return [word.strip(".").casefold() for word in form.split()]


def _may_stand_for(short: str, full: str) -> bool:
    """Whether a form is the beginning of a name that may be a person's."""
    few, many = _words(short), _words(full)
    return (
        len(few) < len(many)
        and many[: len(few)] == few
        and many[-1] not in GENERIC
        and many[0] not in DIRECTIONS
        and not _JOINTS & set(many)
    )


def _initials(full: str) -> str:
    """A name's initials: WHO for "World Health Organization"."""
    words = [word for word in full.split() if word.casefold() not in _JOINTS | PARTICLES]
    return "".join(word[0] for word in words) if len(words) > 2 else ""
