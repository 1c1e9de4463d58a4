"""Lengths of texts: code draws one for each.

A model that gets a range of 4 to 50 words writes some 20 each time, and 45 if the prompt wants a
long text. So each text draws its length. If the file has a range, that is a number of words within
it. If not, it is a place among such texts, since the model knows how long those are, in any
language and for each label. Real texts are short and skewed. The logarithms of their lengths are
about normal, so the median is the geometric mean of the shortest and the longest. For texts that
people wrote, `python bench/real_texts.py` prints both.

Code guesses a number of words by the usual name of such texts. Dry runs and estimates need one, and
so does the room in a reply. It also cuts a range that is too wide.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import chain

from targen_core.tasks.steps import PARAMETERS
from targen_standard.checks.languages import find_language
from targen_standard.task_files.model import Declaration, FieldPart, SeedsPart
from targen_standard.task_files.outputs import output_of
from targen_standard.task_files.trait import Trait

Size = tuple[float, float]
"""Words that 95 of 100 texts lie between."""

_USUAL: Mapping[Size, str] = {
    (2, 8): "keyword phrase slogan tag term",
    (3, 12): "caption headline subject tagline title",
    (3, 18): "choice command instruction option utterance",
    (4, 20): "query question riddle",
    (4, 24): "belief claim fact hypothesis proposition proverb statement",
    (4, 30): "answer chat inquiry message note notice order remark reminder reply request response "
    "sms tip turn tweet wish",
    (5, 36): "definition line premise quotation quote sentence",
    (6, 60): "comment description feedback joke opinion snippet status suggestion",
    (10, 120): "ad advert advertisement announcement listing post reason summary testimonial "
    "ticket",
    (12, 200): "biography complaint entry instructions review",
    (20, 200): "email mail paragraph",
    (30, 220): "abstract dialogue conversation excerpt letter memo passage recipe transcript",
    (60, 400): "article chapter document essay report speech story",
}
_SIZES = {noun: size for size, nouns in _USUAL.items() for noun in nouns.split()}
_CODES = frozenset("code date id identifier number postcode price sku url".split())
_FACTORS = {"brief": 0.5, "short": 0.5, "detailed": 2.0, "lengthy": 2.0, "long": 2.0}

# A noun phrase ends here, and further details follow.
_BREAK = re.compile(
    r"[^\w\s'’-]+|\b(?:about|after|as|asking|at|before|between|by|for|from|in|into|is|are|like|of|"
    r"on|over|such|that|to|what|when|where|which|who|whose|with|written)\b"
)
_WORD = re.compile(r"[^\W\d_]+(?:['’][a-z]+)?")
_STATED = re.compile(
    r"\b(?:\d+|two|three|four|five|six|ten|few|several)\s+(?:\w+\s+)?"
    r"(?:words|sentences|lines|paragraphs|pages|characters)\b"
)
_RANGE = re.compile(r"\b(\d{1,4}) ?(?:to|and|-|–) ?(\d{1,4}) words\b")
_SAYS_LENGTH = re.compile(
    r"length|(?<![^\W_])(?:words|sentences|lines|turns|messages|paragraphs|tokens|size)(?![^\W_])"
)
_OF_A_SENTENCE = (4, 25)  # words, fewest and most
_ROOM = 2  # times the fewest words: the most, from which lengths are drawn
_SAFE = 2  # multiple of the usual length: the most that a file allows

# The middles of ten equal parts of a normal distribution, in standard deviations.
_MIDDLES = (-1.645, -1.036, -0.674, -0.385, -0.126, 0.126, 0.385, 0.674, 1.036, 1.645)
_DEVIATIONS = 4  # that 95 of 100 lie within, from end to end
_STEPS = ((300, 50), (100, 10), (20, 5))  # from how many words on a number is rounded, and to what
_TOKENS = 2  # of a word, in languages that have many
_ABOUT = re.compile(r"about (\d+) words")
_ONE_WORD = "one word"
_OF_EACH = "length of each text"
_PLACES = {
    **{f"shorter than {share} in 100 such texts": 1 for share in (95, 85, 75, 65, 55)},
    **{f"longer than {share} in 100 such texts": 1 for share in (55, 65, 75, 85, 95)},
}
"""The values to draw if the file has no range, in the order of `_MIDDLES`."""
_GUESS = (6, 24)  # words of texts whose name says nothing, for a dry run
_SHARING = 6  # most branches whose neighbouring rows share a length
_ROOMY = 2  # times the usual tokens of a reply, for texts of unknown length

_UNKNOWN = {
    "one of the shortest such texts": 2,
    "short for such a text": 3,
    "usual for such a text": 4,
    "long for such a text": 1,
}
"""The values to draw if a description states a length in other units than words."""


def lengths_of_rows(declaration: Declaration) -> tuple[Trait, ...]:
    """The lengths for step 3: one for each text that it writes.

    They are left out if the file has lengths among its dimensions, or step 3 is not targen's own.
    """
    own = declaration.generators or any(branch.prompt for branch in declaration.asked.values())
    # Of 24 rows, one label would get longer texts than another if each had its own draws. Of many
    # labels, each has few rows, whose common draws would be few.
    by_branch = len(declaration.asked) > _SHARING
    if own or _varied(declaration):
        return ()
    texts = {name: part for name, part in declaration.written.items() if part.type == "str"}
    more = {} if declaration.output is None else output_of(declaration)[1].written
    alone = len(declaration.written) + len(more) == 1
    if declaration.output is not None and len(texts) > 1:
        first, *others = (_values(name, part, declaration) for name, part in texts.items())
        kinds = {_size(name, part, declaration) for name, part in texts.items()}
        if len(kinds) == 1 and first and all(values == first for values in others):
            # Texts of one kind share a length, or the writer pads a paraphrase to reach its own.
            return (_trait(_OF_EACH, first, by_branch=by_branch),)
    return tuple(
        _trait("length" if alone else _name_of(name), values, by_branch=by_branch)
        for name, part in texts.items()
        if (values := _values(name, part, declaration))
    )


def lengths_of_seeds(declaration: Declaration, part: SeedsPart) -> tuple[Trait, ...]:
    """The length of each seed that becomes a field of its row."""
    if not part.field or declaration.prompts.seeds or _varied(declaration):
        return ()
    values = _values(part.field, declaration.fields[part.field], declaration)
    return (_trait(_name_of(part.field), values),) if values else ()


def _trait(name: str, values: Mapping[str, int], *, by_branch: bool = False) -> Trait:
    """Return a dimension that draws lengths."""
    return Trait(name=name, values=values, by_branch=by_branch)


def length_in(draws: Mapping[str, str], field: str, declaration: Declaration) -> int | None:
    """Return the words that were drawn for a field, or a guess; None if no length was."""
    get = draws.get
    said = get(_name_of(field)) or get(_OF_EACH) or get("length") or ""
    if said in _PLACES:
        size = _size(field, declaration.fields[field], declaration) or _GUESS
        return _drawn(size)[[*_PLACES].index(said)]
    if said == _ONE_WORD:
        return 1
    drawn = _ABOUT.fullmatch(said)
    return drawn and int(drawn[1])


def tokens_of_row(declaration: Declaration, *, guess: bool = True) -> int:
    """Return the most tokens of a row's texts; without bounds, their length is a `guess`."""
    words = sum(
        _longest(name, part, declaration) * (part.items[1] if part.type == "list[str]" else 1)
        for name, part in declaration.written.items()
        if part.is_text and (guess or part.words or part.sentences)
    )
    return math.ceil(words * _TOKENS)


