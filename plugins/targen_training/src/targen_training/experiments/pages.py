"""Results for people: findings as tables and pictures, as text, as Markdown and as a page."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from statistics import fmean, stdev
from typing import Any

from targen_core.cli.findings import Cell, Estimate, Findings, Plot, Table
from targen_core.cli.provenance import provenance_notes
from targen_core.text import plural
from targen_standard.findings import findings_as_html, findings_as_markdown
from targen_training.experiments.results import (
    Group,
    Mean,
    Pair,
    PartResult,
    Published,
    Results,
)
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


def findings_of(results: Results) -> Findings:
    """Results as sentences, tables and pictures, in per cent."""
    results = _sizes_once(results)
    headlines: list[str] = []
    tables: list[Table] = []
    plots: list[Plot] = []
    warnings: list[str] = []
    if results.paper is not None:
        tables += paper_tables(results, results.paper)
    if results.means:
        tables.append(mean_table(results, results.means))
    for part in results.parts:
        headlines += _sentences(part)
        tables += _tables(part)
        plots += _plots(part)
        warnings += _warnings(part)
    return Findings(
        headlines=tuple(headlines),
        tables=tuple(tables),
        plots=tuple(plots),
        warnings=tuple(dict.fromkeys(warnings)),
        notes=(
            *_HOW,
            *(_RUNS if any(p.over_runs for p in results.parts) else ()),
            *(results.notes if results.paper is None else ()),  # else differences list them
            *provenance_notes(results.made),
        ),
    )


_HOW = (
    (
        "Mean and sd: over seeds. A seed determines which rows are drawn from larger datasets, and "
        "the randomness in training. No sd: all seeds trained the same model. Interval: 95%, by "
        "bootstrap over test rows, with the same resamples for all seeds."
    ),
    (
        "Differences: 95% intervals and p by paired bootstrap over test rows and seeds. p (Holm) "
        "is corrected for all arms of a model and size. McNemar: exact test on the decisions that "
        "only one arm got right with most seeds."
    ),
    (
        "With equal numbers of rows, an arm with several datasets uses equally many from each. All "
        "rows: everything available, so a difference may come from more rows or from better rows."
    ),
    (
        "Training rows that are also in the test set, exactly or nearly, are counted, and left out "
        "unless the experiment keeps them."
    ),
)
_PAIRS = (
    "p: how often chance alone would give so large a difference. p (Holm): the same, adjusted for "
    "comparing several pairs. Below 0.05, chance is an unlikely explanation. McNemar: a p of "
    '"only one right", the test rows that only one of the two got right. For '
    'details, see "Does a dataset train a better model?" in the documentation.'
)
_RUNS = (
    (
        "Several runs of an arm: their mean is compared. Intervals and p of generated arms combine "
        "the bootstrap with Student's t for runs. All arms are assumed to have the same variance "
        "between runs."
    ),
)


def _sizes_once(results: Results) -> Results:
    """Leave out "all rows" of models whose arms all have the same size, which is trained once."""
    repeated = {part.key: _repeated(part) for part in results.parts}

    def once(found: Sequence[Any], models: set[str]) -> list[Any]:
        return [each for each in found if each.kind != "natural" or each.model not in models]

    parts = [
        replace(
            part,
            groups=once(part.groups, repeated[part.key]),
            pairs=once(part.pairs, repeated[part.key]),
            worth=once(part.worth, repeated[part.key]),
            over_runs=once(part.over_runs, repeated[part.key]),
        )
        for part in results.parts
    ]
    everywhere = set.intersection(*repeated.values()) if repeated else set()
    return replace(results, parts=parts, means=once(results.means, everywhere))


def _repeated(part: PartResult) -> set[str]:
    """The models that learned the same from all rows as from equal numbers of rows."""
    trained = {
        (group.model, group.kind, group.arm): [each.cell for each in group.trained]
        for group in part.groups
    }
    natural = [group for group in part.groups if group.kind == "natural"]
    unlike = {
        group.model
        for group in natural
        if trained.get((group.model, "matched", group.arm)) != [e.cell for e in group.trained]
    }
    return {group.model for group in natural} - unlike


def short_tables(results: Results) -> Iterator[Table]:
    """Yield the tables next to the paper's, which are the main ones of a reproduction."""
    results = _sizes_once(results)
    if results.paper is None:
        return
    yield from paper_tables(results, results.paper)
    if results.paper.means and results.means:
        yield mean_table(results, results.means)


