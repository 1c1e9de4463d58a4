"""Placeholders that a text's writer was to fill in."""

from __future__ import annotations

import re

from targen_core.errors import Rejected

_YOURS = (  # of the reader, in a placeholder
    "your|ihre?|deine?|votre|vos|ton|ta|su|tu|il (?:suo|tuo)|la (?:sua|tua)|o seu|a sua|seu|sua"
    "|uw|jouw|je"
)
_GIVEN = (  # what a placeholder is for; in German and Dutch, as the end of a word
    r"names?|dates?|address|number|\w*(?:name|datum|adresse|anschrift|nummer|naam|adres)|nom|prénom"
    "|date|numéro|nombre|apellidos?|fecha|dirección|número|nome|cognome|indirizzo|numero|endereço"
)
_UNFILLED = re.compile(
    r"(?<![\[\]\w!])\[(?=[A-ZÀ-ÖØ-Þ])(?i:"
    r"(?![^\]]*\b(?:redacted|withheld|removed|deleted|hidden|changed|geändert|entfernt)\b)"
    rf"(?:(?:{_YOURS})(?: [^\W\d_]+){{1,3}}"
    rf"|(?:[^\W\d_]+['’ ]){{0,2}}(?:{_GIVEN})(?:['’ ][^\W\d_]+){{0,3}})\](?![(\[:]))"
)
_OF_TEMPLATES = re.compile(
    r"\{\{ ?[^\W\d][\w.]*(?: \w+){0,2} ?\}\}"
    rf"|<(?=[A-ZÀ-ÖØ-Þ])(?i:(?:(?:{_YOURS}) )?(?:{_GIVEN})>)"
)
_IN_BRACES = re.compile(
    rf"\{{(?=[A-ZÀ-ÖØ-Þ])(?i:(?:(?:{_YOURS})[ _])?(?:{_GIVEN})(?:[ _][^\W\d_]+){{0,2}}\}})"
)
_TO_INSERT = "insert|enter|insérer|insertar|inserire|inserir"
_INSERTED = "einfügen|eintragen|ergänzen|einsetzen|invullen|here|hier"
_CLOSINGS = (
    "grüßen?|gruß|regards|sincerely|wishes|cordialement|salutations|saludos|saluti|cumprimentos"
    "|groeten?"
)
_OF_FORMS = re.compile(  # "(Name einfügen)", "TT.MM.JJJJ", and a name in place of a signature
    rf"\((?i:(?:{_TO_INSERT}) (?:[^\W\d_]+ ){{0,2}}(?:{_GIVEN})"
    rf"|(?:(?:{_YOURS}) )?(?:{_GIVEN}) (?:{_INSERTED}))\)"
    r"|\b(?:TT([./-])MM\1JJ(?:JJ)?|DD([./-])MM\2(?:YYYY|YY|JJJJ|AAAA)|MM([./-])DD\3YY(?:YY)?"
    r"|JJ([./-])MM\4AA(?:AA)?|GG([./-])MM\5AA(?:AA)?)\b"
    r"|(?:\n[ \t]{0,20}"
    rf"|(?i:{_CLOSINGS})[,.!]?\s{{1,20}})(?=[A-ZÀ-ÖØ-Þ])(?i:(?:{_YOURS}) (?:{_GIVEN}))\W{{0,20}}\Z"
)
_CODE = re.compile(r"`|</|\{%|[;{]\s*$", re.MULTILINE)
_GARBLED = re.compile("[\u00c2-\u00f4][\u0080-\u00bf\u0152-\u2122]+|\ufffd")


def filled(text: str, what: str) -> None:
    """Refuse a text with a placeholder that its writer was to fill in, in the larger languages.

    Examples are `[Your name]`, `[Kundennummer]`, `<Date>`, `{Name}`, `{{customer}}`, `(Name
    einfügen)`, `TT.MM.JJJJ` and the signature `Ihr Name`. Other brackets pass, such as `[sic]` and
    `[1]`, and so do links, code, and data that people masked with `XXXX`. Texts in a wrong
    encoding, such as `fÃ¼r`, do not pass.

    Raises:
        Rejected: `placeholder`, or `garbled`.
    """
    found = _UNFILLED.search(text)
    if found is None and not _CODE.search(text):
        found = _OF_TEMPLATES.search(text) or _IN_BRACES.search(text)
    if found is None:
        found = _OF_FORMS.search(text)
        if found is not None and "format" in text.casefold():
            found = None  # it says how to write dates
    if found is not None:
        raise Rejected("placeholder", f"the {what} holds a placeholder: {found[0].strip()!r}")
    if garbled := next(filter(_is_garbled, _GARBLED.findall(text)), ""):
        raise Rejected("garbled", f"the {what} has letters of a wrong encoding: {garbled!r}")


def _is_garbled(letters: str) -> bool:
    """Return whether letters are UTF-8 that was read as Windows-1252, or could not be read."""
    try:
        return letters == "\ufffd" or len(letters.encode("cp1252").decode("utf-8")) < len(letters)
    except UnicodeError:
        return False
