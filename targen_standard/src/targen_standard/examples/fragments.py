"""Texts that rows do not imitate: fragments among longer texts, and those beyond a task's limits.

Among sentences, a title, a name or the head of a list says too little to have a label. So does a
row like it. A model learns little from such rows, even if a source has many of these texts.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from statistics import median

from targen_core.tasks.words import tokens, words
from targen_standard.examples.forms import rounded
from targen_standard.examples.measuring import WORD, is_unspaced, labelled_alike
from targen_standard.examples.reading import FEWEST, Example, Examples

_FEW = 3  # the median number of words is more than so many times that of a fragment
_MOST = 0.8  # share of the longer texts that end as sentences
_END = re.compile(r"[.!?…।؟۔。！？｡．]\W*\Z")


@dataclass(frozen=True, slots=True, eq=False)
class Imitated:
    """The examples that rows imitate.

    Attributes:
        examples: these examples.
        within: all within the task's limits of words, with fragments.
        fragments: the fragments among them.
        set_aside: the places of those that rows do not imitate, by why.
    """

    examples: Examples
    within: Sequence[Example]
    fragments: Collection[Example] = frozenset()
    set_aside: Mapping[str, Sequence[int]] = field(default_factory=dict)


@lru_cache(maxsize=1)  # a run is prepared more than once
def imitated(examples: Examples, limits: tuple[int, int] | None = None) -> Imitated:
    """Return which examples rows imitate, if a task limits their words or not."""
    every = examples.rows
    fit = [row for row in every if limits is None or _keeps_to(row.text, limits)]
    within = fit if len(fit) >= FEWEST else every
    fragments = frozenset(fragments_of(within))
    rows = without(within, fragments)
    aside = {
        "fragments among longer texts": _lines(within, but=rows),
        "without {} to {} words".format(*(limits or (0, 0))): _lines(every, but=within),
    }
    return Imitated(
        replace(examples, rows=tuple(rows)),
        within,
        fragments,
        {why: lines for why, lines in aside.items() if lines},
    )


def _lines(rows: Sequence[Example], *, but: Sequence[Example]) -> list[int]:
    others = {*but}
    return [row.line for row in rows if row not in others]


def fragments_of(rows: Sequence[Example]) -> list[Example]:
    """Return the fragments among texts, comparing those of each label with each other.

    A fragment has less than a third of the median number of words. It also has only one word, or
    it does not end as a sentence. The latter counts only if 80% of the longer half do.
    """
    found = []
    for mine in labelled_alike(rows).values():
        sizes = [len(tokens(row.text)) for row in mine]
        usual = median(sizes)
        long = [row for row, size in zip(mine, sizes, strict=True) if size >= usual]
        ended = sum(map(_is_ended, long)) >= _MOST * len(long)
        found += [
            row
            for row, size in zip(mine, sizes, strict=True)
            if _FEW * size < usual and (size == 1 or (ended and not _is_ended(row)))
        ]
    return found


def _is_ended(row: Example) -> bool:
    return _END.search(row.text) is not None


def without(rows: Sequence[Example], some: Collection[Example]) -> list[Example]:
    """Return rows without some of them; all rows, if most are among these or few are left.

    Texts that are mostly fragments are simply short.
    """
    left = [row for row in rows if row not in some]
    return left if len(left) >= max(FEWEST, len(rows) / 2) else [*rows]


def _keeps_to(text: str, limits: tuple[int, int]) -> bool:
    """Return whether a text has, and is said to have, as many words as the limits allow."""
    if is_unspaced(text):  # prompts say how many characters it has
        return True
    least, most = limits
    said = (rounded(len(text.split())), rounded(len(WORD.findall(text))))
    return all(least <= count <= most for count in (len(words(text)), *said))
