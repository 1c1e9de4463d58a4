"""The entities of a passage: its names, with the short forms that mean the same one.

"Sarkozy" behind "Nicolas Sarkozy" is the same person, so a mention of either answers a query about
him. Forms are grouped by their words: a name's last words mean the whole name, and so do its
initials. First words do not: "Paris" is not "Paris Opera". If that may be so, or if a form fits two
names, the entities are `tangled`, and queries do not ask about them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

from targen_tasks_superglue.record.forms import may_stand_for, stands_for, words_of
from targen_tasks_superglue.record.names import Span, find_names

_FAMILY = re.compile(
    r"\s+(?:family|families|brothers?|sisters?|twins|dynasty|household|siblings|clan|couple)\b"
)


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
    for form in sorted(order, key=lambda form: -len(words_of(form))):
        if form in together:
            continue
        fitting = [forms for forms in groups if any(stands_for(form, full) for full in forms)]
        if len(fitting) == 1:
            fitting[0].append(form)
            continue
        groups.append([form])
        if fitting:
            tangled.update((form, *(forms[0] for forms in fitting)))
    for forms, others in combinations(groups, 2):
        if any(may_stand_for(form, other) for form in forms for other in others):
            tangled.update((forms[0], others[0]))
    entities = [
        _entity(text, spans, order, forms, any(form in tangled for form in forms))
        for forms in groups
    ]
    return sorted(entities, key=lambda entity: entity.mentions[0])


def _entity(
    text: str, spans: Sequence[Span], order: Sequence[str], forms: Sequence[str], tangled: bool
) -> Entity:
    ordered = sorted(forms, key=lambda form: (-len(words_of(form)), order.index(form)))
    mentions = tuple(span for span in spans if span.of(text) in forms)
    return Entity(ordered[0], tuple(ordered), mentions, tangled)


def _spans(text: str) -> list[Span]:
    """Return the names of a passage; "the Arkwell family" does not name a person."""
    return [span for span in find_names(text) if not _FAMILY.match(text, span.end + 1)]
