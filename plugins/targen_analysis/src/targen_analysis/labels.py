"""The metric `labels`: how many rows each label has, and where labels went (figure 2)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
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
    figures: dict[str, dict[str, Estimate]] = {}
    for corpus in corpora:
        known = len(corpus) - counts[corpus.name][""]
        figures[corpus.name] = {
            f"share of {label}": rate(counts[corpus.name][label], known)
            for label in (labels if len(labels) <= _MAX_LABELS else ())
        }
    tables, plots = _distribution(corpora, counts, figures, labels)
    headlines, warnings, notes = _remarks(study, counts, labels, figures)
    flows = {corpus.name: flow for corpus in study.corpora if (flow := _flow(corpus))}
    every = {f"all {len(flows)} together": _together([*flows.values()])} if len(flows) > 1 else {}
    for name, flow in (flows | every).items():
        tables.append(_flow_table(name, flow))
        plots.append(_flow_plot(name, flow))
    # Without a step 4, no label could change: such candidates would only lower the share.
    pooled = [flow for flow in flows.values() if flow.corrected]
    if len(pooled) < len(flows):
        named = f"the {len(pooled)} corrected datasets together"
        every = {named: _together(pooled)} if len(pooled) > 1 else {}
    for name, flow in (flows | every).items():
        changed, judged = flow_changes(flow.branches, flow.aims)
        if all(aim is None for aim in flow.aims.values()) and flow.aims:
            continue  # no label was asked for
        if not flow.corrected:
            notes.append(f"The labels of {name} were not corrected, because the run had no step 4.")
            continue
        if name in figures:
            figures[name]["changed by correction"] = rate(changed, judged)
        headlines.append(
            f"{percent(changed / judged)} of the candidates of {name} that got a label "
            f"({changed:,} of {judged:,}) got a different label than requested."
            if judged
            else f"None of the candidates of {name} got a label."
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


def _distribution(
    corpora: tuple[Corpus, ...],
    counts: Mapping[str, Counter[str]],
    figures: Mapping[str, Mapping[str, Estimate]],
    labels: list[str],
) -> tuple[list[Table], list[Plot]]:
    if not labels or len(labels) > _MAX_LABELS:
        return [], []
    shown = [*labels, *([""] if any(counts[corpus.name][""] for corpus in corpora) else [])]
    rows: list[tuple[Cell, ...]] = [
        (label or "no label", *(counts[corpus.name][label] for corpus in corpora))
        for label in shown
    ]
    rows.append(("all", *(len(corpus) for corpus in corpora)))
    table = Table("Rows by label", ("label", *(corpus.name for corpus in corpora)), rows)
    marks = [
        {
            "dataset": corpus.name,
            "label": label,
            "share": figures[corpus.name][f"share of {label}"].value or 0.0,
            "rows": counts[corpus.name][label],
        }
        for corpus in corpora
        for label in labels
    ]
    return [table], [Plot("bars", "Share of each label", marks, "label", "share", "dataset")]


_MAX_LABELS = 50
"""With more, labels are open, and a table of them would not be useful."""


def _remarks(
    study: Study,
    counts: Mapping[str, Counter[str]],
    labels: list[str],
    figures: dict[str, dict[str, Estimate]],
) -> tuple[list[str], list[str], list[str]]:
    headlines: list[str] = []
    warnings: list[str] = []
    notes: list[str] = []
    for corpus in study.everything:
        kinds, without = len(corpus.label_names), counts[corpus.name][""]
        if not kinds:
            notes.append(f"{corpus.name} has no labels.")
        elif kinds == 1:
            warnings.append(f"All rows of {corpus.name} have the label {corpus.label_names[0]}.")
        if kinds and without:
            notes.append(
                f"The label is missing in {without:,} of {len(corpus):,} rows of {corpus.name}."
            )
    if len(labels) > _MAX_LABELS:
        notes.append(f"There are {len(labels):,} different labels, too many to count separately.")
        return headlines, warnings, notes
    if study.reference is not None and study.reference.label_names:
        for corpus in study.corpora:
            if not corpus.label_names:
                continue
            away = _variation(figures[corpus.name], figures[study.reference.name], labels)
            figures[corpus.name]["distance of labels"] = Estimate(away)
            headlines.append(
                f"{percent(away)} of the rows of {corpus.name} would need a different label to "
                f"match the balance of {study.reference.name}."
            )
            if differing := _differing(corpus.label_names, study.reference.label_names):
                warnings.append(
                    f"{corpus.name} and {study.reference.name} spell labels differently: "
                    f"{differing}. They count as different labels; use one spelling in both."
                )
    return headlines, warnings, notes


def _differing(mine: Iterable[str], others: Iterable[str]) -> str:
    """Return the labels that differ only in case, spaces and punctuation, in words; or ""."""
    known, own = [*others], [*mine]
    plain = {_plain(name): name for name in known if name not in own}
    pairs = [(name, plain.get(_plain(name))) for name in own if name not in known]
    return ", ".join(f"{name!r} and {other!r}" for name, other in pairs if other is not None)


def _plain(label: str) -> str:
    return re.sub(r"[\W_]+", " ", label.casefold()).strip()


def _variation(
    mine: Mapping[str, Estimate], other: Mapping[str, Estimate], labels: list[str]
) -> float:
    """Total variation distance of two label distributions."""
    names = [f"share of {label}" for label in labels]
    return sum(abs((mine[n].value or 0) - (other[n].value or 0)) for n in names) / 2


def _flow(corpus: Corpus) -> Flow | None:
    """Return the flow of a run from its report, or of a file from its two columns of labels."""
    if corpus.intended:
        order = [name for name in corpus.label_names if name in corpus.intended]
        flow = {name: _empty() for name in order}
        for intended, label in zip(corpus.intended, corpus.labels, strict=True):
            mine = flow.setdefault(intended or "(none)", _empty())
            mine["accepted" if label else "rejected"][label] += 1
        return Flow(flow) if flow else None
    if corpus.run is None:
        return None
    report = load(corpus.run).report.raw
    if not report["flow"]:
        return None
    return Flow(report["flow"], report["branches"], report["corrected"])


def _empty() -> dict[str, Any]:
    return {"accepted": Counter(), "rejected": Counter(), "surplus": Counter(), "duplicate": 0}


def _together(flows: list[Flow]) -> Flow:
    total: dict[str, dict[str, Any]] = {}
    aims: dict[str, str | None] = {}
    for flow in flows:
        aims.update(flow.aims)
        for intended, counts in flow.branches.items():
            sums = total.setdefault(intended, _empty())
            for place in ("accepted", "rejected", "surplus"):
                sums[place].update(counts[place])
            sums["duplicate"] += counts["duplicate"]
    return Flow(total, aims, any(flow.corrected for flow in flows))


def _columns(flow: Flow) -> dict[str, Mapping[str, int]]:
    """Return the candidates of each branch by outcome: labels, intended ones first; then losses."""
    accepted = {name: counts["accepted"] for name, counts in flow.branches.items()}
    own = dict.fromkeys(aim for name in accepted if (aim := flow.aims.get(name, name)) is not None)
    others = {end for ends in accepted.values() for end in ends}.difference(own)
    return {
        **{
            end: {name: ends.get(end, 0) for name, ends in accepted.items()}
            for end in [*own, *sorted(others)]
        },
        **flow_losses(flow.branches, flow.aims, _MAX_LABELS),
    }


def _flow_table(name: str, flow: Flow) -> Table:
    columns = _columns(flow)
    same = all(branch == aim for branch, aim in flow.aims.items())
    row = "the requested label" if same else "the task's branch"
    return Table(
        f"Label flow of {name}",
        ("intended", *columns),
        [(intended, *(of[intended] for of in columns.values())) for intended in flow.branches],
        note=f"Row: {row}; column: the candidate's outcome.",
    )


def _flow_plot(name: str, flow: Flow) -> Plot:
    columns = _columns(flow)
    marks = []
    for intended in flow.branches:
        total = sum(of[intended] for of in columns.values())
        marks += [
            {
                "intended": intended,
                "ended as": end,
                "share": of[intended] / total if total else 0.0,
                "candidates": of[intended],
            }
            for end, of in columns.items()
        ]
    return Plot("heatmap", f"Label flow of {name}", marks, "ended as", "intended", "share")


LABELS = Metric(
    title="Labels and label flow",
    measure=_measure,
    order=10,
)