def paper_tables(results: Results, paper: Published) -> Iterator[Table]:
    """Yield the paper's table, then the same figures of the results."""
    yield published_table(paper.title, paper.rows)
    if not paper.means or not results.means:
        yield _scores_table(results)
    yield from paper.tables


def published_table(title: str, rows: Sequence[Mapping[str, Any]]) -> Table:
    """Return figures as they are printed elsewhere; a row's `name` comes first."""
    columns = list(dict.fromkeys(key for row in rows for key in row if key != "name"))

    def printed(row: Mapping[str, Any]) -> Iterator[str]:
        for column in columns:
            value = row.get(column)
            yield "" if value is None else f"{value:.2f}"

    return Table(title, ("", *columns), [(row["name"], *printed(row)) for row in rows])


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


def _chances(results: Results) -> str:
    chances = [(part.key, part.chance) for part in results.parts if part.chance is not None]
    said = ", ".join(f"{key} {100 * chance:.1f}" for key, chance in chances)
    return f"Always predicting the most common label: {said}." if said else ""


def _p(value: float | None) -> str:
    if value is None:
        return "-"
    return "<0.002" if value < 0.002 else f"{value:.3f}" if value < 0.1 else f"{value:.2f}"


def _p_said(value: float) -> str:
    said = _p(value)
    return f"< {said[1:]}" if said.startswith("<") else f"= {said}"


def _sentences(part: PartResult) -> Iterator[str]:
    by_arm = {arm: _shares(of) for arm, of in part.arms.items()}
    if any(group.kind == "labels" for group in part.groups) and len({*by_arm.values()}) > 1:
        shares = "; ".join(f"{arm}: {labels}" for arm, labels in by_arm.items())
        yield (
            f"{part.key}: arms differ in their label shares ({shares}). "
            f'"{KINDS["labels"].capitalize()}" compares only the rows; '
            f'"{KINDS["matched"]}" also includes the effect of the shares.'
        )
    yield from _few_sentences(part)
    yield from _run_sentences(part)
    has_matched = any(pair.kind != "natural" for pair in part.pairs)
    for pair in part.pairs:
        if pair.kind == "natural" and has_matched:
            continue
        if pair.other != part.pairs[0].other and pair.holm >= _SURE:
            continue
        yield (
            f"{part.key}, {pair.model}, {KINDS[pair.kind]}: {_arm(pair, 0)} minus "
            f"{_arm(pair, 1)} is "
            f"{with_interval(pair.difference, form=SIGNED)} points of {part.metric}, "
            f"p (Holm) {_p_said(pair.holm)}: {_said(part, pair)}."
        )


def _arm(pair: Pair, at: int) -> str:
    runs = 1 if pair.runs is None else pair.runs[at]
    return (pair.one, pair.other)[at] + (f" (mean of {runs} runs)" if runs > 1 else "")


def _run_sentences(part: PartResult) -> Iterator[str]:
    """The mean and the spread of runs of one way, to hold differences between ways against."""
    main = main_groups(part)
    compared = [group for group in main if group.kind != "natural"] or main
    for names in part.runs:
        by_place: dict[tuple[str, str], list[float]] = {}
        for group in compared:
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


def _shares(sources: Sequence[Mapping[str, Any]]) -> str:
    """The shares of the labels of an arm, the commonest first, and equal ones by name."""
    counts: Counter[str] = Counter()
    for source in sources:
        counts.update(source.get("labels", {}))
    counts.pop("", None)
    whole = sum(counts.values())
    first = sorted(counts.items(), key=lambda each: (-each[1], each[0]))[:_LABELS]
    shares = [f"{label} {count / whole:.0%}" for label, count in first]
    more = len(counts) - _LABELS
    return ", ".join(shares) + (f" and {more} more" if more > 0 else "")


