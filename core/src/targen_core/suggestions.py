"""Names that somebody may have meant, for the hints of errors."""

from __future__ import annotations

from collections.abc import Collection

__all__ = ["did_you_mean", "suggestions_for"]

_SHORTEST = 2  # letters that are taken for the beginning of a name


def suggestions_for(word: str, known: Collection[str]) -> list[str]:
    """At most three known names like `word` or beginning with it, the nearest first."""
    from difflib import get_close_matches  # only where something went wrong

    typed, folded = word.casefold(), {name.casefold(): name for name in known}
    if typed.startswith("--"):  # counted, the dashes would make any two short options alike
        typed = typed.removeprefix("--")
        folded = {name[2:]: folded[name] for name in folded if name.startswith("--")}
    near = get_close_matches(typed, folded, n=3)
    if len(typed) >= _SHORTEST:
        near += [name for name in folded if name.startswith(typed)]
    return [folded[name] for name in dict.fromkeys(near)][:3]


def did_you_mean(word: str, known: Collection[str], listing: str) -> str:
    """The hint for an unknown name: what is near it, else `listing` and all that there is."""
    near = suggestions_for(word, known)
    if near:
        return f"did you mean {' or '.join(near)}?"
    return f"{listing}: {', '.join(known) or 'none'}"
