"""Pairs of subjects: who is in a setting, to be told apart by a pronoun.

WSC and AX-g grow such pairs below a setting (paper, appendix D.5 and D.8):
two distinct noun phrases of equal number, both human. WSC takes singular and
plural ones in equal shares, with a pronoun drawn for each; AX-g takes singular
ones alone. Singular subjects say nothing of gender, so that any pronoun fits.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import chain, zip_longest
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, model_validator

from targen_core import ListStep, Llm, Prompt, Rejected
from targen_core.tasks.replies import line, list_of
from targen_tasks_superglue.shared.encounters import dry_run_subjects
from targen_tasks_superglue.shared.mentions import find, words_of

__all__ = [
    "PRONOUNS",
    "SUBJECTS_PROMPT",
    "PronounPair",
    "SubjectPair",
    "check_neutral_pair",
    "check_pair",
    "check_pronoun_pair",
    "gendered_noun",
    "subject_pairs",
]

Number = Literal["singular", "plural"]
Pronoun = Literal["he", "she", "they"]

SUBJECTS_PROMPT = Prompt("subjects", package="targen_tasks_superglue.shared")

PRONOUNS: dict[Pronoun, tuple[str, ...]] = {
    "he": ("he", "him", "his", "himself"),
    "she": ("she", "her", "hers", "herself"),
    "they": ("they", "them", "their", "theirs", "themselves"),
}
"""The forms of each pronoun set, by its first form."""

_MOST = 4  # words of a phrase
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


class PronounPair(SubjectPair):
    """A subject pair and the pronoun set that stands for either of the two."""

    pronoun: Pronoun

    @model_validator(mode="after")
    def _fits(self) -> PronounPair:
        if (self.pronoun == "they") != (self.number == "plural"):
            raise ValueError(f"a {self.number} pair cannot have the pronoun {self.pronoun!r}")
        return self

    @property
    def forms(self) -> tuple[str, ...]:
        """The forms of the pair's pronoun."""
        return PRONOUNS[self.pronoun]


def check_pair(pair: SubjectPair) -> None:
    """Two phrases of 1 to 4 words that cannot be taken for each other, both of the pair's number.

    Raises:
        Rejected: `no-words`, `too-long`, `not-latin`, `markup`, `names-another`
            (it holds a pronoun such as "her"), `several-subjects` (it holds
            "and" or "or"), `same-subject`, `overlapping` (one phrase stands in
            the other) or `number-mismatch`.
    """
    for text in (pair.first, pair.second):
        _check_phrase(text, pair.number)
    first, second = pair.first.split(), pair.second.split()
    if words_of(pair.first) == words_of(pair.second):
        raise Rejected("same-subject", f"{pair.first!r} and {pair.second!r} are the same")
    if find(pair.first, second) or find(pair.second, first):
        raise Rejected("overlapping", f"one of {pair.first!r}, {pair.second!r} holds the other")


def check_neutral_pair(pair: SubjectPair) -> None:
    """A singular pair that says nothing of gender, so that any pronoun fits both.

    Raises:
        Rejected: a reason of `check_pair`, `number-mismatch` (the pair is
            plural) or `gendered-subject`.
    """
    if pair.number != "singular":
        raise Rejected("number-mismatch", f"{pair.first!r} and {pair.second!r} are plural")
    check_pronoun_pair(pair)


def check_pronoun_pair(pair: SubjectPair) -> None:
    """A pair of which either may be what its pronoun means, whichever was drawn.

    "she" cannot be a widower, so a singular pair says nothing of gender; "they"
    fits every plural one.

    Raises:
        Rejected: a reason of `check_pair`, or `gendered-subject`.
    """
    check_pair(pair)
    if pair.number == "plural":
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


def _check_phrase(text: str, number: Number) -> None:
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
    if not _may_be(number, text):
        raise Rejected("number-mismatch", f"the subject {text!r} is not {number}")


def _may_be(number: Number, text: str) -> bool:
    """Whether a phrase can be of that number, by the form of its head noun."""
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


class _Pair(BaseModel):
    first: line(3, 40)  # type: ignore[valid-type]
    second: line(3, 40)  # type: ignore[valid-type]


def subject_pairs(
    *,
    numbers: Sequence[Number] = ("singular", "plural"),
    pronouns: bool = True,
    batch: int = 10,
    check: Callable[[Any], None] = check_pronoun_pair,
    summary: str = "two people or groups who meet in a setting, with a pronoun for either",
) -> ListStep[Any]:
    """A list step of subject pairs below a setting.

    Args:
        numbers: the numbers that the pairs may have, in equal shares; one call
            asks for each, so that a pair's number is what was asked for.
        pronouns: whether each pair gets a pronoun set: `he` or `she` at random
            where it is singular, `they` where it is plural.
        batch: pairs a setting; the paper has 10.
        check: what must hold of a pair.
        summary: one line for people.

    Items are `PronounPair`s with pronouns, else `SubjectPair`s; numbers take
    turns in the list, so that a run that stops early has both.
    """

    async def propose(
        llm: Llm, setting: str, existing: Sequence[SubjectPair]
    ) -> Sequence[SubjectPair]:
        have = (
            "; ".join(f"{pair.first} / {pair.second}" for pair in existing[-_SHOWN:]) or "no others"
        )
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
                have=have,
            )
            by_number.append([_pair(llm, number, item) for item in reply.items[:count]])
        return [pair for pair in chain.from_iterable(zip_longest(*by_number)) if pair is not None]

    def _pair(llm: Llm, number: Number, item: _Pair) -> SubjectPair:
        first, second = _phrase(item.first), _phrase(item.second)
        if not pronouns:
            return SubjectPair(first=first, second=second, number=number)
        # By the pair's words: what stands before it in the reply does not change it.
        drawn: Pronoun = llm.rng(f"{first} / {second}").choice(("he", "she"))
        pronoun: Pronoun = drawn if number == "singular" else "they"
        return PronounPair(first=first, second=second, number=number, pronoun=pronoun)

    return ListStep(
        item=PronounPair if pronouns else SubjectPair,
        propose=propose,
        batch=batch,
        check=check,
        key=_same,
        summary=summary,
        prompts=(SUBJECTS_PROMPT,),
        dry_run=dry_run_subjects,
    )