def _few_sentences(part: PartResult) -> Iterator[str]:
    for few in part.few:
        if few.difference is None:
            yield (
                f"{part.key}, {few.model}: synthetic rows alone give "
                f"{with_interval(few.both, unit='%')} {part.metric}."
            )
        elif few.p is not None:
            sure = "" if few.p < _SURE else ": too few test rows and seeds to detect a difference"
            yield (
                f"{part.key}, {few.model}: adding synthetic rows to {plural(few.each, 'real row')} "
                f"per {part.unit} changes {part.metric} by "
                f"{with_interval(few.difference, form=SIGNED)} points{sure}."
            )


def _said(part: PartResult, pair: Pair) -> str:
    one, other = ([each["digest"] for each in part.arms[arm]] for arm in (pair.one, pair.other))
    if one == other and not pair.difference.value and max(pair.runs or (1,)) == 1:
        return f"{pair.one} and {pair.other} have the same rows"
    if pair.difference.value is None or pair.holm >= _SURE:
        of = "test rows and seeds" if pair.runs is None else "runs, test rows and seeds"
        return f"too few {of} to detect a difference"
    return f"{pair.one} is {'better' if pair.difference.value > 0 else 'worse'}"


def mean_table(results: Results, means: Iterable[Mean]) -> Table:
    """Return a table of means over the parts."""
    rows: list[tuple[Cell, ...]] = []
    for mean in sorted(means, key=lambda mean: (mean.model, mean.kind)):
        against = "" if mean.against is None else with_interval(mean.against, form=SIGNED)
        rows.append((mean.model, KINDS[mean.kind], mean.arm, with_interval(mean.figure), against))
    names = ", ".join(part.key for part in results.parts)
    return Table(
        f"Mean over {names}",
        ("model", "size", "trained on", "mean %", f"minus {results.baseline or 'baseline'}"),
        rows,
        note="Mean of the tasks' main metrics, weighted equally; intervals over test rows. "
        f"{_chances(results)}".rstrip(),
    )


def _tables(part: PartResult) -> Iterator[Table]:
    main = main_groups(part)
    others = _other_figures(main, part.metric)
    if main:
        yield _main_table(part, main, others)
    yield from _few_tables(part)
    yield Table(
        f"{part.key}: the rows",
        ("arm", "dataset", "rows", "labels", "same as test", "near test", "no label", "digest"),
        [
            (arm, source["name"], source["rows"], _shares([source]), source["same_as_test"],
             source["near_test"], source["unlabeled"], source["digest"][:12])
            for arm, sources in part.arms.items()
            for source in sources
        ],
        note="" if main else _chance(part),
    )  # fmt: skip
    if part.over_runs:
        yield Table(
            f"{part.key}: means over runs",
            ("model", "size", "arm", "runs", "mean % (95%)", "sd"),
            [
                (each.model, KINDS[each.kind], each.arm, each.runs, with_interval(each.figure),
                 f"{100 * each.sd:.1f}")
                for each in part.over_runs
            ],
            note="Intervals over runs, test rows and seeds; sd over runs.",
        )  # fmt: skip
    if part.pairs:
        yield Table(
            f"{part.key}: differences",
            ("model", "size", "arm", "minus", "points (95%)", "p", "p (Holm)", "only one right",
             "McNemar"),
            [
                (
                    pair.model,
                    KINDS[pair.kind],
                    pair.one,
                    pair.other,
                    with_interval(pair.difference, form=SIGNED),
                    _p(pair.p),
                    _p(pair.holm),
                    "-" if pair.runs else f"{pair.only_one} : {pair.only_other}",
                    _p(pair.mcnemar),
                )
                for pair in part.pairs
            ],
            note=_PAIRS,
        )  # fmt: skip
    yield from _curve_tables(part)
    if part.worth:
        baseline = part.pairs[0].other if part.pairs else next(iter(part.arms))
        yield Table(
            f"{part.key}: rows from {baseline} needed for the same result",
            ("model", "arm", "size", "rows", "rows needed (95%)", "one row is worth (95%)",
             "no better than the smallest size", "better than all rows"),
            [
                (
                    each.model,
                    each.arm,
                    KINDS[each.kind],
                    each.rows,
                    with_interval(each.equivalent, form=",.0f", scale=1),
                    with_interval(each.each, form=",.2f", scale=1),
                    f"{each.below:.0%}",
                    f"{each.above:.0%}",
                )
                for each in part.worth
            ],
            note="Read from the learning curve. An interval that reaches an end of the curve is "
            "only a bound. Last two columns: share of bootstrap resamples.",
        )  # fmt: skip


