"""Results for people: findings as tables and pictures, as text, as Markdown and as a page."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from statistics import fmean, stdev
from typing import Any

from targen_core.cli.findings import Cell, Estimate, Findings, Plot, Table
from targen_core.cli.provenance import provenance_notes
from targen_core.text import plural
from targen_standard.findings import findings_as_html, findings_as_markdown
from targen_training.experiments.results import Group, Pair, PartResult, Published, Results
from targen_training.experiments.svg import picture
from targen_training.printed import SIGNED, with_interval

_SURE = 0.05
KINDS = {
    "labels": "equal numbers of rows, same labels",
    "matched": "equal numbers of rows",
    "natural": "all rows",
}
DIFFERENCES = "Differences from the paper"
_LABELS = 8  # of a dataset that are shown with their shares
_FIGURES = ("accuracy", "macro_f1", "parity", "best_option", "f1a", "exact_match", "answer_f1",
            "micro_f1", "spearman", "pearson")  # fmt: skip
"""Figures in further columns."""

_HOW = (
    (
        "Mean and sd: over seeds. A seed determines which rows are drawn from larger datasets, and "
        "the randomness in training. No sd: all seeds trained the same model. Interval: 95%, by "
        "bootstrap over test rows, with the same resamples for all seeds."
    ),
    (
        "Differences: 95% intervals by paired bootstrap over test rows and seeds. The p value is "
        "by its standard error. Holm's correction is for all pairs of a model and size. The mean "
        "of an arm's runs is compared, and the variance between runs is added."
    ),
    (
        "With equal numbers of rows, an arm with several datasets uses equally many from each. All "
        "rows: everything available, so a difference may come from more rows or from better rows."
    ),
    "Training rows that are also in the test set, exactly or nearly, are counted and left out.",
)
_PAIRS = (
    "p: how often chance alone would give so large a difference. p (Holm): the same, adjusted for "
    "comparing several pairs. Below 0.05, chance is an unlikely explanation."
)


def findings_of(results: Results) -> Findings:
    """Results as sentences, tables and pictures, in per cent."""
    tables = [] if results.paper is None else list(paper_tables(results, results.paper))
    if results.means and (results.paper is None or not results.paper.means):
        tables.append(_mean_table(results))
    return Findings(
        headlines=tuple(line for part in results.parts for line in _sentences(part)),
        tables=(*tables, *(table for part in results.parts for table in _tables(part))),
        plots=tuple(plot for part in results.parts for plot in _plots(part)),
        warnings=tuple(dict.fromkeys(line for part in results.parts for line in _warnings(part))),
        notes=(
            *_HOW,
            *(results.notes if results.paper is None else ()),  # else differences list them
            *provenance_notes(results.made),
        ),
    )


def paper_tables(results: Results, paper: Published) -> Iterator[Table]:
    """Yield the paper's table, then the same figures of the results."""
    yield published_table(paper.title, paper.rows)
    yield _mean_table(results) if paper.means and results.means else _scores_table(results)
    yield from paper.tables


def published_table(title: str, rows: Sequence[Mapping[str, Any]]) -> Table:
    """Return figures as they are printed elsewhere; a row's `name` comes first."""
    columns = list(dict.fromkeys(key for row in rows for key in row if key != "name"))
    lines = [
        (row["name"], *(f"{row[key]:.2f}" if key in row else "" for key in columns)) for row in rows
    ]
    return Table(title, ("", *columns), lines)


def _scores_table(results: Results) -> Table:
    lines: dict[tuple[str, str, str], dict[str, str]] = {}
    for part in results.parts:
        for group in main_groups(part):
            name = (group.model, KINDS[group.kind], group.arm)
            lines.setdefault(name, {})[part.key] = with_interval(group.figure)
    keys = [part.key for part in results.parts]
    return Table(
        "This reproduction, with 95% intervals over test rows",
        ("model", "size", "trained on", *keys),
        [(*name, *(of.get(key, "-") for key in keys)) for name, of in lines.items()],
        note=_chances(results),
    )


