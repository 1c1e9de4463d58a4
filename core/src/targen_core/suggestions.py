"""Names that somebody may have meant, for the hints of errors."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Collection
from contextlib import suppress
from itertools import islice
from pathlib import Path

_MOST = 10_000  # names of a folder that are looked at
_SHORTEST = 2  # letters that count as the beginning of a name


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
    """The hint for an unknown name: what is near it, else `listing` and all names, or ""."""
    near = suggestions_for(word, known)
    if near:
        return f"did you mean {' or '.join(near)}?"
    return f"{listing}: {', '.join(dict.fromkeys(known))}" if known else ""


def and_also(hint: str, more: str) -> str:
    """A hint and another one, which begins a sentence of its own after a question."""
    return f"{hint} {more[:1].upper()}{more[1:]}" if hint.endswith("?") else f"{hint}; {more}"


def near_path(
    path: Path, fits: Callable[[Path], bool] = lambda _: True, *, usual: str = "runs"
) -> str:
    """Return the hint for a missing path: a similar one, next to it or in `usual`; or ""."""
    words = ""
    with suppress(OSError, ValueError):
        near = dict.fromkeys(map(str, _near(path, fits, usual)))
        words = " or ".join(map(shlex.quote, islice(near, 3)))
    return words and f"did you mean {words}?"


def instead_of_address(path: str) -> str:
    """The hint for an address in place of a path, which may have one slash fewer; or ""."""
    if not (found := re.match(r"([a-z][a-z0-9+.-]+):/+(.+)", path)):
        return ""
    scheme, rest = found.groups()
    if scheme == "file":
        return f"pass the path itself: {shlex.quote(f'/{rest}')}"
    if of_hub := re.match(r"huggingface\.co/datasets/([^/]+/[^/]+)", rest):
        return f"for a dataset on the Hugging Face Hub: hf:{of_hub[1]}"
    name = shlex.quote(rest.rstrip("/").rpartition("/")[2])
    if scheme not in ("http", "https"):
        return f"download it first, and pass the copy: {name}"
    return f"download it first: curl -LO {shlex.quote(f'{scheme}://{rest}')}; then pass {name}"


def _near(path: Path, fits: Callable[[Path], bool], usual: str) -> list[Path]:
    folders = [path.parent]
    if not path.parent.is_dir():  # the slip may be in the folder's name
        folders = _near(path.parent, Path.is_dir, usual)
    found: list[Path] = []
    for folder in dict.fromkeys((*folders, Path(usual))):
        with suppress(OSError):
            there = [each.name for each in islice(folder.iterdir(), _MOST) if fits(each)]
            found += [folder / name for name in suggestions_for(path.name, there)]
    return found
