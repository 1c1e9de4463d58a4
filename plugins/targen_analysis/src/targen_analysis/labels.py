"""The metric `labels`: how many rows each label has, and where labels went (figure 2)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from targen_analysis.metrics import Corpus, Metric, MetricOptions, Study
from targen_analysis.statistics import rate
from targen_core import load
from targen_core.cli.findings import (
    Cell,
    Estimate,
    Findings,
    Plot,
    Table,
    flow_changes,
    flow_losses,
)
from targen_core.text import percent

_MAX_LABELS = 50  # with more, labels are open, and a table of them would not be useful


@dataclass(frozen=True, slots=True)
class Flow:
    """Where candidates went.

    Attributes:
        branches: the flow of each branch, or of the label that it is for, as in a run's report.
        aims: the label that a branch was to give, if its name differs; None if the judge was to
            find it.
        corrected: whether there was a step 4 that could change a label.
    """

    branches: Mapping[str, Mapping[str, Any]]
    aims: Mapping[str, str | None] = field(default_factory=dict)
    corrected: bool = True


def _measure(study: Study, options: MetricOptions) -> Findings:
    corpora = study.everything
    counts = {corpus.name: Counter(corpus.labels) for corpus in corpora}
    labels = list(dict.fromkeys(name for corpus in corpora for name in corpus.label_names))
    notes = [*_notes(corpora, counts)]
    if len(labels) > _MAX_LABELS:
        notes.append(f"There are {len(labels):,} different labels, too many to count separately.")
        labels = []
    figures = {
        name: {f"share of {label}": rate(of[label], of.total() - of[""]) for label in labels}
        for name, of in counts.items()
    }
    headlines, warnings = _distances(study, figures, labels)
    warnings += [
        f"All rows of {corpus.name} have the label {corpus.label_names[0]}."
        for corpus in corpora
        if len(corpus.label_names) == 1
    ]
    tables, plots = _distribution(counts, figures, labels) if labels else ([], [])
    flows = {corpus.name: flow for corpus in study.corpora if (flow := _flow(corpus))}
    for name, flow in flows.items():
        tables.append(_flow_table(name, flow))
        plots.append(_flow_plot(name, flow))
        changed, judged = flow_changes(flow.branches, flow.aims)
        if not flow.corrected:
            notes.append(f"The labels of {name} were not corrected, because the run had no step 4.")
        elif flow.aims and all(aim is None for aim in flow.aims.values()):
            continue  # no label was requested
        elif not judged:
            headlines.append(f"None of the candidates of {name} got a label.")
        else:
            figures[name]["changed by correction"] = rate(changed, judged)
            headlines.append(
                f"{percent(changed / judged)} of the candidates of {name} that got a label "
                f"({changed:,} of {judged:,}) got a different label than requested."
            )
    if flows:
        notes.append(
            "Label flow counts judged candidates, even if they did not become rows (surplus, "
            "duplicates). If step 4 changes many labels, either the generator or the judge is "
            "wrong; the matrix does not show which."
        )
    return Findings(
        headlines=tuple(headlines),
        figures=figures,
        glance={
            "distance of labels": "rows to relabel to match the reference's balance",
            "changed by correction": "candidates that got a different label than requested",
        },
        tables=tuple(tables),
        plots=tuple(plots),
        warnings=tuple(warnings),
        notes=tuple(notes),
    )


def _notes(corpora: Sequence[Corpus], counts: Mapping[str, Counter[str]]) -> Iterator[str]:
    for corpus in corpora:
        without = counts[corpus.name][""]
        if not corpus.label_names:
            yield f"{corpus.name} has no labels."
        elif without:
            yield f"The label is missing in {without:,} of {len(corpus):,} rows of {corpus.name}."


def _distances(
    study: Study, figures: Mapping[str, dict[str, Estimate]], labels: Sequence[str]
) -> tuple[list[str], list[str]]:
    """Add each dataset's distance from the reference's labels; return headlines and warnings."""
    reference = study.reference
    headlines: list[str] = []
    warnings: list[str] = []
    if reference is None or not reference.label_names or not labels:
        return headlines, warnings
    theirs = figures[reference.name]
    for corpus in study.corpora:
        if not corpus.label_names:
            continue
        mine = figures[corpus.name]
        # Total variation distance of two label distributions.
        away = sum(abs((mine[n].value or 0) - (theirs[n].value or 0)) for n in theirs) / 2
        mine["distance of labels"] = Estimate(away)
        headlines.append(
            f"{percent(away)} of the rows of {corpus.name} would need a different label to match "
            f"the balance of {reference.name}."
        )
        others = {_plain(name): name for name in reference.label_names}
        pairs = [
            f"{name!r} and {others[_plain(name)]!r}"
            for name in corpus.label_names
            if name not in reference.label_names and _plain(name) in others
        ]
        if pairs:
            warnings.append(
                f"{corpus.name} and {reference.name} spell labels differently: {', '.join(pairs)}. "
                "They count as different labels; use one spelling in both."
            )
    return headlines, warnings


def _plain(label: str) -> str:
    return re.sub(r"[\W_]+", " ", label.casefold()).strip()


def _distribution(
    counts: Mapping[str, Counter[str]],
    figures: Mapping[str, Mapping[str, Estimate]],
    labels: Sequence[str],
) -> tuple[list[Table], list[Plot]]:
    shown = [*labels, *([""] if any(of[""] for of in counts.values()) else [])]
    rows: list[tuple[Cell, ...]] = [
        (label or "no label", *(of[label] for of in counts.values())) for label in shown
    ]
    rows.append(("all", *(of.total() for of in counts.values())))
    marks = [
        {
            "dataset": name,
            "label": label,
            "share": figures[name][f"share of {label}"].value or 0.0,
            "rows": of[label],
        }
        for name, of in counts.items()
        for label in labels
    ]
    table = Table("Rows by label", ("label", *counts), rows)
    return [table], [Plot("bars", "Share of each label", marks, "label", "share", "dataset")]


def _flow(corpus: Corpus) -> Flow | None:
    """Return the flow of a run from its report, or of a file from its two columns of labels."""
    if corpus.intended:
        order = [name for name in corpus.label_names if name in corpus.intended]
        flow = {name: _empty() for name in order}
        for intended, label in zip(corpus.intended, corpus.labels, strict=True):
            mine = flow.setdefault(intended or "(none)", _empty())
            mine["accepted" if label else "rejected"][label] += 1
        return Flow(flow)
    report = load(corpus.run).report.raw if corpus.run is not None else {}
    if not report.get("flow"):
        return None
    return Flow(report["flow"], report["branches"], report["corrected"])


def _empty() -> dict[str, Any]:
    return {"accepted": Counter(), "rejected": Counter(), "surplus": Counter(), "duplicate": 0}


def _outcomes(flow: Flow) -> dict[str, Mapping[str, int]]:
    """Return the candidates of each branch by outcome: labels, intended ones first; then losses."""
    accepted = {name: counts["accepted"] for name, counts in flow.branches.items()}
    own = dict.fromkeys(aim for name in accepted if (aim := flow.aims.get(name, name)) is not None)
    others = {end for ends in accepted.values() for end in ends}.difference(own)
    by_label = {
        end: {name: ends.get(end, 0) for name, ends in accepted.items()}
        for end in [*own, *sorted(others)]
    }
    return {**by_label, **flow_losses(flow.branches, flow.aims, _MAX_LABELS)}


def _flow_table(name: str, flow: Flow) -> Table:
    outcomes = _outcomes(flow)
    same = all(branch == aim for branch, aim in flow.aims.items())
    row = "the requested label" if same else "the task's branch"
    return Table(
        f"Label flow of {name}",
        ("intended", *outcomes),
        [(branch, *(of[branch] for of in outcomes.values())) for branch in flow.branches],
        note=f"Row: {row}; column: the candidate's outcome.",
    )


def _flow_plot(name: str, flow: Flow) -> Plot:
    outcomes = _outcomes(flow)
    totals = {branch: sum(of[branch] for of in outcomes.values()) for branch in flow.branches}
    marks = [
        {
            "intended": branch,
            "ended as": end,
            "share": of[branch] / max(1, totals[branch]),
            "candidates": of[branch],
        }
        for branch in flow.branches
        for end, of in outcomes.items()
    ]
    return Plot("heatmap", f"Label flow of {name}", marks, "ended as", "intended", "share")


LABELS = Metric(
    title="Labels and label flow",
    measure=_measure,
    order=10,
)
