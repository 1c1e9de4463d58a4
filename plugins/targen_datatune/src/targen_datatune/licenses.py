"""Licences of datasets: one spelling for each, and which of them a user admits."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from targen_core.cli.licenses import NON_COMMERCIAL, OPEN_SHARE_ALIKE, SHARE_ALIKE, folded, terms_of

_PERMISSIVE = (
    "afl-3.0 apache-2.0 bsd bsd-2-clause bsd-3-clause bsl-1.0 cc-by-2.0 cc-by-2.5 cc-by-3.0 "
    "cc-by-4.0 cc0-1.0 cdla-permissive-1.0 cdla-permissive-2.0 ecl-2.0 etalab-2.0 isc mit "
    "mit-0 ms-pl ncsa odc-by pddl postgresql public-domain unlicense wtfpl zlib"
)
GROUPS = {
    "permissive": frozenset(_PERMISSIVE.split()),
    "open": frozenset(_PERMISSIVE.split()) | OPEN_SHARE_ALIKE,
}
"""Names for groups of licences. `permissive` ones ask only for attribution; `open` also has those
that require derived works to be shared alike. Neither includes licences only for non-commercial or
unchanged use. Users must read the terms of a licence themselves: this is not legal advice.
"""

_UNSAID = ("", "unknown", "other", "n/a", "none", "-", "?")
_SAID = (
    (r"^(?:the )?(.*?) licen[sc]e$", r"\1"),
    (r"^(?:creative commons )?(?:zero|cc0|cc-0)(?:[ -]*v?1(?:\.0)?)?(?: universal)?$", "cc0-1.0"),
    (r"^creative commons ", "cc "),
    (r"^cc attribution", "cc-by"),
    (r"[- ]non[- ]?commercial", "-nc"),
    (r"[- ]share[- ]?alike", "-sa"),
    (r"[- ]no[- ]?deriv(?:ative)?s?", "-nd"),
    (r"^(cc-by.*?)(?: (?:generic|international|unported))?(?: (?:public )?licen[sc]e)?$", r"\1"),
    (r"^apache(?:[ ,-]*(?:version )?v?2(?:\.0)?)?$", "apache-2.0"),
    (r"^(gpl|lgpl|agpl)[ -]?v?(\d(?:\.\d)?)(?:-only|-or-later|\+)?$", r"\1-\2"),
    (r"^((?:a|l)?gpl-\d)$", r"\1.0"),
    (r"^public domain$", "public-domain"),
    (r"^cc[ -]by", "cc-by"),
    (r"[ _]+", "-"),
    (r"^(cc-by(?:-nc)?(?:-sa|-nd)?)-v?(\d)$", r"\1-\2.0"),
    (r"^(odbl|odc-by|pddl)-1\.0$", r"\1"),
)


def normal(text: str) -> str:
    """A licence as SPDX or the hub writes it, in lower case: `Apache License 2.0` is `apache-2.0`.

    A word without meaning, such as `unknown` or `other`, becomes "".
    """
    text = " ".join(folded(text).split()).strip("\"'")
    for pattern, spelt in _SAID:
        text = re.sub(pattern, spelt, text)
    text = re.sub(r"^apache-licen[sc]e[-,]*(?:version-)?v?2(?:\.0)?$", "apache-2.0", text)
    return "" if text in _UNSAID else text


def listed(items: Iterable[str]) -> tuple[str, ...]:
    """Return the licences that a user names, such as `a,b` and `c`, in lower case."""
    return tuple(name.strip().lower() for item in items for name in item.split(",") if name.strip())


def admits(admitted: Collection[str], license: str) -> bool:
    """Return whether a licence is among those that a user names.

    By default all are admitted except those that forbid changes, since rows are changed.

    Args:
        admitted: licences, names of `GROUPS`, and "unknown" for an unknown one.
        license: that of a dataset, "" if unknown.
    """
    if not admitted:
        return not forbids_changes(license)
    if not license:
        return "unknown" in admitted
    return any(license == normal(each) or license in GROUPS.get(each, ()) for each in admitted)


def forbids_changes(license: str) -> bool:
    """Return whether a licence has "no derivatives" in it: a transformed row is one."""
    return "-nd" in license or "no-deriv" in license


def mixes(license: str, other: str) -> bool:
    """Return whether rows under two licences may be in one dataset, as far as their names tell.

    Share-alike rows can be shared under one licence only. They do not mix with rows that forbid
    commercial use, unless their own licence also does. Unknown licences are not judged.
    """
    alike, others = _shared_alike(license), _shared_alike(other)
    if alike and others:
        return alike == others
    terms = terms_of(license), terms_of(other)
    return not any(
        SHARE_ALIKE in one and NON_COMMERCIAL not in one and NON_COMMERCIAL in another
        for one, another in (terms, terms[::-1])
    )


def _shared_alike(license: str) -> str:
    """The family of licences under which what is derived must be; "" if any will do."""
    shared = SHARE_ALIKE in terms_of(license)
    return re.sub(r"-[\d.]+$", "", license) if shared else ""
