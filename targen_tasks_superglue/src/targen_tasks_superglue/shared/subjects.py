"""Pairs of subjects in a setting, for a pronoun that may mean either.

WSC and AX-g grow such pairs below a setting (paper, appendix D.5 and D.8): two distinct noun
phrases of equal number. AX-g takes two people of any gender; WSC takes people, groups, things and
names, with a pronoun drawn for each pair. Singular subjects do not reveal gender, so that any
pronoun fits. Names are the exception: they suit the pronoun. `paper_pairs` makes the paper's pairs:
only people, for WSC half of them plural.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from itertools import chain, zip_longest
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, model_validator

from targen_core import Prompt, Rejected
from targen_core.tasks.dimensions import Dimension
from targen_core.tasks.replies import line, list_of
from targen_core.tasks.steps import ListStep, Llm
from targen_tasks_superglue.shared.content import load_dimensions
from targen_tasks_superglue.shared.offline import offline
from targen_tasks_superglue.shared.people import FEMALE_NAMES, MALE_NAMES
from targen_tasks_superglue.shared.texts import find, words_of

Number = Literal["singular", "plural"]
Pronoun = Literal["he", "she", "they", "it"]

_PACKAGE = "targen_tasks_superglue.shared"
PAIRS_PROMPT = Prompt("pairs", package=_PACKAGE)
SUBJECTS_PROMPT = Prompt("subjects", package=_PACKAGE)

PRONOUNS: dict[Pronoun, tuple[str, ...]] = {
    "he": ("he", "him", "his", "himself"),
    "she": ("she", "her", "hers", "herself"),
    "they": ("they", "them", "their", "theirs", "themselves"),
    "it": ("it", "its", "itself"),
}
"""The forms of each pronoun set, by its first form."""

_MOST = 4  # words of a phrase
_ANY = "any"  # the dealing of two people, or the form of their sentences, without a draw
_SHOWN = 40  # earlier pairs that the prompt names; more would crowd out the request
_ARTICLE = re.compile(r"^(?:the|a|an)\s+", re.IGNORECASE)
_LATIN = re.compile(r"[A-Za-z\u00c0-\u024f]")
_PLAIN = re.compile(r"[\w'\u2019-]+(?: [\w'\u2019-]+)*")
_POINTING = frozenset(
    "my our your his her its their he she they him them i we you me us this that these those "
    "another other".split()
)
_INSIDE = re.compile(r"\s(?:of|in|at|on|from|with|for|who|to)\s")
_PLURAL = ("men", "women", "people", "children", "folk", "folks", "police")
_GROUPS = frozenset(
    "audience band board brigade choir class club committee company council couple crew crowd "
    "faculty family gang government group jury management orchestra panel party patrol "
    "personnel public quartet squad staff team trio troop troupe union youth".split()
)
_GENDERED = frozenset(
    "abbess abbot actress aunt bachelor ballerina bride bridegroom bridesmaid brother chap dad "
    "daughter diva dude duchess duke emperor empress father fellow fiance fiancé fiancee fiancée "
    "gal gentleman gent girl girlfriend godfather godmother governess granddad granddaughter "
    "grandfather grandma grandmother grandpa grandson groom guy headmaster headmistress heiress "
    "heroine hostess housewife husband king lad lady lass lord maid male female matron midwife "
    "mistress monk mother mum mom nephew niece nun boy boyfriend priestess prince princess queen "
    "schoolboy schoolgirl seamstress sister son stepfather stepmother stewardess uncle "
    "usherette waiter waitress widow widower wife witch wizard landlord landlady masseuse masseur "
    "postmistress sorceress sorcerer tailoress baron baroness countess count".split()
)
_NEUTRAL = frozenset("german human ottoman roman shaman talisman".split())
_NEUTRAL_PLURALS = frozenset("abdomen acumen amen omen regimen specimen stamen yemen".split())
# In running text these are as often a verb, an adjective, a piece or a degree.
_TWO_SENSES = frozenset("bachelor count fellow groom king queen wizard".split())


class SubjectPair(BaseModel):
    """Two noun phrases of the same number, without articles: "nurse", "young patient"."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    first: str
    second: str
    number: Number = "singular"


class DealingPair(SubjectPair):
    """A subject pair, what the two have to do with each other, and what is drawn of its sentences.

    The two sentences of a pair have one form. They are for different labels, so no form reveals a
    label.
    """

    dealing: str
    form: str


