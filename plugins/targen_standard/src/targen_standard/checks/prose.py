"""Is a text a phrase, or whole sentences of clean prose?"""

from __future__ import annotations

import re
from functools import cache
from unicodedata import category

from targen_core.errors import Rejected
from targen_core.tasks.words import normalized, words
from targen_standard.checks.languages import check_language, find_language
from targen_standard.checks.remarks import chatter, meta_text

_QUOTED = re.compile(r"""^(?:"[^"]*"|“[^“”]*”|'[^']*'|‘[^‘’]*’)$""")
_LISTED = r"^\s*(?:\(?(?:\d+[.):]|[a-hA-H]\))(?!\d)|[-*•])\s"  # numbering and bullets
_MARKUP = re.compile(
    rf"\*\*|`|^\s*[#>]|\]\(|<\/?\w+>|[{{}}\[\]|\\]|{_LISTED}"
    r"|(?<!\w)[*_]\w[^*_]*[*_](?!\w)"  # emphasis
)
_PLACEHOLDER = re.compile(
    r"\[[A-Z_ ]{2,}\]|\$[A-Za-z_]\w*|<[A-Z_ ]{2,}>|\bX{4,}\b|\b[Ll]orem ipsum"
)
_STOPS = tuple(".!?。！？।؟۔｡．")
_CLOSING = frozenset(["Pe", "Pf", "Pi"])  # categories of Unicode
_ANY_END = re.compile(r"[.!?।؟][\"'”’“»)\]]*(?=\s|$)|[。！？]+(?:[^\w\s]*$)?")
_SURE_END = re.compile(r"[。।]\s*(?=\w)")  # a full stop that no abbreviation has
_ABBREVIATIONS = (  # those of three lower-case letters or more
    "Assn Assoc Brig Bros Calif Capt Cmdr Conn Corp Dept Insp Lieut Messrs Minn Prof Sept Supt Univ"
).split()
_TWO_SENTENCES = re.compile(
    r"(?:(?<=[a-z]{3})|(?<=\d))"
    + "".join(rf"(?<!\b{word})" for word in _ABBREVIATIONS)
    + r"[.!?][\"”’)]*+\s++[\"“(]?[A-Z]"
)
_LONGEST = 40  # letters of an abbreviation, as of a street's name


def several_sentences(text: str) -> bool:
    """Return whether a text surely contains more than one sentence.

    It is when a longer word ends one and a capital starts the next: "Mr. Li",
    "Prof. Smith", "U.S. Army" and "No. 5" do not count. A short last word hides an end; a wrong
    split would lose data.
    """
    return _TWO_SENTENCES.search(text) is not None


def _is_ended(text: str) -> bool:
    """Return whether a sentence ends a text, perhaps before quotation marks and brackets."""
    at = len(text)
    # French has a space before its quotation mark; German ones close with what opens others.
    while at and ((mark := text[at - 1]) in "\"' \u00a0\u202f" or category(mark) in _CLOSING):
        at -= 1
    return text[:at].endswith(_STOPS)


def sentences(text: str, language: str = "") -> tuple[int, int]:
    """Return the least and the most sentences that a text may have.

    Abbreviations make the difference: see `several_sentences`. Some are English; others, and
    ordinal numbers ("am 3. Mai"), are those of a known language.
    """
    unsure = _unsure_stop(language)
    ends = [
        end
        for end in _TWO_SENTENCES.finditer(text)
        if unsure is None or not unsure.search(text, max(0, end.start() - _LONGEST), end.start())
    ]
    lowest = 1 + len(ends) + len(_SURE_END.findall(text)) if text.strip() else 0
    return lowest, max(lowest, len(_ANY_END.findall(text.strip())))


@cache
def _unsure_stop(language: str) -> re.Pattern[str] | None:
    """Return the pattern of a word before a full stop that may end no sentence in a language."""
    known = find_language(language)
    return re.compile(rf"(?<!\w)(?:{known.stops})\Z", re.IGNORECASE) if known else None


def phrase(text: str, *, max_words: int, what: str) -> None:
    """Require a phrase of 1 to `max_words` words.

    Raises:
        Rejected: `no-words`, `too-long` or `markup`.
    """
    count = len(normalized(text).split())
    if not count:
        raise Rejected("no-words", f"no word in the {what} {text!r}")
    if count > max_words:
        raise Rejected("too-long", f"the {what} has {count} words, more than {max_words}")
    if "\n" in text or text[0] in "-*#>" or re.match(_LISTED, text):
        raise Rejected("markup", f"the {what} holds markup: {text[:60]!r}")


def prose(
    text: str,
    *,
    min_words: int,
    max_words: int,
    what: str,
    language: str | None = "English",
) -> None:
    """Require one or more whole sentences of `min_words` to `max_words` words.

    A task in another language names it, or passes None; see `check_language` and `chatter`.

    Raises:
        Rejected: `meta-text` (chatter, a refusal, a heading, a label), `markup`, `placeholder`,
            `quoted` (the whole text is in quotes), `too-short` or `too-long`. Or `cut-off` (it has
            no sentence end), `not-latin` (mostly other scripts), `not-english` or `repetitive`.
    """
    stripped = text.strip()
    chatter(stripped, what, language or "English")
    meta_text(stripped, what)
    if _PLACEHOLDER.search(stripped):
        raise Rejected("placeholder", f"the {what} holds a placeholder: {stripped[:60]!r}")
    if "\n" in stripped:
        raise Rejected("markup", f"the {what} has a line break in it: write it on one line")
    if _MARKUP.search(stripped):
        raise Rejected("markup", f"the {what} holds markup: {stripped[:60]!r}")
    if _QUOTED.match(stripped):
        raise Rejected("quoted", f"the whole {what} is in quotes: {stripped[:60]!r}")
    count = len(words(stripped))
    if count < min_words:
        has = "1 word" if count == 1 else f"{count} words"
        raise Rejected("too-short", f"the {what} has {has}, fewer than {min_words}")
    if count > max_words:
        raise Rejected("too-long", f"the {what} has {count} words, more than {max_words}")
    if not _is_ended(stripped):
        raise Rejected("cut-off", f"the {what} ends mid-sentence: {stripped[-40:]!r}")
    if language is not None:
        check_language(stripped, what, language)
    if count >= 8 and len(set(words(stripped))) < count * 0.45:
        raise Rejected("repetitive", f"the {what} repeats itself: {stripped[:60]!r}")
