"""The metric `outputs`: what spans, labels, scores, answers and replies are like, and their cues.

It uses the columns of rows, so that rows of a run can be compared with real ones of another task.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from targen_analysis.metrics import Corpus, Metric, MetricOptions, Study
from targen_analysis.statistics import Z, apart, mean, rate
from targen_core.cli.findings import Cell, Estimate, Findings, Table

_SHOWN = 5  # mentions of a type
_GUESSED = (
    "The type guessed for a mention is its most frequent type in other rows, ignoring case. For a "
    "mention that occurs in no other row, it is the overall most frequent type."
)
_THIRDS = ("first third", "middle third", "last third")


@dataclass(frozen=True, slots=True)
class _Mention:
    """A span of a row: its type, its text, and in which third of the row's text it begins."""

    row: int
    kind: str
    text: str
    third: int | None

    @property
    def key(self) -> str:
        """The text without case and doubled spaces."""
        return " ".join(self.text.casefold().split())


def _measure(study: Study, options: MetricOptions) -> Findings:
    figures: dict[str, dict[str, Estimate]] = {}
    tables: dict[str, list[Table]] = {"spans": [], "mentions": [], "labels": []}
    warnings: list[str] = []
    for corpus in study.everything:
        mine = figures.setdefault(corpus.name, {})
        mentions = _mentions(corpus)
        if mentions is not None:
            mine |= _of_spans(corpus, mentions)
            tables["spans"].append(_types(corpus.name, mentions))
            tables["mentions"].append(_frequent(corpus.name, mentions))
        if (lists := _column(corpus, "labels", list)) is not None:
            mine["labels per row"] = mean([len(each) for each in lists])
            tables["labels"].append(_labels(corpus.name, lists))
        if (answers := _column(corpus, "answers", list)) is not None:
            mine |= _of_answers(answers)
        if (scores := _column(corpus, "score", (int, float))) is not None:
            mine |= _of_scores(corpus, scores)
        longer = _longer(corpus)
        if longer is not None:
            mine["chosen is longer"] = longer
            if corpus is not study.reference and apart(longer, Estimate(0.5, 0.5, 0.5)):
                warnings.append(
                    f"In {longer.value or 0:.0%} of the pairs in {corpus.name}, the better reply "
                    "is the longer one, so length gives away the preference."
                )
    figures = {name: mine for name, mine in figures.items() if mine}
    if not figures:
        return Findings(
            notes=(
                "None of the rows have spans, several labels, answers, a score or a preference.",
            )
        )
    return Findings(
        headlines=tuple(
            f"A mention's text alone gives away its type for {shown.value or 0:.0%} of the "
            f"mentions in {name}; always guessing the most frequent type is right for "
            f"{most.value or 0:.0%}."
            for name, mine in figures.items()
            if (shown := mine.get("type from mention")) and (most := mine["most frequent type"])
        ),
        figures=figures,
        glance={
            "spans per row": "mean",
            "type from mention": "share of types that the same mention in other rows reveals",
            "chosen is longer": "share of pairs; should be near one half",
            "score and difference of lengths": "correlation of the score with how much the two "
            "texts differ in length; should be near 0",
        },
        tables=tuple(table for each in tables.values() for table in each),
        warnings=tuple(warnings),
        notes=(_GUESSED,) if any("type from mention" in mine for mine in figures.values()) else (),
    )


def _column(corpus: Corpus, name: str, kind: Any) -> list[Any] | None:
    """The values of a column that all rows have with that type."""
    values: list[Any] = [row.get(name) for row in corpus.rows]
    usable = all(isinstance(each, kind) and not isinstance(each, bool) for each in values)
    if kind is list:
        usable = usable and all(isinstance(item, str) for each in values for item in each)
    elif usable:
        usable = all(map(math.isfinite, values))
    return values if usable and values else None


# --- spans ----------------------------------------------------------------------


