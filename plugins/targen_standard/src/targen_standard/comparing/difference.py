"""Differences between two runs: requests, calls, candidates, rows and figures.

Both runs are read line by line. A digest is kept of each call, candidate and row of the first, so
that memory remains far below the size of the files.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import count, islice
from pathlib import Path
from typing import Any

from targen_core.calls.journal import Journal, compact
from targen_core.cli import tracing
from targen_core.cli.tracing import Traced
from targen_core.errors import TargenError, UsageError
from targen_core.pages import table
from targen_core.runs.files import read_json
from targen_core.runs.manifest import Manifest, flat
from targen_core.runs.report import read_report
from targen_core.text import plural
from targen_standard.filters.near_duplicates.index import NearDuplicates
from targen_standard.task_files.output_report import output_of_run

_EXAMPLES = 3
_ALIKE = 90.0  # from which similarity on two rows are nearly the same, as runs have it
_PLACES = ("seed", "contexts", "given.", "task.id")  # settings that decide what an id stands for


@dataclass(frozen=True, slots=True)
class Changed:
    """A value that differs in the second run.

    Attributes:
        name: of what: a field, a call's place, a candidate's id.
        left: its value in the first, or None.
        right: its value in the second, or None.
    """

    name: str
    left: Any
    right: Any


@dataclass(frozen=True, slots=True)
class RowChange:
    """A row that both runs do not have alike.

    Attributes:
        kind: "relabelled" (the same text), "near" (nearly the same), "left" or "right" (only in
            that run).
        left: its number, content and label's name in the first run, or None.
        right: the same in the second.
    """

    kind: str
    left: tuple[int, Mapping[str, Any], str] | None
    right: tuple[int, Mapping[str, Any], str] | None


@dataclass(slots=True, kw_only=True)
class Difference:
    """The differences between two runs.

    Attributes:
        left: the first run.
        right: the second.
        asked: fields of spec and lock, prompts and packages by name.
        calls: how many calls each has, and how many both: "left", "right" and "shared" by step.
        other_replies: calls with one key and two replies, by place, the first of them. A key covers
            all that decides a reply, so this shows an edited journal or a model that is not
            deterministic.
        other_reply_count: how many there are.
        candidates: how many candidates each has on record, and how many both.
        verdicts: how many went from one verdict to another, by both in words.
        relabelled: how many ended with another label in both.
        rewritten: how many say something else under the same id.
        changed: the first of each of these three, by id and "verdict", "label" or "text".
        rows: how many rows are the "same", "relabelled", "near", only "left" and only "right".
        examples: the first row changes of each kind.
        figures: figures of the two reports.
    """

    left: Path
    right: Path
    asked: list[Changed] = field(default_factory=list)
    calls: dict[str, dict[str, int]] = field(default_factory=dict)
    other_replies: list[Changed] = field(default_factory=list)
    other_reply_count: int = 0
    candidates: dict[str, int] = field(default_factory=dict)
    verdicts: dict[str, int] = field(default_factory=dict)
    relabelled: int = 0
    rewritten: int = 0
    changed: list[Changed] = field(default_factory=list)
    rows: dict[str, int] = field(default_factory=dict)
    examples: list[RowChange] = field(default_factory=list)
    figures: list[Changed] = field(default_factory=list)

    def __repr__(self) -> str:
        rows = ", ".join(f"{count:,} {kind}" for kind, count in self.rows.items() if count)
        asked = plural(len(self.asked), "different setting")
        return f"<Difference of {self.left} and {self.right}: {asked}; rows: {rows or 'none'}>"

    def _repr_html_(self) -> str:
        cells = [(each.name, each.left, each.right) for each in (*self.asked, *self.figures)]
        return table(repr(self)[1:-1], ("", str(self.left), str(self.right)), cells)

    @property
    def unrelated(self) -> bool:
        """Return whether candidates with one id are not the same ones in both runs.

        An id is a place in a run. Under another seed, in other lists or in another task, something
        else was generated there, unless the runs share calls.
        """
        counts = self.calls.values()
        made = all(any(each[side] for each in counts) for side in ("left", "right"))
        apart = any(change.name.startswith(_PLACES) for change in self.asked)
        return made and apart and not any(each["shared"] for each in counts)

    @property
    def same(self) -> bool:
        """Return whether both had the same request and the same results.

        Calls that only one has made ahead, and how long it took, are not a difference.
        """
        apart = self.rows.keys() - {"same"}
        return not (
            self.asked
            or self.other_reply_count
            or self.verdicts
            or self.relabelled
            or self.rewritten
            or self.candidates["left"] + self.candidates["right"] > 2 * self.candidates["both"]
            or any(self.rows[kind] for kind in apart)
        )

    @property
    def raw(self) -> dict[str, Any]:
        """The same as JSON."""
        return {
            **asdict(self),
            "left": str(self.left),
            "right": str(self.right),
            "same": self.same,
        }


def difference(left: Path, right: Path) -> Difference:
    """Compare two runs, or two corrections.

    Raises:
        UsageError: one is not a directory, or they are not of one kind.
        RunDirectoryError: one is not a run, or cannot be read.
    """
    result = Difference(left=left, right=right)
    before, after = tracing.plan_of(left), tracing.plan_of(right)
    if (before is None) != (after is None):
        correction, run = (left, right) if before else (right, left)
        Manifest.load(run / "manifest.json")  # or it is neither
        raise UsageError(
            f"{correction} is a correction, but {run} is a run",
            hint="compare two runs or two corrections",
        )
    result.asked = _changed(_asked(left, right), _asked(right, left))
    _compare_calls(result)
    _compare_candidates(result)
    _compare_rows(result)
    was, now = _figures(left), _figures(right)
    result.figures = [Changed(name, was[name], now[name]) for name in was]
    return result


def row_difference(left: Path, right: Path) -> Difference:
    """Compare only the rows of two runs.

    Raises:
        RunDirectoryError: one cannot be read.
    """
    result = Difference(left=left, right=right)
    _compare_rows(result)
    return result


# --- what was asked ---


def _asked(run: Path, beside: Path) -> dict[str, Any]:
    """All that decides a run's rows, and the versions of packages, by name."""
    if plan := tracing.plan_of(run):
        return flat(plan.model_dump(mode="json"))
    manifest, other = (Manifest.load(each / "manifest.json") for each in (run, beside))
    return manifest.compared(other) | flat({"packages": manifest.lock.distributions})


