"""Requirements of an instruction, as in the authors' own filters."""

from __future__ import annotations

import re
import string

from rapidfuzz.distance import LCSseq

from targen_core.errors import Rejected
from targen_core.tasks.words import normalized
from targen_methods.selfinstruct.options import Options

_TOKEN = re.compile(r"[^\W_]+")


def tokens(text: str) -> tuple[str, ...]:
    """The words of a text as ROUGE compares them: letters and digits, lower case."""
    return tuple(_TOKEN.findall(text.lower()))


def rouge_l(one: tuple[str, ...], other: tuple[str, ...]) -> float:
    """F of the longest common subsequence of two texts' words, from 0 to 1 (Lin 2004)."""
    both = len(one) + len(other)
    return 2 * LCSseq.similarity(one, other) / both if both else 0.0


def check_instruction(text: str, nearest: float, options: Options) -> None:
    """Refuse an instruction that is of no use.

    Args:
        text: the instruction.
        nearest: its ROUGE-L with the nearest one that is known.
        options: the limits.

    Raises:
        Rejected: `bad-length`, `bad-beginning`, `unfit-word` or `too-similar`.
    """
    words = len(text.split())
    if not options.shortest <= words <= options.longest:
        limits = f"{options.shortest} to {options.longest} are allowed"
        raise Rejected("bad-length", f"{words} words, but {limits}")
    if text[0] in string.punctuation or not text[0].isalnum():
        raise Rejected("bad-beginning", f"it begins with {text[0]!r}")
    begun = [each for each in options.unfit_beginnings if _begins(text, each)]
    if begun:
        raise Rejected("bad-beginning", f"it begins with {begun[0]!r}")
    for word in options.unfit_words:
        if re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text, re.IGNORECASE):
            raise Rejected("unfit-word", f"it speaks of {word!r}, which a text does not have")
    if nearest > options.similar:
        raise Rejected("too-similar", f"ROUGE-L with another is {nearest:.2f}")


def _begins(text: str, words: str) -> bool:
    return f"{normalized(text)} ".startswith(f"{normalized(words)} ")
