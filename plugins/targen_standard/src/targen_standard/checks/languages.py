"""In which language is a text? Each language that checks know has a file in the folder `data`.

A file has:

- `names`: other names and codes, in lower case;
- `small_words`: function words that made-up texts contain;
- `function_words`: others. Without "a" and "mi" among its own, Spanish "a mi madre" is Italian,
  which has both;
- `capital_nouns`: true if all nouns begin with a capital, which then says nothing of a name;
- `remarks`: parts of models' remarks about their replies, as regular expressions of
  lower-case letters and curly apostrophes. Line breaks in them have no effect. The parts are those
  that `remarks.py` combines;
- `leads`: parts of what introduces a text, and of notes on its label, in the same form;
- `lengths`: parts of names of dimensions for the length of texts, in the same form, and the numbers
  and units in their values;
- `spoken_words`: words of casual texts that are also words of other languages. Alone, they do not
  make a text one in another language;
- `stops`: abbreviations of three letters or more, and perhaps ordinal numbers, in the same form. A
  full stop behind one may end no sentence.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache, lru_cache
from importlib.resources import files
from unicodedata import category

from targen_core.errors import Rejected
from targen_core.tasks.words import PER_DENSE, WORD, words

_OTHERS: Mapping[str, Sequence[str]] = {
    code: names
    for code, *names in (
        each.split(":")
        for each in """
        af:afrikaans:afrikaans ar:arabic:arabisch bg:bulgarian:bulgarisch bs:bosnian:bosnisch
        ca:catalan:katalanisch cs:czech:tschechisch cy:welsh:walisisch da:danish:dänisch
        el:greek:griechisch eo:esperanto:esperanto et:estonian:estnisch eu:basque:baskisch
        fa:persian:persisch:farsi fi:finnish:finnisch ga:irish:irisch gl:galician:galicisch
        he:hebrew:hebräisch hi:hindi:hindi hr:croatian:kroatisch hu:hungarian:ungarisch
        id:indonesian:indonesisch is:icelandic:isländisch ja:japanese:japanisch ko:korean:koreanisch
        lb:luxembourgish:luxemburgisch lt:lithuanian:litauisch lv:latvian:lettisch
        mk:macedonian:mazedonisch mr:marathi:marathi ms:malay:malaiisch mt:maltese:maltesisch
        nb:norwegian:norwegisch ne:nepali:nepali nn:norwegian:nynorsk no:norwegian:bokmål
        pl:polish:polnisch ro:romanian:rumänisch ru:russian:russisch sk:slovak:slowakisch
        sl:slovenian:slowenisch sq:albanian:albanisch sr:serbian:serbisch sv:swedish:schwedisch
        sw:swahili:suaheli th:thai:thailändisch tl:tagalog:filipino tr:turkish:türkisch
        uk:ukrainian:ukrainisch ur:urdu:urdu
        vi:vietnamese:vietnamesisch zh:chinese:chinesisch:mandarin
        """.split()
    )
}
"""Languages without a file, by their ISO codes: their names in English, in German and others."""

_WORDS_OF_OTHERS = {
    name: frozenset(several.split())
    for name, several in {
        "croatian": "ali bilo ili jer kada kao koja koji moj nije samo što",
        "czech": "byl bylo jako jsem jsme jsou když které mám můj nebo není prosím protože už že",
        "danish": "af det dig hvad hvor ikke jeg med mig og også på skal som til være",
        "finnish": "eli että joka kanssa kun minulla minun minä mitä mutta myös niin olen ovat "
        "pitäisi tämä vain",
        "hungarian": "az azt csak egy ez hogy kell már nagyon nem vagy volt én és",
        "indonesian": "akan dan dengan itu karena saya sudah tidak untuk yang",
        "polish": "czy dla jest jestem już juz nie oraz proszę prosze przez się tylko został "
        "zostal została zostala że",
        "romanian": "acest din dar fost meu mea pentru sau sunt în și că",
        "swedish": "att av dig det ett inte jag med mig när och också på ska som till vad är",
        "turkish": "ama benim bir bu daha değil degil gibi için icin istiyorum kadar lütfen lutfen "
        "olarak sizin zaman çok",
    }.items()
}
"""A few function words of languages without a file, also as typed without diacritics."""

_QUOTES = re.compile(r"„[^“”\n]*[“”]|“[^“”\n]*”|«[^«»\n]*»|»[^«»\n]*«|\"[^\"\n]*\"")
_OUTSIDE = 3  # words, from which on those in quotes need not be of the text's language
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
_NAMED = re.compile(r"(?<![A-Za-z])[a-z]?[A-Z][A-Za-z]*")  # words with a capital, such as iPhone
_OTHER_LETTER = re.compile("[\u0100-\u0151\u0154-\u024f\u1ea0-\u1eff]")  # all but \u0153
_HEADLINE = 10  # characters
_DENSE = frozenset(["chinese", "japanese", "korean"])
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
_RESPELLED = re.compile(r"\b(?:latin(?! americ)|romani[sz]|translit|pinyin|romaji)", re.IGNORECASE)
_CODE = 3  # letters at most
_LISTED = re.compile(r", *(?:or +|oder +)?|/| +(?:or|oder) +")
_CHOICE = re.compile(r"/| (?:or|oder) ")
_BOTH = re.compile(r" (?:and|und) |&")
_REGION = re.compile(r"[-_]\w{2,4}$| ?\(\w+\)$")


@dataclass(frozen=True, slots=True)
class Language:
    """The contents of a file; `function_words` include `small_words`."""

    name: str
    names: frozenset[str]
    small_words: frozenset[str]
    function_words: frozenset[str]
    remarks: Mapping[str, str]
    leads: Mapping[str, str]
    lengths: Mapping[str, str]
    spoken_words: frozenset[str]
    stops: str
    capital_nouns: bool = False

    def says_length(self, name: str, values: Iterable[str]) -> bool:
        """Return whether a dimension, by its name or by each of its values, is a text's length."""
        plain = name.replace("'", "’").replace("_", " ")
        if re.search(self.lengths["names"], plain, re.IGNORECASE):
            return True
        stated = re.compile(
            r"\b(?:{numbers}) (?:\w+ )?(?:{units})\b".format_map(self.lengths), re.IGNORECASE
        )
        said = [stated.search(value.replace("'", "’")) for value in values]
        return bool(said) and all(said)