class PronounPair(SubjectPair):
    """A subject pair and the pronoun set that refers to either of the two.

    `named` says that the two are first names, which have no article.
    """

    pronoun: Pronoun
    named: bool = False

    @model_validator(mode="after")
    def _fits(self) -> PronounPair:
        if (self.pronoun == "they") != (self.number == "plural"):
            raise ValueError(f"a {self.number} pair cannot have the pronoun {self.pronoun!r}")
        return self

    @property
    def phrases(self) -> tuple[str, str]:
        """Return the two as in a text: names bare, all else with "the"."""
        the = "" if self.named else "the "
        return f"{the}{self.first}", f"{the}{self.second}"

    @property
    def forms(self) -> tuple[str, ...]:
        """The forms of the pair's pronoun."""
        return PRONOUNS[self.pronoun]


def check_pair(pair: SubjectPair) -> None:
    """Check two phrases of 1 to 4 words that cannot be confused, both of the pair's number.

    Raises:
        Rejected: `no-words`, `too-long`, `not-latin`, `markup`, or `names-another` (it has a
            pronoun such as "her"). Or `several-subjects` (it has "and" or "or"), `same-subject`,
            `overlapping` (one phrase contains the other) or `number-mismatch`.
    """
    named = isinstance(pair, PronounPair) and pair.named
    for text in (pair.first, pair.second):
        _check_phrase(text)
        if not named and not _may_be(pair.number, text):  # "Agnes" is one person
            raise Rejected("number-mismatch", f"the subject {text!r} is not {pair.number}")
    first, second = pair.first.split(), pair.second.split()
    if words_of(pair.first) == words_of(pair.second):
        raise Rejected("same-subject", f"{pair.first!r} and {pair.second!r} are the same")
    if find(pair.first, second) or find(pair.second, first):
        raise Rejected("overlapping", f"one of {pair.first!r}, {pair.second!r} holds the other")


def check_neutral_pair(pair: SubjectPair) -> None:
    """Check a singular pair that does not indicate gender, so that any pronoun fits both.

    Raises:
        Rejected: a reason of `check_pair`, `number-mismatch` (the pair is
            plural) or `gendered-subject`.
    """
    if pair.number != "singular":
        raise Rejected("number-mismatch", f"{pair.first!r} and {pair.second!r} are plural")
    check_pronoun_pair(pair)


def check_pronoun_pair(pair: SubjectPair) -> None:
    """Check that a pronoun may mean either of a pair, whichever pronoun was drawn.

    "she" cannot be a widower, so a singular pair does not reveal gender; "they" fits every plural
    one. For names only their words are checked.

    Raises:
        Rejected: a reason of `check_pair`, or `gendered-subject`.
    """
    check_pair(pair)
    if pair.number == "plural" or (isinstance(pair, PronounPair) and pair.named):
        return
    for word in (*words_of(pair.first), *words_of(pair.second)):
        if _says_gender(word):
            raise Rejected("gendered-subject", f"{word!r} says whether a woman or a man is meant")


def gendered_noun(text: str) -> str | None:
    """The first noun of a text that says whether a woman or a man is meant, or None."""
    for word in words_of(text):
        forms = {word, word.removesuffix("s"), word.removesuffix("es")}
        if word.endswith("men") and word not in _NEUTRAL_PLURALS:
            forms.add(f"{word[:-3]}man")
        if not forms & _TWO_SENSES and any(map(_says_gender, forms)):
            return word
    return None


def _says_gender(noun: str) -> bool:
    ending = noun.endswith(("man", "woman", "boy", "girl")) and noun not in _NEUTRAL
    return noun in _GENDERED or ending


def _check_phrase(text: str) -> None:
    words = words_of(text)
    if not words:
        raise Rejected("no-words", f"no word in the subject {text!r}")
    if len(words) > _MOST:
        raise Rejected("too-long", f"the subject {text!r} has more than {_MOST} words")
    if not all(_LATIN.match(char) for char in text if char.isalpha()):
        raise Rejected("not-latin", f"the subject {text!r} is not in Latin script")
    if not _PLAIN.fullmatch(text) or any(char.isdigit() or char == "_" for char in text):
        raise Rejected("markup", f"the subject {text!r} is more than words")
    if _POINTING.intersection(words):
        raise Rejected("names-another", f"the subject {text!r} points to somebody else")
    if {"and", "or"}.intersection(words):
        raise Rejected("several-subjects", f"the subject {text!r} is more than one")