def _mentions(corpus: Corpus) -> list[_Mention] | None:
    """Return the spans of all rows; None if rows have no spans in our format."""
    found: list[_Mention] = []
    for at, row in enumerate(corpus.rows):
        spans = row.get("spans")
        if not isinstance(spans, list) or not all(map(_is_span, spans)):
            return None
        for span in spans:
            start, end, said = span["start"], span["end"], span["text"]
            texts = [text for text in corpus.texts[at] if text[start:end] == said]
            third = min(2, 3 * start // max(1, len(texts[0]))) if texts else None
            found.append(_Mention(at, span["type"], said, third))
    return found


def _is_span(value: Any) -> bool:
    return (
        isinstance(value, Mapping)
        and all(isinstance(value.get(name), str) for name in ("type", "text"))
        and all(type(value.get(name)) is int and value[name] >= 0 for name in ("start", "end"))
    )


def _of_spans(corpus: Corpus, mentions: Sequence[_Mention]) -> dict[str, Estimate]:
    per_row = Counter(each.row for each in mentions)
    figures = {
        "spans per row": mean([per_row[at] for at in range(len(corpus))]),
        "words of a span": mean([len(each.text.split()) for each in mentions]),
    }
    if mentions:
        kinds = Counter(each.kind for each in mentions)
        figures["type from mention"] = rate(_guessed(mentions), len(mentions))
        figures["most frequent type"] = rate(max(kinds.values()), len(mentions))
        keys = {(each.kind, each.key) for each in mentions}
        figures["different mentions"] = rate(len(keys), len(mentions))
    return figures


def _guessed(mentions: Sequence[_Mention]) -> int:
    """Return how many types are right if the same mention in other rows decides."""
    usual = Counter(each.kind for each in mentions).most_common(1)[0][0]
    everywhere: dict[str, Counter[str]] = {}
    in_row: dict[tuple[str, int], Counter[str]] = {}
    for each in mentions:
        everywhere.setdefault(each.key, Counter())[each.kind] += 1
        in_row.setdefault((each.key, each.row), Counter())[each.kind] += 1
    right = 0
    for each in mentions:
        others = everywhere[each.key] - in_row[each.key, each.row]
        right += (others.most_common(1)[0][0] if others else usual) == each.kind
    return right


def _types(name: str, mentions: Sequence[_Mention]) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for kind in sorted({each.kind for each in mentions}):
        mine = [each for each in mentions if each.kind == kind]
        placed = [each.third for each in mine if each.third is not None]
        thirds = [rate(placed.count(third), len(placed)) for third in range(3)]
        words = mean([len(each.text.split()) for each in mine])
        rows.append((kind, len(mine), len({each.row for each in mine}), words, *thirds))
    return Table(f"Spans of {name} by type", ("type", "spans", "rows", "words", *_THIRDS), rows)


def _frequent(name: str, mentions: Sequence[_Mention]) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for kind in sorted({each.kind for each in mentions}):
        mine = [each for each in mentions if each.kind == kind]
        texts = {each.key: each.text for each in reversed(mine)}
        ranked = Counter(each.key for each in mine).most_common(_SHOWN)
        rows += [
            (kind, texts[key], count, rate(count, len(mine))) for key, count in ranked if count > 1
        ]
    columns = ("type", "mention", "spans", "share of the type")
    return Table(
        f"Most frequent mentions of {name}",
        columns,
        rows,
        note="Only mentions that occur more than once.",
    )


# --- labels, answers, scores, preferences -----------------------------------------


def _labels(name: str, lists: Sequence[Sequence[str]]) -> Table:
    counts = Counter(label for each in lists for label in {*each})
    rows = [(label, counts[label], rate(counts[label], len(lists))) for label in sorted(counts)]
    return Table(f"Rows of {name} by label", ("label", "rows", "of all"), rows)


def _of_answers(answers: Sequence[Sequence[str]]) -> dict[str, Estimate]:
    words = [len(answer.split()) for each in answers for answer in each]
    return {
        "answers per row": mean([len(each) for each in answers]),
        "words of an answer": mean(words),
    }


def _of_scores(corpus: Corpus, scores: Sequence[float]) -> dict[str, Estimate]:
    lengths = [[len(text.split()) for text in texts] for texts in corpus.texts]
    figures = {
        "score": mean(scores),
        "score and length": _correlation(scores, [sum(each) for each in lengths]),
    }
    if len(corpus.fields) == 2:
        differences = [abs(one - other) for one, other in lengths]
        figures["score and difference of lengths"] = _correlation(scores, differences)
    return figures


def _correlation(one: Sequence[float], other: Sequence[float]) -> Estimate:
    """Pearson's correlation, with the interval of Fisher's transformation (1921)."""
    size = len(one)
    mid, mid_other = math.fsum(one) / size, math.fsum(other) / size
    spread = math.fsum((x - mid) ** 2 for x in one) * math.fsum((y - mid_other) ** 2 for y in other)
    if size < 4 or not 0 < spread < math.inf:
        return Estimate(None)
    shared = math.fsum((x - mid) * (y - mid_other) for x, y in zip(one, other, strict=True))
    value = max(-1.0, min(1.0, shared / math.sqrt(spread)))
    if abs(value) > 1 - 1e-12:
        return Estimate(value)
    half = Z / math.sqrt(size - 3)
    return Estimate(value, *(math.tanh(math.atanh(value) + side) for side in (-half, half)))


def _longer(corpus: Corpus) -> Estimate | None:
    """The share of pairs whose better reply is longer in words, of those that differ in it.

    The first and the last of ranked replies are a pair.
    """
    pairs = [_ends(row) for row in corpus.rows]
    lengths = [
        (len(one.split()), len(other.split()))
        for one, other in pairs
        if isinstance(one, str) and isinstance(other, str)
    ]
    if len(lengths) < len(pairs):
        return None
    return rate(sum(a > b for a, b in lengths), sum(a != b for a, b in lengths))


def _ends(row: Mapping[str, Any]) -> tuple[Any, Any]:
    ranked = row.get("ranked")
    if isinstance(ranked, list) and len(ranked) > 1:
        return ranked[0], ranked[-1]
    return row.get("chosen"), row.get("rejected")


OUTPUTS = Metric(
    title="Outputs",
    measure=_measure,
    order=15,
    summary="counts of spans, labels, scores, answers and preferences, and what gives them away",
)
