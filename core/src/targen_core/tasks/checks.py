"""Checks that many tasks share: is a text clean, and is it prose?

Each raises `Rejected` with a reason that the report counts by. With an `edition`, it is as in that
edition of task files. The defaults keep the rows of tasks in Python.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from functools import cache
from unicodedata import category

from rapidfuzz import fuzz

from targen_core.errors import Rejected
from targen_core.tasks import remarks
from targen_core.tasks.languages import (
    OTHERS,
    WORDS_OF_OTHERS,
    all_languages,
    find_language,
    plain_name,
)
from targen_core.tasks.letters import PER_DENSE
from targen_core.tasks.words import WORD, normalized, parts, words

__all__ = [
    "chatter",
    "check_language",
    "content_words",
    "filled",
    "is_copy",
    "is_loop",
    "language_of",
    "phrase",
    "prose",
    "script_of",
    "sentences",
    "several_sentences",
    "similarity",
    "small_words",
]

_RUNS = 20  # fewer may repeat themselves by chance
_COLON = re.compile(r"\s*+\d*+[\"'”*]*+\s*+:")
_QUOTED = re.compile(r"""^(?:"[^"]*"|“[^“”]*”|'[^']*'|‘[^‘’]*’)$""")
_LISTED = r"^\s*(?:\(?(?:\d+[.):]|[a-hA-H]\))(?!\d)|[-*•])\s"  # numbering and bullets
_MARKUP = re.compile(
    rf"\*\*|`|^\s*[#>]|\]\(|<\/?\w+>|[{{}}\[\]|\\]|{_LISTED}"
    r"|(?<!\w)[*_]\w[^*_]*[*_](?!\w)"  # emphasis
)
_PLACEHOLDER = re.compile(
    r"\[[A-Z_ ]{2,}\]|\$[A-Za-z_]\w*|<[A-Z_ ]{2,}>|\bX{4,}\b|\b[Ll]orem ipsum"
)
_YOURS = (  # of the reader, in a placeholder
    "your|ihre?|deine?|votre|vos|ton|ta|su|tu|il (?:suo|tuo)|la (?:sua|tua)|o seu|a sua|seu|sua"
    "|uw|jouw|je"
)
_GIVEN = (  # what a placeholder is for; in German and Dutch, as the end of a word
    r"names?|dates?|address|number|\w*(?:name|datum|adresse|anschrift|nummer|naam|adres)|nom|prénom"
    "|date|numéro|nombre|apellidos?|fecha|dirección|número|nome|cognome|indirizzo|numero|endereço"
)
_UNFILLED = re.compile(
    r"(?<![\[\]\w!])\[(?=[A-ZÀ-ÖØ-Þ])(?i:"
    r"(?![^\]]*\b(?:redacted|withheld|removed|deleted|hidden|changed|geändert|entfernt)\b)"
    rf"(?:(?:{_YOURS})(?: [^\W\d_]+){{1,3}}"
    rf"|(?:[^\W\d_]+['’ ]){{0,2}}(?:{_GIVEN})(?:['’ ][^\W\d_]+){{0,3}})\](?![(\[:]))"
)
_OF_TEMPLATES = re.compile(
    r"\{\{ ?[^\W\d][\w.]*(?: \w+){0,2} ?\}\}"
    rf"|<(?=[A-ZÀ-ÖØ-Þ])(?i:(?:(?:{_YOURS}) )?(?:{_GIVEN})>)"
)
_IN_BRACES = re.compile(
    rf"\{{(?=[A-ZÀ-ÖØ-Þ])(?i:(?:(?:{_YOURS})[ _])?(?:{_GIVEN})(?:[ _][^\W\d_]+){{0,2}}\}})"
)
_TO_INSERT = "insert|enter|insérer|insertar|inserire|inserir"
_INSERTED = "einfügen|eintragen|ergänzen|einsetzen|invullen|here|hier"
_CLOSINGS = (
    "grüßen?|gruß|regards|sincerely|wishes|cordialement|salutations|saludos|saluti|cumprimentos"
    "|groeten?"
)
_OF_FORMS = re.compile(  # "(Name einfügen)", "TT.MM.JJJJ", and a name in place of a signature
    rf"\((?i:(?:{_TO_INSERT}) (?:[^\W\d_]+ ){{0,2}}(?:{_GIVEN})"
    rf"|(?:(?:{_YOURS}) )?(?:{_GIVEN}) (?:{_INSERTED}))\)"
    r"|\b(?:TT([./-])MM\1JJ(?:JJ)?|DD([./-])MM\2(?:YYYY|YY|JJJJ|AAAA)|MM([./-])DD\3YY(?:YY)?"
    r"|JJ([./-])MM\4AA(?:AA)?|GG([./-])MM\5AA(?:AA)?)\b"
    r"|(?:\n[ \t]{0,20}"
    rf"|(?i:{_CLOSINGS})[,.!]?\s{{1,20}})(?=[A-ZÀ-ÖØ-Þ])(?i:(?:{_YOURS}) (?:{_GIVEN}))\W{{0,20}}\Z"
)
_CODE = re.compile(r"`|</|\{%|[;{]\s*$", re.MULTILINE)
_QUOTES = re.compile(r"„[^“”\n]*[“”]|“[^“”\n]*”|«[^«»\n]*»|»[^«»\n]*«|\"[^\"\n]*\"")
_OUTSIDE = 3  # words, from which on those in quotes need not be of the text's language
_GARBLED = re.compile("[\u00c2-\u00f4][\u0080-\u00bf\u0152-\u2122]+|\ufffd")
_END = re.compile(r"[.!?。！？।؟][\"'”’“»)\]]*$")
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
_STOP = frozenset(
    "a an and are as at be been but by did do does for from had has have he her his in is it its "
    "of on or she that the their them there they this to was were which who will with would not "
    "no than then also after before into over under more most".split()
)
_FOREIGN = frozenset(  # words of other languages that English texts hold in names at most
    "und der das ist nicht ein eine einen einem einer für auf wird wurde sich auch dem von zu "
    "haben sie im zum zur aus nach bei er ihr "
    "el los las una que del por para su fue como más pero está sus entre desde "
    "le les une est dans qui sur avec pas aux ce cette et du il elle mais ont "
    "gli della che sono di nel alla più anche dei "
    "os uma não das em ao foi mais seu "
    "het een niet voor op zijn dat naar ook maar wordt".split()
)
_OF_ONE = 0.25  # of a text's words, as small as it is in messages that leave many out
_NAMED = re.compile(r"(?<![A-Za-z])[a-z]?[A-Z][A-Za-z]*")  # words with a capital, such as iPhone
_OTHER_LETTER = re.compile("[\u0100-\u0151\u0154-\u024f\u1ea0-\u1eff]")  # all but \u0153
_HEADLINE = 10  # characters
_LONGEST = 40  # letters of an abbreviation, as of a street's name
_DENSE = frozenset(["chinese", "japanese", "korean"])
_CLEARLY = 8  # times; with languages whose words are not known, it was at most five in samples
_HARDLY_ANY = 32  # times; short texts in Catalan may have hardly any words that Spanish lacks
_SCRIPTS: Mapping[
    str, str | tuple[str, ...]
] = {  # what the names of their letters begin with in Unicode
    **dict.fromkeys("russian ukrainian bulgarian serbian macedonian".split(), "CYRILLIC"),
    "greek": "GREEK",
    **dict.fromkeys(["arabic", "persian", "urdu"], "ARABIC"),
    **dict.fromkeys(["hindi", "marathi", "nepali"], "DEVANAGARI"),
    "hebrew": "HEBREW",
    "chinese": "CJK",
    "japanese": ("CJK", "HIRAGANA", "KATAKANA"),
    "korean": ("HANGUL", "CJK"),
    "thai": "THAI",
}


