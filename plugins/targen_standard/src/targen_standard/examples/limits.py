"""Examples that are longer or shorter than a task's texts may be: rows do not imitate them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

from targen_core.tasks.words import words
from targen_standard.examples.forms import rounded
from targen_standard.examples.measuring import WORD, is_unspaced
from targen_standard.examples.reading import FEWEST, Examples


@dataclass(frozen=True, slots=True, eq=False)
class Imitated:
    """The examples that rows imitate.

    Attributes:
        examples: these examples.
        set_aside: the places of those that rows do not imitate, by why.
    """

    examples: Examples
    set_aside: Mapping[str, Sequence[int]] = field(default_factory=dict)


@lru_cache(maxsize=1)  # a run is prepared more than once
def imitated(examples: Examples, limits: tuple[int, int] | None = None) -> Imitated:
    """Return which examples rows imitate, if a task limits their words or not."""
    every = examples.rows
    if limits is None:
        return Imitated(examples)
    within = tuple(row for row in every if _keeps_to(row.text, limits))
    if not FEWEST <= len(within) < len(every):
        return Imitated(examples)
    others = {*within}
    aside = [row.line for row in every if row not in others]
    return Imitated(
        replace(examples, rows=within),
        {"with fewer than {} or more than {} words".format(*limits): aside},
    )


def _keeps_to(text: str, limits: tuple[int, int]) -> bool:
    """Return whether a text has, and is said to have, as many words as the limits allow."""
    if is_unspaced(text):  # prompts say how many characters it has
        return True
    least, most = limits
    said = (rounded(len(text.split())), rounded(len(WORD.findall(text))))
    return all(least <= count <= most for count in (len(words(text)), *said))
