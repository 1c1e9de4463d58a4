"""Shared checks of tasks with a premise and a hypothesis.

RTE, CommitmentBank and AX-g put them together, each with its own limits.
"""

from __future__ import annotations

import re

from targen_core import Rejected
from targen_core.tasks.words import is_cut_from, normalized, words
from targen_standard.checks.copies import similarity
from targen_standard.checks.languages import content_words
from targen_standard.checks.prose import prose, several_sentences

COPY = 90
"""Similarity of hypothesis and premise from which the hypothesis adds nothing."""

_STEM = 4  # letters by which "pupil" and "pupils", "cancel" and "cancelled" are one word

_LABEL = (
    r"(?:not|non)?[\s_-]{0,99}+entail(?:ment|ed)|contradict(?:ion|ed)|neutral|(?:un)?true|false"
)
_MARKED = re.compile(
    rf"^\W*+(?:{_LABEL}|(?:un)?sound|yes|no|(?:in)?correct|label|answer|output)"
    rf"[\"'”’)*]*+\s*+(?:[:=\u2013\u2014]|-\s)"
    rf"|[(\[{{]\s*+(?:label\W*+)?(?:{_LABEL})\s*+[)\]}}]"
    rf"|(?:[:=\u2013\u2014]|\s-)\s*+(?:{_LABEL})\W*+$",
    re.IGNORECASE,
)
_OF_THE_TASK = re.compile(r"\b(?:premise|hypothes[ie]s|(?:not_)?entailment)\b", re.IGNORECASE)
_NOUN = "text|passage|sentence|statement|paragraph"
_AS_A_TEXT = re.compile(
    rf"\b(?:according to|contradict\w*|confirm\w*) (?:the|this) (?:given |above )?({_NOUN})\b"
    rf"|\b(?:the|this) (?:given|above) ({_NOUN})\b|\bin the (text)\b"
    rf"|\b(?:the|this) ({_NOUN}) (?:\w+ly )?(?:does|says?|states?|tells?|mentions?|implies|implied|"
    r"suggests?|indicates?|names|describes?|explains?|shows?|is about)\b",
    re.IGNORECASE,
)


def asks(text: str) -> bool:
    """Return whether a text ends with a question."""
    return text.rstrip("\"'”’)").endswith("?")


def statement(text: str, *, min_words: int, max_words: int, what: str) -> None:
    """Require clean prose of `min_words` to `max_words` words, without a question.

    Raises:
        Rejected: a reason of `prose`, or `question`.
    """
    prose(text, min_words=min_words, max_words=max_words, what=what)
    if asks(text):
        raise Rejected("question", f"the {what} asks a question")


def claim(hypothesis: str, premise: str, *, min_words: int, max_words: int) -> None:
    """Require a hypothesis to be one statement about what its premise is about.

    It is not about the premise as a text ("The premise says that ...") and names no label ("True:
    ...", "... (entailment)"). A word that the premise
    itself has is no sign of either: there are premises about hypotheses.

    Raises:
        Rejected: a reason of `statement`, or `several-sentences`.
    """
    if _MARKED.search(hypothesis):
        raise Rejected("meta-text", f"the hypothesis names a label: {hypothesis[:60]!r}")
    known = set(words(premise))
    for pattern in (_OF_THE_TASK, _AS_A_TEXT):
        for match in pattern.finditer(hypothesis):
            noun = next((group for group in match.groups() if group), match[0])
            if noun.lower() not in known:
                raise Rejected("meta-text", f"the hypothesis speaks of a text: {match[0]!r}")
    statement(hypothesis, min_words=min_words, max_words=max_words, what="hypothesis")
    if several_sentences(hypothesis):
        raise Rejected("several-sentences", "the hypothesis is more than one sentence")


def no_copy(hypothesis: str, premise: str) -> None:
    """Require that a hypothesis is neither its premise nor a part of that.

    Raises:
        Rejected: `copy-of-premise`.
    """
    if similarity(hypothesis, premise) >= COPY:
        raise Rejected("copy-of-premise", "the hypothesis repeats the premise")
    if is_cut_from(hypothesis, premise):
        raise Rejected("copy-of-premise", "the hypothesis is cut out of the premise")


def stems(text: str) -> set[str]:
    """The beginnings of a text's content words, or of all its words if it has no other.

    Two forms of a word share a stem, and so do some unrelated words: enough to see that two texts
    share a subject. "Ayumi's" is "Ayumi", and "they're" is not a content word.
    """
    plain = " ".join(re.split(r"['\u2019]", word)[0] for word in words(text))
    kept = content_words(plain) or set(normalized(plain).split())
    return {word[:_STEM] for word in kept}


def related(hypothesis: str, premise: str) -> None:
    """Require that hypothesis and premise share a content word, in any form.

    Raises:
        Rejected: `unrelated`.
    """
    if not stems(hypothesis) & stems(premise):
        raise Rejected("unrelated", "the hypothesis shares no content word with the premise")
