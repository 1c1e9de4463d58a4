"""Every task has the counts of the paper's table 2, and generates a tenth of them to the row."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from targen_core import RunSpec, load_registry
from targen_core.options import Limits
from targen_core.reading import read_jsonl
from targen_core.runs.jobs.job import Job

TABLE_2 = {
    "axg": {"not_entailment": 146, "entailment": 138},
    "boolq": {"true": 2535, "false": 1764},
    "cb": {"contradiction": 119, "entailment": 115, "neutral": 16},
    "copa": {"choice1": 195, "choice2": 107},
    "record": {"any": 1778},
    "rte": {"not_entailment": 1241, "entailment": 1249},
    "wic": {"true": 2433, "false": 2410},
    "wsc": {"true": 259, "false": 285},
}


def test_table_2_has_14790_rows_of_eight_tasks() -> None:
    assert len(TABLE_2) == 8
    assert sum(sum(counts.values()) for counts in TABLE_2.values()) == 14_790


@pytest.mark.parametrize("name", TABLE_2)
def test_a_tenth_of_the_paper_preset_is_met_exactly(name: str, tmp_path: Path) -> None:
    registry = load_registry()
    task = registry.get("task", name)
    assert dict(task.presets["paper"]) == TABLE_2[name]
    unit = task.rows_per_instance
    quotas = {label: count // 10 // unit * unit for label, count in TABLE_2[name].items()}
    spec = RunSpec(
        task=name,
        quotas=quotas,
        backend="scripted",
        limits=Limits(concurrency=64),
    )
    with Job.create(registry, spec, tmp_path / "run") as job:
        report = job.run()
    assert report["status"] == "complete"
    assert report["rows"] == quotas
    rows = list(read_jsonl(tmp_path / "run" / "dataset.jsonl"))
    labels: Counter[str] = Counter()
    for start in range(0, len(rows), task.rows_per_instance):
        group = rows[start : start + task.rows_per_instance]
        for row in group:
            task.schema.model_validate_json(json.dumps(row), strict=True)
        for instance in task.from_rows(group):
            labels[task.quota_of(instance)] += task.rows_per_instance
    assert labels == quotas
    texts = {json.dumps({**row, "idx": 0}, sort_keys=True) for row in rows}
    assert len(texts) == len(rows)