def _may_be(number: Number, text: str) -> bool:
    """Return whether a phrase can be of that number, by the form of its head noun."""
    head = _INSIDE.split(f"{text} ")[0].split()[-1].casefold()
    plural = head.endswith(_PLURAL) or (
        head.endswith("s") and not head.endswith(("ss", "us", "is", "'s", "\u2019s"))
    )
    if number == "plural":
        return plural or head in _GROUPS
    return not plural and head not in _GROUPS


def _phrase(text: str) -> str:
    """A phrase as the model wrote it, without article, number, and title case."""
    bare = _ARTICLE.sub("", " ".join(text.split()).strip(" .,;:\"'\u201c\u201d"))
    words = bare.split()
    if all(word[:1].isupper() and word[1:].islower() for word in words):
        return bare.lower()
    return bare


def _same(pair: SubjectPair) -> str:
    """Two pairs of the same phrases are the same pair, whichever comes first."""
    return " / ".join(sorted(" ".join(words_of(text)) for text in (pair.first, pair.second)))


def _told(existing: Sequence[SubjectPair]) -> str:
    """Earlier pairs of a setting as prompts name them."""
    return "; ".join(f"{pair.first} / {pair.second}" for pair in existing[-_SHOWN:]) or "no others"


class _Pair(BaseModel):
    first: line(3, 40)  # type: ignore[valid-type]
    second: line(3, 40)  # type: ignore[valid-type]


def paper_pairs(*, pronouns: bool) -> ListStep[Any]:
    """Return a list step of subject pairs below a setting, as in the paper.

    Args:
        pronouns: whether items are `PronounPair`s, half of them plural: `he` or `she` at random if
            the pair is singular, `they` if it is plural. Else they are singular `SubjectPair`s.

    One call asks for each number, so the call decides a pair's number. Numbers take turns in the
    list, so that a run that stops early has both.
    """
    numbers: tuple[Number, ...] = ("singular", "plural") if pronouns else ("singular",)

    async def propose(
        llm: Llm, setting: str, existing: Sequence[SubjectPair]
    ) -> Sequence[SubjectPair]:
        by_number: list[list[SubjectPair]] = []
        for place, number in enumerate(numbers):
            count = (llm.batch + len(numbers) - 1 - place) // len(numbers)
            if not count:
                continue
            reply = await llm.ask(
                SUBJECTS_PROMPT,
                reply=list_of("pairs", _Pair, count),
                setting=setting,
                count=count,
                number=number,
                have=_told(existing),
            )
            by_number.append([_pair(llm, number, item) for item in reply.items[:count]])
        return [pair for pair in chain.from_iterable(zip_longest(*by_number)) if pair is not None]

    def _pair(llm: Llm, number: Number, item: _Pair) -> SubjectPair:
        first, second = _phrase(item.first), _phrase(item.second)
        if not pronouns:
            return SubjectPair(first=first, second=second, number=number)
        # By the pair's words, so that earlier pairs of the reply do not change it.
        drawn: Pronoun = llm.rng(f"{first} / {second}").choice(("he", "she"))
        pronoun: Pronoun = drawn if number == "singular" else "they"
        return PronounPair(first=first, second=second, number=number, pronoun=pronoun)

    return ListStep(
        item=PronounPair if pronouns else SubjectPair,
        propose=propose,
        batch=10,
        check=check_pronoun_pair if pronouns else check_neutral_pair,
        key=_same,
        summary="two people or groups who meet in a setting",
        prompts=(SUBJECTS_PROMPT,),
        dry_run=offline(_PACKAGE),
    )


_PRONOUN_OF: Mapping[str, Pronoun] = {"groups": "they", "things": "it"}


def neutral_pairs(*dimensions: Dimension) -> ListStep[DealingPair]:
    """A list step of two people below a setting, with what they have to do with each other.

    Args:
        dimensions: values drawn for the sentences of a pair, only used by the next list.
    """

    async def propose(
        llm: Llm, setting: str, existing: Sequence[DealingPair]
    ) -> Sequence[DealingPair]:
        forms = [{**draw} for draw in llm.draws]
        dealings = [form.pop("dealing", "") for form in forms]
        draws = [{"dealing": dealing} if dealing else {} for dealing in dealings]
        replies = await _ask(llm, setting, "people", draws, existing)
        return [
            DealingPair(first=first, second=second, dealing=dealing or _ANY, form=_line(form))
            for (first, second), dealing, form in zip(replies, dealings, forms, strict=False)
        ]

    return ListStep(
        item=DealingPair,
        propose=propose,
        batch=3,
        check=check_neutral_pair,
        key=_same,
        dimensions=(*load_dimensions(_PACKAGE, "neutral_pairs"), *dimensions),
        summary="two people of any gender who meet in a setting",
        prompts=(PAIRS_PROMPT,),
        dry_run=offline(_PACKAGE),
    )