def _mean_table(results: Results) -> Table:
    rows = [
        (
            mean.model,
            KINDS[mean.kind],
            mean.arm,
            with_interval(mean.figure),
            "" if mean.against is None else with_interval(mean.against, form=SIGNED),
        )
        for mean in sorted(results.means, key=lambda mean: (mean.model, mean.kind))
    ]
    return Table(
        f"Mean over {', '.join(part.key for part in results.parts)}",
        ("model", "size", "trained on", "mean %", f"minus {results.baseline or 'baseline'}"),
        rows,
        note="Mean of the tasks' main metrics, weighted equally; intervals over test rows. "
        f"{_chances(results)}".rstrip(),
    )


def _chances(results: Results) -> str:
    chances = [(part.key, part.chance) for part in results.parts if part.chance is not None]
    shares = ", ".join(f"{key} {100 * chance:.1f}" for key, chance in chances)
    return f"Always predicting the most common label: {shares}." if shares else ""


def _p(value: float | None) -> str:
    if value is None:
        return "-"
    return "<0.002" if value < 0.002 else f"{value:.3f}" if value < 0.1 else f"{value:.2f}"


def _sentences(part: PartResult) -> Iterator[str]:
    """Yield conclusions: of few real rows, of runs of an arm, and of pairs of arms."""
    for few in part.few:
        if few.difference is None or few.p is None:
            yield (
                f"{part.key}, {few.model}: synthetic rows alone give "
                f"{with_interval(few.both, unit='%')} {part.metric}."
            )
        else:
            sure = "" if few.p < _SURE else ": too few test rows and seeds to detect a difference"
            yield (
                f"{part.key}, {few.model}: adding synthetic rows to {plural(few.each, 'real row')} "
                f"per {part.unit} changes {part.metric} by "
                f"{with_interval(few.difference, form=SIGNED)} points{sure}."
            )
    yield from _run_sentences(part)
    has_matched = any(pair.kind != "natural" for pair in part.pairs)
    for pair in part.pairs:
        if pair.kind == "natural" and has_matched:
            continue
        if pair.other != part.pairs[0].other and pair.holm >= _SURE:
            continue
        yield (
            f"{part.key}, {pair.model}, {KINDS[pair.kind]}: {_arm(pair.one, pair.runs[0])} minus "
            f"{_arm(pair.other, pair.runs[1])} is "
            f"{with_interval(pair.difference, form=SIGNED)} points of {part.metric}, "
            f"p (Holm) {'' if pair.holm < 0.002 else '= '}{_p(pair.holm)}: "
            f"{_conclusion(part, pair)}."
        )


def _arm(name: str, runs: int) -> str:
    return f"{name} (mean of {runs} runs)" if runs > 1 else name


def _run_sentences(part: PartResult) -> Iterator[str]:
    """The mean and the spread of runs of one way, for comparison with differences between ways."""
    for names in part.runs:
        by_place: dict[tuple[str, str], list[float]] = {}
        for group in main_groups(part):
            if group.arm in names and group.figure.value is not None:
                values = by_place.setdefault((group.model, group.kind), [])
                values.append(100 * group.figure.value)
        for (model, kind), values in by_place.items():
            if len(values) > 1:
                yield (
                    f"{part.key}, {model}, {KINDS[kind]}: the {len(values)} runs of {names[0]} "
                    f"differ only by chance: mean {fmean(values):.1f}% {part.metric}, "
                    f"sd {stdev(values):.1f}, from {min(values):.1f} to {max(values):.1f}."
                )


def _conclusion(part: PartResult, pair: Pair) -> str:
    one, other = ([each["digest"] for each in part.arms[arm]] for arm in (pair.one, pair.other))
    if one == other and not pair.difference.value:
        return f"{pair.one} and {pair.other} have the same rows"
    if pair.difference.value is None or pair.holm >= _SURE:
        runs = "runs, " if max(pair.runs) > 1 else ""
        return f"too few {runs}test rows and seeds to detect a difference"
    return f"{pair.one} is {'better' if pair.difference.value > 0 else 'worse'}"