def content_words(text: str) -> set[str]:
    """The content words of a text: no articles, auxiliaries or prepositions."""
    return {word for word in words(text) if word not in _STOP}


def is_copy(text: str, of: str) -> bool:
    """Return whether two texts are the same apart from case, spacing and punctuation."""
    return normalized(text) == normalized(of)


def is_sentences_of(text: str, of: str) -> bool:
    """Return whether a text consists of whole sentences of another, in any case."""
    others = {normalized(part) for part in parts(of)}
    said = [normalized(part) for part in parts(text)]
    return bool(said) and others.issuperset(said)


def similarity(text: str, other: str) -> float:
    """Normalised indel similarity of two texts as comparisons see them, 0 to 100."""
    return fuzz.ratio(normalized(text), normalized(other))


def several_sentences(text: str) -> bool:
    """Return whether a text surely contains more than one sentence.

    It is when a longer word ends one and a capital starts the next: "Mr. Li",
    "Prof. Smith", "U.S. Army" and "No. 5" do not count. A short last word hides an end; a wrong
    split would lose data.
    """
    return _TWO_SENTENCES.search(text) is not None


def is_loop(text: str) -> bool:
    """Return whether a text repeats itself over and over, as small models do.

    That is: it has at least 20 runs of three words, and fewer than half of them are different. In
    texts that people write, nine in ten are.
    """
    said = words(text)
    runs = [tuple(said[at : at + 3]) for at in range(len(said) - 2)]
    return len(runs) >= _RUNS and len({*runs}) < len(runs) / 2


