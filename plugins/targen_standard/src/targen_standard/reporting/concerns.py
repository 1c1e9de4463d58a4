"""Possible problems with a run's rows, even if the run itself is complete.

Each rule reads the figures of a report and gives one concern or none. A concern should hardly ever
appear on a good run. So rules require a clear difference and enough candidates or rows; their
thresholds are here, each with its reason.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from targen_core.calls.journal import compact
from targen_core.engine.quota_tracker import RELABELLED
from targen_core.errors import TargenError
from targen_core.hints import quoted
from targen_core.reading.lines import read_jsonl
from targen_core.runs.reporters import Concern
from targen_core.text import percent, plural

_ENOUGH = 20
"""Minimum number of candidates or rows for a share. If step 4 changes each candidate with a chance
of 20%, it changes more than half of 20 once in 2,000 runs.
"""

_DISAGREED = 0.5
"""Share of judged candidates that step 4 changed or rejected. Good runs are below 0.1; of 2 labels,
a judge that guesses disagrees with half."""

_LACKING = 0.5
"""Share of its rows that a label has while another is full. Labels take turns, so that labels of
like yield fill at the same time."""

_FEW = 10
"""Minimum rows requested for a label: one of 2 missing rows is not a pattern."""

_BELOW_OTHERS = 0.2
"""A label's yield, as a share of that of the others."""

_DOUBT = 2
"""Candidates that may differ by chance and must not decide."""

_NEAR_DUPLICATES = 1 / 3
"""Share of a label's candidates that are near-duplicates. Narrow but usable lists are below 0.2."""

_REPEATED = 0.05
"""Share of rows that repeat another exactly. The near-duplicate filter leaves none."""

_MIDDLE = 0.1
"""The shares of the shortest and of the longest texts that are left out: the odd ones."""

_SPREAD = 0.1
"""The words between the ends of the middle 80%, per word of the median. In 26 columns by people
and by models without instructions on length, it is never below 0.26. In texts that a script fills
into a few patterns, it is 0.1 to 0.2.
"""

_TEXTS, _WORDS = 30, 12
"""Fewer texts show no spread, and in shorter texts neighbouring lengths are a tenth apart."""

_AT_LIMIT, _LONG = 0.02, 20
"""The largest distance of the long texts from the median if lengths end at a limit, and the fewest
words for the rule. In shorter texts, two adjacent lengths are as near.
"""

_UNUSABLE = 0.2
"""Yield below which a model does not fit a task, if most candidates were rejected in step 3."""

_SMALL = 3.0
"""Billions of parameters below which models often fail to write replies in a given form."""

_LENGTHS = "--dimension 'length=one sentence,three sentences'"
"""An example of a dimension."""

_NAMED = 3
"""Labels or columns that one concern names."""

_READ = 100_000
"""Rows that are read for the figures of texts, which takes about a second."""

_SIZE = re.compile(r"(?<![a-z0-9.])(\d{1,4}(?:\.\d{1,3})?)(b|m)(?![a-z0-9])", re.IGNORECASE)


def concerns(report: Mapping[str, Any], run: Path | None = None) -> list[Concern]:
    """Return what looks wrong with a run.

    Args:
        report: the content of `report.json`.
        run: its directory, for hints.
    """
    looked = _Looked(report, run)
    return [concern for rule in _RULES if (concern := rule(looked)) is not None]


def text_figures(dataset: Path, rows: int) -> dict[str, Any]:
    """Return the figures of a dataset's texts that reports have.

    Args:
        dataset: the file of rows.
        rows: how many of them belong to the report; of more than 100,000, the first are read.
    """
    seen: set[int] = set()
    count = 0
    lengths: dict[str, list[int]] = {}
    texts: dict[str, set[int]] = {}
    with contextlib.suppress(TargenError):  # an edited file: said when it is compared
        for row in islice(read_jsonl(dataset), min(rows, _READ)):
            count += 1
            seen.add(hash(compact({name: row[name] for name in row if name != "idx"})))
            for name, value in row.items():
                if isinstance(value, str):
                    lengths.setdefault(name, []).append(len(value.split()))
                    texts.setdefault(name, set()).add(hash(value))
    return {
        "rows": count,
        "repeated": count - len(seen),
        "columns": {name: _spread(lengths[name], len(texts[name])) for name in lengths},
    }


