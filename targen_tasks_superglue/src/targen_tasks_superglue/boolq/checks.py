"""Checks of a BoolQ question, without a model's help."""

from __future__ import annotations

import re
from collections.abc import Mapping

from targen_core import Rejected
from targen_core.tasks.words import words
from targen_standard.checks.languages import content_words
from targen_standard.checks.prose import prose
from targen_tasks_superglue.boolq.rows import SEPARATOR, BoolqRow
from targen_tasks_superglue.shared.articles import Paragraph
from targen_tasks_superglue.shared.sentences import copied_from

_OPENERS = frozenset(
    "am is are was were do does did has have had can could will would shall should may might "
    "must".split()
)
# Both kinds of question do without them: a claim with "only" or "always" is
# mostly false, and "not" turns a question round. The prompts name them.
_ABSOLUTE = frozenset(
    "only solely always never all every everyone everything none nobody nothing no not nor neither "
    "cannot without".split()
)
_POINTING = frozenset("he she they his her their this these those".split())
_TEXTS = "passage|text|article|paragraph|excerpt|author|writer"
_SAYING = re.compile(
    rf"\b(?:{_TEXTS})s? (?:also |ever |even )?"
    r"(?:says?|said|states?|stated|mentions?|mentioned|tells?|suggests?|claims?|describes?|explains?"
    r"|impl(?:y|ies)|thinks?|believes?)\b"
    rf"|\b(?:said|stated|mentioned|described|implied|named) (?:in|by) (?:the|this) (?:{_TEXTS})\b"
    rf"|\baccording to (?:the|this) (?:{_TEXTS})\b"
)
_THE_TEXT = re.compile(rf"\b(?:the|this) ({_TEXTS})\b(?! (?:of|who)\b)")
# "Is it true that he won" means the same as "did he win".
_TRUE_THAT = re.compile(r"^(?:is|was) it (?:true|correct|false|a fact|the case) that\b")
# Behind "or" these open a second answer: "a potter or a painter", "in 1953 or in 1963".
_AGAIN = (
    r"(?:an?|the|in|on|at|by|for|from|to|with|of|as|his|her|its|their|before|after|during|\d+|"
    + "|".join(sorted(_OPENERS))
    + r")\b"
)
# A title of one's own: "Kora Bridge: It was …", "Kora Bridge. It was …".
_TITLE = re.compile(r"(?P<title>[^.:!?,;(]{4,60}?)(?:[.:]| [-–—]) +(?=[^\sa-z])")
_OWN_TITLE_WORDS = 6
# Else what the first sentence is about, up to a verb or a pause: "The Kora Bridge is …"; behind a
# preposition a name: "In 1912 the Kora Bridge was …"; or else its first words.
_SUBJECT = re.compile(
    r"(?!(?:After|As|At|Before|By|During|For|From|If|In|On|Since|To|When|While|With)\b)"
    r"(?:(?:The|An?) )?(?P<title>(?:[^\s,;(]+ ){0,7}?[^\s,;(]+)"
    rf"(?:\s?[,;(]|\s(?:{'|'.join(sorted(_OPENERS))})\b)"
)
_NAME = re.compile(r"\s(?P<title>[A-Z][\w'-]+(?: [A-Z][\w'-]+)*)")
_FIRST = re.compile(r"(?P<title>(?:\S+ ){0,2}\S+)")
_COPY = 88.0  # similarity with a run of a sentence from which a question is copied


def official_passage(seed: Paragraph) -> str:
    """Return a paragraph as a passage of the dataset: after its title."""
    return f"{seed.title}{SEPARATOR}{seed.text}"


def official_question(text: str) -> str:
    """A question as people type it into a search: in lower case, no question mark."""
    return " ".join(text.split()).strip("\"“”'‘’ ").rstrip("?!. ").strip("\"“”'‘’ ").lower()