def _main_table(part: PartResult, main: Sequence[Group], others: Sequence[str]) -> Table:
    return Table(
        f"{part.key}: {part.metric} on {part.test['name']}, {part.test['rows']:,} rows",
        ("model", "size", "trained on", "rows", "mean % (95%)", "sd", *others),
        [
            (
                group.model,
                KINDS[group.kind],
                group.arm,
                group.rows,
                with_interval(group.figure),
                _sd(group),
                *(with_interval(group.figures[name]) for name in others),
            )
            for group in main
        ],
        note=_chance(part),
    )


def _sd(group: Group) -> str:
    return "-" if group.sd is None else f"{100 * group.sd:.1f}"


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
                    "-" if few.p is None else _p(few.p),
                )
                for few in part.few
                if few.model == model
            ],
            note="Each seed draws new real rows, the same number for each "
            f"{part.unit}, or all if there are fewer. Intervals: bootstrap over test rows and "
            "draws.",
        )  # fmt: skip


def main_groups(part: PartResult) -> list[Group]:
    """Return the groups that are compared: by model, then at equal sizes before natural ones."""
    models = list(dict.fromkeys(group.model for group in part.groups))
    main = [group for group in part.groups if group.kind in KINDS]
    return sorted(main, key=lambda g: (models.index(g.model), [*KINDS].index(g.kind)))


def _other_figures(groups: Sequence[Group], metric: str) -> list[str]:
    shown = ("accuracy", "macro_f1", "parity", "best_option", "f1a", "exact_match", "answer_f1",
             "micro_f1", "spearman", "pearson")  # fmt: skip
    there = set.intersection(*(set(group.figures) for group in groups)) if groups else set()
    options = "best_option" in there
    names = [name for name in shown if name in there and name != metric]
    if options:  # accuracy of single options says little
        names = [name for name in names if name not in ("accuracy", "macro_f1")]
        if metric == "best_option":
            names = []
    return names


def _chance(part: PartResult) -> str:
    labels = ", ".join(f"{name} {count:,}" for name, count in part.test["labels"].items())
    if part.chance is None:
        return f"Test labels: {labels}."
    return (
        f"Test labels: {labels}. Always predicting the most common label: {100 * part.chance:.1f}%."
    )


def _curve_tables(part: PartResult) -> Iterator[Table]:
    for model in dict.fromkeys(group.model for group in part.groups):
        curve = [g for g in part.groups if g.kind == "curve" and g.model == model]
        arms = list(dict.fromkeys(group.arm for group in curve))
        sizes = sorted({group.rows for group in curve})
        at = {(group.arm, group.rows): group.figure for group in curve}
        if curve:
            yield Table(
                f"{part.key}: learning curve of {model}, {part.metric} %",
                ("rows", *arms),
                [(size, *(with_interval(at.get((arm, size))) for arm in arms)) for size in sizes],
            )
        shares = [g for g in part.groups if g.kind == "share" and g.model == model]
        if shares:
            yield Table(
                f"{part.key}: {shares[0].rows:,} rows of {shares[0].arm}, {model}",
                ("share of the second arm", f"{part.metric} % (95%)", "sd"),
                [
                    (f"{group.share:.0%}", with_interval(group.figure), _sd(group))
                    for group in shares
                ],
            )