def tokens_of(declaration: Declaration) -> int | None:
    """Return the most tokens of a reply of step 3, if its texts may be too long for the usual."""
    usual = PARAMETERS["generate"]["max_tokens"]
    needed = usual // 2 + tokens_of_row(declaration) * declaration.instances_per_call
    if any({*trait.values} == {*_PLACES} for trait in lengths_of_rows(declaration)):
        needed = max(needed, usual * _ROOMY)
    return needed if needed > usual else None


def _longest(name: str, part: FieldPart, declaration: Declaration) -> float:
    size = part.words or _size(name, part, declaration)
    return size[1] if size else 0


def _varied(declaration: Declaration) -> bool:
    """Return whether a dimension says how long texts are, in English or the file's language."""
    parts = (declaration, *declaration.lists.values())
    dimensions = [*chain(*(part.dimensions.items() for part in parts))]
    if any(_SAYS_LENGTH.search(name.lower()) for name, _ in dimensions):
        return True
    known = filter(None, map(find_language, ("English", declaration.spoken)))
    return any(
        each.says_length(name, () if isinstance(values, str) else values)
        for each in known
        for name, values in dimensions
    )


def _name_of(field: str) -> str:
    return f"{field} length"


def _values(name: str, part: FieldPart, declaration: Declaration) -> Mapping[str, int]:
    """Return the values to draw for a field, with weights; {} if it has no room for them."""
    if part.pattern or is_code(name, part):
        return {}
    if part.words is None:
        if found := _RANGE.search(part.description):
            low, high = sorted(map(int, found.groups()))
            part = part.model_copy(update={"words": (max(1, low), max(1, high))})
        elif part.sentences is None and _STATED.search(part.description.lower()):
            return _UNKNOWN  # "shorter than 95 in 100" may be beyond what the file allows
    if part.words and part.words[1] < _ROOM * part.words[0]:
        return {}
    if part.words is None and part.sentences is None:
        return _PLACES
    size = _size(name, part, declaration)
    assert size is not None
    if declaration.output is not None:  # what is aimed at must fit
        fewest = output_of(declaration)[1].fewest_words.get(name, 0)
        size = min(max(size[0], fewest), size[1]), size[1]
    said = (f"about {number} words" if number > 1 else _ONE_WORD for number in _drawn(size))
    return dict(Counter(said))


