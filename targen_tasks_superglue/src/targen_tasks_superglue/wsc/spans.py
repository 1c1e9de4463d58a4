"""From a marked passage to a row: choose its pronoun and its phrase."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping

from targen_core import Rejected
from targen_tasks_superglue.shared.mentions import core, mentions, words_of
from targen_tasks_superglue.shared.subjects import PronounPair
from targen_tasks_superglue.wsc.marks import MarkedPronoun, Passage
from targen_tasks_superglue.wsc.rows import Target, WscRow

_ARTICLES = ("the", "a", "an")
_EDGES = re.compile(r"^[\W_]+|[\W_]+$")
_POSSESSIVE = re.compile(r"['\u2019]s$")


def first_mentions(text: str, pair: PronounPair) -> dict[str, int]:
    """The token at which a text first names each phrase of a pair, in the text's order.

    Raises:
        Rejected: `phrase-missing`.
    """
    at = mentions(pair.first, pair.second, text.split())
    starts: dict[str, int] = {}
    for phrase, places in zip((pair.first, pair.second), at, strict=True):
        if not places:
            raise Rejected("phrase-missing", f"{phrase!r} is not named: {text[:80]!r}")
        starts[phrase] = places[0]
    return dict(sorted(starts.items(), key=lambda item: item[1]))


def make_row(
    passage: Passage,
    pair: PronounPair,
    *,
    means_first: bool | None,
    label: bool,
    rng: random.Random,
) -> WscRow:
    """A row of a passage.

    One of its pronouns is drawn, from those that mean the phrase that the text names first, or the
    other one. The label decides which of the two phrases the row asks about. Reflexive pronouns are
    not drawn (grammar settles them), nor pronouns before either phrase, or inside a longer token.
    If `means_first` is None, every pronoun that is a token of its own may be drawn, whomever it
    means.

    Raises:
        Rejected: `phrase-missing`, or `no-pronoun` (no pronoun that can be drawn means that
            phrase).
    """
    named = first_mentions(passage.text, pair)
    order = list(named)
    alone = [pronoun for pronoun in passage.pronouns if pronoun.alone]
    if means_first is None:
        free, meant = alone, "either phrase"
    else:
        free = [pronoun for pronoun in alone if _settled_by_sense(pronoun, named)]
        meant = order[0 if means_first else 1]
        free = [pronoun for pronoun in free if pronoun.means == meant]
    if not free:
        raise Rejected(
            "no-pronoun", f"no pronoun that can be drawn means {meant!r}: {passage.text[:80]!r}"
        )
    drawn = rng.choice(free)
    asked = drawn.means if label else next(phrase for phrase in order if phrase != drawn.means)
    span, index = _span(passage.text, asked, named[asked])
    target = Target(
        span1_text=span, span1_index=index, span2_text=drawn.text, span2_index=drawn.index
    )
    return WscRow(text=passage.text, target=target, label=label)


def means_first_named(row: WscRow, pair: PronounPair) -> bool:
    """Return whether a row's pronoun means the phrase that its text names first, by its label."""
    named = first_mentions(row.text, pair)
    asked = words_of(row.target.span1_text)
    if asked[0] in _ARTICLES:
        asked = asked[1:]
    return (asked == words_of(next(iter(named)))) == row.label


def _settled_by_sense(pronoun: MarkedPronoun, named: Mapping[str, int]) -> bool:
    """Return whether grammar leaves open whom a pronoun means."""
    reflexive = pronoun.text.lower().endswith(("self", "selves"))
    return pronoun.index > max(named.values()) and not reflexive


def _span(text: str, phrase: str, index: int) -> tuple[str, int]:
    """A mention as its span: with the article before it, without outer punctuation and 's."""
    tokens = text.split()
    end = index + len(words_of(phrase))
    if index and core(tokens[index - 1]) in _ARTICLES:
        index -= 1
    return _POSSESSIVE.sub("", _EDGES.sub("", " ".join(tokens[index:end]))), index
