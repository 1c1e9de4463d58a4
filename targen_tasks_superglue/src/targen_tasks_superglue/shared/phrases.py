"""What a topic or a setting must be: a phrase, not a sentence and not markup."""

from __future__ import annotations

from targen_core import Rejected
from targen_core.tasks.checks import normalised

__all__ = ["phrase"]


def phrase(text: str, *, most: int, what: str) -> None:
    """Require a phrase of 1 to `most` words.

    Raises:
        Rejected: `no-words`, `too-long` or `markup`.
    """
    count = len(normalised(text).split())
    if not count:
        raise Rejected("no-words", f"no word in the {what} {text!r}")
    if count > most:
        raise Rejected("too-long", f"the {what} has {count} words, more than {most}")
    if "\n" in text or text[0] in "-*#>" or text[0].isdigit():
        raise Rejected("markup", f"the {what} holds markup: {text[:60]!r}")