def is_code(name: str, part: FieldPart) -> bool:
    """Return whether a field is a number, a date or the like, whose texts are all as long."""
    if part.words is not None or part.sentences is not None:
        return False
    for words in chain(_phrases(part.description), _phrases(name)):
        if known := [word for word in map(_one, words) if word in _CODES or word in _SIZES]:
            return known[-1] in _CODES
    return False


def _size(name: str, part: FieldPart, declaration: Declaration) -> Size | None:
    """Return such texts' usual length within a file's limits; None if neither is known."""
    said = [part.description, name]
    if len(declaration.fields) == 1:
        said.append(declaration.description)
    usual = None
    if not any(map(_STATED.search, map(str.lower, said))):
        usual = next(filter(None, map(_usual, said)), None)
    if part.words is not None:
        low, high = part.words
        # To be safe, files allow up to twice what is usual; those that allow more mean it.
        cut = usual and _ROOM * low <= usual[1] < high <= _SAFE * usual[1]
        return low, usual[1] if usual and cut else high
    if part.sentences is None:
        return usual
    low, high = part.sentences[0] * _OF_A_SENTENCE[0], part.sentences[1] * _OF_A_SENTENCE[1]
    if usual and min(high, usual[1]) >= _ROOM * max(low, usual[0]):
        return max(low, usual[0]), min(high, usual[1])
    return low, high


def _usual(text: str) -> Size | None:
    """The usual length of what a phrase names first, such as the review of `a short film review`.

    A phrase ends in its noun, so the last of the words before a preposition counts.
    """
    for words in _phrases(text):
        sizes = [size for word in words if (size := _SIZES.get(word) or _SIZES.get(_one(word)))]
        if sizes:
            factor = math.prod(_FACTORS.get(word, 1.0) for word in words)
            return sizes[-1][0] * factor, sizes[-1][1] * factor
    return None


def _phrases(text: str) -> Iterator[list[str]]:
    """Yield the words of each noun phrase of a text, in lower case."""
    for phrase in _BREAK.split(text.lower().replace("e-mail", "email")):
        yield [word.partition("'")[0].partition("’")[0] for word in _WORD.findall(phrase)]


def _one(word: str) -> str:
    """The singular of a plural noun."""
    if word.endswith("ies"):
        return f"{word[:-3]}y"
    return word[:-1] if word.endswith("s") else word


@cache
def _drawn(size: Size) -> Sequence[int]:
    """Return ten numbers of words, as long as real texts of such a size."""
    found = []
    low, high = map(math.log, size)
    for middle in _MIDDLES:
        exact = math.exp((low + high) / 2 + middle * (high - low) / _DEVIATIONS)
        step = next((step for least, step in _STEPS if exact >= least), 1)
        found.append(max(1, round(exact / step) * step))
    return found
