"""The files that a correction writes: its rows, a verdict on each instance, and the report."""

from __future__ import annotations

import contextlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from targen_core.calls.usage import Usage
from targen_core.engine.quota_tracker import OPEN, Flow, ending
from targen_core.engine.seeds import item_value
from targen_core.errors import TargenError
from targen_core.outputs import remove
from targen_core.reading.lines import read_jsonl
from targen_core.runs.correction_plan import CorrectionPlan
from targen_core.runs.files import write_atomically
from targen_core.runs.manifest import model_name
from targen_core.tasks.model import Task
from targen_standard.correction.own_file import write_own_file
from targen_standard.reporting.card import corrected_card, write_card

if TYPE_CHECKING:  # datasets know runs, and not the other way
    from targen_core.dataset.model import Dataset, Unit

UNJUDGED = "unjudged"
"""The verdict on an instance for which no reply could be used: it stays as it was."""


@dataclass(frozen=True, slots=True)
class Judged:
    """One instance with step 4's verdict.

    Attributes:
        unit: the rows that hold it.
        gold: the instance with the label of its rows.
        shown: the same, or with another label where that was flipped.
        final: with the label that it ended with; None if it was rejected.
        verdict: "confirmed", "relabelled", "rejected" or "unjudged"; a correction within a label
            also counts as relabelled.
    """

    unit: Unit
    gold: Any
    shown: Any
    final: Any
    verdict: str
    reason: str
    explanation: str
    calls: Sequence[str]


def write_correction(
    out: Path,
    rows: Sequence[Mapping[str, Any]],
    changes: Sequence[Mapping[str, Any]],
    report: Mapping[str, Any],
    *,
    origins: Sequence[Mapping[str, Any]] = (),
    card: str = "",
) -> None:
    """The results of a correction: its rows, a verdict on each instance, and the report.

    Before them, as far as it is known, where the rows are from (`origins`), and their card.
    """
    if origins:
        _write_lines(out / "provenance.jsonl", origins)
    else:
        remove(out / "provenance.jsonl")
    if card:
        write_card(out, card)
    _write_lines(out / "dataset.jsonl", rows)
    _write_lines(out / "changes.jsonl", changes)
    text = json.dumps(report, indent=2, ensure_ascii=False) + "\n"
    write_atomically(out / "report.json", text)


def report_of(
    plan: CorrectionPlan, task: Task[Any, Any], judged: Sequence[Judged], usage: Usage
) -> dict[str, Any]:
    """Return what `report.json` holds: label flow, and how right the corrector was."""
    flows: dict[str, Flow] = {}
    verdicts = {"flipped": Counter[str](), "as_given": Counter[str]()}
    suspected = dict.fromkeys(verdicts, 0)  # changed or rejected
    unjudged = Counter[str]()
    right = 0
    for item in judged:
        gold, claimed = task.label_of(item.gold), task.label_of(item.shown)
        final = None if item.final is None else task.label_of(item.final)
        flow = flows.setdefault(claimed if task.labels else OPEN, Flow())
        kind = "as_given" if claimed == gold else "flipped"
        corrected = claimed == gold and item.verdict == "relabelled"
        right_after = final == gold and not corrected
        right += right_after
        if item.verdict == UNJUDGED:
            verdicts[kind][UNJUDGED] += 1
            unjudged[item.reason] += 1
            flow.unjudged += 1
            continue
        verdicts[kind]["right" if right_after else "wrong" if final else "rejected"] += 1
        suspected[kind] += item.verdict != "confirmed"
        if final is None:
            flow.rejected["correct"] += 1
            flow.reasons[item.reason] += 1
        else:
            flow.accepted[ending(final, claimed, closed=bool(task.labels))] += 1
    kept = sum(item.final is not None for item in judged)
    names = [name for name in task.quota_names if name in flows]
    return {
        "task": plan.task.id,
        "task_version": plan.task.version,
        "variants": list(plan.task.variants),
        "corrector": plan.corrector,
        "model": "" if plan.step is None else model_name(plan.step),
        "seed": plan.seed,
        "flip": plan.flip,
        **({"rows_per_call": plan.rows_per_call} if plan.rows_per_call > 1 else {}),
        "instances": len(judged),
        "kept": kept,
        **({"unjudged": dict(unjudged.most_common())} if unjudged else {}),
        "accuracy_before": verdicts["as_given"].total() / len(judged),
        "accuracy_after": right / kept if kept else None,
        "flipped": dict(verdicts["flipped"]),
        "as_given": dict(verdicts["as_given"]),
        "suspected": suspected,
        "flow": {name: flows[name].as_dict() for name in names},
        "usage": usage.as_dict(),
    }