def mixed_pairs() -> ListStep[PronounPair]:
    """A list step of two names, people, groups or things below a setting, each with a pronoun.

    One call asks for all pairs of a kind; names are drawn by code.
    """

    async def propose(
        llm: Llm, setting: str, existing: Sequence[PronounPair]
    ) -> Sequence[PronounPair]:
        kinds = [draw.get("kind", "people") for draw in llm.draws]
        asked = sorted({*kinds} - {"names"})
        calls = (
            _ask(llm, setting, kind, _of_kind(kind, kinds, llm.draws), existing) for kind in asked
        )
        left: dict[str, list[tuple[str, str]]] = {}
        for kind, reply in zip(
            asked, await asyncio.gather(*calls, return_exceptions=True), strict=True
        ):
            if isinstance(reply, BaseException):
                raise reply
            left[kind] = reply[::-1]
        pairs: list[PronounPair] = []
        for place, (kind, draw) in enumerate(zip(kinds, llm.draws, strict=True)):
            if kind == "names":
                he = _person(llm, f"names {len(existing) + place}", draw)
                first, second = _names(llm, he, len(existing) + place)
                pair = PronounPair(first=first, second=second, pronoun=he, named=True)
            elif not left[kind]:
                continue  # a reply was short
            else:
                first, second = left[kind].pop()
                # By the pair's words, so that earlier pairs of the reply do not change it.
                pronoun = _PRONOUN_OF.get(kind) or _person(llm, f"{first} / {second}", draw)
                number: Number = "plural" if kind == "groups" else "singular"
                pair = PronounPair(first=first, second=second, number=number, pronoun=pronoun)
            pairs.append(pair)
        return pairs

    return ListStep(
        item=PronounPair,
        propose=propose,
        batch=5,
        check=check_pronoun_pair,
        key=_same,
        dimensions=load_dimensions(_PACKAGE, "mixed_pairs"),
        summary="two names, people, groups or things of a setting, with a pronoun for either",
        prompts=(PAIRS_PROMPT,),
        dry_run=offline(_PACKAGE),
    )


def _of_kind(
    kind: str, kinds: Sequence[str], draws: Sequence[Mapping[str, str]]
) -> Sequence[Mapping[str, str]]:
    """Return the draws of the pairs of a kind; empty for things, which have no dealings."""
    mine = [draw for draw, each in zip(draws, kinds, strict=True) if each == kind]
    return [{} for _ in mine] if kind == "things" else mine


async def _ask(
    llm: Llm,
    setting: str,
    kind: str,
    draws: Sequence[Mapping[str, str]],
    existing: Sequence[SubjectPair],
) -> list[tuple[str, str]]:
    """Pairs of a kind, one for each draw."""
    reply = await llm.ask(
        PAIRS_PROMPT,
        reply=list_of("pairs", _Pair, len(draws)),
        draws=draws,
        setting=setting,
        count=len(draws),
        kind=kind,
        have=_told(existing),
    )
    return [(_phrase(item.first), _phrase(item.second)) for item in reply.items[: len(draws)]]


def _line(draw: Mapping[str, str]) -> str:
    """A draw as prompts say it."""
    return "; ".join(f"{name.replace('_', ' ')}: {value}" for name, value in draw.items()) or _ANY


def _person(llm: Llm, name: str, draw: Mapping[str, str]) -> Pronoun:
    """The pronoun of two persons: what was drawn, or by chance where that was taken away."""
    she = draw.get("gender") or llm.rng(name).choice(("he", "she"))
    return "she" if she == "she" else "he"


def _names(llm: Llm, pronoun: Pronoun, place: int) -> tuple[str, str]:
    """Two first names of a gender that cannot be mistaken for each other."""
    rng = llm.rng(f"names {place}")
    pool = FEMALE_NAMES if pronoun == "she" else MALE_NAMES
    first = rng.choice(pool)
    second = rng.choice([name for name in pool if name[0] != first[0]])
    return first, second
