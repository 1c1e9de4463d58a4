"""The words of a text, and which of them a reply has."""

from __future__ import annotations

import re

_WORD = re.compile(r"[^\W\d_](?:[\w'’-]*\w)?")

_SMALL = frozenset(
    """
    a about above after again against all also am an and any are aren't as at be because been
    before being below between both but by can can't cannot could couldn't did didn't do does
    doesn't doing don't down during each few for from further had hadn't has hasn't have haven't
    having he he's her here hers herself him himself his how i i'd i'll i'm i've if in into is isn't
    it it's its itself just let's me more most must my myself no nor not now of off on once only or
    other our ours ourselves out over own same shall she she's should shouldn't so some such than
    that that's the their theirs them themselves then there there's these they they'd they'll
    they're they've this those through to too under until up upon very was wasn't we we'd we'll
    we're we've were weren't what when where which while who whom whose why will with won't would
    wouldn't you you'd you'll you're you've your yours yourself yourselves
    """.split()
)


def content_words(text: str) -> list[str]:
    """Return the words of at least two letters without English function words, each once, in order.

    Adjacent capitalised words are one, since they are a name: "Ho Chi Minh City".
    """
    found: dict[str, str] = {}
    end, name = -1, ""  # of the capitalised words so far
    for match in _WORD.finditer(text.replace("’", "'")):
        word, key = match[0], match[0].casefold()
        if len(word) < 2 or key in _SMALL:
            continue
        capital = word[0].isupper()
        if capital and name and text[end : match.start()] == " ":
            found.pop(name.casefold(), None)
            word = f"{name} {word}"
        found.setdefault(word.casefold(), word)
        end, name = match.end(), word if capital else ""
    return [*found.values()]


def has_word(text: str, word: str) -> bool:
    """Return whether a text has a word or phrase, whole and in any case."""
    pattern = r"\s+".join(map(re.escape, word.split()))
    return re.search(rf"(?<!\w){pattern}(?!\w)", text.replace("’", "'"), re.IGNORECASE) is not None