def write_judged(
    out: Path,
    dataset: Dataset,
    task: Task[Any, Any],
    judged: Sequence[Judged],
    report: Mapping[str, Any],
) -> None:
    """The corrected rows, every verdict, and the report."""
    rows: list[Mapping[str, Any]] = []
    changes: list[dict[str, Any]] = []
    known = {str(record.get("idx")): record for record in dataset.provenance}
    origins: list[Mapping[str, Any]] = []
    labels = dict.fromkeys(task.quota_names, 0)
    at = 0
    for item in judged:
        gold, claimed = task.label_of(item.gold), task.label_of(item.shown)
        changes.append(
            {
                "idx": item.unit.idx,
                "claimed": claimed,
                **({"gold": gold} if gold != claimed else {}),
                "label": None if item.final is None else task.label_of(item.final),
                **_within(task, item),
                "verdict": item.verdict,
                "reason": item.reason,
                "explanation": item.explanation,
                "calls": list(item.calls),
                # As a run's rejects have it: no other file of this directory has its text.
                **({"instance": item_value(item.shown)} if item.final is None else {}),
            }
        )
        if item.final is None:
            continue
        if len(item.unit.instances) == 1:
            before, after = (task.to_rows(i, 0) for i in (item.gold, item.final))
            rows += patched(item.unit.rows, before, after)
        else:  # a row of several instances is split up, so they get new numbers
            rows += task.to_rows(item.final, at)
        if record := known.get(str(item.unit.idx)):
            origins.append({**record, "idx": rows[at].get("idx")})
        at += task.rows_per_instance
        name = str(task.label_of(item.final)) if task.labels else OPEN
        labels[name] = labels.get(name, 0) + task.rows_per_instance
    card = dataset.card and corrected_card(
        dataset.card,
        labels,
        rows[0] if rows else None,
        by=" with ".join(filter(None, [report["corrector"].rpartition(":")[2], report["model"]])),
        verdicts=Counter(change["verdict"] for change in changes),
    )
    own = replace(dataset, rows=rows)
    if own.columns:
        report = {**report, "columns": own.columns}
    write_correction(out, [*own.own_rows], changes, report, origins=origins, card=card)
    if dataset.run is None and all(len(item.unit.rows) == 1 for item in judged):
        write_own_file(out, dataset.source, "utf-8", task, [_row_of(task, i) for i in judged])


def _row_of(task: Task[Any, Any], item: Judged) -> tuple[Mapping[str, Any], Any]:
    """Return a row before and after, or None if it was rejected."""
    (before,) = item.unit.rows
    if item.final is None:
        return before, None
    (after,) = patched(item.unit.rows, *(list(task.to_rows(i, 0)) for i in (item.gold, item.final)))
    return before, after


def calls_in_vain(out: Path) -> Set[str]:
    """Return the keys of calls on which only instances rest that could not be judged."""
    keys: dict[bool, set[str]] = {True: set(), False: set()}
    with contextlib.suppress(TargenError, OSError, KeyError, TypeError):
        for change in read_jsonl(out / "changes.jsonl"):
            keys[change["verdict"] == UNJUDGED].update(change["calls"])
    return keys[True] - keys[False]


def _within(task: Task[Any, Any], item: Judged) -> Mapping[str, str]:
    """Return what an instance had and has, if it was corrected within its label."""
    if item.verdict != "relabelled" or task.label_of(item.final) != task.label_of(item.shown):
        return {}
    return {"before": task.answer(item.shown), "after": task.answer(item.final)}


def patched(original: Any, before: Any, after: Any) -> Any:
    """`original` with the changes that lead from `before` to `after`, and no others.

    So a corrected row keeps what its task does not make itself: its number, its source, the order
    of its columns.
    """
    if before == after:
        return original
    if isinstance(original, Mapping) and isinstance(before, Mapping) and isinstance(after, Mapping):
        own = before.keys() - original.keys()  # such as idx, which a person's file may lack
        if before.keys() == after.keys() and all(before[key] == after[key] for key in own):
            return {
                key: patched(value, before[key], after[key]) if key in after else value
                for key, value in original.items()
            }
    elif isinstance(original, list | tuple) and len(original) == len(before) == len(after):
        return [patched(*parts) for parts in zip(original, before, after, strict=True)]
    return after


def _write_lines(path: Path, records: Sequence[Mapping[str, Any]]) -> None:
    lines = (json.dumps(record, ensure_ascii=False) for record in records)
    write_atomically(path, "".join(f"{line}\n" for line in lines))
