"""The dataset card: a README.md with front matter that a hub accepts."""

from __future__ import annotations

from typing import Any

from targen_core.runs.manifest import Manifest
from targen_core.tasks.model import Task
from targen_core.text import markdown

__all__ = ["dataset_card", "size_category"]

_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))


def size_category(rows: int) -> str:
    """The size of a dataset as hubs name it."""
    return next((name for below, name in _SIZES if rows < below), "n>1M")


def dataset_card(task: Task[Any, Any], manifest: Manifest, report: dict[str, Any]) -> str:
    """The card of a run's dataset."""
    rows = sum(report["rows"].values())
    models = markdown(", ".join(sorted(set(report["models"].values()))))
    usage = report["usage"]["total"]
    labels = "\n".join(
        f"| {markdown(name)} | {report['rows'][name]:,} | {wanted:,} |"
        for name, wanted in report["wanted"].items()
    )
    steps = "\n".join(
        f"| {step} | {markdown(plan.identity)} | "
        f"{markdown(', '.join(f'{key}={value}' for key, value in plan.params.items()))} |"
        for step, plan in manifest.steps.items()
    )
    columns = ", ".join(f"`{name}`" for name in task.schema.model_fields)
    variants = "".join(f", variant {name}" for name in manifest.task.variants)
    flagged = (
        ""
        if report["status"] == "complete"
        else f"\n> Status: {report['status']}. {markdown(report['problem'])}\n"
    )
    return f"""---
pretty_name: {manifest.task.id.rpartition(":")[2]} (synthetic)
language:
- en
tags:
- synthetic
- targen
size_categories:
- {size_category(rows)}
configs:
- config_name: default
  data_files:
  - split: train
    path: dataset.jsonl
---

# {task.summary}
{flagged}
{task.description}

Every row was written by a language model; no row was written or checked by a person.

## Rows

Columns: {columns}.

| label | rows | wanted |
|---|--:|--:|
{labels}

Rows stand in the order in which they were made: neighbours share contexts, and a label that had few
rows to get stands at the front. Shuffle them before you train.

## How it was made

Task `{manifest.task.id}`, version {manifest.task.version}{variants}, run seed {manifest.seed};
labels balanced by the {manifest.targets[-1].balance} label; corrector:
{manifest.corrector or "none"}.
{task.source}

| step | model | parameters |
|---|---|---|
{steps}

It took {usage["calls"]:,} calls and {usage["cached"]:,} cached ones, {usage["tokens_in"]:,}
tokens in and {usage["tokens_out"]:,} out. `provenance.jsonl` leads from each row to the calls that
made it, `rejects.jsonl` lists what was left out and why, and `report.json` holds all counts.

## Licence

The licence of generated text depends on the terms of the models used: {models}.
"""
