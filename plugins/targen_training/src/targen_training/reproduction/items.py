"""Every table, figure and appendix of both papers, and the command that does it: `items.toml`."""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from targen_core.errors import UsageError
from targen_training.reproduction.material import layout, rows_in

_OPTIONS = {"superglue": "--original", "bigbench": "--original", "runs": "--synthetic"}
"""The option for each folder that commands name."""

_BLANK = re.compile(r"\b[A-Z]{4,}\b")  # FOLDER, NAME, MODEL


def published(name: str) -> dict[str, Any]:
    """Return the content of `NAME.toml` in this package."""
    text = (files("targen_training.reproduction") / f"{name}.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


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
        tasks: the tasks that it shows, each by the same command.
        page: how its page is made, if the paper's figures are put beside those of rows; see
            `overview`.
        types: the types of entities on the page.
        shows: what the output of its small form must contain: rows and columns of the paper.
        blank: what to type for the word of the command that is the reader's own.
        install: the package and extras that install `needs`, or "".
        download: a command that then downloads what no package contains, or "".
    """

    name: str
    what: str
    command: str
    differs: str
    ran: str
    small: Sequence[str] = ()
    needs: Sequence[str] = ()
    tasks: Sequence[str] = ()
    page: str = ""
    types: Sequence[str] = ()
    shows: Sequence[str] = ()
    blank: str = ""
    install: str = ""
    download: str = ""

    @property
    def lacking(self) -> list[str]:
        """Return the needed modules that are not installed here."""
        return [module for module in self.needs if find_spec(module) is None]

    @property
    def options(self) -> list[str]:
        """Return the options whose folders the command needs."""
        firsts = (word.partition("/")[0] for word in shlex.split(self.command))
        return [*dict.fromkeys(_OPTIONS[first] for first in firsts if first in _OPTIONS)]

    @property
    def own_task(self) -> str:
        """Return the task of the synthetic rows that the command names, or ""."""
        parts = (word.partition("/") for word in shlex.split(self.command))
        return next((task for first, _, task in parts if first == "runs"), "")


def items() -> dict[str, Item]:
    """All of them by name, TarGEN's first."""
    return {values["name"]: Item(**values) for values in published("items")["item"]}


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
    if lacking := [option for option in item.options if folders.get(option) is None]:
        raise UsageError(
            f"{item.name} needs {' and '.join(lacking)}",
            hint=" ".join([f"targen reproduce {item.name}", *(f"{o} FOLDER" for o in lacking)]),
        )
    return [_placed(word, folders, task) for word in shlex.split(item.command)]


def _placed(word: str, folders: Mapping[str, Path | None], task: str) -> str:
    """Return a word of a command, or the path in the user's folder that replaces it.

    Raises:
        UsageError: the folder does not contain it.
    """
    first, *rest = word.split("/")
    option = _OPTIONS.get(first, "")
    if (folder := folders.get(option)) is None:
        return word
    path: Path | None = folder.joinpath(*rest)
    if rest and first != "bigbench":
        task = task or rest[0].lower()
        path = rows_in(option, folder, task)
    if path is None or not path.exists():
        lacks = f" does not contain {task or '/'.join(rest)}" if rest else ": no such folder"
        hint = layout(option) if rest and first != "bigbench" else ""
        raise UsageError(f"{option} {folder}{lacks}", hint=hint)
    return str(path)
