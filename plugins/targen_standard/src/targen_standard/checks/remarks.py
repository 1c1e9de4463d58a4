"""Models' remarks about their replies: announcements, refusals, offers of more.

A model makes them in English or in the language of the texts that it writes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

from targen_core.errors import Rejected
from targen_standard.checks.languages import find_language

_COLON = re.compile(r"\s*+\d*+[\"'”*]*+\s*+:")
_LABELS = (  # what tasks call their labels: in a text they give it away, or are a heading
    r"(?:not[_ -]?)?entail(?:ment|ed|s)|contradict(?:ion|ed|s)|neutral|true|false|correct|incorrect"
    r"|likely|unlikely|cause|effect|result"
)
_FIELDS = (
    r"premises?|hypothes[ie]s|sentences?|passages?|paragraphs?|questions?|queries|query|answers?"
    r"|outputs?|labels?|explanations?|notes?|statements?|titles?|topics?|choices?|options?|texts?"
)
_KINDS = (
    rf"{_FIELDS}|rows?|examples?|json|messages?|(?:e-?)?mails?|reviews?|tweets?|posts?|comments?"
)
_STARTS = r"here (?:is|are)\b|here['’]s\b"
_CANNOT = r"\bi(?: am|['’]m)? (?:cannot|can['’]t|can not|unable to|not able to|won['’]t) "
_SURE = r"(?:sure(?: thing)?|certainly|absolutely|of course|okay|ok|great)\s*[,!.:]\s*"
_I_WRITE = r"(?:let me|i['’]ll|i will|i can) (?:write|generate|create|provide)\b"
_NO_OTHERS = r"(?![^.!?:\n]*\b(?:my|our|i|me|we|us|you|they|he|she|from)\b)"
_OF_A_KIND = rf"{_NO_OTHERS}[^.!?:\n]{{0,60}}\b(?:{_KINDS})\b[^.!?:\n]{{0,60}}"
_ANNOUNCED = (  # before what was asked for; people announce photos, and what they got from others
    rf"{_SURE}(?:{_STARTS}|{_I_WRITE}){_OF_A_KIND}(?::|\n|$)|(?:{_STARTS}){_OF_A_KIND}:"
)
_OTHER_CHATTER = (
    r"(?:as an ai\b|(?:(?:i['’]m|i am) )?sorry,? (?:but )?as an ai\b)"
    # headings that no text of its own starts with
    r"|(?:the\s+)?(?:premises?|hypothes[ie]s|outputs?|labels?)\s*\d*[\"'”*]*\s*[:=]"
    r"|(?:sentence|passage|paragraph|question|answer|statement|text|example)\s+\d+[\"'”*]*\s*:"
    # a refusal; "I can't help with that." only as a whole text, since people say it in others
    rf"|(?:(?:(?:i['’]m|i am) )?(?:very )?sorry[,.]? (?:but )?)?{_CANNOT}"
    r"(?:generate|assist with|fulfil|comply with|help(?: you)? with (?:that|this)\W*$))"
    rf"|{_CANNOT}(?:help(?: you)? with|provide|write|create|generate|produce) "
    r"(?:that|this|the|your|such|any|more)? ?(?:requests?|content|examples?|rows?|texts?|data)\b"
    # chatter behind what was asked for
    r"|\blet me know if you(?:['’]d| would)? (?:like|want|need|prefer) (?:[^.!?\n]* )??"
    r"(?:(?:more|other|another|further|different|additional) (?:\w+ ){0,2}?(?:examples?|rows?"
    r"|variations?|versions?|sentences?|premises?|hypothes[ie]s|passages?)"
    r"|me to (?:adjust|modify|revise|rewrite|generate))\b[^.!?\n]*[^\w]*$"
)
_CHATTER = re.compile(rf"^[^\w{{]*(?:{_ANNOUNCED}|{_OTHER_CHATTER}", re.IGNORECASE)
_META = re.compile(  # contents that prose must not have, in addition to chatter
    r"^[^\w{]*(?:sure\s*[!.:]|sure thing\b|certainly\s*[,!.:]"
    r"|(?:absolutely|of course|okay|ok|great)\s*(?:!|[,.:]\s*(?:let|this|i['’]ll))"
    rf"|(?:{_STARTS})[^.]{{0,60}}\b(?:{_FIELDS}|examples?|lists?|json)\b"
    r"|the (?:correct|right) (?:answer|output|label) (?:is|would be)\b"
    # headings: the field's name, a label's
    rf"|(?:the\s+)?(?:{_FIELDS})\s*\d*[\"'”*]*\s*[:=]"
    rf"|(?:{_LABELS})[\"'”*]*\s*:|[hpq]\d?\s*:)"
    # a refusal, and a label in parentheses
    rf"|{_CANNOT}(?:help with|assist with|provide|generate|write about|create)\b"
    r"|\bhope this helps\b"
    rf"|[(\[](?:label: )?(?:{_LABELS})[)\]]",
    re.IGNORECASE,
)
_NOTE = re.compile(  # people begin so, too, unless they mean the text itself
    rf"\W*(?:the\s+)?notes?\s*:(?!\s*(?:th(?:is|e|ese))\s+(?:{_FIELDS})\b)", re.IGNORECASE
)


def chatter(text: str, what: str, language: str = "English") -> None:
    """Refuse a model's remarks about its reply, in English or in the text's language.

    That is an announcement ("Sure! Here is a premise: …"), a refusal ("I cannot generate …") or a
    heading, such as `what` with a colon. It may also be an offer at the end ("Let me know if you'd
    like more examples."). Ordinary speech between people, such as "Let me know if you can help
    me.", passes. The languages are those of `check_language`.

    It also refuses introductions such as "Gladly! Here is the message: …" and "As requested, a
    mail:", notes on the text's label, and counts of words. "Sure, here are the photos." and "I hope
    this helps!" pass.

    Raises:
        Rejected: `meta-text`.
    """
    stripped = text.strip()
    heading = stripped.lstrip("\"'“*# ").casefold().removeprefix("the ")
    headed = heading.startswith(name := what.casefold()) and _COLON.match(heading[len(name) :])
    if said := f"{what}:" if headed else _remark(stripped, language):
        raise _rejected(said, what)


def meta_text(text: str, what: str) -> None:
    """Refuse what whole sentences never have: headings, labels and more remarks than `chatter`.

    A text may begin with "Note:", unless the note is about the text itself.

    Raises:
        Rejected: `meta-text`.
    """
    found = _META.search(text)
    if found and _NOTE.match(text):
        found = _META.search(text, found.end())
    if found:
        raise _rejected(found[0], what)


def _rejected(words: str, what: str) -> Rejected:
    return Rejected("meta-text", f"the {what} talks about the answer: {words.strip()[:60]!r}")


def _remark(text: str, language: str) -> str:
    """Return the words of a remark in a text, in English or in its own language, or ""."""
    if found := _CHATTER.search(text):
        return found[0]
    both = dict.fromkeys(("English", language))
    patterns = (_remarks(language), *map(_leads, both), *map(_frames, both))
    plain = text.replace("'", "’")
    for each in patterns:
        if each and (found := each.search(plain)):
            return found[0]
    return ""


@cache  # and not when this module loads: each takes 3 ms to compile
def _remarks(language: str) -> re.Pattern[str] | None:
    """Return the pattern of remarks in a language; None if its file has none, as for English.

    The part `mine` follows `here` when people announce something of their own. `cannot` is a
    refusal at the start, and `helpless` one that is the whole text: within others, people say it.
    """
    known = find_language(language)
    if known is None or not known.remarks:
        return None
    parts = {name: f"(?:{part})" for name, part in known.remarks.items()}
    here = r"{here}\b(?! {mine})".format_map(parts)
    parts["others"], parts["kinds"] = known.leads["mine"], known.leads["things"]
    return re.compile(
        (
            r"^[^\w{{]*(?:{sure}\s*[,!.:]\s*(?:{here}|{will})"
            r"(?![^.!?:\n]*\b(?:{others})\b)[^.!?:\n]{{0,60}}\b(?:{kinds}|(?!lij?st|elenc){things})\b"
            r"[^.!?:\n]{{0,60}}(?::|\n|$)"
            r"|{here}[^.!?\n]{{0,60}}\b{things}\b[^.!?\n]{{0,60}}:"
            r"|(?:{sorry}[,.]? (?:{but} )?)?(?:{machine}\b|{cannot}\b|{helpless}\W*$))"
            r"|\b{more}\b[^.!?\n]{{0,80}}\W*$"
        ).format_map({**parts, "here": here}),
        re.IGNORECASE,
    )


@cache
def _leads(language: str) -> re.Pattern[str] | None:
    """Return the pattern of what introduces a text with a colon, and of notes on its label.

    A polite sentence may come before. The part `bare` is an introduction without a verb.
    People who introduce texts of their own, or from others, use words such as those of `mine`.
    """
    known = find_language(language)
    if known is None or not known.leads:
        return None
    parts = {name: f"(?:{part})" for name, part in {**known.remarks, **known.leads}.items()}
    return re.compile(
        r"^[^\w{{]*(?:[^.!?:\n]{{0,30}}\b{sure}\b[^.!?:\n]{{0,60}}[,!.:]\s*)?(?:{here}|{bare})\b"
        r"(?![^.!?:\n]*\b{mine}\b)[^.!?:\n]{{0,60}}\b{things}\b[^.!?:\n]{{0,60}}:"
        r"|(?:^|[(\[*])\s*{note}\s*:\s*{this}\s+{things}\b[^.!?()\n]{{0,80}}\b{label}\b"
        r"[^.!?()\n]{{0,80}}".format_map(parts),
        re.IGNORECASE,
    )


@cache
def _frames(language: str) -> re.Pattern[str] | None:
    """Return the pattern of what a model puts around a text.

    It may introduce the text with an indefinite article ("As requested, a mail about hail:"). Or it
    quotes all of it behind an interjection, or counts its words in brackets.
    """
    known = find_language(language)
    if known is None or not known.leads:
        return None
    every = {**known.remarks, **known.leads, **known.lengths}
    parts = {name: f"(?:{part})" for name, part in every.items()}
    counted = r"[(\[](?:{count}\s*[:=]\s*\d+|\d+ {units})[)\]]".format_map(parts)
    return re.compile(
        r"^[^\w{{]*(?:{sure}|{asked})\s*[,!.:–-]\s*(?![^.!?:\n]*\b{mine}\b)(?:[\w’]+ ){{0,4}}"
        r"{a} ?(?:[\w-]+ ){{0,4}}{things}\b[^.!?:\n]{{0,60}}:"
        r"|^{sure}\s*[!.:]\s*[\"“„«»][^\"“”«»]+[\"“”«»]\W*$"
        r"|^{counted}|{counted}\W*$".format_map({**parts, "counted": counted}),
        re.IGNORECASE,
    )


def says_label(text: str, labels: Iterable[str], language: str) -> str:
    """Return the words with which a text begins if they state its label, or "".

    Examples are "Category: refund" and, in German, "Kategorie: Wildunfall".
    """
    known = filter(None, map(find_language, dict.fromkeys(("English", language))))
    words = "|".join(each.leads["label"] for each in known if each.leads)
    names = "|".join(map(re.escape, labels))
    found = re.match(rf"\W*(?:{words})\W*:\W*(?:{names})(?!\w)", text, re.IGNORECASE)
    return found[0] if found else ""
