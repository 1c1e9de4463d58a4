"""Long runs of characters without a space, on which tokenizers spend their time."""

from __future__ import annotations

import re

_RUN = re.compile(r"[!-~]{250}|[^\w\s]{250}")


def spaced(text: str) -> str:
    """The text with a space in runs that are longer than any word.

    The time of spaCy's tokenizer grows with the square of a run that it can
    take apart, such as JSON on one line. Scripts without spaces stay whole.
    """
    return _RUN.sub(r"\g<0> ", text)
