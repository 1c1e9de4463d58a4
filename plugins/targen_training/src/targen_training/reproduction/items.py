"""Every table, figure and appendix of both papers, and the command that does it: `items.toml`."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from targen_core.errors import UsageError
from targen_training.reproduction.printed import printed

_STANDS_FOR = {"superglue": "--original", "bigbench": "--original", "runs": "--synthetic"}
"""Folders of the user's, by their names in commands."""

_BLANK = re.compile(r"\b[A-Z]{4,}\b")  # FOLDER, NAME, MODEL


@dataclass(frozen=True, slots=True)
class Item:
    """A table, figure or appendix.

    Attributes:
        name: "table6", "figure2", "appendixF"; of DataTune "datatune-table2".
        what: it shows.
        command: the command that reproduces it here, or "".
        differs: what a repetition has otherwise than the paper.
        ran: what was run here, and how far.
        small: commands that reproduce it in small, on this repository's rows, or empty.
        needs: modules that these need, if not every test environment has them.
    """

    name: str
    what: str
    command: str
    differs: str
    ran: str
    small: Sequence[str] = ()
    needs: Sequence[str] = ()


def items() -> dict[str, Item]:
    """All of them by name, TarGEN's first."""
    return {values["name"]: Item(**values) for values in printed("items")["item"]}


def command_of(item: Item, folders: Mapping[str, Path | None]) -> list[str]:
    """Return the words of an item's command, with the user's folders in their places.

    Args:
        item: the item.
        folders: the user's, by option: "--original", "--synthetic".

    Raises:
        UsageError: the item has no command, or the command needs a folder or another word.
    """
    if not item.command:
        hint = "targen reproduce --list"
        raise UsageError(f"{item.name} does not have a command: {item.differs}", hint=hint)
    if blank := _BLANK.search(item.command):
        raise UsageError(
            f"{item.name} ({item.what}): replace {blank[0]} with your own",
            hint=item.command,
        )
    words = shlex.split(item.command)
    places = {at: word.split("/") for at, word in enumerate(words)}
    needed = {at: _STANDS_FOR[parts[0]] for at, parts in places.items() if parts[0] in _STANDS_FOR}
    lacking = [option for option in dict.fromkeys(needed.values()) if folders.get(option) is None]
    if lacking:
        said = " ".join(f"{option} FOLDER" for option in lacking)
        verb = "are" if len(lacking) > 1 else "is"
        raise UsageError(
            f"{item.name} needs {' and '.join(lacking)}, which {verb} missing",
            hint=f"targen reproduce {item.name} {said}",
        )
    for at, option in needed.items():
        words[at] = str(Path(folders[option] or "", *places[at][1:]))
    return words