def check_language(
    text: str,
    what: str,
    language: str = "English",
    *,
    edition: int = 8,
) -> None:
    """Require a language, as far as its letters and function words show.

    Function words are known for English, Dutch, French, German, Italian, Portuguese and Spanish,
    and the script for a dozen more. Other languages always pass. These seven may also be given by
    their code or their own name, and with a region: "es-CL", "español (Chile)".

    A text in another script may name things in Latin letters, such as products. Before `edition` 7,
    only Chinese, Japanese and Korean ones may. They also lack the checks for Chinese in Japanese
    and for letters of other languages, such as Polish ones. From edition 10 on, Turkish and other
    languages of Latin script must be in it. Quotations may be in any language, and words of Danish
    and nine other languages count as those of another language.

    Raises:
        Rejected: `not-latin`: a fifth of the letters are of other scripts (`not-cyrillic` and so
            on, if the language has another). `not-english` and so on: more small words of
            another language, or words with letters of none of the seven, than small words of
            this one. Words of both do not count.
    """
    name = plain_name(language)
    earlier, newest = edition < 7, edition > 9
    if newest and len(words(outside := _QUOTES.sub(" ", text))) >= _OUTSIDE:
        text = outside
    letters = [char for char in text if char.isalpha()]
    if (script := _SCRIPTS.get(name)) is not None:
        if not earlier:  # half-width katakana have other names; vowel signs are marks
            letters = [
                char
                for char in unicodedata.normalize("NFKC", text)
                if char.isalpha() or (category(char)[0] == "M" and _is_of(script, char))
            ]
        own = sum(_is_of(script, char) for char in letters)
        count = len(letters)
        latin = sum(char < "\u0250" for char in letters)
        # As many Latin letters as the others are worth may be names, and if words have a capital,
        # twice as many.
        worth = PER_DENSE if name in _DENSE else 1 - earlier
        named = 0 if earlier else sum(map(len, _NAMED.findall(text))) // 2
        count -= min(worth * own + min(named, worth * own), latin)
        if own < 0.8 * count:
            raise Rejected(
                f"not-{script_of(name).lower()}", f"the {what} is not in {language} script"
            )
        is_other = name == "japanese" and not earlier and _is_chinese(text)
    elif (known := find_language(name)) is None and not (newest and name in OTHERS.values()):
        return
    elif sum(char < "\u0250" or (newest and _is_of("LATIN", char)) for char in letters) < 0.8 * len(
        letters
    ):
        raise Rejected("not-latin", f"the {what} is not in Latin script")
    elif known is None:
        return
    else:
        vague = known.spoken_words if newest else frozenset[str]()
        is_other = any(_is_more_of(text, *pair, vague) for pair in _rivals(name))
        if not (earlier or is_other):
            lettered = _with_other_letters(text)
            pairs = _others(name) if newest else [(known.function_words, frozenset[str]())]
            is_other = any(_is_more_of(text, m, theirs | lettered, vague) for m, theirs in pairs)
    if is_other:
        raise Rejected(f"not-{name}", f"the {what} is not in {language}: {text[:60]!r}")


