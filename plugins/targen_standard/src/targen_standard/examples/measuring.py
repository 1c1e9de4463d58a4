"""The manner of texts, measured by code on this machine.

Shares are of labels, not of rows: each label counts alike, and so does each of its rows. So no
value of a trait says anything about a label.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from functools import cache

from targen_core.tasks.letters import MARKS, PER_DENSE, UNSPACED_LETTER, plain_words
from targen_core.tasks.words import normalized
from targen_standard.checks.languages import find_language, language_of, nearest_language
from targen_standard.examples.reading import Example

_SENTENCE = re.compile(
    r"[^.!?।؟۔。！？\n]*(?:[.!?।؟۔]+(?=[\s\"'”’)]|$)|[。！？]+[\"'”’」』）]*|\n|$)", re.DOTALL
)
_ABBREVIATION = re.compile(r"\b(?:[A-Za-z]|mr|mrs|ms|dr|st|vs|etc|e\.g|i\.e|no|jr|sr|inc)\.", re.I)
WORD = re.compile(rf"[^\W_][\w{MARKS}'’-]*")
_ENGLISH = 0.1  # of the words of texts whose language is unclear: function words of English
_UNSPACED = re.compile(UNSPACED_LETTER)
_PLAIN_MARKS = str.maketrans(
    dict(zip("؟،؛۔।（）［］【】", "?,;..()[][]", strict=True))
    | dict(zip("、，：；", (", ", ", ", ": ", "; "), strict=True))  # no space follows these
    | dict.fromkeys("「」『』《》", '"')
)
SPEAKER = re.compile(r"(?:(?<=^)|(?<=\s))[A-Z]\w{0,11}: +(?=\S)")
HESITATION = re.compile(r"\b(?:u+h+|u+h*m+|e+rm?|h+m+|uh-huh)\b", re.IGNORECASE)
_ASKING = frozenset(
    "what which who whom whose when where why how is are am was were do does did can could will "
    "would should shall may might must has have had isn't aren't don't doesn't didn't can't "
    "couldn't won't wouldn't name".split()
)


def weights_of(rows: Sequence[Example]) -> list[float]:
    """Return what each row counts: all labels alike, and all rows of one alike; the sum is 1."""
    counts = Counter(row.label for row in rows)
    return [1 / (len(counts) * counts[row.label]) for row in rows]


def labelled_alike(rows: Sequence[Example]) -> dict[str | None, list[Example]]:
    """Return texts by their label, None for those without one."""
    by_label: dict[str | None, list[Example]] = {}
    for row in rows:
        by_label.setdefault(row.label, []).append(row)
    return by_label


def varied(rows: Sequence[Example], most: int) -> list[Example]:
    """Return at most so many, each text once, of all lengths, in an order independent of length."""
    each = {" ".join(row.text.split()).casefold(): row for row in reversed(rows)}
    sized = sorted(each.values(), key=lambda row: (len(row.text.split()), _digest(row)))
    count = min(most, len(sized))
    chosen = [sized[(2 * at + 1) * len(sized) // (2 * count)] for at in range(count)]
    return sorted(chosen, key=_digest)


def _digest(row: Example) -> str:
    return hashlib.sha256(row.text.encode("utf-8", "surrogatepass")).hexdigest()


def parted(shares: Mapping[str, float], slots: int) -> dict[str, int]:
    """Shares as whole numbers that add up to `slots`, by their largest remainders."""
    total = sum(shares.values()) or 1
    exact = {name: share / total * slots for name, share in shares.items()}
    parts = {name: int(value + 1e-9) for name, value in exact.items()}
    left = sorted(exact, key=lambda name: (parts[name] - exact[name], name))
    for name in left[: slots - sum(parts.values())]:
        parts[name] += 1
    return {
        name: parts[name]
        for name in sorted(parts, key=lambda name: (-parts[name], name))
        if parts[name]
    }


# --- sentences ---------------------------------------------


def sentences_of(text: str, language: str = "") -> list[str]:
    """The sentences of a text, in order; an abbreviation's full stop ends none.

    It knows some English abbreviations, and abbreviations and ordinal numbers of the language.
    """
    hidden = without_stops(text, language, "\0")
    found = (match[0].replace("\0", ".").strip() for match in _SENTENCE.finditer(hidden))
    return [part for part in found if WORD.search(part)]


def without_stops(text: str, language: str, mark: str = "") -> str:
    """Return a text with `mark` for the full stops of abbreviations; see `sentences_of`."""
    for pattern in filter(None, (_ABBREVIATION, _stops(language))):
        text = pattern.sub(lambda found: found[0].replace(".", mark), text)
    return text


@cache
def _stops(language: str) -> re.Pattern[str] | None:
    known = find_language(language)
    return re.compile(rf"(?<!\w)(?:{known.stops})\.(?=[^\S\n]+\w)", re.I) if known else None


def asks(sentence: str) -> bool:
    """Return whether a sentence is a question: by its mark, or else by its first word."""
    if sentence.rstrip("\"'”’)」』）").endswith(("?", "？", "؟")):
        return True
    first = WORD.search(sentence)
    marked = sentence.rstrip("\"'”’)")[-1:] in ".!"
    return not marked and first is not None and first[0].lower() in _ASKING


# --- language and marks --------------------------------------------------------------------


def has_emoji(text: str) -> bool:
    """Return whether a text contains an emoji or a similar symbol."""
    return any(unicodedata.category(letter) == "So" for letter in text)


@dataclass(frozen=True, slots=True)
class Spoken:
    """The language of texts, as far as what is measured depends on it.

    Attributes:
        language: the one whose abbreviations are known; "" if it is unclear.
        english: whether words of English say something about the texts.
        named: whether a capital inside a sentence says that it is a name: not in German.
    """

    language: str = ""
    english: bool = True
    named: bool = True

    @classmethod
    def of(cls, texts: Iterable[str]) -> Spoken:
        """Return the language of most of some texts."""
        text = "\n".join(texts)
        return cls._in(language_of(text), text)

    @classmethod
    def _in(cls, language: str, text: str) -> Spoken:
        known = find_language(language)
        return cls(
            language,
            english=language == "English" or (not language and _seems_english(text)),
            named=not (known and known.capital_nouns),
        )

    def of_one(self, text: str) -> Spoken:
        """Return the language of one of the texts, which may be another than that of most."""
        return self._in(nearest_language(text, self.language), text)


def _seems_english(text: str) -> bool:
    english = find_language("english")
    said = normalized(text).split()
    known = english.function_words if english else frozenset()
    return sum(word in known for word in said) >= _ENGLISH * len(said)


def is_unspaced(text: str) -> bool:
    """Return whether most of a text is in scripts without spaces between words.

    A letter of theirs is worth several of others, such as of a product's name.
    """
    return (1 + PER_DENSE) * len(_UNSPACED.findall(text)) > sum(map(str.isalpha, text))


def has_no_case(text: str) -> bool:
    """Return whether some letters of a text are of a script without capitals."""
    return any(
        letter > "\u024f" and letter.isalpha() and letter.lower() == letter.upper()
        for letter in text
    )


def with_plain_marks(text: str) -> str:
    """Return a text with the marks of Latin script for those of others, such as Arabic commas."""
    return text.translate(_PLAIN_MARKS)


def ends_in_word(text: str) -> bool:
    """Return whether a text ends without a mark."""
    return re.search(rf"[^\W_][{MARKS}]*\s*$", text) is not None


# --- for people ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Figures:
    """Figures about texts for a reader.

    Attributes:
        rows: how many there are.
        labelled: how many have a label.
        words: the least, a tenth, the half, nine tenths, the most; of `unit`.
        repeated: the share of rows whose words another one has also.
        scripts: the share of letters by script, the largest first.
        unit: "words", or "characters" for scripts without spaces between words.
    """

    rows: int
    labelled: int
    words: tuple[int, int, int, int, int]
    repeated: float
    scripts: tuple[tuple[str, float], ...]
    unit: str = "words"


def figures_of(rows: Sequence[Example]) -> Figures:
    """The figures of at least one text."""
    unspaced = 2 * sum(is_unspaced(row.text) for row in rows) > len(rows)
    sizes = sorted(len(row.text if unspaced else row.text.split()) for row in rows)
    last = len(sizes) - 1
    words = tuple(sizes[round(share * last)] for share in (0, 0.1, 0.5, 0.9, 1))
    same = Counter(plain_words(row.text) for row in rows)
    scripts = Counter(
        unicodedata.name(letter, "OTHER").partition(" ")[0].capitalize()
        for row in rows
        for letter in row.text
        if letter.isalpha()
    )
    letters = scripts.total() or 1
    return Figures(
        len(rows),
        sum(row.label is not None for row in rows),
        (words[0], words[1], words[2], words[3], words[4]),
        sum(count for count in same.values() if count > 1) / len(rows),
        tuple((name, count / letters) for name, count in scripts.most_common(3)),
        "characters" if unspaced else "words",
    )


@dataclass(frozen=True, slots=True)
class Topic:
    """Texts that share a telling word.

    Attributes:
        words: the words that tell them from the others, the most telling first; all have the first.
        members: the places of the texts among all, from 0.
    """

    words: tuple[str, ...]
    members: tuple[int, ...]

    @property
    def rows(self) -> int:
        """Return how many texts there are."""
        return len(self.members)


_TOPICS = 12
_TELLING = 4  # letters of a word that can tell what a text is about


def topics_of(rows: Sequence[Example], without: Set[str] = frozenset()) -> list[Topic]:
    """Return what texts are about, by the words that they share, except those `without`.

    Greedy: the word that most texts without a topic share opens the next. Only whole numbers are
    compared, so that profiles are the same on every machine.
    """
    bags = [telling_words(row.text) - without for row in rows]
    left = set(range(len(bags)))
    most = Counter(word for bag in bags for word in bag)
    fewest = max(2, len(bags) // 50)
    topics: list[Topic] = []
    while left and len(topics) < _TOPICS:
        counts = Counter(word for at in sorted(left) for word in bags[at])
        if not counts:
            break
        word = min(counts, key=lambda word: (-counts[word], word))
        if counts[word] < fewest:
            break
        mine = {at for at in left if word in bags[at]}
        beside = Counter(other for at in sorted(mine) for other in bags[at] if other != word)
        near = sorted(
            (other for other in beside if beside[other] > 1),
            key=lambda other: (-beside[other] * beside[other] // most[other], other),
        )
        topics.append(Topic((word, *near[:3]), tuple(sorted(mine))))
        left -= mine
    return topics


def as_spelled(topics: Sequence[Topic], rows: Sequence[Example]) -> list[Topic]:
    """Return topics with each word in its most common spelling: "Groß", not "gross"."""
    spellings: dict[str, Counter[str]] = defaultdict(Counter)
    for row in rows:
        for word in WORD.findall(unicodedata.normalize("NFKC", row.text)):
            spellings[plain_words(word)][word] += 1
    known = {
        plain: min(counts, key=lambda word: (-counts[word], word))
        for plain, counts in spellings.items()
    }
    return [replace(topic, words=tuple(known.get(w, w) for w in topic.words)) for topic in topics]


_COMMON = frozenset(
    "about above after again also another because been before being below between both cannot "
    "could does doing down during each even ever every from further gets getting give given going "
    "have having here hers herself himself into itself just know like made make many more most "
    "much must myself need only other ours ourselves over please same shall should show some "
    "still such take tell than thank thanks that their theirs them then there these they this "
    "those through under until upon very want wants well were what whats when where which while "
    "whom whose will with would your yours yourself first name called long help "
    "actually away back came come gave good might really thing things think thought yeah "
    "aren couldn didn doesn hadn hasn haven isn shouldn wasn weren wouldn".split()
)


_ALPHABETIC = re.compile(rf"(?:[^\W\d_][{MARKS}]*)+")


def telling_words(text: str) -> frozenset[str]:
    """The words of a text that can tell what it is about, in scripts with spaces between them."""
    words: Iterable[str] = plain_words(text).split()
    return frozenset(
        word
        for word in words
        if len(word) >= _TELLING
        and word not in _COMMON
        and _ALPHABETIC.fullmatch(word)
        and not _UNSPACED.search(word)
    )