def _changed(left: Mapping[str, Any], right: Mapping[str, Any]) -> list[Changed]:
    return [
        Changed(name, left.get(name), right.get(name))
        for name in {**left, **right}
        if left.get(name) != right.get(name)
    ]


# --- calls ---


def _digest(value: Any) -> bytes:
    return hashlib.blake2b(compact(value), digest_size=8).digest()


def _compare_calls(result: Difference) -> None:
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    replies: dict[bytes, bytes] = {}

    def count(record: Mapping[str, Any], side: str) -> bytes | None:
        if "key" not in record:
            return None
        counts[str(record.get("step"))][side] += 1
        return bytes.fromhex(record["key"])

    def first(record: dict[str, Any]) -> None:
        if key := count(record, "left"):
            replies[key] = _digest([record["text"], record["finish"]])

    def second(record: dict[str, Any]) -> None:
        key = count(record, "right")
        if key is None or key not in replies:
            return
        counts[str(record.get("step"))]["shared"] += 1
        if replies[key] != _digest([record["text"], record["finish"]]):
            result.other_reply_count += 1
            if len(result.other_replies) < _EXAMPLES:
                result.other_replies.append(Changed(record["key"], None, record))

    for run, take in ((result.left, first), (result.right, second)):
        if (run / "journal").exists():
            Journal(run / "journal", on_record=take, read_only=True).close()
    sides = ("left", "right", "shared")
    result.calls = {step: {side: each[side] for side in sides} for step, each in counts.items()}
    if result.other_replies:
        known = tracing.find_records(
            result.left / "journal", {c.name for c in result.other_replies}
        )
        result.other_replies = [
            Changed(
                f"{change.right['place']} ({change.name[:12]})",
                known[change.name]["text"],
                change.right["text"],
            )
            for change in result.other_replies
        ]


