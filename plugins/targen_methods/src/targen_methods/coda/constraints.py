"""Constraints of a row, taken from given ones by code, and how a prompt says them."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from itertools import chain
from typing import Any

import numpy as np

from targen_methods.coda.items import Recipe, Row
from targen_methods.coda.options import Options
from targen_methods.coda.words import content_words
from targen_methods.conditional.steps import told
from targen_standard.embedding import Encode
from targen_standard.methods.columns import Columns

_SHORTEST, _LONGEST = 5, 10  # a text may always have so few and so many words
_WORDS = 3  # kept of a text, if it has so many
_OTHERS = 5  # labels from which a label is distinguished; others are not named


def share_of(share: float, count: int, least: int) -> int:
    """So many of `count` things: their share, but at least `least`, and no more than there are."""
    return min(max(int(share * count), least), count)


class Constraints:
    """The given rows, by label, with what is found out of them."""

    def __init__(
        self,
        columns: Columns,
        options: Options,
        rows: Mapping[str, Sequence[Row]],
        encode: Encode,
        tags: Callable[[str], str] | None,
    ) -> None:
        """For rows of each label that has some; `tags` gives the parts of speech of a text."""
        self.columns = columns
        self.options = options
        self.rows = rows
        self._encode = encode
        self._tags = tags
        self._words: dict[int, tuple[str, ...]] = {}
        self._near: dict[str, Any] = {}
        self._label_vectors: dict[str, Any] = {}

    # --- what is kept -----------------------------------------------------------

    def kept_words(self, label: str, row: Row, use: int = 0) -> tuple[str, ...]:
        """Return the words of its last text for a new text, those nearest to the label first.

        Among equally near words, those in fewer given rows come first, then those earlier in the
        text. Each further use of a row continues after the words of the one before, and starts
        again at the end. A pair's last text is short, and all of its words would give it back: at
        most half of them are kept.
        """
        words = self._ranked(label, row)
        count = share_of(self.options.keep, len(words), _WORDS)
        if self.columns.first:
            count = min(count, (len(words) + 1) // 2)
        return tuple(words[(use * count + at) % len(words)] for at in range(count))

    def all_kept(self, label: str, row: Row) -> tuple[str, ...]:
        """The words that new texts of a row have, each once."""
        uses = (self.kept_words(label, row, use) for use in range(max(1, self.options.solo)))
        return tuple(dict.fromkeys(chain.from_iterable(uses)))

    def _ranked(self, label: str, row: Row) -> tuple[str, ...]:
        if row.number not in self._words:
            words = content_words(self.text(row))
            ranks = {
                word: (-self._nearness(label, word), self._uses[word.casefold()]) for word in words
            }
            self._words[row.number] = tuple(sorted(words, key=ranks.__getitem__))
        return self._words[row.number]

    def text(self, row: Row) -> str:
        """The text of a row that is rewritten."""
        return row.values[self.columns.last]

    @cached_property
    def _uses(self) -> Counter[str]:
        """In how many given rows a word is."""
        return Counter(
            word.casefold()
            for rows in self.rows.values()
            for row in rows
            for word in content_words(self.text(row))
        )

    def _nearness(self, label: str, word: str) -> float:
        if label not in self._label_vectors:
            self._label_vectors[label] = _unit(self._encode(self.columns.label_words(label)))
        # Rounded, so that the last digits of a sum have no effect.
        return round(float(self._label_vectors[label] @ _unit(self._encode(word))), 6)

    # --- other rows -------------------------------------------------------------

    def nearest(self, label: str, row: Row, place: int) -> Row:
        """Return the label's row at a rank of similarity, from 1; the row itself if alone."""
        rows = self.rows[label]
        if label not in self._near:
            self._near[label] = np.array([_unit(self._encode(self.text(one))) for one in rows])
        vectors = self._near[label]
        at = next(index for index, one in enumerate(rows) if one.number == row.number)
        cosines = np.round(vectors @ vectors[at], 6)
        order = [index for index in np.argsort(-cosines, kind="stable") if index != at]
        return rows[order[min(place, len(order)) - 1]] if order else row

    def _exemplars(self, rng: random.Random, label: str, *besides: Row) -> tuple[str, ...]:
        numbers = {row.number for row in besides}
        others = [row for row in self.rows[label] if row.number not in numbers]
        chosen = rng.sample(others, min(self.options.exemplars, len(others)))
        return tuple(self.columns.shown(row.values) for row in chosen)

    # --- a recipe ---------------------------------------------------------------

    def recipe(
        self,
        rng: random.Random,
        label: str,
        row: Row,
        *,
        use: int = 0,
        form: str = "solo",
        source: Row | None = None,
        alternatives: Mapping[str, str] | None = None,
        summary: str = "",
    ) -> Recipe:
        """Return the constraints of a new row in place of a given one.

        Args:
            rng: what is left to chance.
            label: the label of both.
            row: the given row.
            use: the number of the new row among those generated only from this one, from 0.
            form: what it is called, "solo" or a mix.
            source: the row that the constraints are from, if it is another one.
            alternatives: other words for those of `source`, by the word.
            summary: what the new text is about, where that is to be said.
        """
        source = row if source is None else source
        words = self.kept_words(label, source, use)
        offered: dict[str, str] = {}
        out: list[str] = []
        known = {word.casefold() for word in words}
        found = {word: other for word, other in (alternatives or {}).items() if word in words}
        for word in words if len(found) > 1 else ():
            if (other := found.get(word)) is None:
                continue
            if rng.random() < self.options.replace:
                offered[word] = other
            elif other.casefold() not in known and other not in out:
                out.append(other)
        most = share_of(self.options.exclude, len(out), 1)
        excluded = rng.sample(out, rng.randint(1, most)) if most else []
        text = self.text(source)
        length = len(text.split())
        first = {name: source.values[name] for name in self.columns.first}
        return Recipe(
            form=form,
            given=row.number,
            source=source.number,
            kept=first,
            words=words,
            alternatives=offered,
            excluded=tuple(excluded),
            low=max(length // 2 if first else length, _SHORTEST),
            high=max(int(self.options.longer * length), _LONGEST),
            exemplars=self._exemplars(rng, label, row, source),
            syntax=self._tags(text) if self._tags is not None else "",
            summary=summary,
        )

    # --- what a prompt says -----------------------------------------------------

    def rows_of(self, label: str, recipe: Recipe) -> str:
        """Return given rows of the label, or "". The request for a new row comes after."""
        if not recipe.exemplars:
            return ""
        shown = "\n\n".join(recipe.exemplars)
        name = self.columns.task.label(label).name
        return f"\nRows whose label is {name}, none of which is repeated:\n{shown}\n"

    def opening(self, recipe: Recipe) -> str:
        """Return the request: a text, or the last one of a row with its others."""
        name = self.columns.last
        if recipe.kept:
            begun = "\n".join(f"{told(column)}: {text}" for column, text in recipe.kept.items())
            return f"A new row begins like this:\n{begun}\n\nWrite its {name}. Constraints:"
        about = f" about this: {recipe.summary}." if recipe.summary else "."
        return f"Write a new {name}{about} Constraints:"

    def listed(self, label: str, recipe: Recipe) -> str:
        """The constraints, numbered."""
        name, lines = self.columns.last, list[str]()
        if recipe.words:
            words = [
                f'"{word}" or "{recipe.alternatives[word]}"'
                if word in recipe.alternatives
                else f'"{word}"'
                for word in recipe.words
            ]
            lines.append(f"The {name} has all of these words: {', '.join(words)}.")
        if recipe.excluded:
            lines.append(f"It has none of these: {', '.join(map(_quoted, recipe.excluded))}.")
        others = [one.name for one in self.columns.task.labels if one.name != label]
        unlike = f" It cannot be taken for {' or '.join(others)}." if len(others) <= _OTHERS else ""
        lines.append(f"The label of the row is {self.columns.label_words(label)}.{unlike}")
        if recipe.syntax:
            lines.append(f"Its parts of speech are about these, in this order: {recipe.syntax}.")
        lines.append(f"The {name} is {recipe.low} to {recipe.high} words long.")
        return "\n".join(f"{number}. {line}" for number, line in enumerate(lines, 1))


def _quoted(word: str) -> str:
    return f'"{word}"'


def _unit(vector: Any) -> Any:
    """Return the vector scaled to length 1; a zero vector remains unchanged."""
    numbers = np.asarray(vector, dtype=float)
    length = float(np.linalg.norm(numbers))
    return numbers / length if length else numbers