def _shares(sources: Sequence[Mapping[str, Any]]) -> str:
    """The shares of the labels of an arm, the commonest first, and equal ones by name."""
    counts: Counter[str] = Counter()
    for source in sources:
        counts.update(source["labels"])
    whole = sum(counts.values())
    first = sorted(counts.items(), key=lambda each: (-each[1], each[0]))[:_LABELS]
    more = len(counts) - _LABELS
    shares = ", ".join(f"{label} {count / whole:.0%}" for label, count in first)
    return shares + (f" and {more} more" if more > 0 else "")


def _tables(part: PartResult) -> Iterator[Table]:
    main = main_groups(part)
    if main:
        others = _other_figures(main, part.metric)
        yield Table(
            f"{part.key}: {part.metric} on {part.test['name']}, {part.test['rows']:,} rows",
            ("model", "size", "trained on", "rows", "mean % (95%)", "sd", *others),
            [
                (
                    group.model,
                    KINDS[group.kind],
                    group.arm,
                    group.rows,
                    with_interval(group.figure),
                    "-" if group.sd is None else f"{100 * group.sd:.1f}",
                    *(with_interval(group.figures[name]) for name in others),
                )
                for group in main
            ],
            note=_chance(part),
        )
    yield from _few_tables(part)
    yield Table(
        f"{part.key}: the rows",
        ("arm", "dataset", "rows", "labels", "same as test", "near test", "no label", "digest"),
        [
            (
                arm,
                source["name"],
                source["rows"],
                _shares([source]),
                source["same_as_test"],
                source["near_test"],
                source["unlabeled"],
                source["digest"][:12],
            )
            for arm, sources in part.arms.items()
            for source in sources
        ],
        note="" if main else _chance(part),
    )
    if part.pairs:
        yield Table(
            f"{part.key}: differences",
            ("model", "size", "arm", "minus", "points (95%)", "p", "p (Holm)"),
            [
                (
                    pair.model,
                    KINDS[pair.kind],
                    pair.one,
                    pair.other,
                    with_interval(pair.difference, form=SIGNED),
                    _p(pair.p),
                    _p(pair.holm),
                )
                for pair in part.pairs
            ],
            note=_PAIRS,
        )
    for model, curve in _curves(part):
        arms = list(dict.fromkeys(group.arm for group in curve))
        at = {(group.arm, group.rows): group.figure for group in curve}
        yield Table(
            f"{part.key}: learning curve of {model}, {part.metric} %",
            ("rows", *arms),
            [
                (size, *(with_interval(at.get((arm, size))) for arm in arms))
                for size in sorted({group.rows for group in curve})
            ],
        )


def _few_tables(part: PartResult) -> Iterator[Table]:
    for model in dict.fromkeys(few.model for few in part.few):
        yield Table(
            f"{part.key}: with few real rows, {part.metric} in %, {model}",
            (
                f"real rows per {part.unit}",
                "real rows",
                "without synthetic (95%)",
                "with synthetic (95%)",
                "difference",
                "p",
            ),
            [
                (
                    few.each,
                    few.rows,
                    with_interval(few.alone),
                    with_interval(few.both),
                    with_interval(few.difference, form=SIGNED),
                    _p(few.p),
                )
                for few in part.few
                if few.model == model
            ],
            note="Each seed draws new real rows, the same number for each "
            f"{part.unit}, or all if there are fewer. Intervals: bootstrap over test rows and "
            "draws.",
        )


def _curves(part: PartResult) -> Iterator[tuple[str, list[Group]]]:
    for model in dict.fromkeys(group.model for group in part.groups):
        if curve := [g for g in part.groups if g.kind == "curve" and g.model == model]:
            yield model, curve


def main_groups(part: PartResult) -> list[Group]:
    """Return the groups that are compared: by model, then at equal sizes before natural ones."""
    models = list(dict.fromkeys(group.model for group in part.groups))
    main = [group for group in part.groups if group.kind in KINDS]
    return sorted(main, key=lambda g: (models.index(g.model), [*KINDS].index(g.kind)))


def _other_figures(groups: Sequence[Group], metric: str) -> list[str]:
    there = set.intersection(*(set(group.figures) for group in groups))
    if metric == "best_option":
        return []
    # Accuracy of single options says little.
    hidden = {metric, *(("accuracy", "macro_f1") if "best_option" in there else ())}
    return [name for name in _FIGURES if name in there - hidden]