@lru_cache
def find_language(name: str) -> Language | None:
    """The language of a name or code, with or without a region: "es-CL", "español (Chile)"."""
    plain = _without_region(name)
    return _read(plain) or next((each for each in all_languages() if plain in each.names), None)


def _plain_name(name: str) -> str:
    """The English name in lower case of "Spanish (Chile)", "es-CL" or "español"."""
    found = find_language(name)
    return found.name if found else _without_region(name)


@lru_cache
def named_language(said: str) -> str:
    """Return the language that words name, in English; "" if they name no language, or several.

    "formal German", "Schweizer Deutsch" and "de-CH" name German. "German with English terms" and
    "Hindi in Latin letters" name none whose texts can be known.
    """
    if _RESPELLED.search(said):
        return ""
    names = _names()
    found = re.findall(r"[^\W\d_]+", said.casefold())
    known = {names[word] for word in found if len(word) > _CODE and word in names}
    name = names.get(_without_region(said)) or (known.pop() if len(known) == 1 else "")
    return name.capitalize()


def named_languages(said: str) -> tuple[str, ...]:
    """Return the languages that words name, such as "English oder de-CH"; empty if one is unclear.

    "English and German" names none: each text may be in both. In "German, formal", the comma does
    not separate languages.
    """
    names = [named_language(each) for each in _LISTED.split(said)]
    if all(names):
        return () if _BOTH.search(said) else tuple(dict.fromkeys(names))
    name = "" if _CHOICE.search(said) or _BOTH.search(said) else named_language(said)
    return (name,) if name else ()


def refuse_language(said: str) -> tuple[str, str] | None:
    """Return what is wrong with words that name no language, and what to type."""
    if named_languages(said):
        return None
    if _BOTH.search(said) and all(parts := [*map(named_language, _BOTH.split(said))]):
        return f"{said} does not say which language a text is in", f"language: {' or '.join(parts)}"
    unknown = next((each for each in _LISTED.split(said) if not named_language(each)), said)
    near = get_close_matches(unknown.strip().casefold(), _names(), 1, 0.75)
    example = _names()[near[0]].capitalize() if near else "German or English"
    hint = f"use names in English or German, such as language: {example}; for texts in any other "
    hint += "language, set check_language: false for each field"
    return f"targen does not know the language {unknown.strip()!r}", hint


def with_name(said: str) -> str:
    """Return English names for codes and German names: "German (AT)" for "de-AT"."""
    several = _LISTED.split(said)
    known = all(map(named_language, several))
    return " or ".join(map(_in_english, several)) if known else said


def _in_english(said: str) -> str:
    plain = _without_region(said)
    if (name := _names().get(plain)) is None:
        return said
    region = said.strip()[len(plain) :].strip("-_ ()")
    return f"{name.capitalize()} ({region})" if region else name.capitalize()


@cache
def _names() -> Mapping[str, str]:
    """The names of languages by all their names and codes."""
    names = {
        known: name for code, (name, *others) in _OTHERS.items() for known in (code, name, *others)
    }
    for each in all_languages():
        names |= dict.fromkeys((each.name, *each.names), each.name)
    return names


def all_languages() -> Iterator[Language]:
    """Each language, by its name."""
    for path in sorted(path.name for path in _FOLDER.iterdir()):
        if found := _read(path.removesuffix(".toml")):
            yield found


def _without_region(name: str) -> str:
    return _REGION.sub("", name.strip().casefold())


_FOLDER = files("targen_standard.checks") / "data"