def official(texts: Mapping[str, str]) -> dict[str, str]:
    """Return a passage and a question in the dataset's form, from plain texts of a model.

    A passage without a title gets one: the text before its first colon or short stop, or else the
    subject of its first sentence. The question loses its capitals and its mark.
    """
    passage, question = texts["passage"], texts["question"]
    if question == question.lower():  # an official one keeps its spaces and quotation marks
        question = question.rstrip("? ")
    else:
        question = official_question(question)
    if SEPARATOR not in passage:
        passage = _titled(passage)
    return {"passage": passage, "question": question}


def _titled(passage: str) -> str:
    own = _TITLE.match(passage)
    if own is not None and len(own["title"].split()) <= _OWN_TITLE_WORDS:
        return f"{own['title']}{SEPARATOR}{passage[own.end() :]}"
    found = _SUBJECT.match(passage) or _NAME.search(passage) or _FIRST.match(passage)
    title = found["title"] if found else passage
    return f"{title[:1].upper()}{title[1:]}{SEPARATOR}{passage}"


def check_question(row: BoolqRow, seed: Paragraph) -> None:
    """A question is one that yes or no answers, about its passage and not copied from it.

    Raises:
        Rejected: a reason of `check_question_paper`, or `not-yes-no` ("is it
            true that"), `absolute-word`, `pointing-word` (its subject points
            outside the question), `copy-of-sentence`, `unrelated`.
    """
    check_question_paper(row, seed)
    question = row.question
    asked = words(question)
    if _TRUE_THAT.search(question):
        raise Rejected("not-yes-no", "the question asks whether a statement is true")
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


def check_question_paper(row: BoolqRow, seed: Paragraph) -> None:
    """A question is one that yes or no answers, in the official form (variant `paper`).

    Raises:
        Rejected: a reason of `prose`, or `passage-changed`, `several-questions` or `not-yes-no` (it
            opens with no auxiliary). Or `either-or` (the answer is one of two things, not yes or
            no) or `meta-text` (it asks what the passage says).
    """
    if row.passage != official_passage(seed):
        raise Rejected("passage-changed", "the row's passage is not its seed's")
    question = row.question
    prose(f"{question}?", min_words=4, max_words=20, what="question")
    if "?" in question:
        raise Rejected("several-questions", "there is more than one question")
    asked = words(question)
    if asked[0] not in _OPENERS:
        raise Rejected("not-yes-no", f"{asked[0]!r} opens no question that yes or no answers")
    named = set(_THE_TEXT.findall(question)) - set(words(row.passage))
    if named or _SAYING.search(question):
        raise Rejected("meta-text", "the question is about the passage, not about what it tells")
    if _either_or(question, row.passage):
        raise Rejected("either-or", "the question asks which of two things is so")


def _either_or(question: str, passage: str) -> bool:
    """Return whether a question offers two answers to choose from.

    "A potter or a painter", "in 1953 or 1963", "ill or asleep" and two names are alternatives. "Any
    brothers or sisters" is one thing, and so are words that the passage itself joins by "or".
    """
    for joint in re.finditer(r"(?<=\s)or(?=\s)", question):
        before, after = question[: joint.start()].split(), question[joint.end() :].split()
        if not before or not after:
            return True
        if f"{before[-1]} or {after[0]}" in passage.lower():
            continue
        names = _is_name(before[-1], passage) and _is_name(after[0], passage)
        if names or re.match(_AGAIN, after[0]) or set(before[-3:]) & set(after[:3]):
            return True
        described = before[0] in ("is", "are", "was", "were") and before[1:2] != ["there"]
        if described and len(after) == 1:
            return True
    return False


def _is_name(word: str, passage: str) -> bool:
    """Return whether a passage has a word only with a capital."""
    word = re.escape(word.strip("\"'’,."))
    return bool(re.search(rf"\b{word.capitalize()}\b", passage)) and not re.search(
        rf"\b{word}\b", passage
    )


def _without_auxiliaries(text: str) -> str:
    """A text less the words that a question moves to its front."""
    return " ".join(word for word in text.split() if word.lower() not in _OPENERS)
