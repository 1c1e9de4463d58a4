"""What must hold of a BoolQ question, without a model's help."""

from __future__ import annotations

from targen_core import Rejected
from targen_core.tasks.checks import content_words, prose, words
from targen_tasks_superglue.boolq.rows import SEPARATOR, BoolqRow
from targen_tasks_superglue.shared.articles import Paragraph
from targen_tasks_superglue.shared.sentences import copied_from

__all__ = ["check_question", "official_passage", "official_question"]

_OPENERS = frozenset(
    "am is are was were do does did has have had can could will would shall should may might "
    "must".split()
)
# Both kinds of question do without them: a claim with "only" or "always" is
# mostly false, and "not" turns a question round.
_ABSOLUTE = frozenset(
    "only always never all every everyone everything everybody none nobody nothing no not nor "
    "neither cannot".split()
)
_POINTING = frozenset("he she they his her their this these those".split())
_COPY = 88.0  # similarity with a run of a sentence from which a question is copied


def official_passage(seed: Paragraph) -> str:
    """A paragraph as passages stand in the dataset: behind its title."""
    return f"{seed.title}{SEPARATOR}{seed.text}"


def official_question(text: str) -> str:
    """A question as people type it into a search: in lower case, no question mark."""
    return " ".join(text.split()).strip("\"“”'‘’ ").rstrip("?!. ").strip("\"“”'‘’ ").lower()


def check_question(row: BoolqRow, seed: Paragraph) -> None:
    """A question is one that yes or no answers, about its passage and not copied from it.

    Raises:
        Rejected: a reason of `prose`, or `passage-changed`,
            `several-questions`, `not-yes-no`, `absolute-word`, `pointing-word`
            (its subject points
            outside the question), `copy-of-sentence`, `unrelated`.
    """
    if row.passage != official_passage(seed):
        raise Rejected("passage-changed", "the row's passage is not its seed's")
    question = row.question
    prose(f"{question}?", least=4, most=20, what="question")
    if "?" in question:
        raise Rejected("several-questions", "there is more than one question")
    asked = words(question)
    if asked[0] not in _OPENERS:
        raise Rejected("not-yes-no", f"{asked[0]!r} opens no question that yes or no answers")
    for word in asked:
        if word in _ABSOLUTE or word.endswith(("n't", "n’t")):
            raise Rejected("absolute-word", f"the question holds {word!r}")
    if asked[1] in _POINTING:
        raise Rejected("pointing-word", f"{asked[1]!r} does not say whom the question is about")
    # Word order apart, a sentence's words with an auxiliary in front are the sentence.
    copied = copied_from(
        _without_auxiliaries(question), _without_auxiliaries(seed.text), threshold=_COPY
    )
    if copied is not None:
        raise Rejected("copy-of-sentence", f"the passage says it so: {copied[:80]!r}")
    if not content_words(question) & content_words(row.passage):
        raise Rejected("unrelated", "the question shares no content word with the passage")


def _without_auxiliaries(text: str) -> str:
    """A text less the words that a question moves to its front."""
    return " ".join(word for word in text.split() if word.lower() not in _OPENERS)