def _chance(part: PartResult) -> str:
    labels = ", ".join(f"{name} {count:,}" for name, count in part.test["labels"].items())
    if part.chance is None:
        return f"Test labels: {labels}."
    return (
        f"Test labels: {labels}. Always predicting the most common label: {100 * part.chance:.1f}%."
    )


def _plots(part: PartResult) -> Iterator[Plot]:
    metric, per = f"{part.metric} %", f"real rows per {part.unit}"
    for model in dict.fromkeys(few.model for few in part.few):
        yield Plot(
            "lines",
            f"{part.key}: few real rows per {part.unit}, {model}",
            [
                {per: few.each, "arm": arm, **_mark(metric, figure)}
                for few in part.few
                if few.model == model
                for arm, figure in (("only real rows", few.alone), ("with synthetic", few.both))
                if figure is not None
            ],
            x=per,
            y=metric,
            color="arm",
        )
    yield Plot(
        "intervals",
        f"{part.key}: {part.metric}, 95% intervals over test rows",
        [
            {
                "trained on": f"{group.model}: {group.arm}, {KINDS[group.kind]} ({group.rows:,})",
                **_mark(metric, group.figure),
            }
            for group in main_groups(part)
        ],
        x=metric,
        y="trained on",
    )
    for model, curve in _curves(part):
        yield Plot(
            "lines",
            f"{part.key}: learning curve of {model}",
            [{"rows": g.rows, "arm": g.arm, **_mark(metric, g.figure)} for g in curve],
            x="rows",
            y=metric,
            color="arm",
        )


def _mark(metric: str, figure: Estimate) -> dict[str, float | None]:
    percent = figure.mapped(lambda end: 100 * end)
    return {metric: percent.value, "low": percent.low, "high": percent.high}


def _warnings(part: PartResult) -> Iterator[str]:
    for arm, sources in part.arms.items():
        for source in sources:
            if source["same_as_test"] or source["near_test"]:
                near = f", and {source['near_test']:,} more nearly" if source["near_test"] else ""
                same = source["same_as_test"]
                yield (
                    f"{part.key}: {plural(same, 'row')} of {source['name']} "
                    f"{'is' if same == 1 else 'are'} also in the test set{near}"
                )
            if source["shown"]:
                yield (
                    f"{part.key}: {source['shown']:,} of the "
                    f"{plural(part.test['rows'], 'test row')} were examples of {source['name']}, "
                    "whose rows imitate them; test on other rows"
                )
        for group in main_groups(part):
            if group.arm == arm and group.unlearned:
                yield (
                    f"{part.key}: {arm} lacks the label of "
                    f"{plural(round(group.unlearned), 'test decision')}"
                )
    if part.test["unlabeled"]:
        yield f"{part.key}: {plural(part.test['unlabeled'], 'test row')} without a label omitted"
    if part.test["rows"] < 100:
        yield (
            f"{part.key}: only {plural(part.test['rows'], 'test row')}; accuracy intervals are "
            f"about ±{98 / math.sqrt(part.test['rows']):.0f} points"
        )


def shown(cell: Cell) -> str:
    """A cell of a table as text."""
    if isinstance(cell, Estimate):
        return with_interval(cell)
    return "-" if cell is None else f"{cell:,}" if isinstance(cell, int) else str(cell)


def as_markdown(results: Results) -> str:
    """The results as Markdown."""
    return findings_as_markdown(
        results.name, findings_of(results), shown, lists=_differences(results)
    )


def _differences(results: Results) -> dict[str, Sequence[str]]:
    """Return the list of differences from the paper, if the results repeat a table."""
    return {} if results.paper is None else {DIFFERENCES: results.paper.differs}


def as_html(results: Results) -> str:
    """The results as one page that needs no network and no script."""
    findings = findings_of(results)
    return findings_as_html(
        results.name,
        findings,
        shown,
        generator="targen-training",
        about="Models trained on each dataset, as compared by targen compare.",
        pictures=[(plot.title, picture(plot)) for plot in findings.plots],
        lists=_differences(results),
    )