# --- candidates ---


@dataclass(frozen=True, slots=True)
class _Candidate:
    """The kept facts of a candidate: its verdict in words, its label, and a digest of its text."""

    verdict: str
    label: str | None
    text: bytes
    made_rows: bool


def _candidates(run: Path) -> Iterator[tuple[str, _Candidate]]:
    """Yield each candidate once, with its last outcome."""
    accepted = set()
    for traced in tracing.rows(run):
        accepted.add(traced.id)
        yield traced.id, _candidate(traced)
    last: dict[str, _Candidate] = {}
    for traced in tracing.rejects(run):
        if traced.verdict != "dropped" and traced.id not in accepted:
            last[traced.id] = _candidate(traced)
    yield from last.items()


def _candidate(traced: Traced) -> _Candidate:
    record = traced.record
    verdict = traced.verdict
    if record.get("stage") and verdict == "rejected":  # a duplicate may have a verdict of step 4
        verdict += f" by {record['stage']} ({record.get('reason')})"
    said = [_content(row) for row in traced.rows] or _content(record.get("instance") or {})
    return _Candidate(verdict, traced.label, _digest(said), bool(traced.rows))


def _content(row: Any) -> Any:
    """A row without its number and its label."""
    if not isinstance(row, Mapping):
        return row
    return {name: value for name, value in row.items() if name not in ("idx", "label")}


def _compare_candidates(result: Difference) -> None:
    left = dict(_candidates(result.left))
    unrelated = result.unrelated
    verdicts: Counter[str] = Counter()
    shown: Counter[str] = Counter()
    there = both = 0
    for name, right in _candidates(result.right):
        there += 1
        other = left.get(name)
        if other is None or unrelated:
            continue
        both += 1
        changes: list[tuple[str, Any, Any]] = []
        if other.verdict != right.verdict:
            verdicts[f"{other.verdict} -> {right.verdict}"] += 1
            changes.append(("verdict", other.verdict, right.verdict))
        elif other.label != right.label:
            result.relabelled += 1
            changes.append(("label", other.label, right.label))
        if other.made_rows == right.made_rows and other.text != right.text:
            result.rewritten += 1
            changes.append(("text", None, None))
        for what, was, now in changes:
            shown[what] += 1
            if shown[what] <= _EXAMPLES:
                result.changed.append(Changed(f"{name} {what}", was, now))
    result.candidates = {"left": len(left), "right": there, "both": both}
    result.verdicts = dict(verdicts.most_common())


# --- rows ---


def _rows(run: Path) -> Iterator[tuple[int, Mapping[str, Any], str]]:
    """Yield each row's number, content and label's name."""
    numbers = count()
    for traced in tracing.rows(run):
        for row in traced.rows:
            yield next(numbers), row, traced.label or ""


def _label_columns(run: Path) -> set[str]:
    """The columns that hold what rows are labelled with: the label, or their output."""
    with contextlib.suppress(TargenError, OSError):  # its task may be missing, or be a correction's
        if (output := output_of_run(run)) is not None:
            return {"label", *output.columns}
    return {"label"}


def _text(row: Mapping[str, Any]) -> str:
    """A row's texts, to compare them by."""
    content = _content(row).values()
    return "\n".join(value if isinstance(value, str) else str(value) for value in content)


