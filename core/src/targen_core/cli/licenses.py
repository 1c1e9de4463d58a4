"""Terms of data licences for users of rows made from the data, as far as their names tell."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator

NON_COMMERCIAL, SHARE_ALIKE = "non-commercial", "share-alike"

OPEN_SHARE_ALIKE = frozenset(
    "agpl-3.0 cc-by-sa-3.0 cc-by-sa-4.0 cdla-sharing-1.0 gfdl gpl gpl-2.0 gpl-3.0 lgpl lgpl-2.1 "
    "lgpl-3.0 mpl-2.0 odbl osl-3.0".split()
)
"""Share-alike licences that permit commercial use."""

_NON_COMMERCIAL = re.compile(r"-nc\b|non-?commercial|research-only")


def folded(license: str) -> str:
    """Return a licence in lower case, without what looks the same but is other characters.

    Full-width letters and the dashes of Unicode become those of ASCII; invisible characters go.
    """
    kinds = ((char, unicodedata.category(char)) for char in unicodedata.normalize("NFKC", license))
    return "".join(
        "-" if kind == "Pd" or char == "\N{MINUS SIGN}" else char
        for char, kind in kinds
        if kind != "Cf"
    ).lower()


def terms_of(license: str) -> tuple[str, ...]:
    """Return which of `NON_COMMERCIAL` and `SHARE_ALIKE` a licence has.

    Args:
        license: its id as the hub writes it, such as `cc-by-nc-4.0`; several are joined by " and ".
    """
    names = folded(license)
    terms = (NON_COMMERCIAL,) if _NON_COMMERCIAL.search(names) else ()
    is_alike = "-sa" in names or any(name in OPEN_SHARE_ALIKE for name in names.split(" and "))
    return (*terms, SHARE_ALIKE) if is_alike else terms


def with_terms(license: str) -> str:
    """Return a licence for people, as in `cc-by-nc-4.0 (non-commercial)`."""
    terms = ", ".join(terms_of(license))
    return f"{license} ({terms})" if terms else license


def notes_on(licenses: Iterable[str]) -> Iterator[str]:
    """Yield a sentence for each term that licences of sources have."""
    said = {
        NON_COMMERCIAL: "only permits non-commercial use.",
        SHARE_ALIKE: "requires that you share what you make from the data under the same licence.",
    }
    names = sorted({*licenses})
    for term, words in said.items():
        for name in names:
            if term in terms_of(name):
                yield f"{name} {words}"
