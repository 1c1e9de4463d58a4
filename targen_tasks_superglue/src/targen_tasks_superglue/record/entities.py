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
from functools import lru_cache
from itertools import combinations

from targen_tasks_superglue.record.names import GENERIC, PARTICLES, RULERS, WORDS, Span, find_names

BESIDE_CITY, DIRECTIONS = WORDS["beside_city"], WORDS["directions"]
NUMERALS, SETTLEMENTS = WORDS["numerals"], WORDS["settlements"]
_ALIASES = {
    form: forms[0]
    for forms in (
        ("world war i", "world war one", "first world war", "wwi", "ww1", "great war"),
        ("world war ii", "world war two", "second world war", "wwii", "ww2"),
        ("united states", "us", "usa", "united states of america"),
        ("united kingdom", "uk"),
        ("britain", "great britain"),
        ("soviet union", "ussr"),
        ("united nations", "un"),
        ("european union", "eu"),
        ("new york city", "nyc"),
    )
    for form in forms
}
"""Names that everybody knows by several forms, without stops."""
_JOINTS = frozenset(["of", "for", "the", "and", "&"])
_PAIRS = 1 << 14  # each check of a passage compares the same pairs: those of a hundred passages


@lru_cache(maxsize=_PAIRS)
def stands_for(short: str, full: str) -> bool:
    """Return whether a form is the same name, shortened or said in another way."""
    few, many = words_of(short), words_of(full)
    if few == many or _known(few) == _known(many):
        return True
    if _initials(full) == short.replace(".", ""):
        return True
    if _numbers_differ(few, many):
        return False
    if many[0] in RULERS or many[-1] in ("jr", "sr"):
        few, many = _unnumbered(few), _unnumbered(many)
        if few == many:
            return True
    if _reordered(few, many):
        return True
    if len(few) >= len(many):
        return False
    if many[-len(few) :] == few:
        return many[0] not in DIRECTIONS and not _JOINTS & set(many)
    if len(few) == 2 and (few[0], few[1]) == (many[0], many[-1]) and _personal(many):
        return True  # "Ada Lund" is Ada Maria Lund
    # "the University" is the University of Turin, but "Vesterby" no Vesterby Museum.
    return many[: len(few)] == few and many[len(few)] in _JOINTS and few[-1] in GENERIC


@lru_cache(maxsize=_PAIRS)
def may_stand_for(form: str, other: str) -> bool:
    """Return whether two forms that are not joined may still mean the same entity."""
    few, many = sorted((words_of(form), words_of(other)), key=len)
    if {" ".join(few), " ".join(many)} == {"dc", "washington"}:
        return True
    if _numbers_differ(few, many):
        return False
    if many[-1] in NUMERALS and _unnumbered(many) == few:
        return True  # "World War" versus "World War II"
    if few[0] in RULERS and many[0] in RULERS and _unnumbered(few)[1:] == _unnumbered(many)[1:]:
        return len(few) > 1  # "Prince Albert" versus "King Albert"
    if many[:-1] == few and many[-1] in SETTLEMENTS and few[0] not in BESIDE_CITY:
        return True  # "Leicester" versus "Leicester City"
    if len(few) == 1 and few[0] == many[0] and few[0] in DIRECTIONS:
        return True  # "the North" versus "North Korea"
    if len(many) == 1 and _of_one_people(*sorted((few[0], many[0]), key=len)):
        return True
    if not _personal(many):
        return False
    if _inside(few, many):
        return True
    if not _personal(few) or len(few) == 1:
        return False
    if few[-1] == many[-1]:  # "J. Lund" versus "Jonas Lund"
        return few[0][0] == many[0][0] and 1 in (len(few[0]), len(many[0]))
    return few[-1] == many[0] or many[-1] == few[0]  # "Queen Elizabeth", "Elizabeth Windsor"


def words_of(form: str) -> list[str]:
    """The words of a form as comparisons see them: without case and stops."""
    return [word.replace(".", "").casefold() or word for word in form.split()]


def _known(words: Sequence[str]) -> str:
    """Return the standard form of several well-known names."""
    joined = " ".join(words)
    return _ALIASES.get(joined, joined)


def _personal(words: Sequence[str]) -> bool:
    """Return whether a name may be a person's, as far as its words tell."""
    return (
        words[-1] not in GENERIC and words[0] not in DIRECTIONS and not _JOINTS.intersection(words)
    )


def _unnumbered(words: list[str]) -> list[str]:
    return words[:-1] if len(words) > 1 and words[-1] in NUMERALS else words


def _numbers_differ(words: Sequence[str], others: Sequence[str]) -> bool:
    """Return whether both are numbered, but not alike: Elizabeth I is not Elizabeth II."""
    ends = words[-1], others[-1]
    return ends[0] != ends[1] and ends[0] in NUMERALS and ends[1] in NUMERALS


def _of_one_people(short: str, long: str) -> bool:
    """Return whether one is the other with an ending, as "Iraqi" of "Iraq"."""
    ending = long.removeprefix(short)
    return len(short) > 3 and ending in ("s", "i", "n", "an", "ian", "ese", "ish")


def _reordered(words: Sequence[str], others: Sequence[str]) -> bool:
    """Return whether one is the other reordered: "Turin University", "University of Turin"."""
    kept = [[word for word in form if word not in _JOINTS] for form in (words, others)]
    turned = bool(_JOINTS.intersection(words)) != bool(_JOINTS.intersection(others))
    return turned and len(kept[0]) > 1 and sorted(kept[0]) == sorted(kept[1])


def _inside(few: Sequence[str], many: Sequence[str]) -> bool:
    size = len(few)
    return any(many[start : start + size] == few for start in range(len(many) - size + 1))


def _initials(full: str) -> str:
    """A name's initials: WHO for "World Health Organization"."""
    words = [word for word in full.split() if word.casefold() not in _JOINTS | PARTICLES]
    return "".join(word[0] for word in words) if len(words) > 2 else ""


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
