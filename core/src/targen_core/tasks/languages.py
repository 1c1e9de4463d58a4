"""The languages that checks know: one file each in the folder `languages` of this package.

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
- `near_words`: words of related languages without a file. Texts contain hardly any of them;
- `spoken_words`: words of casual texts that are also words of other languages. Alone, they do not
  make a text one in another language;
- `stops`: abbreviations of three letters or more, and perhaps ordinal numbers, in the same form. A
  full stop behind one may end no sentence.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files

__all__ = [
    "OTHERS",
    "WORDS_OF_OTHERS",
    "Language",
    "all_languages",
    "find_language",
    "named_language",
    "plain_name",
    "with_name",
]

OTHERS = dict(
    pair.split(":")
    for pair in (
        "af:afrikaans ar:arabic bg:bulgarian bs:bosnian ca:catalan cs:czech cy:welsh da:danish "
        "el:greek eo:esperanto et:estonian eu:basque fa:persian fi:finnish ga:irish gl:galician "
        "he:hebrew hi:hindi hr:croatian hu:hungarian id:indonesian is:icelandic ja:japanese "
        "ko:korean lb:luxembourgish lt:lithuanian lv:latvian mk:macedonian mr:marathi ms:malay "
        "mt:maltese nb:norwegian ne:nepali nn:norwegian no:norwegian pl:polish ro:romanian "
        "ru:russian sk:slovak sl:slovenian sq:albanian sr:serbian sv:swedish sw:swahili "
        "th:thai tl:tagalog tr:turkish uk:ukrainian ur:urdu vi:vietnamese zh:chinese"
    ).split()
)
"""Languages without a file, by their ISO codes: those whose script is known, in lower case."""

WORDS_OF_OTHERS = {
    name: frozenset(words.split())
    for name, words in {
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

_RESPELLED = re.compile(r"\b(?:latin(?! americ)|romani[sz]|translit|pinyin|romaji)", re.IGNORECASE)
_CODE = 3  # letters at most
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
    near_words: frozenset[str]
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


def plain_name(name: str) -> str:
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
    words = re.findall(r"[^\W\d_]+", said.casefold())
    found = {names[word] for word in words if len(word) > _CODE and word in names}
    name = names.get(_without_region(said)) or (found.pop() if len(found) == 1 else "")
    return name.capitalize()


def with_name(said: str) -> str:
    """Return a code with the language's name in its place: "German (AT)" for "de-AT"."""
    plain = _without_region(said)
    name = _names().get(plain) if len(plain) <= _CODE else None
    if name is None:
        return said
    region = said.strip()[len(plain) :].strip("-_ ()")
    return f"{name.capitalize()} ({region})" if region else name.capitalize()


@cache
def _names() -> Mapping[str, str]:
    """The names of languages by all their names and codes."""
    names = {name: name for name in OTHERS.values()} | OTHERS
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


_FOLDER = files("targen_core") / "languages"


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
        frozenset(read.get("near_words", "").split()),
        frozenset(read.get("spoken_words", "").split()),
        read["stops"].replace("\n", ""),
        capital_nouns=read.get("capital_nouns", False),
    )
