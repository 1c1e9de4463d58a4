"""The form of a whole text, said in one line that a writer can follow.

A row takes all of its form from one real text. Traits drawn apart make combinations that no text
has. The line contains the text's length and the traits that distinguish it from tidy prose. It
contains no word of the text except a conjunction that opens it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial

from targen_standard.examples.measuring import (
    HESITATION,
    SPEAKER,
    WORD,
    Spoken,
    asks,
    ends_in_word,
    has_emoji,
    has_no_case,
    is_unspaced,
    labelled_alike,
    sentences_of,
    varied,
    with_plain_marks,
)
from targen_standard.examples.reading import Example

_MOST = 100  # texts whose forms are drawn, of all labels together
_TRAITS = 5  # of a form: a writer keeps no more in mind
_NUMBERS = ("", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_LONG, _STEPS = 30, ((300, 50), (100, 10), (20, 5))  # from so many words on, rounded to so many
_UNSPACED = 12  # characters per word from which on a script has no spaces


def forms_of(rows: Sequence[Example], spoken: Spoken) -> dict[str, int]:
    """Return the forms of texts of all lengths, each as often as texts have it.

    Each label counts alike, whatever its number of rows.
    """
    by_label = labelled_alike(rows)
    if len(by_label) > _MOST:
        by_label = {None: [*rows]}
    most = max(1, min(_MOST // len(by_label), max(map(len, by_label.values()))))
    forms: Counter[str] = Counter()
    for mine in by_label.values():
        some = varied(mine, most)
        texts = (some[at % len(some)].text for at in range(most))
        forms.update(form_of(text, spoken) for text in texts)
    return dict(forms)


def form_of(text: str, spoken: Spoken) -> str:
    """Return how a text is written, in one line; in other languages than English, by no word."""
    spoken = spoken.of_one(text)
    known = _TOLD if spoken.english else _TOLD_IN_ANY
    if has_no_case(text):  # the case of a product's name says nothing
        known = tuple(told for told in known if told is not _case)
    if not spoken.named:
        known = tuple(partial(_with, named=False) if told is _with else told for told in known)
    plain = with_plain_marks(text)
    traits = [name for name in (told(plain) for told in known) if name]
    return "; ".join([_size(text, spoken), *traits[:_TRAITS]])


# --- how long it is ----------------------------------------------------------------------


def length_of(text: str, words: int | None = None) -> str:
    """The length of a text, as a prompt says it; `words` by default without lone marks."""
    if words is None:
        words = len(WORD.findall(text))
    if is_unspaced(text) or len(text) >= _UNSPACED * max(words, 2):
        return f"about {rounded(len(text))} characters"
    return f"about {rounded(words)} words" if words > 1 else "one or two words"


def _size(text: str, spoken: Spoken) -> str:
    words = len(text.split())
    length = length_of(text, words)
    parts = sentences_of(_POINT.sub("", text, count=1), spoken.language)
    kinds = [asks(sentence) for sentence in parts]
    if len(kinds) < 2:
        long = "long " if words >= _LONG else ""
        return f"{length} in one {long}{'question' if any(kinds) else 'sentence'}"
    count = _NUMBERS[len(kinds)] if len(kinds) < len(_NUMBERS) else "many"
    if all(kinds):
        return f"{length} in {count} questions"
    asking = ""
    if any(kinds):
        one = kinds.count(True) == 1
        asking = ", one of them a question" if one else ", some of them questions"
        if one and kinds[-1]:
            asking = ", the last a question"
        elif one and kinds[0]:
            asking = ", the first a question"
    return f"{length} in {count} sentences{asking}"


def rounded(count: int) -> int:
    """Return a number of words as a form says it."""
    step = next((step for least, step in _STEPS if count >= least), 1)
    return round(count / step) * step


# --- striking features ----------------------------------------------------------------------

_HEADING = re.compile(
    r"\A(?:[^\s.!?,;:]+ ){1,7}(?<!of )(?:The|A|An|It|This|These|In|When|If|You|We) [a-z]"
    r"|\A(?:[A-Z]{3,} ){1,6}[A-Z][a-z]"
)
_LOUD = re.compile(r"\b[A-Z]{2,}(?: [A-Z]{2,})+\b|\b[A-Z]{4,}\b(?=.*\b[A-Z]{4,}\b)", re.DOTALL)
_LOUDEST = 7  # characters of a phrase in capitals: a shorter one may be what a thing is called
_ADDRESS = re.compile(r"\w@\w+\.\w|\bwww\.|https?:|\b\w+\.(?:com|co\.uk|org|net)\b", re.IGNORECASE)
_PRICE = re.compile(r"[$£€¥] ?\d|\b\d+(?:\.\d+)? ?(?:p|pence|dollars|euros|pounds|cents|bucks)\b")
_CODE = re.compile(r"\d{5,}|\d{3}[- ]\d{3,}|\b(?=\w*\d)(?=\w*[A-Z])\w{4,}\b")
_POINT = re.compile(r"\A\s*(?:\d{1,2}|[A-Za-z])[.)] ?(?=\D)")
_NAME = re.compile(r"(?<![.!?…\n])[ (](?!I\b)[A-Z][a-z][\w'’-]*(?: [A-Z][a-z][\w'’-]*)*")
_SHORT = re.compile(
    r"\b(?:ur|urs|da|dat|dun|wat|wot|juz|jus|tmr|txt|msg|mgs|pls|plz|thx|thk|gr8|m8s?|l8r|2day|"
    r"2nite|wkly|yr|im|ive|dont|cant|wont|didnt|doesnt|isnt|wasnt|havent|hes|shes|thats|whats|"
    r"hows|lol|omg|btw|cuz|becos|coz|tho|thru|abt|rite|nite)\b|(?<![\w'’.])(?:[ru]|U)(?![\w'’.])",
    re.IGNORECASE,
)
_SPOKEN = re.compile(
    r"\b(?:gonna|wanna|gotta|dunno|kinda|sorta|yeah|yep|yup|nope|ha(?:ha)+|he(?:he)+|wow|lah|lar|"
    r"lor|mah|leh|liao|aiya|ain['’]t|y['’]all|oh)\b",
    re.IGNORECASE,
)
_SMILEY = r"[:;=]-?[)(DPp](?![a-z])|<3"
_MARKS = {
    "brackets": r"\(\w[^)]*\)|\[",
    "quotation marks": '["“”«»„]|``',
    "a dash": r"[–—]| --? |\w--+\w",
    "a colon": r"\w: ",
    "a semicolon": r"\w; ",
    "a smiley": _SMILEY,
}
_I = re.compile(r"\b(?:i|i['’]?(?:m|ve|d|ll|ma)|me|my|mine|myself)\b", re.IGNORECASE)
_YOU = re.compile(r"\b(?:you|you['’](?:re|ve|ll|d)|your|yours|u|ur|yr)\b", re.IGNORECASE)
_JOINING = frozenset("and but so or yet because although though while when if since".split())
_REFERRING = frozenset(
    "it its it's he she they this that these those his her their him them such however therefore "
    "thus also then again instead otherwise besides moreover furthermore hence similarly".split()
)
_GREETING = frozenset("hi hello hey dear hiya".split())
_EXCLAIMING = frozenset(
    "ah alright er haha hmm no nope oh ok okay right sorry sure well wow yeah yep yes yup".split()
)


def _speakers(text: str) -> str:
    many = len(SPEAKER.findall(text)) > 1
    return "turns of speakers, each behind a name or letter and a colon" if many else ""


def _lines(text: str) -> str:
    return "on several lines" if "\n" in text.strip() else ""


def _case(text: str) -> str:
    letters = [each for each in text if each.isalpha() and each.lower() != each.upper()]
    if len(letters) > 3 and all(each.isupper() for each in letters):
        return "all in capitals"
    if letters and all(each.islower() for each in letters):
        return "all in lower case"
    if any(" " not in loud or len(loud) >= _LOUDEST for loud in _LOUD.findall(text)):
        return "a few words in capitals"
    first = WORD.search(text)
    return "no capital at the start" if first and first[0].islower() and first[0].isalpha() else ""


def _opening(text: str) -> str:
    if _POINT.match(text):
        return "opens with the number of a point in a list"
    first = WORD.search(text)
    word = first[0].lower().replace("’", "'") if first else ""
    if word in _GREETING:
        return "opens with a greeting"
    if word in _EXCLAIMING:
        return "opens with a word such as oh, well or yes"
    if word in _JOINING and not asks(sentences_of(text)[0]):
        return f"opens with “{word}”"
    if word in _REFERRING:
        return "opens as if another sentence came before"
    return "opens with a heading that runs into the sentence" if _HEADING.match(text) else ""


def _haste(text: str) -> str:
    if HESITATION.search(text):
        return "hesitations, as in speech"
    if _SHORT.search(text):
        return "typed in haste, with short cuts and slips"
    return "words of casual speech" if _SPOKEN.search(text) else ""


def _with(text: str, *, named: bool = True) -> str:
    """Return which addresses, figures, names and marks a text has."""
    found = []
    if _ADDRESS.search(text):
        found.append("a web address")
    if _PRICE.search(text):
        found.append("a price")
    figures = _POINT.sub("", _PRICE.sub(" ", text), count=1)
    if _SHORT.search(text):
        figures = re.sub(r"\b[24]\b", " ", figures)  # for words
    if _CODE.search(text):
        found.append("a long number or code")
    elif numbers := len(re.findall(r"(?<![^\W\d_])\d+(?:[.,]\d+)*", figures)):
        found.append("a number" if numbers == 1 else "numbers")
    unnamed = _HEADING.sub(" ", SPEAKER.sub("\n ", text))
    if named and not text.isupper() and (names := len(_NAME.findall(unnamed))):
        found.append("a name" if names == 1 else "names")
    found += [name for name, pattern in _MARKS.items() if re.search(pattern, text)]
    if has_emoji(text):
        found.append("an emoji")
    return f"with {' and '.join(filter(None, [', '.join(found[:-1]), found[-1]]))}" if found else ""


def _ending(text: str) -> str:
    end = re.sub(rf"(?:{_SMILEY})\s*$", "", text).rstrip().rstrip("\"'”’)]")
    if re.search(r"(?:\.\.+|…)$", end):
        return "trails off in dots"
    if re.search(r"[!?！？]{2,}$", end):
        return "several marks at the end"
    if end.endswith(("!", "！")):
        return "an exclamation mark at the end"
    if end[-1:] in {",", "-", "–", "—", ":", ";"}:
        return "broken off at the end"
    return "no mark at the end" if ends_in_word(end) else ""


def _spaces(text: str) -> str:
    return "a space before a mark" if re.search(r"\w [.,?!;](?:\s|$)", text) else ""


def _person(text: str) -> str:
    said = ("“I”" if _I.search(text) else "", "“you”" if _YOU.search(text) else "")
    return f"says {' and '.join(filter(None, said))}" if any(said) else ""


_TOLD: tuple[Callable[[str], str], ...] = (
    *(_speakers, _lines, _case, _opening, _haste),
    *(_with, _ending, _spaces, _person),
)
"""Functions that return an unusual trait or "", the most telling first."""

_TOLD_IN_ANY = tuple(told for told in _TOLD if told not in (_opening, _haste, _person))
"""Those that do not depend on English words."""
