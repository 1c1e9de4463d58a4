"""New versions of a dataset that people decided on, in the directory of a correction.

To bring decisions of people, row by row, write them with `write_version`. Everything that reads a
correction also reads such a version.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from targen_core.calls.usage import Usage
from targen_core.engine.quota_tracker import OPEN, Flow, ending
from targen_core.plugins.registry import Registry
from targen_core.runs.correction_plan import CorrectionPlan, ReviewPlan
from targen_core.runs.place import Place
from targen_core.runs.tasks import find_task, task_plan
from targen_standard.correction.outcome import write_correction
from targen_standard.correction.place import open_correction


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """The decision on rows that belong together.

    Attributes:
        idx: the `idx` of the first of them, if they have one.
        claimed: the label that they had; None if they had none.
        label: the label that they have now; None if they go.
        rows: the official rows now; empty if they leave.
        verdict: a word for it, such as "confirmed"; "rejected" if they go.
        reason: why they go, in a short kebab-case word, which reports count by.
        explanation: in words.
        facts: further facts for the record in `changes.jsonl`.
    """

    idx: Any
    claimed: str | None
    label: str | None
    rows: Sequence[Mapping[str, Any]]
    verdict: str
    reason: str = ""
    explanation: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def record(self) -> dict[str, Any]:
        """Its line in `changes.jsonl`."""
        return {
            **self.facts,
            "idx": self.idx,
            "claimed": self.claimed,
            "label": self.label if self.rows else None,
            "verdict": self.verdict,
            "reason": self.reason,
            "explanation": self.explanation,
            "calls": [],
        }


def write_version(
    registry: Registry,
    out: Path,
    decided: Sequence[Decided],
    *,
    task: str,
    variants: Sequence[str] = (),
    data: str,
    grades: str,
    place: Place = "exact",
    report: Mapping[str, Any],
    provenance: Iterable[Mapping[str, Any]] = (),
    card: str = "",
) -> Path:
    """Write a version of a dataset, and give its directory; the same decisions, the same bytes.

    Args:
        registry: finds the task.
        out: the directory.
        decided: what became of the rows, in their order.
        task: the name of their task, or its file.
        variants: of the task.
        data: a digest of the rows as they were.
        grades: a digest of what people said.
        place: what may become of something else in `out`; see `open_correction`.
        report: more for `report.json`.
        provenance: where the rows are from, as far as it is known: records with their `idx`.
        card: the card of the version, or "".

    Raises:
        UsageError: unknown task.
        RunConflict: `out` holds something else.
        RunDirectoryError: it cannot be written.
    """
    item, its_task = find_task(registry, task, variants)
    plan = CorrectionPlan(
        task=task_plan(item.id, its_task, variants),
        corrector="review",
        step=None,
        data=data,
        review=ReviewPlan(grades=grades),
    )
    closed = bool(its_task.labels)
    flows = {name: Flow() for name in its_task.quota_names}
    for each in decided:
        flow = flows.setdefault(each.claimed or OPEN if closed else OPEN, Flow())
        if each.rows:
            flow.accepted[ending(each.label or OPEN, each.claimed, closed=closed)] += 1
        else:
            flow.rejected["correct"] += 1
            flow.reasons[each.reason] += 1
    whole = {
        "task": item.id,
        "variants": list(variants),
        "corrector": "review",
        "instances": len(decided),
        "kept": sum(bool(each.rows) for each in decided),
        **report,
        "flow": {name: flow.as_dict() for name, flow in flows.items()},
        "usage": Usage().as_dict(),
    }
    directory = open_correction(out, plan, task, place)
    try:
        rows = [row for each in decided for row in each.rows]
        kept = {str(each.idx) for each in decided if each.rows}
        write_correction(
            directory.path,
            rows,
            [each.record for each in decided],
            whole,
            origins=[each for each in provenance if str(each.get("idx")) in kept],
            card=card,
        )
    finally:
        directory.close()
    return directory.path
