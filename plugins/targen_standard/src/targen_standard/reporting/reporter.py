"""The reporter of every run: its card, the figures of its texts, and possible problems."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from targen_core.errors import TargenError
from targen_core.plain import digest_of
from targen_core.reading.lines import read_jsonl
from targen_core.runs.reporters import CARD, Concern, Ended, Reporter, card_in
from targen_core.tasks.model import Task
from targen_core.text import plural, printable
from targen_standard.reporting.card import dataset_card, is_edited, kept_card, kept_words
from targen_standard.reporting.concerns import concerns, text_figures

_FEWEST = 20  # candidates judged, below which a share says little
_SHARE = 0.1
_UNSUITABLE = "unsuitable"  # of a task file, if a seed cannot lead to a row of the label
_OF_REPLIES = frozenset(  # what is wrong with a reply, before a check sees it
    "malformed-reply refusal content-filter unanswered unscored-text unscored-reply "
    "unaligned-scores not-recorded illegal-label".split()
)


class _Standard(Reporter):
    def figures(
        self, report: Mapping[str, Any], folder: Path, task: Task[Any, Any] | None
    ) -> Mapping[str, Any]:
        """The figures of the rows' texts."""
        return {"texts": text_figures(folder / "dataset.jsonl", sum(report["rows"].values()))}

    def notes(self, run: Ended) -> Sequence[str]:
        """Return notes on other models, refused calls, strict checks and a kept card.

        The checks are those that refused more than one candidate in ten, most first. The file that
        the task was read from, if there is one, knows what lets candidates pass.
        """
        there = card_in(run.folder)
        return [
            *_other_models(run.report),
            *_unanswered(run),
            *self._strict(run),
            *([kept_words(CARD, "resume the run")] if is_edited(there) else []),
        ]

    def _strict(self, run: Ended) -> Sequence[str]:
        flows = run.report["flow"].values()
        judged = sum(flow["judged"] for flow in flows)
        refused = sum(sum(flow["reasons"].values()) for flow in flows)
        if judged < _FEWEST or refused <= judged * _SHARE:
            return []
        details: dict[str, list[str]] = {}
        for reason, detail in _refused(run.folder / "rejects.jsonl"):
            details.setdefault(reason, []).append(detail)
        notes = []
        for reason, said in sorted(details.items(), key=lambda item: -len(item[1])):
            if len(said) > judged * _SHARE:
                eased = "" if run.file is None else run.file.eased(reason, said)
                who = (
                    "step 3 said that the seed does not suit the label for"
                    if reason == _UNSUITABLE
                    else f"the check {reason} rejected"
                )
                note = f"{who} {len(said):,} of {judged:,} candidates"
                notes.append(f"{note}: {eased}" if eased else note)
        return notes

    def concerns(self, report: Mapping[str, Any], folder: Path | None) -> Sequence[Concern]:
        """Return concerns from the figures."""
        return concerns(report, folder)

    def files(self, run: Ended) -> Mapping[str, str]:
        """The dataset card; one that somebody edited stays, and cites the rows of now."""
        digest = _digest(run)
        card, there = _card(run, digest), card_in(run.folder)
        return {CARD: kept_card(there, digest) if is_edited(there) else card}


def _card(run: Ended, digest: str) -> str:
    return dataset_card(run.task, run.manifest, run.report, run.sample, digest=digest)


def _digest(run: Ended) -> str:
    with contextlib.suppress(TargenError):  # the rows of a run in progress may lie elsewhere
        return digest_of(run.folder / "dataset.jsonl")
    return ""


def _other_models(report: Mapping[str, Any]) -> Iterator[str]:
    """Notes on calls that other models than the requested ones answered."""
    usage, models = report["usage"], report["models"]
    others: Counter[tuple[str, str]] = Counter()
    for served in usage.get("served", ()):
        others[models.get(served["step"], ""), served["model"]] += served["calls"]
    for (requested, model), calls in others.items():
        all_calls = sum(
            each["calls"] for each in usage["by_step"] if models.get(each["step"], "") == requested
        )
        asked = requested or "the requested model"
        name = printable(model, lines=False, max_length=80)
        yield f"{calls:,} of {plural(all_calls, 'call')} to {asked} were answered by {name}"


def _unanswered(run: Ended) -> Iterator[str]:
    """A note with the service's reason for the last call that it refused, or failed on."""
    flows = run.report["flow"].values()
    if count := sum(flow["reasons"].get("unanswered", 0) for flow in flows):
        with contextlib.suppress(TargenError, OSError, KeyError):
            records = read_jsonl(run.folder / "rejects.jsonl")
            said = [each["detail"] for each in records if each["reason"] == "unanswered"]
            yield f"{plural(count, 'candidate')} got no reply. The reason for the last: {said[-1]}"


def _refused(rejects: Path) -> Iterator[tuple[str, str]]:
    """The reason and detail of what checks refused; an edited file is compared elsewhere."""
    with contextlib.suppress(TargenError, OSError, KeyError):
        for record in read_jsonl(rejects):
            by_check = record["verdict"] == "rejected" and record["stage"] in ("generate", "check")
            if by_check and record["reason"] not in _OF_REPLIES:
                yield record["reason"], record["detail"]


STANDARD = _Standard()
