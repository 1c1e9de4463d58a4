"""Checks that refuse much of a run: a note on each, with what to change in the task's file."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from targen_core.errors import TargenError
from targen_core.reading import read_jsonl
from targen_core.task_files import TaskFile

__all__ = ["refusal_notes"]

_FEWEST = 20  # candidates judged, below which a share says little
_SHARE = 0.1
_OF_REPLIES = frozenset(  # what is wrong with a reply, before a check sees it
    "malformed-reply refusal content-filter unanswered unscored-text unscored-reply "
    "unaligned-scores not-recorded illegal-label".split()
)


def refusal_notes(report: Mapping[str, Any], rejects: Path, file: TaskFile | None) -> list[str]:
    """Return a note for each check that refused more than one candidate in ten, most first.

    `report` is the run's, and `file` what its task was read from, which knows what lets them pass.
    """
    flows = report["flow"].values()
    judged = sum(flow["judged"] for flow in flows)
    if judged < _FEWEST or sum(sum(flow["reasons"].values()) for flow in flows) <= judged * _SHARE:
        return []
    details: dict[str, list[str]] = {}
    for reason, detail in _refused(rejects):
        details.setdefault(reason, []).append(detail)
    notes = []
    for reason, said in sorted(details.items(), key=lambda item: -len(item[1])):
        if len(said) > judged * _SHARE:
            eased = "" if file is None else file.eased(reason, said)
            note = f"the check {reason} rejected {len(said):,} of {judged:,} candidates"
            notes.append(f"{note}: {eased}" if eased else note)
    return notes


def _refused(rejects: Path) -> Iterator[tuple[str, str]]:
    """The reason and detail of what checks refused; an edited file is compared elsewhere."""
    with contextlib.suppress(TargenError, OSError, KeyError):
        for record in read_jsonl(rejects):
            by_check = record["verdict"] == "rejected" and record["stage"] in ("generate", "check")
            if by_check and record["reason"] not in _OF_REPLIES:
                yield record["reason"], record["detail"]