def _is_chinese(text: str) -> bool:
    """Return whether a text of Chinese characters without kana is not Japanese.

    Headlines in Japanese may have no kana, but sentences do, and no text has simplified characters.
    """
    han = [char for char in text if _is_of("CJK", char)]
    if any(_is_of(("HIRAGANA", "KATAKANA", "HALFWIDTH KATAKANA"), char) for char in text):
        return False
    return ("。" in text and len(han) > _HEADLINE) or any(
        char.encode("gb2312", "ignore") and not char.encode("cp932", "ignore") for char in han
    )


def _with_other_letters(text: str) -> frozenset[str]:
    """The words of a text with letters of neither English nor a language of Western Europe.

    Without words with a capital, which may be names.
    """
    return frozenset(
        word for word in WORD.findall(text) if not word[0].isupper() and _OTHER_LETTER.search(word)
    )


def _is_ended(text: str) -> bool:
    """Return whether a sentence ends a text, perhaps before quotation marks and brackets."""
    at = len(text)
    # French has a space before its quotation mark; German ones close with what opens others.
    while at and ((mark := text[at - 1]) in "\"' \u00a0\u202f" or category(mark) in _CLOSING):
        at -= 1
    return text[:at].endswith(_STOPS)


def _is_of(script: str | tuple[str, ...], char: str) -> bool:
    return unicodedata.name(char, "").startswith(script)


def language_of(text: str) -> str:
    """Return the language of a text, such as "German", or "" if it is unclear.

    The languages are those of `check_language` whose function words are known. A quarter of the
    text's words must be among those of its language. They must be eight times as many as those of
    any other language, without the words of both. Danish and Catalan texts, for example, have none.
    Spanish texts have hardly any words of Catalan and Galician.
    """
    said = words(text)
    for each in all_languages():
        own = sum(word in each.function_words for word in said)
        near = sum(word in each.near_words for word in said)
        if own >= max(1, len(said) * _OF_ONE, near * _HARDLY_ANY) and all(
            sum(word in mine for word in said)
            >= _CLEARLY * max(1, sum(word in theirs for word in said))
            for mine, theirs in _apart(each.name)
        ):
            return each.name.capitalize()
    return ""


def _rivals(name: str) -> Sequence[tuple[frozenset[str], frozenset[str]]]:
    """Return function words of a language and of each other that it may be mistaken for."""
    if name == "english":  # whose texts have foreign names and titles in them
        return [(_STOP, _FOREIGN)]
    return _apart(name)


@cache
def _others(name: str) -> Sequence[tuple[frozenset[str], frozenset[str]]]:
    """Return function words of a language, and those of each language without a file."""
    known = find_language(name)
    assert known is not None
    mine = known.function_words
    return [(mine, theirs - mine) for theirs in WORDS_OF_OTHERS.values()]


@cache
def _apart(name: str) -> Sequence[tuple[frozenset[str], frozenset[str]]]:
    """Return the function words of only this language and of only the other, for each other."""
    words_of = {each.name: each.function_words for each in all_languages()}
    mine = words_of.pop(name)
    return [(mine - theirs, theirs - mine) for theirs in words_of.values()]


def _is_more_of(
    text: str,
    mine: frozenset[str],
    theirs: frozenset[str],
    vague: frozenset[str] = frozenset(),
) -> bool:
    """Return whether a text has more words of theirs than of mine, and not only vague ones."""
    text_words = words(text)
    foreign = [word for word in text_words if word in theirs]
    return (
        len({*foreign}) >= 2
        and not vague.issuperset(foreign)
        and len(foreign) > sum(word in mine for word in text_words)
    )


def script_of(language: str) -> str:
    """A language's script by its Unicode name; "LATIN" if no other is known."""
    script = _SCRIPTS.get(plain_name(language), "LATIN")
    return script if isinstance(script, str) else script[0]


def small_words(language: str) -> Sequence[str]:
    """Function words of a language; empty if it is unknown."""
    known = find_language(language)
    return sorted(known.small_words) if known else ()


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