def _spread(lengths: list[int], distinct: int) -> dict[str, Any]:
    """Return the spread of a column's words: the ends of the middle 80%, and the median."""
    lengths.sort()
    left_out = int(len(lengths) * _MIDDLE)
    return {
        "texts": len(lengths),
        "distinct": distinct,
        "words": [lengths[left_out], lengths[len(lengths) // 2], lengths[-1 - left_out]],
    }


class _Looked:
    """A report as rules read it."""

    def __init__(self, report: Mapping[str, Any], run: Path | None) -> None:
        self.report = report
        self.flows: Mapping[str, Mapping[str, Any]] = report["flow"]
        self.aims: Mapping[str, str | None] = report["branches"]
        self.texts: Mapping[str, Any] = report.get("texts") or {"rows": 0, "columns": {}}
        self.rejects = f"targen show {quoted('RUN' if run is None else run)} --rejected"

    def total(self, name: str) -> int:
        """Candidates of all flows in one place, such as "accepted"."""
        return sum(_sum(flow, name) for flow in self.flows.values())

    def rejected(self, *stages: str) -> int:
        """Candidates that some stages rejected."""
        return sum(flow["rejected"].get(name, 0) for flow in self.flows.values() for name in stages)

    def by_label(self) -> Iterator[tuple[str, list[Mapping[str, Any]]]]:
        """The flows that aim at each label of the run."""
        for label in self.report["requested"]:
            flows = [flow for name, flow in self.flows.items() if self.aims.get(name) == label]
            if flows:
                yield label, flows


def _disagreement(looked: _Looked) -> Concern | None:
    """Step 4 changed or rejected most of what step 3 wrote."""
    if not looked.report["corrected"]:
        return None
    changed = 0
    for name, flow in looked.flows.items():
        aim = looked.aims.get(name)
        for place in ("accepted", "surplus"):
            for end, count in flow[place].items():
                changed += count if end == RELABELLED or aim not in (None, end) else 0
    rejected = looked.rejected("correct")
    judged = looked.total("accepted") + looked.total("surplus") + rejected
    if judged < _ENOUGH or (changed + rejected) / judged <= _DISAGREED:
        return None
    return Concern(
        "disagreement",
        f"of {plural(judged, 'candidate')}, step 4 relabelled {changed:,} and rejected "
        f"{rejected:,} ({percent((changed + rejected) / judged)} in total): the generator and the "
        "judge disagree about what the labels mean",
        f"read some of them: {looked.rejects}; then define the labels more precisely, try a "
        "different judge, such as -o correct.model=MODEL, or pass --corrector NAME",
    )


def _starved_label(looked: _Looked) -> Concern | None:
    """A label was given up, lacks most of its rows, or costs far more candidates than others."""
    rows, requested = looked.report["rows"], looked.report["requested"]
    given_up = {*looked.report.get("given_up", ())}
    is_full = any(of and rows[name] >= of for name, of in requested.items())
    # A run in files fills its labels one after the other, so its rows may still come.
    waits = looked.report["status"] == "stopped" and looked.report.get("given_answers")
    by_label = {name: _yield(name, flows, looked) for name, flows in looked.by_label()}
    found = []
    for name, of in requested.items():
        few = is_full and of >= _FEW and rows[name] < _LACKING * of and not waits
        if few or (name in given_up and rows[name] < of):
            gone = " and was given up" if name in given_up else ""
            found.append(f"{name} has {rows[name]:,} of {of:,} rows{gone}")
        elif name in by_label:
            kept, judged = by_label[name]
            others = [counts for other, counts in by_label.items() if other != name]
            of_others = sum(judged_ for _, judged_ in others)
            if min(judged, of_others) >= _ENOUGH:
                usual = sum(kept_ for kept_, _ in others) / of_others
                if (kept + _DOUBT) / judged < _BELOW_OTHERS * usual:
                    found.append(
                        f"{kept:,} of {plural(judged, 'candidate')} for {name} fit the label, "
                        f"compared with {percent(usual)} of those for other labels"
                    )
    if not found:
        return None
    return Concern(
        "starved-label",
        _listed(found),
        "read what was rejected: "
        + looked.rejects
        + (
            "; then relax the filter that rejects most candidates"
            if looked.rejected("filter") > looked.total("judged") / 2
            else "; then define the label more precisely, add an example, or use a stronger model"
        ),
    )


def _yield(label: str, flows: Sequence[Mapping[str, Any]], looked: _Looked) -> tuple[int, int]:
    """Candidates for a label that count for it, and those judged."""
    by_intended = looked.report.get("balance") == "intended"
    kept = sum(
        count
        for flow in flows
        for place in ("accepted", "surplus")
        for end, count in flow[place].items()
        if by_intended or end == label
    )
    return kept, sum(flow["judged"] for flow in flows)


def _repeats(looked: _Looked) -> Concern | None:
    """Candidates or rows repeat each other."""
    found = []
    rows, repeated = looked.texts["rows"], looked.texts.get("repeated", 0)
    if rows >= _ENOUGH and repeated > _REPEATED * rows:
        found.append(f"{repeated:,} of {plural(rows, 'row')} repeat another row exactly")
    for name, flow in looked.flows.items():
        judged, alike = flow["judged"], flow["duplicate"]
        if judged >= _ENOUGH and (alike - _DOUBT) / judged > _NEAR_DUPLICATES:
            found.append(
                f"{alike:,} of {plural(judged, 'candidate')} for {name} "
                f"({percent(alike / judged)}) nearly repeat a row"
            )
    if not found:
        return None
    hint: str = (
        "give more contexts or seeds, raise -o generate.temperature, or draw a value for "
        f"each row, such as {_LENGTHS}"
    )
    if looked.report.get("sources"):  # these rows were transformed, so their data repeats itself
        hint = "remove near-duplicates from the source data, or add other data"
    return Concern("repeats", _listed(found), hint)


def _even_lengths(looked: _Looked) -> Concern | None:
    """Most texts of a column have nearly the same number of words."""
    found = []
    for name, column in looked.texts["columns"].items():
        texts, (low, middle, high) = column["texts"], column["words"]
        # A text that many rows share, such as an instruction, was not written for each.
        if texts < _TEXTS or middle < _WORDS or column["distinct"] < texts / 2:
            continue
        if high - low <= _SPREAD * middle:
            between = f"{low:,}" if low == high else f"{low:,} to {high:,}"
            found.append(f"80% of the texts in {name} have {between} words")
        elif middle >= _LONG and high <= (1 + _AT_LIMIT) * middle:
            found.append(
                f"half of the texts in {name} have about {high:,} words, as if they hit a limit"
            )
    if not found:
        return None
    return Concern(
        "even-lengths",
        _listed(found) + "; texts that people write vary more",
        f"draw a length for each row: {_LENGTHS}",
    )


def _weak_model(looked: _Looked) -> Concern | None:
    """The model hardly writes what the task can use."""
    judged = looked.total("judged")
    kept = looked.total("accepted") + looked.total("surplus")
    rejected = looked.rejected("generate", "check")
    if judged < _ENOUGH or kept >= _UNUSABLE * judged or rejected <= judged / 2:
        return None
    reasons: dict[str, int] = {}
    for flow in looked.flows.values():
        for reason, count in flow["reasons"].items():
            reasons[reason] = reasons.get(reason, 0) + count
    most = max(reasons, key=lambda reason: reasons[reason], default="")
    names = {
        name: None
        for step, name in looked.report["models"].items()
        if name and step.partition(".")[0].startswith("generat")
    }
    model = " and ".join(names) or "the model"
    sizes = [size for name in names if (size := _billions(name)) is not None]
    small = bool(sizes) and max(sizes) < _SMALL
    about = f", which has {max(sizes):g} billion parameters," if small else ""
    why = f" (most often {most}, {plural(reasons[most], 'time')})" if most else ""
    return Concern(
        "weak-model",
        f"step 3 rejected {rejected:,} of {plural(judged, 'candidate')} by {model}{about} because "
        f"the task cannot use them{why}",
        (
            "use such a small model only to try targen out; for real rows, use an "
            "instruction-tuned one with 7 billion parameters or more, such as "
            if small
            else "use a model that does not refuse, such as "
            if most in ("refusal", "content-filter")
            else "use a larger instruction-tuned model, or one with structured output, such as "
        )
        + f"--backend BACKEND; to see what it wrote: {looked.rejects}",
    )


def _billions(model: str) -> float | None:
    """Return the billions of parameters in a model's name, such as `smollm2-135m`."""
    sizes = [float(number) / (1000 if unit in "mM" else 1) for number, unit in _SIZE.findall(model)]
    return max(sizes, default=None)


def _sum(flow: Mapping[str, Any], name: str) -> int:
    value = flow[name]
    return int(value if isinstance(value, int) else sum(value.values()))


def _listed(found: Sequence[str]) -> str:
    """The first of several; the others are counted."""
    more = f"; and {len(found) - _NAMED:,} more" if len(found) > _NAMED else ""
    return "; ".join(found[:_NAMED]) + more


_RULES: tuple[Callable[[_Looked], Concern | None], ...] = (
    _weak_model,
    _disagreement,
    _starved_label,
    _repeats,
    _even_lengths,
)
"""The rules, in the order in which their concerns are read: causes first."""