def _compare_rows(result: Difference) -> None:
    """Pair rows by their text, and what is left by what is nearly the same."""
    labels = _label_columns(result.left) | _label_columns(result.right)

    def text_of(row: Mapping[str, Any]) -> bytes:
        content = _content(row).items()
        return _digest({name: value for name, value in content if name not in labels})

    def label_of(row: Mapping[str, Any]) -> Any:
        return [row.get(name) for name in sorted(labels)]

    waiting: dict[bytes, list[tuple[int, Any]]] = defaultdict(list)
    for number, row, _ in _rows(result.left):
        waiting[text_of(row)].append((number, label_of(row)))
    counts = dict.fromkeys(("same", "relabelled", "near", "left", "right"), 0)
    changes: list[tuple[str, int | None, int | None]] = []
    new: list[tuple[int, Mapping[str, Any]]] = []
    for number, row, _ in _rows(result.right):
        alike = waiting.get(text_of(row))
        if not alike:
            new.append((number, row))
            continue
        at = next((n for n, (_, label) in enumerate(alike) if label == label_of(row)), 0)
        other, label = alike.pop(at)
        kind = "same" if label == label_of(row) else "relabelled"
        counts[kind] += 1
        if kind != "same" and counts[kind] <= _EXAMPLES:
            changes.append((kind, other, number))
    left = sorted(number for alike in waiting.values() for number, _ in alike)
    near = _nearly(result.left, left, new)
    counts["near"] = len(near)
    counts["left"], counts["right"] = len(left) - len(near), len(new) - len(near)
    changes += [("near", one, two) for two, one in islice(near.items(), _EXAMPLES)]
    gone = set(near.values())
    changes += [("left", n, None) for n in islice((n for n in left if n not in gone), _EXAMPLES)]
    fresh = (number for number, _ in new if number not in near)
    changes += [("right", None, number) for number in islice(fresh, _EXAMPLES)]
    result.rows = counts
    result.examples = _shown(result, changes)


def _nearly(
    run: Path, left: Sequence[int], new: Sequence[tuple[int, Mapping[str, Any]]]
) -> dict[int, int]:
    """Rows of the second run by their numbers, and those of the first that they nearly repeat."""
    if not left or not new:
        return {}
    numbers, index = set(left), NearDuplicates(_ALIKE)
    for number, row, _ in _rows(run):
        if number in numbers:
            index.add(f"left/{number}", _text(row), _text(row))
    near: dict[int, int] = {}
    taken: set[int] = set()
    for number, row in new:
        at = index.find(f"right/{number}", _text(row), _text(row))
        if at is not None and left[at] not in taken:
            near[number] = left[at]
            taken.add(left[at])
    return near


def _shown(
    result: Difference, changes: Sequence[tuple[str, int | None, int | None]]
) -> list[RowChange]:
    """The rows of a few changes."""
    content: list[dict[int, tuple[int, Mapping[str, Any], str]]] = []
    for side, run in enumerate((result.left, result.right), 1):
        numbers = {change[side] for change in changes}
        content.append({row[0]: row for row in _rows(run) if row[0] in numbers})
    return [
        RowChange(
            kind,
            None if one is None else content[0][one],
            None if two is None else content[1][two],
        )
        for kind, one, two in changes
    ]


# --- figures ---


def _figures(run: Path) -> dict[str, Any]:
    """Return the figures of a report."""
    correction = tracing.plan_of(run) is not None
    report = read_json(run / "report.json") if correction else read_report(run)
    flows, total = report["flow"].values(), report["usage"]["total"]
    judged = sum(flow["judged"] for flow in flows)
    accepted = sum(sum(flow["accepted"].values()) for flow in flows)
    rows = report["kept"] if correction else sum(report["rows"].values())
    return {
        **({} if correction else {"status": report.get("status")}),
        "rows": rows,
        "judged": judged,
        "yield": round(accepted / judged, 4) if judged else None,
        "calls": total["calls"],
        "cached": total["cached"],
        "copied": total["copied"],
        "tokens": total["input_tokens"] + total["output_tokens"],
        "dollars": total["dollars"],
        **({} if correction else {"seconds": report.get("seconds")}),
    }