@cache
def _read(name: str) -> Language | None:
    path = _FOLDER / f"{name}.toml"
    if not name.isalpha() or not path.is_file():
        return None
    read = tomllib.loads(path.read_text(encoding="utf-8"))
    small = frozenset(read["small_words"].split())
    remarks, leads, lengths = (
        {part: text.replace("\n", "") for part, text in read.get(table, {}).items()}
        for table in ("remarks", "leads", "lengths")
    )
    return Language(
        name,
        frozenset(read["names"]),
        small,
        small.union(read.get("function_words", "").split()),
        remarks,
        leads,
        lengths,
        frozenset(read.get("spoken_words", "").split()),
        read["stops"].replace("\n", ""),
        capital_nouns=read.get("capital_nouns", False),
    )


def content_words(text: str) -> set[str]:
    """The content words of a text: no articles, auxiliaries or prepositions."""
    return {word for word in words(text) if word not in _STOP}


def check_language(text: str, what: str, language: str = "English") -> None:
    """Require a language, as far as its letters and function words show.

    Function words are known for English, Dutch, French, German, Italian, Portuguese and Spanish,
    and the script for a dozen more. Other languages always pass. These seven may also be given by
    their code or their own name, and with a region: "es-CL", "español (Chile)".

    A text in another script may name things in Latin letters, such as products. Texts in Turkish
    and other languages of Latin script must be in it. Quotations may be in any language. Words of
    Danish and nine other languages count as those of another language.

    Raises:
        Rejected: `not-latin`: a fifth of the letters are of other scripts (`not-cyrillic` and so
            on, if the language has another). `not-english` and so on: more small words of
            another language, or words with letters of none of the seven, than small words of
            this one. Words of both do not count.
    """
    name = _plain_name(language)
    if len(words(outside := _QUOTES.sub(" ", text))) >= _OUTSIDE:
        text = outside
    letters = [char for char in text if char.isalpha()]
    if (script := _SCRIPTS.get(name)) is not None:
        # Half-width katakana have other names; vowel signs are marks.
        letters = [
            char
            for char in unicodedata.normalize("NFKC", text)
            if char.isalpha() or (category(char)[0] == "M" and _is_of(script, char))
        ]
        own = len([char for char in letters if _is_of(script, char)])
        count = len(letters)
        latin = len([char for char in letters if char < "\u0250"])
        # As many Latin letters as the others are worth may be names, and if words have a capital,
        # twice as many.
        worth = PER_DENSE if name in _DENSE else 1
        named = sum(map(len, _NAMED.findall(text))) // 2
        count -= min(worth * own + min(named, worth * own), latin)
        if own < 0.8 * count:
            raise Rejected(
                f"not-{script_of(name).lower()}", f"the {what} is not in {language} script"
            )
        is_other = name == "japanese" and _is_chinese(text)
    elif (known := find_language(name)) is None and name not in _names():
        return
    elif len([c for c in letters if c < "\u0250" or _is_of("LATIN", c)]) < 0.8 * len(letters):
        raise Rejected("not-latin", f"the {what} is not in Latin script")
    elif known is None:
        return
    else:
        is_other = _is_other(text, known)
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
    if not _OTHER_LETTER.search(text):  # as in nearly all
        return frozenset()
    return frozenset(
        word for word in WORD.findall(text) if not word[0].isupper() and _OTHER_LETTER.search(word)
    )


def _is_of(script: str | tuple[str, ...], char: str) -> bool:
    return unicodedata.name(char, "").startswith(script)


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
    return [(mine, theirs - mine) for theirs in _WORDS_OF_OTHERS.values()]


@cache
def _apart(name: str) -> Sequence[tuple[frozenset[str], frozenset[str]]]:
    """Return the function words of only this language and of only the other, for each other."""
    words_of = {each.name: each.function_words for each in all_languages()}
    mine = words_of.pop(name)
    return [(mine - theirs, theirs - mine) for theirs in words_of.values()]


def _is_other(text: str, known: Language) -> bool:
    """Return whether a text has more words of another language, and not only vague ones."""
    lettered = _with_other_letters(text)
    text_words = words(text)
    others = [(mine, theirs | lettered) for mine, theirs in _others(known.name)]
    for mine, theirs in (*_rivals(known.name), *others):
        foreign = theirs.intersection(text_words)
        if len(foreign) >= 2 and not known.spoken_words.issuperset(foreign):
            count = len([word for word in text_words if word in foreign])
            if count > len([word for word in text_words if word in mine]):
                return True
    return False


def script_of(language: str) -> str:
    """A language's script by its Unicode name; "LATIN" if no other is known."""
    script = _SCRIPTS.get(_plain_name(language), "LATIN")
    return script if isinstance(script, str) else script[0]


def small_words(language: str) -> Sequence[str]:
    """Function words of a language; empty if it is unknown."""
    known = find_language(language)
    return sorted(known.small_words) if known else ()
