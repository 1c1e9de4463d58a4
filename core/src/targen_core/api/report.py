"""`Report`: what a run came to, with attributes; `report.json` as people use it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from targen_core.runs.report import status_words
from targen_core.runs.reporters import Concern, concerns_of
from targen_core.text import percent, plural


@dataclass(frozen=True, slots=True)
class UsageReport:
    """The usage of a run's calls.

    Attributes:
        calls: calls answered by models.
        cached: calls answered from the cache of earlier runs.
        copied: calls answered from the journal of the run that this one replays or revises.
        input_tokens: prompt tokens.
        output_tokens: reply tokens, reasoning included.
        dollars: the known part of the cost.
        priced: whether the price of every call is known.
    """

    calls: int
    cached: int
    copied: int
    input_tokens: int
    output_tokens: int
    dollars: float
    priced: bool

    @classmethod
    def of(cls, raw: Mapping[str, Any]) -> UsageReport:
        """From a report's `usage`."""
        total = raw["total"]
        names = ("calls", "cached", "copied", "input_tokens", "output_tokens", "dollars")
        return cls(**{name: total[name] for name in names}, priced=raw["priced"])

    @property
    def answered(self) -> int:
        """Calls that have an answer, from wherever it came."""
        return self.calls + self.cached + self.copied

    @property
    def tokens(self) -> int:
        """Tokens in and out."""
        return self.input_tokens + self.output_tokens

    @property
    def cost(self) -> float | None:
        """Cost in dollars; None if a price is unknown."""
        return self.dollars if self.priced else None

    @property
    def summary(self) -> str:
        """Calls, tokens and dollars in a few words."""
        words = f"{plural(self.calls, 'call')}, {plural(self.tokens, 'token')}"
        if self.cached:
            words += f", {plural(self.cached, 'cached reply', 'cached replies')}"
        if self.copied:
            words += f", {plural(self.copied, 'reply', 'replies')} from the earlier run"
        return words + (f", ${self.dollars:.4f}" if self.dollars else "")


@dataclass(frozen=True, slots=True)
class LabelReport:
    """Outcomes of the candidates that were generated for one label.

    Candidates of branches that aim at no label are in `Report.raw`, under "flow".

    Attributes:
        requested: rows requested.
        rows: rows with this label in the dataset.
        judged: candidates that were generated for this label and got a verdict.
        accepted: those in the dataset, by final label.
        surplus: those whose final label already had all its rows, by that label.
        rejected: those that were rejected, by the rejecting step.
        duplicate: those that are near-duplicates of earlier rows.
        reasons: the reasons for rejection, with their counts.
        unsure: accepted candidates whose judge was unsure, if these are kept.
    """

    requested: int
    rows: int
    judged: int
    accepted: Mapping[str, int]
    surplus: Mapping[str, int]
    rejected: Mapping[str, int]
    duplicate: int
    reasons: Mapping[str, int]
    unsure: int = 0

    @property
    def yield_(self) -> float | None:
        """Return the fraction of candidates that are in the dataset; None before any was judged."""
        return sum(self.accepted.values()) / self.judged if self.judged else None


def labels_of(raw: Mapping[str, Any]) -> dict[str, LabelReport]:
    """Return the outcomes by label, from the content of a report."""
    rows, requested, flows = raw.get("rows", {}), raw.get("requested", {}), raw["flow"]
    aims = raw.get("branches", {label: label for label in flows})  # a correction has none
    labels = rows or flows
    return {
        label: flows_together(
            [flow for branch, flow in flows.items() if aims.get(branch) == label],
            requested.get(label, 0),
            rows.get(label, 0),
        )
        for label in labels
    }


def flows_together(flows: Sequence[Mapping[str, Any]], requested: int, rows: int) -> LabelReport:
    """Return flows of a report added up."""

    def together(name: str) -> dict[str, int]:
        return dict(sum((Counter(flow[name]) for flow in flows), Counter()))

    return LabelReport(
        requested=requested,
        rows=rows,
        judged=sum(flow["judged"] for flow in flows),
        accepted=together("accepted"),
        surplus=together("surplus"),
        rejected=together("rejected"),
        duplicate=sum(flow["duplicate"] for flow in flows),
        reasons=together("reasons"),
        unsure=sum(flow.get("unsure", 0) for flow in flows),
    )


@dataclass(frozen=True, slots=True)
class Report:
    """The outcome of a run.

    Attributes:
        task: the task's full id.
        status: "complete", "short" (a label fell short), "stopped" (budget, service, Ctrl-C, a
            fault) or "unfinished" (killed, or still in progress).
        problem: why it is not complete, or "".
        rows: rows by label.
        requested: rows requested, by label.
        labels: the outcomes of each label's candidates.
        seconds: how long processes worked on the run; None if one was killed, so that the time is
            unknown.
        usage: calls, tokens and cost.
        models: the model's name by step.
        notes: remarks, such as that a check rejected many candidates, and how to accept these.
        raw: the whole of `report.json`.
    """

    task: str
    status: str
    problem: str
    rows: Mapping[str, int]
    requested: Mapping[str, int]
    labels: Mapping[str, LabelReport]
    seconds: float | None
    usage: UsageReport
    models: Mapping[str, str]
    notes: Sequence[str]
    raw: Mapping[str, Any] = field(repr=False, compare=False)

    @classmethod
    def of(cls, raw: Mapping[str, Any]) -> Report:
        """From the content of `report.json`."""
        return cls(
            task=raw["task"],
            status=raw["status"],
            problem=raw["problem"],
            rows=raw["rows"],
            requested=raw["requested"],
            labels=labels_of(raw),
            seconds=raw.get("seconds"),
            usage=UsageReport.of(raw["usage"]),
            models=raw["models"],
            notes=tuple(raw.get("notes", ())),
            raw=raw,
        )

    @property
    def complete(self) -> bool:
        """Return whether every label has its rows."""
        return self.status == "complete"

    @property
    def concerns(self) -> Sequence[Concern]:
        """Return possible problems with the rows, each with its figure and a remedy."""
        return concerns_of(self.raw)

    @property
    def yield_(self) -> float | None:
        """Return the fraction of judged candidates that became rows; None before any was judged."""
        return flows_together([*self.raw["flow"].values()], 0, 0).yield_

    @property
    def cost(self) -> float | None:
        """Cost of the calls in dollars; None if a price is unknown."""
        return self.usage.cost

    @property
    def rows_per_minute(self) -> float | None:
        """Return the rows per minute of working time; None if the time is unknown or 0.

        It is also None if answers were imported from files, since the time passed elsewhere.
        """
        if self.raw.get("given_answers"):
            return None
        return sum(self.rows.values()) * 60 / self.seconds if self.seconds else None

    @property
    def cost_per_100_rows(self) -> float | None:
        """Return the dollars for 100 rows; None if a price is unknown or the run has no rows."""
        made = sum(self.rows.values())
        return self.cost * 100 / made if self.cost is not None and made else None

    @property
    def summary(self) -> str:
        """The report in one line."""
        made, requested = sum(self.rows.values()), sum(self.requested.values())
        shares = "" if self.yield_ is None else f", {percent(self.yield_)} of candidates kept"
        concerns = f", {plural(found, 'concern')}" if (found := len(self.concerns)) else ""
        return (
            f"{status_words(self.raw)}, {made:,} of {requested:,} rows{shares}, "
            f"{self.usage.summary}{concerns}"
        )

    def __repr__(self) -> str:
        return f"<Report of {self.task}: {self.summary}>"

    def _repr_html_(self) -> str:
        from targen_core.api.notebooks import report_html

        return report_html(self)
