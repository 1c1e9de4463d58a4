"""The report of a run: quotas met, where labels went, what it took."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from targen_core.calls.journal import Journal
from targen_core.calls.model import Price
from targen_core.calls.usage import Usage
from targen_core.engine.tally import OPEN, Tally, ending
from targen_core.errors import QuotaNotMet, RunDirectoryError
from targen_core.runs.batches import BatchFile
from targen_core.runs.files import read_jsonl
from targen_core.runs.manifest import Manifest
from targen_core.runs.naming import model_name

__all__ = ["build_report", "price_words", "read_report", "reported_prices"]


def build_report(
    manifest: Manifest,
    tally: Tally,
    usage: Usage,
    *,
    used_calls: int,
    retries: int,
    error: Exception | None,
    prices: Mapping[str, Price | None] | None = None,
    by_files: bool = False,
) -> dict[str, Any]:
    """What `report.json` holds: no address, but in the words of a `problem`.

    `prices` are those that the calls were counted at, by step; `by_files` says
    that answers were brought by `targen batch import`.

    `status` is "complete", "short" (a label fell short) or "stopped" (budget,
    service, Ctrl-C, a fault), with the reason in `problem`.
    """
    counts = tally.as_dict()
    if error is None:
        status = "complete"
    else:
        status = "short" if isinstance(error, QuotaNotMet) else "stopped"
    total = usage.total
    return {
        "task": manifest.task.id,
        "task_version": manifest.task.version,
        "seed": manifest.seed,
        "status": status,
        "problem": str(error) if error else "",
        "balance": manifest.targets[-1].balance,
        **counts,
        "usage": usage.as_dict(),
        "unused_calls": max(0, total.calls + total.cached - used_calls),
        "retries": retries,
        "models": {step: model_name(plan) for step, plan in manifest.steps.items()},
        "prices": reported_prices(prices or {}),
        "answers_by_files": by_files,
    }


def reported_prices(prices: Mapping[str, Price | None]) -> dict[str, Any]:
    """Prices by step as a report has them: dollars a million tokens, and where that is from."""
    return {
        step: price and {"in": price.input, "out": price.output, "source": price.source}
        for step, price in prices.items()
    }


def price_words(prices: Mapping[str, Mapping[str, Any] | None]) -> list[str]:
    """A line for each price that a report's calls were counted at, with where it is from."""
    steps: dict[str, list[str]] = {}
    for step, price in prices.items():
        if price is None:
            words = "unknown: dollars are not counted"
        else:
            source = f" ({price['source']})" if price["source"] else ""
            words = f"${price['in']:g} in, ${price['out']:g} out a million tokens{source}"
        steps.setdefault(words, []).append(step)
    if len(steps) == 1:
        return [f"Price: {words}" for words in steps]
    return [f"Price of {', '.join(names)}: {words}" for words, names in steps.items()]


def read_report(path: Path) -> dict[str, Any]:
    """A run's report; of a run that was killed, what its files tell.

    Raises:
        RunDirectoryError: `path` is no run directory.
    """
    manifest = Manifest.load(path / "manifest.json")
    try:
        report: dict[str, Any] = json.loads((path / "report.json").read_text(encoding="utf-8"))
        return report
    except FileNotFoundError:
        pass
    except ValueError as error:
        raise RunDirectoryError(f"{path / 'report.json'} does not read: {error}") from error
    tally, usage = Tally(manifest.task.labels), Usage()
    target = manifest.targets[-1]
    tally.aim(target.quotas, by_intended=target.balance == "intended")
    rows: Counter[str] = Counter()
    accepted: set[str] = set()
    for record in read_jsonl(path / "provenance.jsonl"):
        accepted.add(record["id"])
        counted = record["intended"] if tally.by_intended else record["label"]
        counted = counted if counted in tally.have else OPEN
        rows[counted] += record["rows"]
        tally.flows[record["intended"]].accepted[_ending(tally, record, "label")] += 1
    tally.have.update(rows)
    # An extended run judges surplus candidates again: the last verdict holds.
    last = {r["id"]: r for r in read_jsonl(path / "rejects.jsonl") if r["verdict"] != "dropped"}
    for record in last.values():
        if record["id"] in accepted:
            continue
        flow = tally.flows[record["intended"]]
        if record["verdict"] == "rejected":
            flow.rejected[record["stage"]] += 1
            flow.reasons[record["reason"]] += 1
        elif record["verdict"] == "surplus":
            flow.surplus[_ending(tally, record, "corrected")] += 1
        else:
            flow.duplicate += 1
    if (path / "journal").exists():
        Journal(path / "journal", on_record=usage.record, read_only=True).close()
    report = build_report(
        manifest,
        tally,
        usage,
        used_calls=0,
        retries=0,
        error=None,
        by_files=BatchFile(path / "batches.jsonl").imported,
    )
    report.update(
        status="unfinished",
        problem="the run was killed or is going on; targen resume finishes it",
        unused_calls=None,
    )
    return report


def _ending(tally: Tally, record: Mapping[str, Any], name: str) -> str:
    """The label that a record ended with, as the flow counts it."""
    label: str = record[name]
    return ending(label, record.get("claimed"), closed=label in tally.have)
