"""First names and family names, for people who do not exist.

Rows should name new people each time, and no living ones. Left to itself a model repeats a dozen
names, and in news it writes real ones.
"""

from __future__ import annotations

import random

from targen_tasks_superglue.shared.content import load_words

_NAMES = load_words("targen_tasks_superglue.shared", "people.yaml")
FEMALE_NAMES, MALE_NAMES, FAMILY_NAMES = _NAMES["female"], _NAMES["male"], _NAMES["family"]


def cast(rng: random.Random) -> str:
    """Five people and the first words of four organisations, for one text."""
    firsts = rng.sample((*FEMALE_NAMES, *MALE_NAMES), 5)
    people = zip(firsts, rng.sample(FAMILY_NAMES, 5), strict=True)
    names = "; ".join(f"{first} {family}" for first, family in people)
    return f"{names} / {'; '.join(rng.sample(_NAMES['organisations'], 4))}"