def _plots(part: PartResult) -> Iterator[Plot]:
    metric = f"{part.metric} %"
    yield from _few_plots(part)
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
    for model in dict.fromkeys(group.model for group in part.groups):
        for kind, x, title in (
            ("curve", "rows (log2)", "learning curve"),
            ("share", "share of the second arm", "mixture"),
        ):
            groups = [g for g in part.groups if g.kind == kind and g.model == model]
            if groups:
                yield Plot(
                    "lines",
                    f"{part.key}: {title} of {model}",
                    [
                        {
                            x: math.log2(group.rows) if kind == "curve" else group.share,
                            "rows": group.rows,
                            **_mark(metric, group.figure),
                            "arm": group.arm,
                        }
                        for group in groups
                    ],
                    x=x,
                    y=metric,
                    color="arm",
                )


def _few_plots(part: PartResult) -> Iterator[Plot]:
    """A curve for each model: the more real rows, the less synthetic ones add."""
    metric, per = f"{part.metric} %", f"real rows per {part.unit}"
    for model in dict.fromkeys(few.model for few in part.few):
        yield Plot(
            "lines",
            f"{part.key}: few real rows per {part.unit}, {model}",
            [
                {
                    per: math.log2(1 + few.each),
                    "tick": f"{few.each:,}",
                    "rows": few.rows,
                    **_mark(metric, figure),
                    "arm": arm,
                }
                for few in part.few
                if few.model == model
                for arm, figure in (("only real rows", few.alone), ("with synthetic", few.both))
                if figure is not None
            ],
            x=per,
            y=metric,
            color="arm",
        )


def _mark(metric: str, figure: Estimate) -> dict[str, float | None]:
    percent = figure.mapped(lambda end: 100 * end)
    return {metric: percent.value, "low": percent.low, "high": percent.high}


def _warnings(part: PartResult) -> Iterator[str]:
    warned: set[str] = set()
    for arm, sources in part.arms.items():
        for source in sources:
            if (source["same_as_test"] or source["near_test"]) and source["name"] not in warned:
                warned.add(source["name"])
                near = f", and {source['near_test']:,} more nearly"
                same = source["same_as_test"]
                yield (
                    f"{part.key}: {plural(same, 'row')} of {source['name']} "
                    f"{'is' if same == 1 else 'are'} also in the test set"
                    f"{near if source['near_test'] else ''}"
                )
            if shown := source.get("shown"):
                yield (
                    f"{part.key}: {shown:,} of the {plural(part.test['rows'], 'test row')} were "
                    f"examples of {source['name']}, whose rows imitate them; test on other rows"
                )
        for group in part.groups:
            if group.arm == arm and group.kind in KINDS and group.unlearned:
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
        _title(results), findings_of(results), shown, lists=_differences(results)
    )


def _differences(results: Results) -> dict[str, Sequence[str]]:
    """Return the list of differences from the paper, if the results repeat a table."""
    return {} if results.paper is None else {DIFFERENCES: results.paper.differs}


def _title(results: Results) -> str:
    """Name the datasets of `targen compare A B`, or an experiment by its own name."""
    groups = (group for part in results.parts for group in part.groups)
    arms = list(dict.fromkeys(group.arm for group in groups))
    if results.name != "-".join(arms[:2]):
        return results.name
    both = "+".join(arms[:2])  # of two, the third arm is both
    *others, last = [*arms[:2], *(arm for arm in arms[2:] if arm != both)]
    return f"Models trained on {', '.join(others)}{' and ' if others else ''}{last}"


def as_html(results: Results) -> str:
    """The results as one page that needs no network and no script."""
    findings = findings_of(results)
    return findings_as_html(
        _title(results),
        findings,
        shown,
        generator="targen-training",
        about="Models trained on each dataset, as compared by targen compare.",
        pictures=[(plot.title, picture(plot)) for plot in findings.plots],
        lists=_differences(results),
    )
