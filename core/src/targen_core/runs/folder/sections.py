"""Sections of a run's report and card that filters make of the run's files."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from targen_core.errors import TargenError
from targen_core.plugins.configurable import Section
from targen_core.plugins.loader import load_registry
from targen_core.reading import read_jsonl
from targen_core.runs.records.lock import PartPlan
from targen_core.runs.records.manifest import USUAL_PLACES, Manifest

__all__ = ["card_chapters", "counted_sections"]


def counted_sections(manifest: Manifest, rejects: Path) -> dict[str, Any]:
    """Return the sections of a report that follow from what was rejected, by filter."""
    return {
        plan.names[1]: section.counted(plan, _records(rejects))
        for plan, section in _sections(manifest)
        if section.counted is not None
    }


def card_chapters(manifest: Manifest) -> str:
    """Return the chapters of a card that the filters of a run have."""
    return "".join(
        section.card(plan, manifest)
        for plan, section in _sections(manifest)
        if section.card is not None
    )


def _sections(manifest: Manifest) -> Iterator[tuple[PartPlan, Section]]:
    """The filters of a run that have a section; those that are not installed have none."""
    plans = [
        plan
        for place, plan in manifest.lock.parts.items()
        if place.startswith("filter ") and place not in USUAL_PLACES
    ]
    if not plans:
        return
    registry = load_registry()
    for plan in plans:
        with contextlib.suppress(TargenError):
            if (section := registry.section_of(registry.find("filter", plan.id))) is not None:
                yield plan, section


def _records(rejects: Path) -> Iterator[Mapping[str, Any]]:
    with contextlib.suppress(TargenError, OSError):
        yield from read_jsonl(rejects)
