"""Every table, figure and appendix of both papers, and the command that does it: `items.toml`."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from targen_core.errors import UsageError
from targen_training.reproduction.material import layout, original_rows, synthetic_of
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
        needs: modules that the command needs beyond those of targen-training.
        install: the package and extras that install them, or "".
        download: a command that then downloads what no package contains, or "".
        tasks: the tasks that it shows, each by the same command.
        blank: what to type for the word of the command that is the reader's own.
    """

    name: str
    what: str
    command: str
    differs: str
    ran: str
    small: Sequence[str] = ()
    needs: Sequence[str] = ()
    tasks: Sequence[str] = ()
    blank: str = ""
    install: str = ""
    download: str = ""

    @property
    def lacking(self) -> list[str]:
        """Return the needed modules that are not installed here."""
        return [module for module in self.needs if find_spec(module) is None]


def items() -> dict[str, Item]:
    """All of them by name, TarGEN's first."""
    return {values["name"]: Item(**values) for values in printed("items")["item"]}


def command_of(item: Item, folders: Mapping[str, Path | None], task: str = "") -> list[str]:
    """Return the words of an item's command, with the user's folders in their places.

    Args:
        item: the item.
        folders: the user's, by option: "--original", "--synthetic".
        task: one of the item's tasks; by default the command's own.

    Raises:
        UsageError: the item has no command, or the command needs a folder or another word, or rows
            that the folders do not contain.
    """
    if not item.command:
        hint = "targen reproduce --list"
        raise UsageError(f"{item.name} does not have a command: {item.differs}", hint=hint)
    if blank := _BLANK.search(item.command):
        raise UsageError(
            f"{item.name} ({item.what}): replace {blank[0]} in {item.command} with your own",
            hint=item.blank,
        )
    words = shlex.split(item.command)
    needed = needs_of(item)
    lacking = [option for option in needed if folders.get(option) is None]
    if lacking:
        said = " ".join(f"{option} FOLDER" for option in lacking)
        verb = "are" if len(lacking) > 1 else "is"
        raise UsageError(
            f"{item.name} needs {' and '.join(lacking)}, which {verb} missing",
            hint=f"targen reproduce {item.name} {said}",
        )
    return [_placed(word, folders, task) for word in words]


def needs_of(item: Item) -> list[str]:
    """Return the options whose folders an item's command needs."""
    firsts = (word.partition("/")[0] for word in shlex.split(item.command))
    return [*dict.fromkeys(_STANDS_FOR[first] for first in firsts if first in _STANDS_FOR)]


def own_task(item: Item) -> str:
    """Return the task of the synthetic rows that an item's command names, or ""."""
    parts = (word.partition("/") for word in shlex.split(item.command))
    return next((task for first, _, task in parts if first == "runs"), "")


def rows_in(option: str, folder: Path, task: str) -> Path | None:
    """Return a task's rows in a folder of SuperGLUE or of synthetic rows, or None."""
    return (original_rows if option == "--original" else synthetic_of)(folder, task)


def _placed(word: str, folders: Mapping[str, Path | None], task: str) -> str:
    """Return a word of a command, or the path in the user's folder that replaces it.

    Raises:
        UsageError: the folder does not contain it.
    """
    first, *rest = word.split("/")
    option = _STANDS_FOR.get(first, "")
    if (folder := folders.get(option)) is None:
        return word
    path: Path | None = folder.joinpath(*rest)
    if rest and first != "bigbench":
        task = task or rest[0].lower()
        path = rows_in(option, folder, task)
    if path is None or not path.exists():
        lacks = f" does not contain {task or '/'.join(rest)}" if rest else ": no such folder"
        hint = layout(option, folder) if rest and first != "bigbench" else ""
        raise UsageError(f"{option} {folder}{lacks}", hint=hint)
    return str(path)
