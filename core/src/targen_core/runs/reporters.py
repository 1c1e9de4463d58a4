"""Reporters: plugins' additions to a run's report, and files that they write next to it.

The kernel counts; what the counts mean is for reporters to say. If one fails, only its own part is
missing: the rows exist, and payments are on record.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from targen_core.errors import RunDirectoryError
from targen_core.plain import read_plain
from targen_core.plugins.loader import installed
from targen_core.runs.files import MEMBERS, SMALL
from targen_core.runs.manifest import Manifest
from targen_core.task_files import TaskFile
from targen_core.tasks.model import Task

CARD = "README.md"
"""The file of a run's card, which readers of datasets look for."""
CITED = re.compile(r"SHA-256 of `dataset\.jsonl`: `([0-9a-f]{64})`")
_log = logging.getLogger("targen.run")
_Said = TypeVar("_Said")


@dataclass(frozen=True, slots=True)
class Concern:
    """Something that looks wrong with a run's rows.

    Attributes:
        kind: the rule that found it: "disagreement", "starved-label", "repeats", "even-lengths" or
            "weak-model"; or a rule of a plugin's reporter.
        message: what looks wrong, with its figure.
        hint: what to try.
    """

    kind: str
    message: str
    hint: str

    def as_dict(self) -> dict[str, str]:
        """Return it as JSON values, with the hint in the words of the current interface."""
        return {"kind": self.kind, "message": self.message, "hint": str(self.hint)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A run whose rows are written.

    Attributes:
        folder: its directory.
        task: the task of its rows.
        manifest: its plan.
        report: the content of `report.json`.
        sample: the first row; None without rows.
        file: what the task was read from, if it was.
    """

    folder: Path
    task: Task[Any, Any]
    manifest: Manifest
    report: Mapping[str, Any]
    sample: Mapping[str, Any] | None = None
    file: TaskFile | None = None


class Reporter:
    """Adds to the reports of runs. Each method returns nothing unless it is overridden."""

    def figures(
        self, report: Mapping[str, Any], folder: Path, task: Task[Any, Any] | None
    ) -> Mapping[str, Any]:
        """Return further content for `report.json`, under its own keys.

        Args:
            report: the report so far; that of a run in progress has what its files tell.
            folder: the run directory.
            task: the task of its rows; None for a run in progress, which another process may make.
        """
        return {}

    def tables(self, report: Mapping[str, Any]) -> Sequence[Any]:
        """Return tables to show with a report, each a `targen_core.cli.findings.Table`.

        Args:
            report: the content of `report.json`, which anybody may have written.
        """
        return ()

    def notes(self, run: Ended) -> Sequence[str]:
        """Return notes for the end of a run, which are logged and stored in the report."""
        return ()

    def concerns(self, report: Mapping[str, Any], folder: Path | None) -> Sequence[Concern]:
        """Return possible problems with the rows.

        Args:
            report: the content of `report.json`, which anybody may have written.
            folder: the run directory, for hints; None if unknown.
        """
        return ()

    def files(self, run: Ended) -> Mapping[str, str]:
        """Return the text of each file to write into the run directory, by name."""
        return {}


def card_in(folder: Path) -> str:
    """Return the dataset card in a folder, such as a run's, or "".

    Raises:
        RunDirectoryError: it cannot be read.
    """
    path = folder / CARD
    try:
        return read_plain(path, SMALL).decode(errors="replace")
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise RunDirectoryError(f"cannot read {path}: {error.strerror}") from error


def cited_in(card: str) -> str:
    """Return the SHA-256 of the rows that a card cites, or ""."""
    cited = CITED.search(card)
    return cited[1] if cited else ""


def figures_of(
    report: Mapping[str, Any], folder: Path, task: Task[Any, Any] | None
) -> dict[str, Any]:
    """Return the additions of reporters to a report; they never replace its own content."""
    said = _all(lambda each: each.figures(report, folder, task))
    return {key: value for part in said for key, value in part.items() if key not in report}


def notes_on(run: Ended) -> list[str]:
    """Return the notes of all reporters."""
    return [note for notes in _all(lambda each: each.notes(run)) for note in notes]


def tables_of(report: Mapping[str, Any]) -> list[Any]:
    """Return the tables of all reporters."""
    return [table for tables in _all(lambda each: each.tables(report)) for table in tables]


def concerns_of(report: Mapping[str, Any], run: Path | None = None) -> list[Concern]:
    """Return what looks wrong with a run, by all reporters.

    Args:
        report: the content of `report.json`.
        run: its directory, for hints.
    """
    said = _all(lambda each: each.concerns(report, run))
    return [concern for concerns in said for concern in concerns]


def files_of(run: Ended) -> dict[str, str]:
    """Return the files of all reporters; they never have the name of a run's own file."""
    taken = {*MEMBERS} - {CARD}
    said = _all(lambda each: each.files(run))
    return {
        name: text
        for files in said
        for name, text in files.items()
        if name not in taken and name == Path(name).name
    }


def _all(ask: Callable[[Reporter], _Said]) -> Iterator[_Said]:
    for name, reporter in installed("reporter"):
        try:
            yield ask(reporter)
        except Exception as error:  # of a plugin's code
            _log.warning("reporter %s failed: %s: %s", name, type(error).__name__, error)
