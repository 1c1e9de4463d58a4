"""Constraints of a row, taken from given ones by code, and how a prompt says them."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from itertools import chain
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from targen_methods.conditional.steps import told
from targen_standard.embedding import Encode
from targen_standard.methods.columns import Columns
from targen_standard.methods.model import MethodOptions


class Options(MethodOptions):
    """Options of CoDa; the defaults are those of its authors, except for the embedder."""

    solo: int = Field(3, ge=0, le=100, description="number of new rows from each given row")
    mix: int = Field(
        2,
        ge=0,
        le=100,
        description="number of new rows that mix a given row's subject with the constraints of a "
        "similar row of the same label; not used for pairs",
    )
    keep: float = Field(
        0.3,
        ge=0,
        le=1,
        description="share of a text's words to keep: at least three words; for pairs, at most "
        "half",
    )
    alternatives: bool = Field(
        True,
        description="whether the model suggests alternatives for the kept words: one call per "
        "given row",
    )
    replace: float = Field(
        0.5,
        ge=0,
        le=1,
        description="share of the alternatives that may replace the original words; the others "
        "are excluded",
    )
    exclude: float = Field(
        0.3, ge=0, le=1, description="share of the excluded words to list in prompts"
    )
    exemplars: int = Field(
        3, ge=0, le=20, description="number of given rows with the same label to show"
    )
    longer: float = Field(
        1.5, ge=1, le=10, description="maximum length of a text relative to the given text"
    )
    # Use one that is always available: a later installation must not change a run's words.
    embedder: str = Field(
        "words",
        min_length=1,
        description="the embedder that measures how near words are to a label, and rows to each "
        "other: words or minilm",
    )
    syntax: str = Field(
        "",
        description="a spaCy pipeline, to make the new text follow the parts of speech of the "
        "given text",
    )


class _Item(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Row(_Item):
    """A row that the user gave.

    Attributes:
        number: which one it is among all that were given, from 0.
        values: its texts and choices, by column.
    """

    number: int
    values: dict[str, str]


class Group(_Item):
    """A given row of each label: lists know no labels, so an item holds something for each.

    Attributes:
        number: which group it is, from 0.
        of_label: a row, by the label's name. A label with fewer rows than others gives them again,
            each in as many groups at most as it makes new rows.
    """

    number: int
    of_label: dict[str, Row]


class Reading(_Item):
    """A model's reading of the rows of a group, by label.

    Attributes:
        summaries: what each text is about; "" if the model did not say.
        alternatives: words of each text, each with another that fits in its place.
    """

    summaries: dict[str, str]
    alternatives: dict[str, dict[str, str]]


class Recipe(_Item):
    """The plan of one row.

    Attributes:
        form: "solo", or "mix 1" for constraints of the nearest row, and so on.
        given: the given row that it is written in place of.
        source: the given row that the constraints are from; the same, unless two are mixed.
        kept: columns that are taken over from `source` as they are.
        words: words that the new text has.
        alternatives: for some of these another word that may stand for it.
        excluded: words that it does not have.
        low: the fewest words of the row.
        high: the most.
        exemplars: given rows of the same label, as text.
        syntax: parts of speech, one after the other; "" says nothing of them.
        summary: what the row is about, or "" if that is open.
    """

    form: str
    given: int
    source: int
    kept: dict[str, str]
    words: tuple[str, ...]
    alternatives: dict[str, str]
    excluded: tuple[str, ...]
    low: int
    high: int
    exemplars: tuple[str, ...]
    syntax: str = ""
    summary: str = ""


class Recipes(_Item):
    """A recipe for each label whose row there makes another: a seed.

    Attributes:
        number: which seed of its group it is, from 0.
        of_label: recipes, by the label's name.
    """

    number: int
    of_label: dict[str, Recipe]


class Alternative(BaseModel):
    """A word, and another for it."""

    word: str
    other: str


class Alternatives(BaseModel):
    """Words that could stand for others."""

    alternatives: list[Alternative]


class Summary(BaseModel):
    """What a text is about."""

    summary: str


_WORD = re.compile(r"[^\W\d_](?:[\w'’-]*\w)?")

_SMALL = frozenset(
    """
    a about above after again against all also am an and any are aren't as at be because been
    before being below between both but by can can't cannot could couldn't did didn't do does
    doesn't doing don't down during each few for from further had hadn't has hasn't have haven't
    having he he's her here hers herself him himself his how i i'd i'll i'm i've if in into is isn't
    it it's its itself just let's me more most must my myself no nor not now of off on once only or
    other our ours ourselves out over own same shall she she's should shouldn't so some such than
    that that's the their theirs them themselves then there there's these they they'd they'll
    they're they've this those through to too under until up upon very was wasn't we we'd we'll
    we're we've were weren't what when where which while who whom whose why will with won't would
    wouldn't you you'd you'll you're you've your yours yourself yourselves
    """.split()
)


def content_words(text: str) -> list[str]:
    """Return the words of at least two letters without English function words, each once, in order.

    Adjacent capitalised words are one, since they are a name: "Ho Chi Minh City".
    """
    found: dict[str, str] = {}
    end, name = -1, ""  # of the capitalised words so far
    for match in _WORD.finditer(text.replace("’", "'")):
        word, key = match[0], match[0].casefold()
        if len(word) < 2 or key in _SMALL:
            continue
        capital = word[0].isupper()
        if capital and name and text[end : match.start()] == " ":
            found.pop(name.casefold(), None)
            word = f"{name} {word}"
        found.setdefault(word.casefold(), word)
        end, name = match.end(), word if capital else ""
    return [*found.values()]


def has_word(text: str, word: str) -> bool:
    """Return whether a text has a word or phrase, whole and in any case."""
    pattern = r"\s+".join(map(re.escape, word.split()))
    return re.search(rf"(?<!\w){pattern}(?!\w)", text.replace("’", "'"), re.IGNORECASE) is not None


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
