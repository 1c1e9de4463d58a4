"""Checks of a WSC row, without a model's help."""

from __future__ import annotations

from targen_core import Rejected
from targen_standard.checks.prose import prose
from targen_tasks_superglue.shared.mentions import same_words, words_of
from targen_tasks_superglue.shared.sentences import sentences
from targen_tasks_superglue.shared.subjects import PronounPair
from targen_tasks_superglue.wsc.rows import WscRow
from targen_tasks_superglue.wsc.spans import first_mentions

_ARTICLES = ("the", "a", "an")


def check_row(row: WscRow, seed: PronounPair) -> None:
    """A text of one or two sentences that names both phrases and asks about one of them.

    Raises:
        Rejected: a reason of `prose`, or `too-many-sentences` or `phrase-missing`. Or
            `other-phrase` (span 1 is not one of the pair) or `wrong-pronoun` (span 2 is not of the
            pair's pronoun set).
    """
    prose(row.text, min_words=8, max_words=60, what="passage")
    count = len(sentences(row.text))
    if count > 2:
        raise Rejected("too-many-sentences", f"the passage has {count} sentences, more than 2")
    first_mentions(row.text, seed)
    asked = words_of(row.target.span1_text)
    bare = " ".join(asked[1:] if asked and asked[0] in _ARTICLES else asked)
    if not any(same_words(bare, phrase) for phrase in (seed.first, seed.second)):
        raise Rejected("other-phrase", f"{row.target.span1_text!r} is none of the two subjects")
    if row.target.span2_text.lower() not in seed.forms:
        raise Rejected("wrong-pronoun", f"{row.target.span2_text!r} is none of {seed.forms}")