def chatter(
    text: str,
    what: str,
    language: str = "English",
    *,
    edition: int = 8,
) -> None:
    """Refuse a model's remarks about its reply, in English or in the text's language.

    That is an announcement ("Sure! Here is a premise: …"), a refusal ("I cannot generate …") or a
    heading, such as `what` with a colon. It may also be an offer at the end ("Let me know if you'd
    like more examples."). Ordinary speech between people, such as "Let me know if you can help
    me.", passes. The languages are those of `check_language`.

    From `edition` 9 on, it also refuses more introductions, such as "Gladly! Here is the message:
    …", and notes on the text's label. Its error shows the remark. From edition 10 on, "Sure, here
    are the photos." and "I hope this helps!" pass. It then refuses counts of words, and
    introductions such as "As requested, a mail:".

    Raises:
        Rejected: `meta-text`.
    """
    stripped = text.strip()
    heading = stripped.lstrip("\"'“*# ").casefold().removeprefix("the ")
    headed = heading.startswith(name := what.casefold()) and _COLON.match(heading[len(name) :])
    if said := f"{what}:" if headed else remarks.remark(stripped, language, edition=edition):
        raise _meta_text(said if edition > 8 else stripped, what)


def _meta_text(words: str, what: str) -> Rejected:
    return Rejected("meta-text", f"the {what} talks about the answer: {words.strip()[:60]!r}")


def filled(text: str, what: str, *, edition: int = 9) -> None:
    """Refuse a text with a placeholder that its writer was to fill in, in the larger languages.

    Examples are `[Your name]`, `[Kundennummer]`, `<Date>`, `{Name}` and `{{customer}}`. Other
    brackets pass, such as `[sic]` and `[1]`, and so do links, code, and data that people masked
    with `XXXX`. Before `edition` 9, `{Name}` also passes. From edition 10 on, `(Name einfügen)`,
    `TT.MM.JJJJ` and the signature `Ihr Name` are placeholders. Texts in a wrong encoding, such as
    `fÃ¼r`, do not pass.

    Raises:
        Rejected: `placeholder`, or `garbled`.
    """
    found = _UNFILLED.search(text)
    if found is None and not _CODE.search(text):
        found = _OF_TEMPLATES.search(text)
        if found is None and edition > 8:
            found = _IN_BRACES.search(text)
    if found is None and edition > 9:
        found = _OF_FORMS.search(text)
        if found is not None and "format" in text.casefold():
            found = None  # it says how to write dates
    if found is not None:
        raise Rejected("placeholder", f"the {what} holds a placeholder: {found[0].strip()!r}")
    if edition > 9 and (garbled := next(filter(_is_garbled, _GARBLED.findall(text)), "")):
        raise Rejected("garbled", f"the {what} has letters of a wrong encoding: {garbled!r}")


def _is_garbled(letters: str) -> bool:
    """Return whether letters are UTF-8 that was read as Windows-1252, or could not be read."""
    try:
        return letters == "\ufffd" or len(letters.encode("cp1252").decode("utf-8")) < len(letters)
    except UnicodeError:
        return False


def prose(
    text: str,
    *,
    min_words: int,
    max_words: int,
    what: str,
    language: str | None = "English",
    edition: int = 8,
) -> None:
    """Require one or more whole sentences of `min_words` to `max_words` words.

    A task in another language names it, or passes None; see `check_language` and `chatter`, also
    for `edition`. From edition 9 on, a text may begin with "Note:".

    Raises:
        Rejected: `meta-text` (chatter, a refusal, a heading, a label), `markup`, `placeholder`,
            `quoted` (the whole text is in quotes), `too-short` or `too-long`. Or `cut-off` (it has
            no sentence end), `not-latin` (mostly other scripts), `not-english` or `repetitive`.
    """
    stripped = text.strip()
    chatter(stripped, what, language or "English", edition=edition)
    if said := remarks.in_prose(stripped, edition=edition):
        raise _meta_text(said if edition > 8 else stripped, what)
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
    if not (_END.search(stripped) if edition < 7 else _is_ended(stripped)):
        raise Rejected("cut-off", f"the {what} ends mid-sentence: {stripped[-40:]!r}")
    if language is not None:
        check_language(stripped, what, language, edition=edition)
    if count >= 8 and len(set(words(stripped))) < count * 0.45:
        raise Rejected("repetitive", f"the {what} repeats itself: {stripped[:60]!r}")
