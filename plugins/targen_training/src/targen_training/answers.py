"""Compare an answer's words with those of the right ones, as SuperGLUE does for ReCoRD."""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Iterable

from rapidfuzz.distance import LCSseq

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_PUNCTUATION = str.maketrans("", "", string.punctuation)
_WORDS = re.compile(r"[a-z0-9]+")


def plain_answer(text: str) -> str:
    """Without case, punctuation, articles and double spaces, as SQuAD and ReCoRD compare."""
    return " ".join(_ARTICLES.sub(" ", text.lower().translate(_PUNCTUATION)).split())


def token_f1(answer: str, right: Iterable[str]) -> float:
    """F1 of the words of an answer, by the right answer that is nearest; 0 to 1."""
    words = plain_answer(answer).split()
    return max((_f1(words, plain_answer(each).split()) for each in right), default=0.0)


def _f1(one: list[str], two: list[str]) -> float:
    common = sum((Counter(one) & Counter(two)).values())
    return 2 * common / (len(one) + len(two)) if common else float(one == two)


def rouge_l(answer: str, right: Iterable[str]) -> float:
    """ROUGE-L F1 without stemming, by the right answer that is nearest; 0 to 1 (Lin, 2004)."""
    words = _WORDS.findall(answer.lower())
    return max((_rouge(words, _WORDS.findall(each.lower())) for each in right), default=0.0)


def _rouge(one: list[str], two: list[str]) -> float:
    return 2 * LCSseq.similarity(one, two) / max(1, len(one) + len(two))
